"""The worker: it takes the jobs that the API has queued, one at a time, beside any other worker that does so too."""

import fcntl
import logging
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TypeVar

from croniter import croniter  # type: ignore[import-untyped]

from index.artifact.files import private_directory
from index.errors import ConfigError, Item2vecError, StoreUnavailable
from store.database import connect
from store.job import STALE_SECONDS, JobState
from store.queue import Lost, Queue
from store.upkeep.retention import FOR_EVER, Kept
from training.jobs.erased import Erasures
from training.jobs.folder import JobFolder
from training.jobs.pulse import Limits, Pulse, Stopping
from training.jobs.retention import Retention
from training.jobs.workflow import carry_out

log = logging.getLogger(__name__)

T = TypeVar("T")

POLL_SECONDS = 0.5
SIGN_SECONDS = 5.0  # between two signs of life, see deploy/health.py
# Work that has not looked round for so long hangs. Its longest step without a look, reading the items' metadata or a
# migration of a large database, takes minutes at most.
HUNG_SECONDS = 600.0
STOP_SECONDS = 20.0  # for the training to end and the job to be given back; less than what stops us waits for


@dataclass(frozen=True)
class WorkerSettings:
    """database: URL. config: TOML file of the training. name: None for the host's name. retrain_every: cron, UTC.

    stale_seconds: a worker that has not written to its job's row for so long is dead. hung_seconds: one whose work
    has not looked round for so long gives no more signs of life. job_hours: a job that takes longer fails.
    hang_minutes: a training that does nothing for so long is ended, and begun once more. kept: how long rows are kept.
    """

    models: Path
    database: str
    config: Path | None = None
    name: str | None = None
    retrain_every: str | None = None
    stale_seconds: float = STALE_SECONDS
    hung_seconds: float = HUNG_SECONDS
    job_hours: float = 24.0
    hang_minutes: float = 20.0
    kept: Kept = FOR_EVER


class Schedule:
    """When the next regular retraining is due. Raises ConfigError for what is not a cron expression."""

    def __init__(self, cron: str, now: datetime) -> None:
        if not croniter.is_valid(cron):
            raise ConfigError(f"retrain_every: {cron!r} is not a cron expression; '0 3 * * *' is every night at 3 UTC")
        self._cron = cron
        self.next = self._after(now)

    def due(self, now: datetime) -> datetime | None:
        """The time that has come, once; times that were missed together count once."""
        if now < self.next:
            self.next = min(self.next, self._after(now))  # a clock that was put back would have us wait for long
            return None
        came, self.next = self.next, self._after(now)
        return came

    def _after(self, now: datetime) -> datetime:
        found: datetime = croniter(self._cron, now).get_next(datetime)
        return found


class Worker:
    """Takes one job after the other. `prepare` brings the database to what is needed; it may raise, and is tried again.

    sign: called every few seconds for as long as the work goes on, with or without a database.
    """

    def __init__(
        self, settings: WorkerSettings, name: str, prepare: Callable[[], None], sign: Callable[[], None]
    ) -> None:
        self.name = name
        self._settings = settings
        self._prepare = prepare
        self._sign = sign
        self._schedule = Schedule(settings.retrain_every, datetime.now(UTC)) if settings.retrain_every else None
        self._database = connect(settings.database)
        self._queue = Queue(self._database, name, settings.stale_seconds)
        self._limits = Limits(settings.job_hours * 3600, settings.hang_minutes * 60)
        self._erasures = Erasures(self._database, settings.models)
        self._retention = Retention(self._database, settings.models, settings.kept, self._queue.actor)
        self._stop = threading.Event()
        self._looked = time.monotonic()  # when the work last came by

    def run(self) -> int:
        """Until SIGTERM or SIGINT; then the training ends, and the next worker resumes the job."""
        # In a thread: calls that wait for a database would keep the signal waiting too.
        working = threading.Thread(target=self._work, daemon=True)
        try:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.default_int_handler)
            working.start()
            while working.is_alive():
                silent = time.monotonic() - self._looked
                if silent < self._settings.hung_seconds:
                    with suppress(OSError):
                        self._sign()
                else:
                    log.error("worker hangs name=%s seconds=%.0f", self.name, silent)
                # Not join: interrupted, it takes the thread for ended ever after (gh-90882).
                time.sleep(SIGN_SECONDS)
        except KeyboardInterrupt:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
        log.info("worker stopping name=%s", self.name)
        self._stop.set()
        working.join(STOP_SECONDS)
        log.info("worker stopped name=%s", self.name)
        return 0

    def _work(self) -> None:
        with suppress(Stopping):
            self._patiently(self._prepare)
            self._patiently(self._sweep)
            log.info("worker ready name=%s models=%s", self.name, self._settings.models)
            while True:
                self._patiently(self._turn)
                self._stop.wait(POLL_SECONDS)
        try:
            self._queue.release()
        except StoreUnavailable as error:
            log.warning("not released error=%s", error)

    def _look(self) -> None:
        self._looked = time.monotonic()

    def _turn(self) -> None:
        """Claims a job, carries it out, finishes it: each may be done twice, here or by another worker."""
        self._queue_scheduled()
        self._erasures.follow()
        job = self._queue.claim()
        if job is None:
            self._retention.follow(self._look)
            return
        log.info("job=%s taken", job.job_id)
        pulse = Pulse(self._queue, job, self._stop, self._look, self._limits)
        try:
            ending = carry_out(job, pulse, self._database, self._settings.models, self._settings.config)
            self._patiently(pulse.flush)
            # While the row is still active: a retraining that came due meanwhile is left out, as beside any other.
            self._queue_scheduled()
            self._patiently(lambda: self._queue.finish(job.job_id, ending))
            log.info("job=%s state=%s error=%s", job.job_id, ending.state, ending.error)
        except Lost:
            log.warning("job=%s has ended, or is another worker's now", job.job_id)
        self._patiently(self._sweep)

    def _queue_scheduled(self) -> None:
        came = self._schedule.due(datetime.now(UTC)) if self._schedule else None
        if came is not None:
            queued = self._patiently(lambda: self._queue.schedule(f"schedule-{came:%Y-%m-%dT%H:%M:%SZ}"))
            log.info("schedule time=%s queued=%s", came.isoformat(), queued)

    def _sweep(self) -> None:
        """Deletes the folders of jobs that have ended, here or elsewhere: nobody resumes those."""
        for path in (self._settings.models / "runs" / "stored").glob("*"):
            state = self._queue.state(path.name)
            if state is not None and state.ended:
                folder = JobFolder(self._settings.models, path.name)
                if state == JobState.CANCELLED:  # at once, while no worker had it
                    folder.withdraw()
                folder.remove()

    def _patiently(self, call: Callable[[], T]) -> T:
        """What `call` returns, once it works: a worker outlives its database. Raises Stopping and Lost."""
        seconds = 0.5
        while not self._stop.is_set():
            self._look()
            try:
                return call()
            except (Stopping, Lost):
                raise
            except Exception as error:
                ours = isinstance(error, Item2vecError)
                log.warning("worker waits seconds=%.1f error=%s", seconds, error, exc_info=not ours)
                self._stop.wait(seconds)
                seconds = min(10.0, 2 * seconds)
        raise Stopping


def take_name(models: Path, wanted: str | None) -> tuple[str, int]:
    """A name no other living worker of these models has, and the descriptor of the lock that says so.

    Two with one name would both run the job that either has claimed. Raises ConfigError where the wanted one is taken.
    """
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", wanted or socket.gethostname()) or "worker"
    folder = models / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob("*/"):  # of a release that let everybody read them
        private_directory(left)
    for number in count(1):
        name = base if number == 1 else f"{base}-{number}"
        descriptor = os.open(folder / f".worker-{name}.lock", os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            if wanted is not None:
                raise ConfigError(f"a worker named {wanted} runs already: give this one another --name") from None
        else:
            return name, descriptor
    raise AssertionError("unreachable")


def run_worker(settings: WorkerSettings, prepare: Callable[[], None] = lambda: None) -> int:
    """Runs until it is told to stop. Raises ConfigError."""
    name, lock = take_name(settings.models, settings.name)
    # The lock's file says who lives; its time says until when, also where no space is left.
    return Worker(settings, name, prepare, lambda: os.utime(lock)).run()
