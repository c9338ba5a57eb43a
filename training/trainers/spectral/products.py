"""Sparse matrices of pairs, and their products with a matrix of vectors, row by row over threads."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.counting.blocks import UNIT
from training.counting.pairs import PairCounts

BLOCK = 8192  # rows multiplied with a small matrix at a time
PARTS = 8  # of the rows for each thread, so that all end together


class Matrix(NamedTuple):
    """Sparse rows, square. offsets: int64, shape (n + 1,). items: int32, the columns. values: float32."""

    offsets: NDArray[np.int64]
    items: NDArray[np.int32]
    values: NDArray[np.float32]


def rows_of(matrix: Matrix) -> int:
    """How many rows it has."""
    return len(matrix.offsets) - 1


Sums = tuple[NDArray[np.float64], NDArray[np.float64]]


def rooted(counts: PairCounts, power: float, degree: float, threads: int, sums: Sums | None = None) -> Matrix:
    """Each count^power / (sum of its row * sum of its column)^degree; of a count below 0 the same, below 0.

    sums: instead of those of the counts. Both float64 (items,), in pairs at distance 1."""
    rows, columns = (np.maximum(side, 1e-9) ** -degree for side in sums or counts.sums())
    values = np.empty(len(counts.items), dtype=np.float32)
    matrix = Matrix(counts.offsets, counts.items, values)
    _over_rows(lambda a, b: _root(counts.counts, matrix, power, rows, columns, a, b), matrix, threads)
    return matrix


def transposed(matrix: Matrix) -> Matrix:
    begins = np.concatenate([[0], np.cumsum(np.bincount(matrix.items, minlength=rows_of(matrix)))]).astype(np.int64)
    back = Matrix(begins, np.empty_like(matrix.items), np.empty_like(matrix.values))
    _transpose(matrix, begins[:-1].copy(), back)
    return back


def multiply(matrix: Matrix, x: NDArray[np.float32], threads: int) -> NDArray[np.float32]:
    """matrix @ x, float32 (n, columns of x). Each row is added up in one order, whatever the threads."""
    x = np.ascontiguousarray(x)
    out = np.zeros_like(x)
    _over_rows(lambda a, b: _multiply(matrix, x, out, a, b), matrix, threads)
    return out


def gram(y: NDArray[np.float32], threads: int) -> NDArray[np.float64]:
    """y' @ y, float64 (columns, columns): blocks of rows in float32, added up in one order."""
    blocks = [y[begin : begin + BLOCK] for begin in range(0, len(y), BLOCK)]
    with ThreadPoolExecutor(threads) as pool:
        found = np.zeros((y.shape[1], y.shape[1]))
        for part in pool.map(lambda block: block.T @ block, blocks):
            found += part
    return found


def times(y: NDArray[np.float32], small: NDArray[np.float64], threads: int) -> NDArray[np.float32]:
    """y @ small, float32 (n, columns of small)."""
    narrow = np.ascontiguousarray(small, dtype=np.float32)
    out = np.empty((len(y), narrow.shape[1]), dtype=np.float32)

    def one(begin: int) -> None:
        np.matmul(y[begin : begin + BLOCK], narrow, out=out[begin : begin + BLOCK])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(0, len(y), BLOCK)))
    return out


def _over_rows(work, matrix: Matrix, threads: int) -> None:  # type: ignore[no-untyped-def]
    """Calls work(a, b) on ranges of rows with about as many pairs each."""
    borders = np.searchsorted(matrix.offsets, np.linspace(0, matrix.offsets[-1], PARTS * threads + 1))
    borders[0], borders[-1] = 0, rows_of(matrix)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, borders[:-1], borders[1:]))


@nb.njit(cache=True, nogil=True)
def _root(counts, matrix, power, rows, columns, begin, end):  # type: ignore[no-untyped-def]
    offsets, items, values = matrix
    for row in range(begin, end):
        for i in range(offsets[row], offsets[row + 1]):
            count = abs(counts[i]) / UNIT
            root = np.sqrt(count) if power == 0.5 else count**power
            if counts[i] < 0:
                root = -root
            values[i] = root * rows[row] * columns[items[i]]


@nb.njit(cache=True, nogil=True)
def _transpose(matrix, at, back):  # type: ignore[no-untyped-def]
    """at: where each row of `back` begins."""
    offsets, items, values = matrix
    _, rows, back_values = back
    for row in range(offsets.size - 1):
        for i in range(offsets[row], offsets[row + 1]):
            place = at[items[i]]
            rows[place], back_values[place] = row, values[i]
            at[items[i]] = place + 1


@nb.njit(cache=True, nogil=True, fastmath={"contract", "nsz"}, error_model="numpy")
def _multiply(matrix, x, out, begin, end):  # type: ignore[no-untyped-def]
    """Four pairs at a time: a number of the sum that is loaded serves four products."""
    offsets, items, values = matrix
    for row in range(begin, end):
        total = out[row]
        i, last = offsets[row], offsets[row + 1]
        while i + 4 <= last:
            a, b = x[np.uint64(items[i])], x[np.uint64(items[i + 1])]
            c, d = x[np.uint64(items[i + 2])], x[np.uint64(items[i + 3])]
            va, vb, vc, vd = values[i], values[i + 1], values[i + 2], values[i + 3]
            for k in range(total.size):
                total[k] += va * a[k] + vb * b[k] + vc * c[k] + vd * d[k]
            i += 4
        while i < last:
            a, va = x[np.uint64(items[i])], values[i]
            for k in range(total.size):
                total[k] += va * a[k]
            i += 1
