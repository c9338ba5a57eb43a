"""The ids of all items in their order, for those who look through the catalogue page by page."""

import heapq
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator

RUN = 10_000  # ids sorted in one go, about 5 ms: nothing else in the process runs meanwhile
MOST_NEW = 5000


class ItemIds:
    """Grows only, and is shared by states of the catalogue: it may hold ids that a state does not know."""

    def __init__(self, first: Callable[[], Iterable[str]]) -> None:
        """first: those that are there from the beginning, asked for when somebody asks."""
        self._first = first
        self._ids: list[str] | None = None
        self._new: list[str] = []  # in order, and in _ids now and then
        self._lock = threading.Lock()

    def add(self, ids: Iterable[str]) -> None:
        with self._lock:
            for item_id in ids:
                place = bisect_left(self._new, item_id)
                if self._new[place : place + 1] != [item_id]:
                    self._new.insert(place, item_id)

    def after(self, item_id: str | None, most: int) -> list[str]:
        """The next `most` ids after this one; None: the first."""
        with self._lock:
            if self._ids is None:
                self._ids = list(_in_order(self._first()))
            if len(self._new) > MOST_NEW:
                self._ids, self._new = list(heapq.merge(self._ids, self._new)), []
            found: set[str] = set()  # an id may be in both
            for ids in (self._ids, self._new):
                start = 0 if item_id is None else bisect_right(ids, item_id)
                found.update(ids[start : start + most])
        return sorted(found)[:most]


def _in_order(ids: Iterable[str]) -> Iterator[str]:
    """Sorted in steps, each once."""
    runs: list[list[str]] = [[]]
    for item_id in ids:
        if len(runs[-1]) == RUN:
            runs.append([])
        runs[-1].append(item_id)
    for run in runs:
        run.sort()
    before = None
    for item_id in heapq.merge(*runs):
        if item_id != before:
            yield item_id
        before = item_id
