"""Follows the database and the models, and holds the View that requests take."""

import threading
import time
from collections.abc import Iterator, Sequence

from app.live.snapshot import Snapshots
from app.live.stored import Change, Stored
from app.live.view import View
from index.errors import StoreUnavailable
from store import items
from store.database import Database


class Shelf:
    """Keeps `view` up to date; read by any thread, refreshed by one at a time."""

    def __init__(self, engine: Database, snapshots: Snapshots) -> None:
        self._engine = engine
        self._snapshots = snapshots
        self._reading = threading.Lock()  # held while the database is asked; what is stored changes under it alone
        self._lock = threading.Lock()  # never held for longer than a view is made
        self.read_at = time.monotonic()  # when the database last answered
        self.view = View(None, Stored(), 0)

    def refresh(self) -> None:
        """Takes over what changed in the database, and the newest model; without a database keeps what it has."""
        with self._reading:
            try:
                stored, number, changed = self._read(self.view)
                self.read_at = time.monotonic()
            except StoreUnavailable:
                self.follow()
            else:
                self._take(stored, number, changed)

    def follow(self) -> None:
        """Takes over the newest model, whether or not the database answers."""
        self._take(None, 0, ())

    def _take(self, stored: Stored | None, number: int, changed: Sequence[Change]) -> None:
        """stored: None where it is what it was."""
        with self._lock:
            old, snapshot = self.view, self._snapshots.current
            if stored is None:
                stored, number = old.stored, old.number
            if number == old.number and snapshot is old.snapshot:
                return
            before = old if snapshot is old.snapshot and old.number else None
            self.view = View(snapshot, stored, number, before, changed)

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
