"""What share of the best a search has found."""

import numpy as np

from index.search.exact import Floats

RECALL_AT = 10


def recall_of(scores: Floats, truth: Floats) -> float:
    """Share of the true k best that were found: scores and exact scores, both (q, k), best first, -inf where none.

    Whatever scores as much as the k-th exact result counts, so ties are nobody's fault; the tolerance is 1e-6, relative
    above 1. 1 when there was nothing to find.
    """
    exists = np.isfinite(truth)
    last = np.where(exists, truth, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    found = scores >= last - 1e-6 * np.maximum(1, np.abs(np.where(np.isfinite(last), last, 0)))
    return float(found.sum() / exists.sum()) if exists.any() else 1.0
