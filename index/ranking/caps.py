"""A list that grows best first, with at most so many of one artist, brand or seller."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from index.catalogue.values import texts_of
from index.ranking.diversity import scaled, unit_rows
from index.ranking.readings import Float, Rows
from index.search.exact import Mask


class Fields(Protocol):
    """The metadata of the items, by row."""

    def values(self, field: str, rows: Sequence[int], /) -> list[Any]:
        """What each of the items has in the field: nothing, one value, or a list."""

    def having(self, field: str, texts: Collection[str], /) -> Mask:
        """bool (n,): the rows that have one of these texts among the elements of the field."""


class CappedList:
    """rows, scores: what is in it, in the order it came. max_per: field -> how many items at most may share an element
    of it; an item without one may always come. passed: whether any item could not come because of that."""

    def __init__(
        self, max_per: Sequence[tuple[str, int]], fields: Fields, vectors: Float, diversity: float = 0.0
    ) -> None:
        """vectors: float32 (n, d), looked up by row. diversity: as `diversify` has it."""
        self.rows: list[int] = []
        self.scores: list[float] = []
        self.passed = False
        self._max_per = max_per
        self._fields = fields
        self._vectors = vectors
        self._diversity = diversity
        self._counts: list[Counter[str]] = [Counter() for _ in max_per]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: Rows, scores: Float, most: int) -> Mask:
        """Adds of these, best first, until there are `most`; by maximal marginal relevance where there is diversity.
        Which of them were added; where there are fewer than `most` then, a cap was in the way of all others."""
        taken = np.zeros(len(rows), dtype=np.bool_)
        texts = self._texts(rows)
        order = self._diverse(rows, scores, taken) if self._diversity else iter(range(len(rows)))
        for at in order:
            if len(self.rows) >= most:
                break
            own = [of_field[at] for of_field in texts]
            if self._full(own) is not None:
                self.passed = True
                continue
            taken[at] = True
            self.rows.append(int(rows[at]))
            self.scores.append(float(scores[at]))
            for counts, names in zip(self._counts, own, strict=True):
                counts.update(names)
        return taken

    def _diverse(self, rows: Rows, scores: Float, taken: Mask) -> Iterator[int]:
        """Places in the order of `diversify`, each once. taken: which were added, as far as the caller has come."""
        if not len(rows):
            return
        pool = unit_rows(self._vectors, rows)
        relevance = np.float32(1 - self._diversity) * scaled(scores)
        left = np.zeros(len(rows), dtype=np.float32)  # -inf for what has been looked at
        closest = np.zeros(len(rows), dtype=np.float32)
        if self.rows:
            before = unit_rows(self._vectors, np.array(self.rows, dtype=np.int32))
            closest = (pool @ before.T).max(axis=1)
        for _ in range(len(rows)):
            first = not self.rows
            at = int(np.argmax(relevance - np.float32(self._diversity) * closest + left))
            left[at] = -np.inf
            yield at
            if taken[at]:
                near = pool @ pool[at]
                closest = near if first else np.maximum(closest, near)

    def full_fields(self, rows: Rows) -> list[str | None]:
        """Of each the first field whose cap is in its way; None where nothing is."""
        texts = self._texts(rows)
        return [self._full([of_field[at] for of_field in texts]) for at in range(len(rows))]

    def remaining(self, allowed: Mask | None, items: int) -> Mask:
        """bool (items,): of the rows that are allowed, those that may still come."""
        mask = np.ones(items, dtype=np.bool_) if allowed is None else allowed.copy()
        mask[self.rows] = False
        for (field, most), counts in zip(self._max_per, self._counts, strict=True):
            if full := [name for name, count in counts.items() if count >= most]:
                out = mask & self._fields.having(field, full)
                self.passed = self.passed or bool(out.any())
                mask &= ~out
        return mask

    def _texts(self, rows: Rows) -> list[list[list[str]]]:
        """For each field those of each row's elements, each once."""
        asked = [int(row) for row in rows]
        return [
            [list(dict.fromkeys(texts_of(value))) for value in self._fields.values(field, asked)]
            for field, _ in self._max_per
        ]

    def _full(self, own: Sequence[Sequence[str]]) -> str | None:
        for (field, most), counts, names in zip(self._max_per, self._counts, own, strict=True):
            if any(counts[name] >= most for name in names):
                return field
        return None
