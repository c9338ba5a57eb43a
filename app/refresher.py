"""The thread that keeps a process up to date: models, items and keys, and what may happen beside the requests."""

import gc
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from app.http.accesslog import AccessLog
from app.live.recall import RecallMeter
from app.service import Service
from index.errors import StoreUnavailable
from store.upkeep.migrate import migrate

log = logging.getLogger(__name__)

STOP_SECONDS = 0.5


class Refresher:
    """Two threads, so that an item that is hidden while a large model loads is hidden within a second all the same.

    start, stop: the threads. loaded: set once the first look at everything has ended, whatever it found.
    """

    def __init__(self, service: Service, access: AccessLog, recall: RecallMeter) -> None:
        self._service = service
        self._access = access
        self._recall = recall
        self._stop = threading.Event()
        self.loaded = threading.Event()
        settings = service.settings
        # The first model is loaded by the thread that looks for later ones.
        todo = ((self._catalogue, settings.refresh_seconds, None), (self._models, settings.watch_seconds, self._first))
        self._threads = [
            threading.Thread(target=self._repeat, args=given, name=given[0].__name__.strip("_"), daemon=True)
            for given in todo
        ]
        self._migrated = False
        self._reading = threading.Lock()

    def _first(self) -> None:
        """Keys and items first: what needs no model is answered while one loads. Similar items are served without a
        database too: it is prepared as soon as it answers."""
        try:
            self._safely(self._catalogue)
            self._safely(self._models)
        finally:
            self._service.snapshots.loading = False
            self.loaded.set()
            gc.freeze()
            gc.enable()  # off since the process began, see cli.serve

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Without waiting for one that loads a model: the threads are daemons."""
        self._stop.set()
        due = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, due - time.monotonic()))
        self._access.flush()
        gc.unfreeze()  # see app.live.snapshot; libraries complain of what is left at the end

    @property
    def alive(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _repeat(self, work: Callable[[], None], seconds: float, first: Callable[[], None] | None) -> None:
        if first is not None:
            first()
        # Requests go first: Linux has a niceness for each thread.
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        while not self._stop.wait(seconds):
            self._safely(work)

    def _safely(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            # The thread must not end: a model or an item would never arrive again.
            log.exception("refresh failed")

    def _catalogue(self) -> None:
        # Both threads look when the process begins: once is enough, and migrations are made by one thread.
        if not self._reading.acquire(blocking=False):
            return
        try:
            self._read()
        finally:
            self._reading.release()

    def _read(self) -> None:
        service = self._service
        self._access.flush()
        if not self._migrated:
            try:
                migrate(service.engine)
                self._migrated = True
            except StoreUnavailable as error:
                log.warning("database not ready error=%s", error)
                return
        service.keyring.refresh()
        service.shelf.refresh()

    def _models(self) -> None:
        if self._service.snapshots.refresh():
            self._service.shelf.follow()  # a database that hangs must not keep a model from serving
        self._service.shelf.prepare()
        self._service.suggester.prepare(self._service.shelf.view)
        self._recall.measure()
