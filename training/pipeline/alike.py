"""What is similar to each item, for all items at once: the lists that an artifact stores."""

import numpy as np
from numpy.typing import NDArray

from index.search import exact
from index.search.builder import BuiltIndex, neighbours
from index.search.exact import Floats, Rows
from training.pipeline.lists import EXACT_BELOW, RECALL_AT, Earlier, Lists, Progress, Wanted, hold, sample_of, updated

SAMPLE = 256  # items that the recall is measured on
PAIRS = 4096  # pairs multiplied at once: what is gathered stays in the cache


def similar_all(
    built: BuiltIndex,
    vectors: Floats,
    wanted: Wanted,
    progress: Progress,
    earlier: Earlier | None = None,
) -> Lists:
    """vectors: float32 (items, d), of length 1, what is in the index.

    In an update of a large catalogue, items without new events choose among those that they had; where that misses more
    than `min_recall` allows of the ten best, measured on some items, all are searched.
    """
    if earlier is not None and len(vectors) > EXACT_BELOW:
        found = updated(
            earlier.similar,
            earlier.changed,
            lambda rows, share: neighbours(built, vectors, wanted.k, wanted.threads, share, rows),
            lambda asked, pairs: _scored(vectors, asked, pairs),
            wanted.k,
            wanted.threads,
            progress,
        )
        sample = sample_of(len(vectors), SAMPLE, wanted.seed)
        if hold(found, sample, exact.search(vectors[sample], vectors, RECALL_AT, exclude=sample)[1], wanted.min_recall):
            return found
    return neighbours(built, vectors, wanted.k, wanted.threads, progress)


def _scored(vectors: Floats, asked: Rows, pairs: NDArray[np.int64]) -> Floats:
    scores = np.empty(len(pairs), dtype=np.float32)
    for begin in range(0, len(pairs), PAIRS):
        question, item = np.divmod(pairs[begin : begin + PAIRS], len(vectors))
        scores[begin : begin + PAIRS] = np.einsum("ij,ij->i", vectors[asked[question]], vectors[item])
    return scores
