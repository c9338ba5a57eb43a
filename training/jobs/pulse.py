"""The pulse of a running job: it tells how far the work is, and the work stops when the pulse says so."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from index.errors import StoreUnavailable
from store.database import now
from store.job import Job
from store.queue import Queue

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5  # how often a request to cancel is looked for, and progress written at most
BEAT_SECONDS = 2.0
KEPT_LINES = 10_000  # while the database does not answer


class Cancelled(Exception):
    """Somebody asked for the job's end."""


class Erased(Exception):
    """A user was erased whose events the training has copied."""


class Stopping(Exception):
    """The worker itself is asked to stop; the job is resumed later."""


class TimeUp(Exception):
    """The job takes longer than it may."""


@dataclass(frozen=True)
class Limits:
    """job_seconds: from the job's start until it has published, the time without a worker included. hang_seconds: a
    training that does nothing for so long hangs."""

    job_seconds: float = 24 * 3600.0
    hang_seconds: float = 20 * 60.0


class Pulse:
    """Of one job in one worker. `touch` is called often, by the thread that works; each time it calls `look`."""

    def __init__(self, queue: Queue, job: Job, stop: Event, look: Callable[[], None], limits: Limits) -> None:
        self.job_id = job.job_id
        self.limits = limits
        self.sealed = job.sealed
        # Number of the last erasure that the training's copies are without; None while there are none.
        self.erasure: int | None = None
        self._until = (job.started or now()) + round(limits.job_seconds * 1e6)
        self._queue = queue
        self._stop = stop
        self._look = look
        self._state: tuple[str | None, float | None, float | None] = (None, None, None)
        self._lines: list[str] = []
        self._changed = True
        self._looked = self._beaten = float("-inf")
        self._down = False

    def at(self, step: str, progress: float | None = None, eta_seconds: float | None = None) -> None:
        """progress: 0 to 1 of the step; None where its size is not known."""
        self._state = (step, progress, eta_seconds)
        self._changed = True

    def line(self, text: str) -> None:
        log.info("job=%s %s", self.job_id, text)
        self._lines = [*self._lines[-KEPT_LINES:], text]
        self._changed = True

    def touch(self, at_once: bool = False) -> None:
        """Writes what is new and looks whether to go on; cheap when called too early.

        Raises Cancelled and TimeUp until the job is sealed, Erased, Stopping, and Lost when another worker has the job.
        A database that does not answer is no reason to stop: what is new is written when it is back.
        """
        self._look()
        if self._stop.is_set():
            raise Stopping
        if not self.sealed and now() > self._until:
            raise TimeUp
        moment = time.monotonic()
        if not at_once and moment - self._looked < LOOK_SECONDS:
            return
        try:
            if self._changed or moment - self._beaten >= BEAT_SECONDS:
                self.flush()
            cancelled = self._queue.cancelled(self.job_id)
            erased = self.erasure is not None and self._queue.last_erasure() > self.erasure
        except StoreUnavailable as error:
            if not self._down:
                log.warning("job=%s runs on without the database: %s", self.job_id, error)
            self._down = True
            self._looked = time.monotonic() + LOOK_SECONDS
            return
        self._down = False
        self._looked = time.monotonic()
        if cancelled and not self.sealed:
            raise Cancelled
        if erased:
            raise Erased

    def seal(self) -> None:
        """From now on nobody can cancel the job, so its version may become current. Waits for the database. Raises
        Cancelled where somebody has, Stopping and Lost."""
        while not self.sealed:
            self._look()
            if self._stop.is_set():
                raise Stopping
            try:
                if not self._queue.seal(self.job_id):
                    raise Cancelled
            except StoreUnavailable as error:
                log.warning("job=%s waits for the database before its version serves: %s", self.job_id, error)
                self._stop.wait(LOOK_SECONDS)
            else:
                self.sealed = True
        log.info("job=%s sealed", self.job_id)

    def flush(self) -> None:
        """Writes what is new. Raises Lost and StoreUnavailable."""
        self._queue.beat(self.job_id, *self._state, self._lines)
        self._lines, self._changed, self._beaten = [], False, time.monotonic()
