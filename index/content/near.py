"""The newcomers nearest to trained items that were asked about: kept, and mended as others come and go."""

from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

import numpy as np

from index.content.newcomers import Newcomers, merged
from index.ranking.readings import Float, Rows

KEPT, EACH = 50_000, 100  # lists, about 1 kB each; rows of one
AT_ONCE = 200_000  # numbers multiplied by a request that does not wait for a thread, well under 0.1 ms

Best = tuple[Rows, Float]
Search = Callable[[int, int], Best]
"""(k, since) -> the k best places from `since` on."""


class Entry(NamedTuple):
    """state: by whose places. used: of these, how many were looked at. whole: whether all that were shown are here."""

    state: Newcomers
    used: int
    rows: Rows
    scores: Float
    whole: bool


class Near:
    """For one model: (score, row) -> the best newcomers. Shared by the states that follow."""

    def __init__(self, kept: int = KEPT) -> None:
        self._most = kept
        self._kept: dict[tuple[str, int], Entry] = {}
        self._lock = Lock()

    def is_ready(self, score: str, row: int, newcomers: Newcomers) -> bool:
        """Whether `best` has it at once."""
        if newcomers.used * newcomers.targets.shape[1] <= AT_ONCE:
            return True
        entry = self._kept.get((score, row))
        since = entry.used if entry is not None and newcomers.follows(entry.state) else 0
        return bool((newcomers.used - since) * newcomers.targets.shape[1] <= AT_ONCE)

    def best(self, score: str, row: int, newcomers: Newcomers, k: int, search: Search) -> Best:
        """The k best of those that are shown, best first. search: in this state."""
        if k > EACH:
            return search(k, 0)
        entry = self._mended(self._kept.get((score, row)), newcomers, search)
        if entry is not None and (found := _first(entry, newcomers, k)) is not None:
            self._keep((score, row), entry)
            return found
        rows, scores = search(EACH, 0)
        self.keep(score, row, newcomers, (rows, scores))
        return rows[:k], scores[:k]

    def keep(self, score: str, row: int, newcomers: Newcomers, best: Best) -> None:
        """best: the EACH best of this state."""
        rows, scores = best
        self._keep((score, row), Entry(newcomers, newcomers.used, rows, scores, len(rows) < EACH))

    def _mended(self, entry: Entry | None, newcomers: Newcomers, search: Search) -> Entry | None:
        if entry is None or not newcomers.follows(entry.state) or entry.used >= newcomers.used:
            return entry if entry is not None and newcomers.follows(entry.state) else None
        more = search(EACH, entry.used)
        # Places only grow, so that of equal scores the first stays first.
        rows, scores = merged(entry.rows, entry.scores, *more, EACH)
        whole = entry.whole and len(entry.rows) + len(more[0]) <= EACH and len(more[0]) < EACH
        return Entry(newcomers, newcomers.used, rows, scores, whole)

    def _keep(self, key: tuple[str, int], entry: Entry) -> None:
        with self._lock:
            before = self._kept.get(key)
            if before is entry:
                return
            if before is not None and entry.state.follows(before.state) and before.used > entry.used:
                return  # a request of an older state
            self._kept[key] = entry
            if len(self._kept) > self._most:
                self._kept.pop(next(iter(self._kept)))


def _first(entry: Entry, newcomers: Newcomers, k: int) -> Best | None:
    """Those of it that are shown; None where a longer list may hold more of them."""
    places = entry.rows - newcomers.first
    shown = newcomers.shown[places] if len(places) else np.empty(0, np.bool_)
    at = shown.nonzero()[0][:k]
    return (entry.rows[at], entry.scores[at]) if len(at) == k or entry.whole else None
