"""All pair counts of a corpus, as a thing of their own: whole numbers that add up."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from training.corpus import Corpus
from training.counting.blocks import UNIT, Reach, Rows, count_in_blocks


@dataclass(frozen=True)
class PairCounts:
    """How often each item was near each other item, in units of 1 / UNIT. Rows and columns are items.

    offsets: int64, shape (items + 1,). items: int32, ascending in a row. counts: int64, or int32 where all fit.
    Row a is items[offsets[a]:offsets[a + 1]] and the counts beside it.
    """

    offsets: NDArray[np.int64]
    items: NDArray[np.int32]
    counts: NDArray[np.signedinteger]

    def __len__(self) -> int:
        """Number of items, those without pairs included."""
        return len(self.offsets) - 1

    @classmethod
    def of(
        cls,
        corpus: Corpus,
        reach: Reach,
        threads: int = 2,
        weights: NDArray[np.float32] | None = None,
        spill: Path | None = None,
    ) -> Self:
        """weights: of the events, see `count_in_blocks`. spill: a folder; rows go there block by block, and what is
        returned is mapped. Without it, memory for all pairs is taken. The result does not depend on `threads`."""
        blocks = count_in_blocks(corpus, reach, small, threads, weights)
        return cls.joined(blocks) if spill is None else cls._from_disk(blocks, spill)

    @classmethod
    def none(cls, items: int) -> Self:
        return cls(np.zeros(items + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int32))

    @classmethod
    def joined(cls, blocks: Iterable[Rows]) -> Self:
        """Of the rows of all items, block after block; see `small`."""
        parts = list(blocks)
        offsets = _offsets([part.lengths for part in parts])
        wide = any(part.counts.dtype == np.int64 for part in parts)
        items, counts = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.int64 if wide else np.int32)
        end = len(items)
        while parts:  # each part is let go of once it is copied: both forms need not fit at once
            part = parts.pop()
            items[end - len(part.items) : end], counts[end - len(part.items) : end] = part.items, part.counts
            end -= len(part.items)
        return cls(offsets, items, counts)

    @classmethod
    def _from_disk(cls, blocks, folder: Path) -> Self:  # type: ignore[no-untyped-def]
        lengths = []
        with open(folder / "pairs_items", "wb") as items, open(folder / "pairs_counts", "wb") as counts:
            for rows in blocks:
                lengths.append(rows.lengths)
                items.write(rows.items.tobytes())
                counts.write(rows.counts.astype(np.int64).tobytes())
        offsets = _offsets(lengths)
        if not offsets[-1]:
            return cls(offsets, np.empty(0, np.int32), np.empty(0, np.int64))
        return cls(offsets, np.memmap(folder / "pairs_items", np.int32), np.memmap(folder / "pairs_counts", np.int64))

    def __add__(self, other: "PairCounts") -> "PairCounts":
        """Of the sessions behind both. The items must be the same; see `renumbered`."""
        return PairCounts._from(self._matrix() + other._matrix())

    def __sub__(self, other: "PairCounts") -> "PairCounts":
        """Less than 0 where `other` has more. A pair of as much in both is none."""
        matrix = self._matrix() - other._matrix()
        matrix.eliminate_zeros()
        return PairCounts._from(matrix)

    def transposed(self) -> "PairCounts":
        return PairCounts._from(csr_array(self._matrix().T))

    def only(self, rows: NDArray[np.bool_], columns: NDArray[np.bool_]) -> "PairCounts":
        """The pairs of these rows and columns; bool (items,)."""
        matrix = self._matrix().tocoo()
        kept = rows[matrix.row] & columns[matrix.col]
        return PairCounts._from(csr_array((matrix.data[kept], (matrix.row[kept], matrix.col[kept])), matrix.shape))

    def renumbered(self, row: NDArray[np.int32], items: int) -> "PairCounts":
        """Over another vocabulary: old row a becomes row[a], or is left out where that is -1. items: of the new one."""
        matrix = self._matrix().tocoo()
        a, b = row[matrix.row], row[matrix.col]
        kept = (a >= 0) & (b >= 0)
        return PairCounts._from(csr_array((matrix.data[kept], (a[kept], b[kept])), shape=(items, items)))

    def _matrix(self) -> csr_array:
        return csr_array((self.counts.astype(np.int64), self.items, self.offsets), shape=(len(self), len(self)))

    @classmethod
    def _from(cls, matrix: csr_array) -> Self:
        matrix.sum_duplicates()
        matrix.sort_indices()
        data = matrix.data
        small = data.astype(np.int32) if not len(data) or np.abs(data).max() < 2**31 else data
        return cls(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), small)

    def sums(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(of each row, of each column), in pairs at distance 1; float64, shape (items,)."""
        # A cumulative sum of whole numbers is exact, and needs no loop over rows.
        total = np.concatenate([[0], np.cumsum(self.counts, dtype=np.int64)])
        rows = np.diff(total[self.offsets]) / UNIT
        columns = np.bincount(self.items, weights=self.counts, minlength=len(self)) / UNIT
        return rows, columns


def small(begin: int, rows: Rows) -> Rows:
    """A copy of its own, in half the room where the counts allow it."""
    fits = not len(rows.counts) or rows.counts.max() < 2**31
    return Rows(rows.lengths, rows.items.copy(), rows.counts.astype(np.int32 if fits else np.int64))


def _offsets(lengths: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([[0], *lengths]).astype(np.int64).cumsum()
