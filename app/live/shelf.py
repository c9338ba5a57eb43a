"""Follows the database and the models, and holds the View that requests take."""

import threading
import time

from app.live.snapshot import Snapshots
from app.live.view import View
from index.errors import StoreUnavailable
from store import items
from store.database import Database
from store.items import ItemRow


class Shelf:
    """Keeps `view` up to date; read by any thread, refreshed by any.

    refresh: waits for the database, and for others that do. follow: for neither.
    """

    def __init__(self, engine: Database, snapshots: Snapshots) -> None:
        self._engine = engine
        self._snapshots = snapshots
        self._reading = threading.Lock()  # held while the database is asked
        self._lock = threading.Lock()  # never held for longer than a view is made
        self.read_at = time.monotonic()  # when the database last answered
        self.view = View(None, {}, 0)

    def refresh(self) -> None:
        """Takes over what changed in the database, and the newest model; without a database keeps what it has."""
        with self._reading:
            try:
                changed = items.changes_since(self._engine, self.view.number)
                self.read_at = time.monotonic()
            except StoreUnavailable:
                changed = []
            self._take(changed)

    def follow(self) -> None:
        """Takes over the newest model, whether or not the database answers."""
        self._take([])

    def _take(self, changed: list[ItemRow]) -> None:
        with self._lock:
            old, snapshot = self.view, self._snapshots.current
            if not changed and snapshot is old.snapshot:
                return
            stored, number = old.stored, old.number
            if changed:
                stored = {**stored, **{row.item_id: row for row in changed}}
                number = max(row.changed for row in changed)
            before = old if snapshot is old.snapshot else None
            self.view = View(snapshot, stored, number, before, changed)
