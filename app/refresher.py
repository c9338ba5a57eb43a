"""The thread that keeps a process up to date: models, items and keys, and what may happen beside the requests."""

import gc
import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress

from app.http.accesslog import AccessLog
from app.live.recall import RecallMeter
from app.service import Service
from index.errors import StoreUnavailable
from store.migrate import migrate

log = logging.getLogger(__name__)


class Refresher:
    """Two threads, so that an item that is hidden while a large model loads is hidden within a second all the same.

    first: once, before the first request. start, stop: the threads.
    """

    def __init__(self, service: Service, access: AccessLog, recall: RecallMeter) -> None:
        self._service = service
        self._access = access
        self._recall = recall
        self._stop = threading.Event()
        settings = service.settings
        self._threads = [
            threading.Thread(target=self._repeat, args=(work, seconds), name=work.__name__.strip("_"), daemon=True)
            for work, seconds in ((self._catalogue, settings.refresh_seconds), (self._models, settings.watch_seconds))
        ]
        self._migrated = False

    def first(self) -> None:
        """Similar items are served without a database too: it is prepared as soon as it answers."""
        try:
            self._models()
            self._catalogue()
        finally:
            gc.freeze()
            gc.enable()  # off since the process began, see cli.serve

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=10)
        self._access.flush()
        gc.unfreeze()  # see app.live.snapshot; libraries complain of what is left at the end

    def _repeat(self, work: Callable[[], None], seconds: float) -> None:
        # Requests go first: Linux has a niceness for each thread.
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        while not self._stop.wait(seconds):
            try:
                work()
            except Exception:
                # This thread must not end: a model or an item would never arrive again.
                log.exception("refresh failed")

    def _catalogue(self) -> None:
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
        self._recall.measure()
