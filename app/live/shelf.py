"""Follows the database and the models, and holds the View that requests take."""

import threading
import time
from collections.abc import Iterator, Sequence

from app.live.newcomers import Prepared
from app.live.snapshot import Snapshots
from app.live.stored import Change, Stored
from app.live.view import View
from index.errors import StoreUnavailable
from store import items
from store.database import Database

PREPARE_SECONDS = 0.05  # at a time, each `watch_seconds`


class Shelf:
    """Keeps `view` up to date; read by any thread, refreshed by one at a time."""

    def __init__(self, engine: Database, snapshots: Snapshots) -> None:
        self._engine = engine
        self._snapshots = snapshots
        self._reading = threading.Lock()  # held while the database is asked; what is stored changes under it alone
        self._lock = threading.Lock()  # never held for longer than a view is made
        self._building = threading.Lock()  # held while what a new model says of items without a past is worked out
        self.read_at = time.monotonic()  # when the database last answered
        self.view = View(None, Stored(), 0)

    def refresh(self) -> None:
        """Takes over what changed in the database, and the newest model; without a database keeps what it has."""
        with self._reading:
            try:
                stored, number, changed = self._read(self.view)
                self.read_at = time.monotonic()
            except StoreUnavailable:
                pass
            else:
                self._take(stored, number, changed)
        if self._building.acquire(blocking=False):  # else another thread takes over the model
            try:
                self._follow()
            finally:
                self._building.release()

    def follow(self) -> None:
        """Takes over the newest model, whether or not the database answers."""
        with self._building:
            self._follow()

    def prepare(self) -> None:
        """Beside the requests: lists of newcomers that somebody may ask for, for a small share of the time."""
        view = self.view
        if view.model is not None and view.newcomers is not None:
            view.model.unseen.prepare(view.newcomers, PREPARE_SECONDS)

    def _take(self, stored: Stored, number: int, changed: Sequence[Change]) -> None:
        """What changed in the database, under the model that is there."""
        with self._lock:
            old = self.view
            if number != old.number:
                self.view = View(old.snapshot, stored, number, old if old.number else None, changed)

    def _follow(self) -> None:
        snapshot, stored = self._snapshots.current, self.view.stored
        if snapshot is self.view.snapshot:
            return
        # Of 100,000 items some seconds, in which items are still hidden within one.
        prepared = Prepared.of(snapshot, stored)
        with self._lock:
            self.view = View(snapshot, self.view.stored, self.view.number, prepared=prepared)

    def _read(self, old: View) -> tuple[Stored, int, list[Change]]:
        """(what is stored now, number of the newest change, what changed). Of the first ones, which may be a million,
        no list is made. Raises StoreUnavailable."""
        numbers, changed = [old.number], []

        def changes() -> Iterator[Change]:
            for item_id, number, packed in items.packed_since(self._engine, old.number):
                numbers[0] = number
                if old.number:
                    changed.append((item_id, packed))
                yield item_id, packed

        stored = old.stored.with_changes(changes())
        return stored, numbers[0], changed
