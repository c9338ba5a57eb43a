"""Which rows pass which filter, in one state of the catalogue."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.live.filters import Filter
from index.search.allowed import Allowed
from index.search.exact import Mask, Rows

KEPT_FILTERS = 256
KEPT_NUMBERS = 64_000_000  # in the copies of all of them, a byte each
KEPT_COLUMNS = 50
MOST_PENDING = 1000

Values = Callable[[str, Sequence[int]], list[Any]]
"""(field, rows) -> what the items of these rows have there."""


class Sieve:
    """Filters that were asked for are kept, and taken over by the next state: only rows that changed are looked at
    again, and not before the filter is asked for."""

    def __init__(self, shown: Mask, values: Values, before: "Sieve | None" = None, changed: Sequence[int] = ()) -> None:
        """shown: bool (n,), rows that may come back at all. before: the state that this one follows, and the rows that
        changed since."""
        self._shown = shown
        self._values = values
        self._lock = threading.Lock()  # requests ask in threads of their own
        self._kept: dict[Filter, tuple[Allowed, frozenset[int]]] = {}
        self._columns: dict[str, NDArray[Any]] = {}
        if before is not None:
            self._kept = {
                wanted: (allowed, pending.union(changed))
                for wanted, (allowed, pending) in before._kept.copy().items()
                if len(pending) < MOST_PENDING
            }
            for field, column in before._columns.copy().items():
                self._columns[field] = _with(column, changed, values(field, changed))

    def allowed(self, wanted: Filter) -> Allowed:
        """wanted: with one condition at least."""
        found = self._kept.get(wanted)
        if found is not None and not found[1]:
            return found[0]
        if found is None:
            allowed = Allowed(self._passes(wanted, None))
        else:
            rows = np.array(sorted(found[1]), dtype=np.int32)
            allowed = found[0].mended(rows, self._passes(wanted, rows))
        with self._lock:
            if found is None:
                self._make_room()
            self._kept[wanted] = allowed, frozenset()
        return allowed

    def is_ready(self, wanted: Filter) -> bool:
        """Whether it was asked for before, and is not to be scanned at length."""
        found = self._kept.get(wanted)
        return found is not None and not found[1] and (found[0].is_copied or found[0].is_wide)

    def _passes(self, wanted: Filter, rows: Rows | None) -> Mask:
        """Of these rows; None: of all."""
        mask = self._shown.copy() if rows is None else self._shown[rows]
        for condition in wanted.conditions:
            column = self._column(condition.field)
            mask &= condition.passes(column if rows is None else column[rows])
        return mask

    def _column(self, field: str) -> NDArray[Any]:
        """The field of every row, as an object array."""
        column = self._columns.get(field)
        if column is None:
            rows = range(len(self._shown))
            column = _with(np.empty(len(rows), dtype=object), rows, self._values(field, rows))
            if len(self._columns) >= KEPT_COLUMNS:
                self._columns.clear()
            self._columns[field] = column
        return column

    def _make_room(self) -> None:
        """The oldest go."""
        numbers = sum(allowed.numbers_copied for allowed, _ in self._kept.values())
        while self._kept and (len(self._kept) >= KEPT_FILTERS or numbers > KEPT_NUMBERS):
            numbers -= self._kept.pop(next(iter(self._kept)))[0].numbers_copied


def _with(column: NDArray[Any], rows: Sequence[int], values: list[Any]) -> NDArray[Any]:
    """A copy in which these rows have these values."""
    column = column.copy()
    for row, value in zip(rows, values, strict=True):  # a value may be a list, which an array would take apart
        column[row] = value
    return column
