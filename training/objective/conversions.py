"""Which items were converted in which session."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.corpus import Corpus


@dataclass(frozen=True)
class Conversions:
    """Of session i the items items[offsets[i]:offsets[i + 1]], each once, ascending, and beside each what it weighs: as
    much as its heaviest conversion there.

    offsets: int64, shape (sessions + 1,). items: int32. weights: float32.
    """

    offsets: NDArray[np.int64]
    items: NDArray[np.int32]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        """Of all sessions."""
        return len(self.items)


def conversions_of(corpus: Corpus) -> Conversions:
    """None of them where the corpus does not say what was converted. An event without a weight weighs 1."""
    none = np.zeros(0, dtype=np.int64)
    at = none if corpus.converted is None else np.flatnonzero(corpus.converted)
    session = np.searchsorted(corpus.offsets, at, side="right") - 1
    items = corpus.tokens[at]
    weights = np.ones(len(at), dtype=np.float32) if corpus.weights is None else corpus.weights[at]
    order = np.lexsort((-weights, items, session))
    session, items, weights = session[order], items[order], weights[order]
    first = np.ones(len(at), dtype=np.bool_)
    first[1:] = (session[1:] != session[:-1]) | (items[1:] != items[:-1])
    offsets = np.searchsorted(session[first], np.arange(len(corpus) + 1)).astype(np.int64)
    return Conversions(offsets, items[first], weights[first])
