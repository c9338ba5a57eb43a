"""The worker: it takes the jobs that the service has put into its table, one at a time, whoever else does so too."""

import fcntl
import logging
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from croniter import croniter  # type: ignore[import-untyped]
from dbos import DBOS, DBOSConfig
from sqlalchemy import Engine

from index.errors import ConfigError, Item2vecError
from store.queue import ACTIVE, STALE_SECONDS, JobTable
from store.reflected import StoreUnavailable, Tables, connect, system_url
from training.jobs.folder import JobFolder
from training.jobs.workflow import QUEUE, QUEUE_SECONDS, Jobs

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
SIGN_SECONDS = 5.0  # between two signs of life, see deploy/health.py
ORPHAN_LOOKS = 6  # so often in the time after which a worker counts as dead
STOP_SECONDS = 5.0
# Of the workflow, not of the code: another one would leave running jobs to workers that are gone.
WORKFLOW_VERSION = "1"


@dataclass(frozen=True)
class WorkerSettings:
    """database: URL. config: TOML file of the training. name: None for the host's name. retrain_every: cron, UTC.

    stale_seconds: a worker that has not said anything for so long counts as dead.
    """

    models: Path
    database: str
    config: Path | None = None
    name: str | None = None
    retrain_every: str | None = None
    stale_seconds: float = STALE_SECONDS


class Schedule:
    """When the next regular retraining is due. Raises ConfigError for what is no cron expression."""

    def __init__(self, cron: str, now: datetime) -> None:
        if not croniter.is_valid(cron):
            raise ConfigError(f"retrain_every: {cron!r} is no cron expression; '0 3 * * *' is every night at 3 UTC")
        self._cron = cron
        self.next = self._after(now)

    def due(self, now: datetime) -> datetime | None:
        """The time that has come, once; times that were missed together count once."""
        if now < self.next:
            return None
        came, self.next = self.next, self._after(now)
        return came

    def _after(self, now: datetime) -> datetime:
        found: datetime = croniter(self._cron, now).get_next(datetime)
        return found


class Worker:
    """Polls the table. `prepare` brings the database to what is needed; it may raise, and is tried again.

    sign: called every few seconds for as long as the polling goes on, with or without a database.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        name: str,
        prepare: Callable[[], None] = lambda: None,
        sign: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self._settings = settings
        self._prepare = prepare
        self._sign = sign
        self._signed = float("-inf")
        self._schedule = Schedule(settings.retrain_every, datetime.now(UTC)) if settings.retrain_every else None
        engine: Engine = connect(settings.database)
        tables = Tables(engine)
        self._table = JobTable(engine, tables, settings.stale_seconds)
        self._jobs = Jobs(engine, tables, self._table, settings.models, settings.config, name)
        self._stop = self._jobs.stop
        self._launched = False  # or tried to be
        self._started: set[str] = set()
        self._seen: dict[str, int] = {}  # orphan -> heartbeat at the last look

    def run(self) -> int:
        """Until SIGTERM or SIGINT; then the training ends, and the next worker goes on where it was."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        # In a thread: calls that wait for a database would keep the signal waiting too.
        threading.Thread(target=self._work, daemon=True).start()
        self._stop.wait()
        log.info("worker stopping name=%s", self.name)
        releasing = threading.Thread(target=self._release, daemon=True)
        releasing.start()
        releasing.join(STOP_SECONDS)
        log.info("worker stopped name=%s", self.name)
        logging.shutdown()
        sys.stderr.flush()
        # Not sys.exit: it would wait for the threads of workflows, and those must not come to an end.
        os._exit(0)

    def _work(self) -> None:
        self._patiently(self._prepare)
        self._patiently(self._launch)
        self._patiently(self._sweep)
        log.info("worker ready name=%s models=%s", self.name, self._settings.models)
        looks = max(1, round(self._settings.stale_seconds / ORPHAN_LOOKS / POLL_SECONDS))
        for turn in count():
            self._patiently(lambda turn=turn: self._tick(turn % looks == 0))  # type: ignore[misc]
            self._stop.wait(POLL_SECONDS)

    def _patiently(self, call: Callable[[], None]) -> None:
        """Until it works: a worker outlives its database."""
        seconds = 0.5
        while not self._stop.is_set():
            self._live()
            try:
                return call()
            except Exception as error:
                # DBOS raises whatever its driver does.
                ours = isinstance(error, Item2vecError)
                log.warning("worker waits seconds=%.1f error=%s", seconds, error, exc_info=not ours)
                self._stop.wait(seconds)
                seconds = min(10.0, 2 * seconds)

    def _live(self) -> None:
        if time.monotonic() - self._signed >= SIGN_SECONDS:
            self._signed = time.monotonic()
            with suppress(OSError):
                self._sign()

    def _launch(self) -> None:
        self._table.queued()  # raises until the service's tables are there; DBOS would make its own without them
        config: DBOSConfig = {
            "name": "item2vec",
            "system_database_url": system_url(self._settings.database),
            "application_version": WORKFLOW_VERSION,
            "executor_id": self.name,
            "run_admin_server": False,  # type: ignore[typeddict-unknown-key]
            "log_level": "WARNING",
            "enable_otlp": False,
        }
        if self._launched:
            DBOS.destroy(workflow_completion_timeout_sec=0)
        self._launched = True
        DBOS(config=config)
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            global_concurrency=1,
            worker_concurrency=1,
            polling_interval_sec=QUEUE_SECONDS,
            on_conflict="always_update",
        )

    def _tick(self, look_for_orphans: bool) -> None:
        for job_id in self._table.queued():
            if job_id not in self._started:
                log.info("job=%s taken", job_id)
                self._jobs.enqueue(job_id)
                self._started.add(job_id)
        if look_for_orphans:
            self._adopt()
        came = self._schedule.due(datetime.now(UTC)) if self._schedule else None
        if came is not None:
            queued = self._table.enqueue_scheduled(f"schedule-{came:%Y-%m-%dT%H:%M:%SZ}")
            log.info("schedule time=%s queued=%s", came.isoformat(), queued)

    def _adopt(self) -> None:
        """A heartbeat must be old, and the same at two looks: after an outage every heartbeat is old for a moment."""
        orphans = self._table.orphans()
        for orphan in orphans:
            if orphan.released or self._seen.get(orphan.job_id) == orphan.heartbeat:
                log.warning("job=%s has no worker any more; going on with it", orphan.job_id)
                self._jobs.resume(orphan.job_id)
        self._seen = {orphan.job_id: orphan.heartbeat for orphan in orphans}

    def _sweep(self) -> None:
        """Folders of jobs that have ended: their worker died before it could delete them."""
        for path in (self._settings.models / "runs" / "stored").glob("*"):
            if self._table.state(path.name) not in (None, *ACTIVE):
                JobFolder(self._settings.models, path.name).remove()

    def _release(self) -> None:
        """Waits for the training to end, and gives the job back."""
        self._jobs.idle.wait(STOP_SECONDS)
        try:
            self._table.release(self.name)
        except StoreUnavailable as error:
            log.warning("not released error=%s", error)


def take_name(models: Path, wanted: str | None) -> tuple[str, int]:
    """A name no other living worker of these models has, and the descriptor of the lock that says so.

    Two with one name would take the same job for theirs. Raises ConfigError where the wanted one is taken.
    """
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", wanted or socket.gethostname()) or "worker"
    folder = models / "runs"
    folder.mkdir(parents=True, exist_ok=True)
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
