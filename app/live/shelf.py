"""Follows the database and the models, and holds the View that requests take."""

import threading
from collections.abc import Iterator

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
        self._lock = threading.Lock()
        self.view = View(None, Stored(), 0)

    def refresh(self) -> None:
        """Takes over what changed in the database, and the newest model; without a database keeps what it has."""
        with self._lock:
            old = self.view
            try:
                stored, number, changed = self._read(old)
            except StoreUnavailable:
                stored, number, changed = old.stored, old.number, []
            snapshot = self._snapshots.current
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
