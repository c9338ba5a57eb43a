"""Item id <-> row number. Strings stay at the edge; everything inside works on rows."""

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.errors import ItemUnknown


class Vocabulary:
    """The trained items, most frequent first; those that the log does not have, or all where there is none, in the
    order of their vectors.

    ids: row -> item id. counts: int64, shape (n,), occurrences in the training sessions.
    """

    def __init__(self, ids: Sequence[str], counts: NDArray[np.int64]) -> None:
        if len(ids) != len(counts):
            raise ValueError(f"{len(ids)} ids but {len(counts)} counts")
        self.ids = ids if isinstance(ids, list) else list(ids)
        self.counts = np.asarray(counts, dtype=np.int64)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {item: row for row, item in enumerate(self.ids)}

    @cached_property
    def is_counted(self) -> bool:
        """Whether there was a log at all: without one, no item is more popular than another."""
        return bool(self.counts.any())

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, item: object) -> bool:
        return item in self._rows

    def find(self, item: str) -> int | None:
        """The item's row; None where it has no vector."""
        return self._rows.get(item)

    def row(self, item: str) -> int:
        """Raises ItemUnknown."""
        try:
            return self._rows[item]
        except KeyError:
            raise ItemUnknown(f"item {item!r} is not in the vocabulary") from None

    def rows(self, items: Iterable[str]) -> NDArray[np.int32]:
        """int32, one per id; raises ItemUnknown at the first that is not there."""
        return np.array([self.row(item) for item in items], dtype=np.int32)

    def known_rows(self, items: Iterable[str]) -> NDArray[np.int32]:
        """The rows of those ids that are in the vocabulary, in the given order; the others are left out."""
        rows = self._rows
        return np.array([rows[item] for item in items if item in rows], dtype=np.int32)
