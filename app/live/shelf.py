"""Follows the database and the models, and holds the View that requests take."""

import threading

from app.live.snapshot import Snapshots
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
        self.view = View(None, {}, 0)

    def refresh(self) -> None:
        """Takes over what changed in the database, and the newest model; without a database keeps what it has."""
        with self._lock:
            old = self.view
            try:
                changed = items.changes_since(self._engine, old.number)
            except StoreUnavailable:
                changed = []
            snapshot = self._snapshots.current
            if not changed and snapshot is old.snapshot:
                return
            stored, number = old.stored, old.number
            if changed:
                stored = {**stored, **{row.item_id: row for row in changed}}
                number = max(row.changed for row in changed)
            before = old if snapshot is old.snapshot else None
            self.view = View(snapshot, stored, number, before, changed)
