"""How items without a past stand beside trained ones in the lists of `next`."""

from dataclasses import dataclass

import numpy as np

from index.ranking.readings import Float


@dataclass(frozen=True)
class Standing:
    """spread: float32 (D, D), the second moments of what is asked. deviation: of each such item's score over all
    questions, whatever the length of its vectors: a long one would come first everywhere, and a short one nowhere.
    offset: added to each score, since such an item has no counts and trained ones have."""

    spread: Float
    deviation: float
    offset: float

    def scaled(self, targets: Float) -> Float:
        """float32 (n, D), of `NextScorer.beside`; rows of zeros stay so."""
        return np.asarray(targets * (np.float32(self.deviation) / deviations(targets, self.spread)), dtype=np.float32)


def deviations(targets: Float, spread: Float) -> Float:
    """Of the scores of each row over all questions, (n, 1); 1 where a row is always scored 0."""
    # Row by row: a product of two matrices rounds as its size wants it, and an item alone or among others must get the
    # same bits.
    seen = np.einsum("ij,ij->i", (targets[:, None, :] @ spread)[:, 0], targets)
    return np.asarray(np.where(seen > 0, np.sqrt(np.maximum(seen, 0)), 1)[:, None], dtype=np.float32)
