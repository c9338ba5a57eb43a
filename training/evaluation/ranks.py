"""The rank of each target among all items: what every ranking figure is computed from."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numba as nb
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int32]
Float = NDArray[np.float32]

BLOCK_SCORES = 16_000_000  # scores held at once by each thread, 64 MB


def block_size(items: int, most: int = 512) -> int:
    return max(1, min(most, BLOCK_SCORES // max(1, items)))


def ranks_of(scores: Float, targets: Rows) -> NDArray[np.int32]:
    """1 for the highest score; ties by row, as a list would show them; 0 where the target may not be recommended."""
    ranks: NDArray[np.int32] = blended_ranks(scores, _NOTHING, _NOTHING[0], targets, _ZERO, _ZERO)[:, 0, 0]
    return ranks


def rank_all(
    score: Callable[[Sequence[Rows]], Float],
    prefixes: Sequence[Rows],
    targets: Rows,
    items: int,
    exclude_seen: bool = False,
    threads: int = 2,
) -> NDArray[np.int32]:
    """Ranks of the targets under `score`, in blocks that fit into memory. The query item, the last of the prefix, never
    counts. exclude_seen: the whole prefix is left out."""
    size = block_size(items)

    def one(begin: int) -> NDArray[np.int32]:
        part = prefixes[begin : begin + size]
        scores = score(part)
        for i, prefix in enumerate(part):
            scores[i, prefix if exclude_seen else prefix[-1]] = -np.inf
        return ranks_of(scores, targets[begin : begin + size])

    with ThreadPoolExecutor(threads) as pool:
        ranks = list(pool.map(one, range(0, len(prefixes), size)))
    return np.concatenate(ranks) if ranks else np.empty(0, np.int32)


_ZERO = np.zeros(1, dtype=np.float32)
_NOTHING = np.empty((1, 0), dtype=np.float32)


@nb.njit(cache=True, nogil=True)
def blended_ranks(base, counts, popularity, targets, count_weights, popularity_weights):  # type: ignore[no-untyped-def]
    """Ranks under base + w * counts + v * popularity for every pair of weights, in one pass over the scores.

    base: float32 (q, n). counts: float32 (q, n), or (1, 0) for none. popularity: float32 (n,), or (0,) for none.
    Returns int32 (q, len(count_weights), len(popularity_weights)).
    """
    queries, items = base.shape
    has_counts, has_popularity = counts.shape[1] > 0, popularity.size > 0
    ranks = np.zeros((queries, count_weights.size, popularity_weights.size), np.int32)
    for q in range(queries):
        target = targets[q]
        for i in range(count_weights.size):
            for j in range(popularity_weights.size):
                w, v = count_weights[i], popularity_weights[j]
                goal = base[q, target]
                if has_counts:
                    goal += w * counts[q, target]
                if has_popularity:
                    goal += v * popularity[target]
                if goal == -np.inf:
                    continue
                above = 0
                for b in range(items):
                    score = base[q, b]
                    if has_counts:
                        score += w * counts[q, b]
                    if has_popularity:
                        score += v * popularity[b]
                    above += score > goal or (score == goal and b < target)
                ranks[q, i, j] = above + 1
    return ranks
