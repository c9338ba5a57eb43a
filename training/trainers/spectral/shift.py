"""What pairs of one segment have in common, taken from each of them: what is left tells its items apart."""

from dataclasses import dataclass

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.objective.segments import NONE, Segments
from training.trainers.spectral.products import Matrix, multiply

SOME = 16  # columns at once: in float64, all of them would take more room than all else here

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Shift:
    """What is taken from the pair (a, b): rows[a] * columns[b] where both have the same label, else nothing.

    Rows and columns: float64 (items,); nothing is taken where there is no segment. order: the items by their segment;
    begins: where each segment begins there. labels: of the items, which segment of those.
    """

    rows: NDArray[np.float64]
    columns: NDArray[np.float64]
    labels: NDArray[np.int64]
    order: NDArray[np.int64]
    begins: NDArray[np.int64]

    @classmethod
    def of(cls, matrix: Matrix, segments: Segments, share: float) -> "Shift":
        """share: of what the items of a segment would have with each other, were they independent in it: (sum of the
        row in the segment) x (sum of the column in it) / (sum of all there). Only what is above 0 is summed."""
        # Items without one are a segment of their own, from which nothing is taken.
        labels = np.unique(segments.labels, return_inverse=True)[1].astype(np.int64)
        rows, columns = np.zeros(len(labels)), np.zeros(len(labels))
        _sums(*matrix, labels, rows, columns)
        total = np.bincount(labels, rows)
        scale = np.divide(share, total, out=np.zeros_like(total), where=total > 0)
        rows *= np.where(segments.labels == NONE, 0, scale[labels])
        order = np.argsort(labels, kind="stable")
        return cls(rows, columns, labels, order, np.searchsorted(labels[order], np.arange(len(total))))

    def transposed(self) -> "Shift":
        return Shift(self.columns, self.rows, self.labels, self.order, self.begins)

    def times(self, x: Float) -> Float:
        """What is taken, times x; float32, shaped like x. One order of adding up, whatever the threads."""
        found, columns = np.empty_like(x), self.columns[self.order, None]
        for begin in range(0, x.shape[1], SOME):
            part = x[self.order, begin : begin + SOME] * columns
            sums = np.add.reduceat(part, self.begins, axis=0)
            found[:, begin : begin + SOME] = sums[self.labels] * self.rows[:, None]
        return found


def product(matrix: Matrix, shift: Shift | None, x: Float, threads: int) -> Float:
    """(matrix - shift) @ x, float32 (n, columns of x)."""
    found = multiply(matrix, x, threads)
    return found if shift is None else found - shift.times(x)


@nb.njit(cache=True, nogil=True)
def _sums(offsets, items, values, labels, rows, columns):  # type: ignore[no-untyped-def]
    """Adds what each item has with others of its segment, as row and as column."""
    for row in range(offsets.size - 1):
        for i in range(offsets[row], offsets[row + 1]):
            if labels[row] == labels[items[i]] and values[i] > 0:
                rows[row] += values[i]
                columns[items[i]] += values[i]
