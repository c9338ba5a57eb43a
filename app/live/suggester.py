"""Suggestions as one types, made beside the requests and never in one."""

import logging
import time
from collections.abc import Iterator

from app.live.itemview import ItemView
from app.live.view import View
from index.explorer.suggestions import Suggestions

log = logging.getLogger(__name__)

SHARE = 0.05  # of the time, at most, that goes into making them anew
MORE = 4  # times as many are looked at as asked for: some may be hidden by now


class Suggester:
    """prepare: called by the refresher. find: by requests; of a catalogue that has changed since, it finds what was
    there when they were last made, as it is now."""

    def __init__(self) -> None:
        self._state: tuple[str | None, int] | None = None
        self._ids: list[str] = []
        self._made = Suggestions.of([], [])
        self._next = 0.0

    def prepare(self, view: View) -> None:
        """Anew where the model or the catalogue is another one, but not again at once: of 100,000 titles it takes some
        seconds."""
        state = (view.version, view.number)
        if state == self._state or time.monotonic() < self._next:
            return
        started = time.monotonic()
        ids = list(_in_order(view))
        titles = [title for title, _ in map(view.title_of, ids)]
        self._made, self._ids, self._state = Suggestions.of(ids, titles), ids, state
        spent = time.monotonic() - started
        self._next = time.monotonic() + spent / SHARE
        log.debug("suggestions made items=%d seconds=%.3f", len(ids), spent)

    def find(self, view: View, typed: str, most: int) -> list[ItemView]:
        """Those that are there and may be shown, the most frequent first."""
        ids, made = self._ids, self._made
        found = (view.get(ids[place]) for place in made.find(typed, most * MORE) if place < len(ids))
        return [item for item in found if item is not None and item.available][:most]


def _in_order(view: View) -> Iterator[str]:
    """The model's items are in the order of their frequency; then all others, by id."""
    vocabulary = view.model.vocabulary if view.model is not None else None
    if vocabulary is not None:
        yield from vocabulary.ids
    after = None
    while ids := view.ids.after(after, 10_000):
        yield from (item for item in ids if vocabulary is None or item not in vocabulary)
        after = ids[-1]
