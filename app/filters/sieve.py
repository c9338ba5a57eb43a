"""Which rows pass which filter, in one state of the catalogue."""

import threading
from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np

from app.filters.columns import Column, Values, column_of
from app.filters.conditions import Condition, Filter, Kind
from app.filters.kept import Entry, History, Kept
from app.filters.unfit import unknown_field
from index.search.allowed import Allowed
from index.search.exact import Mask

KEPT_FILTERS, FILTER_BYTES = 256, 128 << 20
KEPT_COLUMNS, COLUMN_BYTES = 100, 256 << 20
# Rows that changed since: so many are looked at one by one, about a microsecond for each condition. With more, a filter
# is worked out anew from the columns.
MOST_PENDING = 1000
AT_ONCE = 32  # by a request that does not wait for a thread

Known = Callable[[str], bool]
"""Whether any item can have a field of this name."""
Names = Callable[[], Iterable[str]]
"""Of the fields that items have, for those who ask for another one."""


class Sieve:
    """Filters and columns that were asked for are kept, and shared by the states that follow: only rows that changed
    are looked at again, and not before they are asked for."""

    def __init__(
        self,
        shown: Mask,
        values: Values,
        before: "Sieve | None" = None,
        changed: Sequence[int] = (),
        known: Known = lambda _: True,
        names: Names = lambda: (),
    ) -> None:
        """shown: bool (n,), rows that may come back at all. before: the state that this one follows, and the rows that
        changed since."""
        self._shown = shown
        self._values = values
        self._known, self._names = known, names
        if before is None:
            self._state, self._history, self._building = 0, History(), threading.Lock()
            self._filters: Kept[Filter, Allowed] = Kept(FILTER_BYTES, KEPT_FILTERS)
            self._columns: Kept[tuple[str, Kind], Column] = Kept(COLUMN_BYTES, KEPT_COLUMNS)
        else:
            self._state, self._history, self._building = before._state + 1, before._history, before._building
            self._filters, self._columns = before._filters, before._columns
            self._history.add(self._state, changed)

    def allowed(self, wanted: Filter) -> Allowed:
        """wanted: with one condition at least. Raises FieldUnknown, ValueUnfit."""
        entry = self._filters.find(wanted)
        if entry is not None and entry.state == self._state:
            self._filters.asked(wanted)
            return entry.value
        allowed = None if entry is None else self._mended(wanted, entry, MOST_PENDING)
        if allowed is None:
            allowed = Allowed(self._passing(wanted))
        self._filters.keep(wanted, Entry(allowed, self._state))
        return allowed

    def having(self, field: str, texts: Collection[str]) -> Mask:
        """bool (n,): the rows that have one of these texts among the elements of the field, hidden ones too."""
        condition = Condition(field, "has", tuple(texts))
        return self._column(condition).passing(condition)

    def is_kept(self, wanted: Filter) -> bool:
        """Whether it was asked for before."""
        return self._filters.find(wanted) is not None

    def is_ready(self, wanted: Filter) -> bool:
        """Whether `allowed` has it at once, and it is not to be scanned at length."""
        entry = self._filters.find(wanted)
        if entry is None or not (entry.value.is_copied or entry.value.is_wide):
            return False
        if entry.state != self._state:
            allowed = self._mended(wanted, entry, AT_ONCE)
            if allowed is None or not (allowed.is_copied or allowed.is_wide):
                return False
            self._filters.keep(wanted, Entry(allowed, self._state))
        return True

    def _mended(self, wanted: Filter, entry: Entry[Allowed], most: int) -> Allowed | None:
        """By the rows that changed; None where those are more than `most`, or forgotten."""
        changed = self._history.between(entry.state, self._state, most)
        if changed is None:
            return None
        rows = np.array(sorted(changed), dtype=np.int32)
        mask = self._shown[rows]
        for condition in wanted.conditions:
            values = self._values(condition.field, rows.tolist())
            mask &= np.array([condition.holds(value) for value in values], dtype=np.bool_)
        return entry.value.mended(rows, mask)

    def _passing(self, wanted: Filter) -> Mask:
        mask = self._shown.copy()
        for condition in wanted.conditions:
            if not self._known(condition.field):
                raise unknown_field(condition.field, self._names())
            mask &= self._column(condition).passing(condition)
        return mask

    def _column(self, condition: Condition) -> Column:
        key = condition.field, condition.kind
        return self._kept_column(key) or self._new_column(key, condition)

    def _kept_column(self, key: tuple[str, Kind]) -> Column | None:
        """As it is in this state; None where it is to be made."""
        entry = self._columns.find(key)
        if entry is None:
            return None
        if entry.state == self._state:
            self._columns.asked(key)
            return entry.value
        changed = self._history.between(entry.state, self._state)
        if changed is None:
            return None
        rows = list(changed)
        column = entry.value.mended(rows, self._values(key[0], rows))
        if column is not None:
            self._columns.keep(key, Entry(column, self._state))
        return column

    def _new_column(self, key: tuple[str, Kind], condition: Condition) -> Column:
        with self._building:  # one at a time: who waits for it may find it made
            column = self._kept_column(key)
            if column is None:
                column = column_of(condition, len(self._shown), self._values)
                self._columns.keep(key, Entry(column, self._state))
            return column
