"""Exact search in numpy. It serves small catalogues and selective filters, and tests compare with it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.int32]
Mask = NDArray[np.bool_]
# For each query a row, or an array of rows, that it must not return; -1 is ignored.
Exclude = Sequence[NDArray[Any]] | NDArray[Any]

# Scores held at once (64 MB), so that 10,000 queries over a million items do not ask for 40 GB.
BLOCK_SCORES = 1 << 24
# Below this share of allowed rows, copying them out is cheaper than scoring every row: at 100,000 x 128 and 20 % the
# two are even for one query, and for a batch of 32 the copy takes half the time.
GATHER_BELOW = 0.2
# From this many items on, the k-th best is guessed from one of SAMPLE items: the first of every STRIDE.
LARGE, SAMPLE, STRIDE = 4096, 16, 256
SMALL = 512  # of one query, so many are sorted whole: a tenth of the time of what follows


def top_k(scores: Floats, k: int) -> tuple[Rows, Floats]:
    """The k best columns of each row of `scores` (q, n): int32 rows and float32 scores, both (q, k), best first.

    Equal scores are ordered by row, also where the tie straddles the k-th place. -inf is never a result: where fewer
    than k finite scores exist, the rest is -1 with score -inf.
    """
    q, n = scores.shape
    found = min(k, n)
    rows = np.full((q, k), -1, dtype=np.int32)
    best = np.full((q, k), -np.inf, dtype=np.float32)
    if q == 0 or found == 0:
        return rows, best
    if q == 1 and n <= SMALL:
        rows[0, :found] = np.argsort(-scores[0], kind="stable")[:found]
        best[0, :found] = scores[0, rows[0, :found]]
        rows[best == -np.inf] = -1
        return rows, best
    # Flat positions: np.nonzero in two dimensions took 20 ms where this takes 2.4 (416 x 20,000).
    at = np.flatnonzero(scores >= _bars(scores, found)[:, None])
    counts = np.diff(np.searchsorted(at, np.arange(q + 1) * n))
    for short in np.flatnonzero(counts < found):  # its bar was guessed too high
        bar = np.partition(scores[short], n - found)[n - found]
        at = np.concatenate([at[at // n != short], short * n + np.flatnonzero(scores[short] >= bar)])
        at.sort()
        counts[short] = np.count_nonzero(scores[short] >= bar)
    # One line a query, in the order of rows, which a stable sort keeps among equals.
    place = np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)
    line = np.repeat(np.arange(q), counts)
    values = np.full((q, counts.max()), -np.inf, dtype=np.float32)
    columns = np.full(values.shape, -1, dtype=np.int32)
    values[line, place] = scores.reshape(-1)[at]
    columns[line, place] = at - line * n
    order = np.argsort(-values, axis=1, kind="stable")[:, :found]
    best[:, :found], rows[:, :found] = np.take_along_axis(values, order, 1), np.take_along_axis(columns, order, 1)
    rows[best == -np.inf] = -1
    return rows, best


def _bars(scores: Floats, k: int) -> Floats:
    """For each row a value that about k of its items or a few more reach; float32 (q,).

    Guessed from a sixteenth of the items, a few lines of memory after each other: that takes a tenth of the time of a
    partition of all, and is seldom too high. With few items it is the k-th best itself.
    """
    q, n = scores.shape
    if n < LARGE or k > n // SAMPLE:
        # Values and not positions: int64 positions would be twice the size of the scores.
        return np.asarray(np.partition(scores, n - k, axis=1)[:, n - k])
    whole = n // STRIDE * STRIDE
    sample = scores[:, :whole].reshape(q, -1, STRIDE)[:, :, : STRIDE // SAMPLE].reshape(q, -1)
    place = sample.shape[1] - min(sample.shape[1], 2 * k // SAMPLE + 8)
    return np.asarray(np.partition(sample, place, axis=1)[:, place])


def search(
    queries: Floats, vectors: Floats, k: int, allowed: Mask | None = None, exclude: Exclude | None = None
) -> tuple[Rows, Floats]:
    """The k rows of `vectors` (n, d) with the largest inner product with each of `queries` (q, d); see `top_k`.

    allowed: bool (n,), the rows that may come back. exclude: for each query a row, or an array of rows, left out for
    that query only (-1: none).
    """
    rows = np.full((len(queries), k), -1, dtype=np.int32)
    scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
    candidates = None if allowed is None else np.flatnonzero(allowed)
    copied = candidates is not None and len(candidates) < GATHER_BELOW * len(vectors)
    if copied:
        vectors = vectors[candidates]
    pairs = None if exclude is None else exclusions(exclude)
    block = max(1, BLOCK_SCORES // max(1, len(vectors)))
    for start in range(0, len(queries), block):
        stop = min(start + block, len(queries))
        products = queries[start:stop] @ vectors.T
        if candidates is not None and not copied:
            products = products[:, candidates]
        if pairs is not None:
            here = (pairs[0] >= start) & (pairs[0] < stop)
            query, row = pairs[0][here] - start, pairs[1][here]
            if candidates is not None:
                place = np.searchsorted(candidates, row)
                present = np.append(candidates, -1)[place] == row
                query, row = query[present], place[present]
            products[query, row] = -np.inf
        rows[start:stop], scores[start:stop] = top_k(products, k)
    if candidates is not None:
        rows = np.where(rows >= 0, np.append(candidates, -1)[rows], -1).astype(np.int32)
    return rows, scores


def exclusions(exclude: Exclude) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows to leave out as two int64 arrays, query number and row, one entry per pair and without the -1."""
    lists = [np.atleast_1d(rows) for rows in exclude]
    query = np.repeat(np.arange(len(lists)), [len(rows) for rows in lists])
    row = np.concatenate([*lists, np.empty(0, dtype=np.int64)]).astype(np.int64)
    return query[row >= 0], row[row >= 0]
