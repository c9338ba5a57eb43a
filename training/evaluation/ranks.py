"""The rank of each target among all items: what every ranking figure is computed from."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numba as nb
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.baselines.baseline import lower

Rows = NDArray[np.int32]
Float = NDArray[np.float32]
Score = Callable[[Sequence[Rows]], Float | csr_matrix]
Made = TypeVar("Made")

BLOCK_SCORES = 16_000_000  # scores held at once by each thread, 64 MB


def block_size(items: int, most: int = 512) -> int:
    return max(1, min(most, BLOCK_SCORES // max(1, items)))


def ranks_of(scores: Float, targets: Rows) -> NDArray[np.int32]:
    """1 for the highest score; ties by row, as a list would show them; 0 where the target may not be recommended."""
    ranks: NDArray[np.int32] = _dense_ranks(scores, targets)
    return ranks


def rank_all(
    score: Score,
    prefixes: Sequence[Rows],
    targets: Rows,
    items: int,
    exclude_seen: bool = False,
    threads: int = 2,
) -> NDArray[np.int32]:
    """Ranks of the targets under `score`, in blocks that fit into memory. The query item, the last of the prefix, never
    counts. exclude_seen: the whole prefix is left out."""

    def one(part: slice, scores: Float | csr_matrix) -> NDArray[np.int32]:
        asked = prefixes[part]
        return _ranks(scores, targets[part], asked if exclude_seen else [prefix[-1:] for prefix in asked])

    ranks = _in_blocks(score, prefixes, items, one, threads)
    return np.concatenate(ranks) if ranks else np.empty(0, np.int32)


def rank_scored(
    score: Score, prefixes: Sequence[Rows], targets: Rows, items: int, threads: int = 2
) -> NDArray[np.int32]:
    """As `rank_all`, but only what `score` itself leaves out (-inf) does not count: the last item may be a target."""

    def one(part: slice, scores: Float | csr_matrix) -> NDArray[np.int32]:
        return _ranks(scores, targets[part], [_NO_ROWS] * len(targets[part]))

    ranks = _in_blocks(score, prefixes, items, one, threads)
    return np.concatenate(ranks) if ranks else np.empty(0, np.int32)


def rank_each(
    score: Score,
    owns: Sequence[float],
    prefixes: Sequence[Rows],
    targets: Rows,
    items: int,
    threads: int = 2,
    last_may_return: bool = False,
) -> list[NDArray[np.int32]]:
    """Ranks as `rank_all` gives them, for each share of their scores that the prefix's own items may keep; the scores
    are made once. Only dense scores can be lowered. last_may_return: the last item of the prefix counts."""

    def one(part: slice, scores: Float | csr_matrix) -> list[NDArray[np.int32]]:
        asked, found = prefixes[part], []
        for own in owns:
            lowered = scores if own == 1 else scores.copy()
            if own != 1:
                lower(lowered, asked, own)
            found.append(_ranks(lowered, targets[part], _out(asked, last_may_return)))
        return found

    blocks = _in_blocks(score, prefixes, items, one, threads)
    return [np.concatenate(parts) for parts in zip(*blocks, strict=True)]


def rank_twice(
    score: Score,
    prefixes: Sequence[Rows],
    targets: Rows,
    items: int,
    new: NDArray[np.bool_] | None,
    threads: int = 2,
    last_may_return: bool = False,
) -> tuple[NDArray[np.int32], NDArray[np.int32] | None]:
    """(ranks as `rank_all` gives them, and with the whole prefix left out), from scores that are made once.

    new: of the prefixes, those that are ranked the second way; the others have 0 there. None: none, and None comes
    back. last_may_return: the first way, the last item of the prefix counts.
    """

    def one(part: slice, scores: Float | csr_matrix) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        asked, wanted = prefixes[part], targets[part]
        ranks = _ranks(scores, wanted, _out(asked, last_may_return))
        # All of them: to copy the scores of those that are wanted takes longer than to rank the others too.
        again = ranks if new is None else np.where(new[part], _ranks(scores, wanted, asked), 0).astype(np.int32)
        return ranks, again

    found = _in_blocks(score, prefixes, items, one, threads)
    if not found:
        return np.empty(0, np.int32), None if new is None else np.empty(0, np.int32)
    ranks, again = (np.concatenate(part) for part in zip(*found, strict=True))
    return ranks, None if new is None else again


def _in_blocks(
    score: Score,
    prefixes: Sequence[Rows],
    items: int,
    make: Callable[[slice, Float | csr_matrix], Made],
    threads: int,
) -> list[Made]:
    size = block_size(items)

    def one(begin: int) -> Made:
        return make(slice(begin, begin + size), score(prefixes[begin : begin + size]))

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(0, len(prefixes), size)))


def _out(prefixes: Sequence[Rows], last_may_return: bool) -> list[Rows]:
    """Of each prefix, what never counts."""
    return [prefix[:0] if last_may_return else prefix[-1:] for prefix in prefixes]


def _ranks(scores: Float | csr_matrix, targets: Rows, gone: Sequence[Rows]) -> NDArray[np.int32]:
    """gone: of each prefix, items that never count. Dense scores are changed in place."""
    if isinstance(scores, np.ndarray):
        for row, out in zip(scores, gone, strict=True):
            row[out] = -np.inf
        return ranks_of(scores, targets)
    return sparse_ranks(scores, targets, gone)


def sparse_ranks(scores: csr_matrix, targets: Rows, gone: Sequence[Rows]) -> NDArray[np.int32]:
    """As `ranks_of`, of scores that are 0 where nothing is stored, and never below; no row is made dense.

    gone: of each row, items that may not be recommended.
    """
    begins = np.concatenate([[0], np.cumsum([len(rows) for rows in gone])]).astype(np.int64)
    left_out = np.concatenate([*gone, _NO_ROWS]).astype(np.int32)
    data = scores.data.astype(np.float32, copy=False)
    marks = np.full(scores.shape[1], -1, dtype=np.int32)
    found: NDArray[np.int32] = _sparse_ranks(
        scores.indptr, scores.indices, data, targets.astype(np.int32, copy=False), begins, left_out, marks
    )
    return found


_NO_ROWS = np.empty(0, dtype=np.int32)


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


@nb.njit(cache=True, nogil=True)
def _sparse_ranks(begins, items, values, targets, gone_begins, gone, marks):  # type: ignore[no-untyped-def]
    """marks: for each item the last row that it was left out of; -1 at first."""
    ranks = np.zeros(targets.size, np.int32)
    for row in range(targets.size):
        target, before = targets[row], targets[row]
        for i in range(gone_begins[row], gone_begins[row + 1]):
            before -= marks[gone[i]] != row and gone[i] < target
            marks[gone[i]] = row
        if marks[target] == row:
            continue
        goal = np.float32(0)
        for i in range(begins[row], begins[row + 1]):
            if items[i] == target:
                goal = values[i]
        above = 0
        for i in range(begins[row], begins[row + 1]):
            if values[i] > 0 and marks[items[i]] != row:
                first = items[i] < target
                above += values[i] > goal or (values[i] == goal and first)
                before -= first
        # A target that nothing speaks for comes behind all that something speaks for, and behind its like of smaller
        # rows.
        ranks[row] = 1 + above + (0 if goal > 0 else before)
    return ranks


@nb.njit(cache=True, nogil=True)
def _dense_ranks(scores, targets):  # type: ignore[no-untyped-def]
    """Two plain loops, which the compiler turns into vector instructions: as fast as memory is read."""
    ranks = np.zeros(targets.size, np.int32)
    for row in range(targets.size):
        line, target = scores[row], targets[row]
        goal = line[target]
        if goal == -np.inf:
            continue
        above = 0
        for item in range(line.size):
            above += line[item] > goal
        for item in range(target):
            above += line[item] == goal
        ranks[row] = above + 1
    return ranks
