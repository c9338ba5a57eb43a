"""The jobs as a worker takes them. The row is the truth about its job: whoever runs it owns it by `worker`."""

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from store import erasures
from store.audit import Action, Actor, note
from store.database import Database, now, transaction
from store.job import ACTIVE, SEALED, STALE_SECONDS, Ending, Job, JobState, job_of, new_row
from store.jobs import COLUMNS
from store.tables import job_lines, jobs

log = logging.getLogger(__name__)

MAX_LINE = 2000
LOOKS = 6  # a heartbeat must be old, and stay the same for a sixth of the time after which it is


class Lost(Exception):
    """The row is not ours any more: the job has ended, or another worker runs it now."""


class Queue:
    """The jobs, for one worker. Everything here raises StoreUnavailable when the database does not answer.

    stale_seconds: a worker that has not written for so long is dead.
    """

    def __init__(self, database: Database, worker: str, stale_seconds: float = STALE_SECONDS) -> None:
        self._database = database
        self._worker = worker
        self.actor = Actor("worker", worker)
        self._stale = stale_seconds
        self._silent: tuple[Job, float] | None = None  # the job whose heartbeat is old, and when we first saw it so

    def claim(self) -> Job | None:
        """Makes the oldest job ours that is nobody's, ours already, or a dead worker's; None where there is none."""
        query = select(*COLUMNS).where(jobs.c.state.in_(ACTIVE)).order_by(jobs.c.created)
        with transaction(self._database, reading=True) as connection:
            found = [job_of(row._asdict()) for row in connection.execute(query)]
        free = [job for job in found if job.worker in (None, self._worker) or self._abandoned(job)]
        return self._take(free[0]) if free else None

    def _abandoned(self, job: Job) -> bool:
        """Its heartbeat is old, and was the same a while ago: after an outage every heartbeat is old for a moment."""
        # One from far ahead is of a clock that was put back since, and says nothing of its worker.
        if abs(now() - (job.heartbeat or 0)) <= self._stale * 1e6:
            return False
        moment = time.monotonic()
        before, since = self._silent or (None, moment)
        if before is None or (before.job_id, before.heartbeat) != (job.job_id, job.heartbeat):
            self._silent = (job, moment)
            return False
        if moment - since < self._stale / LOOKS:
            return False
        log.warning("job=%s is resumed: its worker %s does not answer any more", job.job_id, job.worker)
        return True

    def _take(self, job: Job) -> Job | None:
        """Only if it is still as we saw it: of two workers that want it, one gets it."""
        moment = now()
        since = job.started or moment
        mine = replace(job, state=JobState.RUNNING, worker=self._worker, heartbeat=moment, started=since)
        values = {name: getattr(mine, name) for name in ("state", "worker", "heartbeat", "started")}
        as_seen = [jobs.c[name].is_not_distinct_from(getattr(job, name)) for name in ("state", "worker", "heartbeat")]
        with transaction(self._database) as connection:
            taken = connection.execute(update(jobs).where(jobs.c.job_id == job.job_id, *as_seen).values(values))
        return mine if taken.rowcount == 1 else None

    def state(self, job_id: str) -> JobState | None:
        """None where there is no such job."""
        with transaction(self._database, reading=True) as connection:
            found = connection.execute(select(jobs.c.state).where(jobs.c.job_id == job_id)).scalar()
        return None if found is None else JobState(found)

    def cancelled(self, job_id: str) -> bool:
        """Whether somebody asked for its end."""
        with transaction(self._database, reading=True) as connection:
            return bool(connection.execute(select(jobs.c.cancel).where(jobs.c.job_id == job_id)).scalar())

    def seal(self, job_id: str) -> bool:
        """Whether nobody has asked for its end; from now on nobody can. Again: the same. Raises Lost."""
        values = {"heartbeat": now(), "step": SEALED, "progress": None, "eta_seconds": None}
        with transaction(self._database) as connection:
            wanted = or_(jobs.c.cancel.is_(False), jobs.c.step == SEALED)
            if connection.execute(update(jobs).where(*self._ours(job_id), wanted).values(values)).rowcount == 1:
                return True
            self._update(connection, job_id, {"heartbeat": now()})
        return False

    def last_erasure(self) -> int:
        """Number of the newest erasure of a user; 0 where there was none."""
        return erasures.last(self._database)

    def beat(
        self, job_id: str, step: str | None, progress: float | None, eta_seconds: float | None, lines: Sequence[str]
    ) -> None:
        """Says that we live and how far we are. What is sealed stays so. Raises Lost."""
        kept = case((jobs.c.step == SEALED, SEALED), else_=step)
        values = {"heartbeat": now(), "step": kept, "progress": progress, "eta_seconds": eta_seconds}
        with transaction(self._database) as connection:
            self._update(connection, job_id, values)
            if lines:
                rows = [{"job_id": job_id, "at": now(), "text": _storable(line)} for line in lines]
                connection.execute(insert(job_lines), rows)

    def finish(self, job_id: str, ending: Ending) -> None:
        """Ends the job, and lets the next one in by the same write. Raises Lost."""
        values = {"state": ending.state, "active": None, "finished": now(), "eta_seconds": None}
        # Only what it has: a plain None would be stored as JSON's null.
        told = {name: asdict(value) for name in ("result", "error") if (value := getattr(ending, name)) is not None}
        with transaction(self._database) as connection:
            self._update(connection, job_id, values | told)
            version = ending.result and ending.result.version
            code = ending.error and ending.error.code
            note(connection, self.actor, Action.RETRAIN_END, job_id, state=ending.state, version=version, error=code)

    def release(self) -> None:
        """Gives back what this worker runs, so that another need not wait for its heartbeat to grow old."""
        ours = (jobs.c.worker == self._worker, jobs.c.state == JobState.RUNNING)
        with transaction(self._database) as connection:
            connection.execute(update(jobs).where(*ours).values(worker=None))

    def schedule(self, key: str) -> bool:
        """Queues a retraining that no person asked for; False where this key did so before, or one is under way."""
        try:
            with transaction(self._database) as connection:
                row = new_row({}, False, "schedule", key, "schedule", now())
                connection.execute(insert(jobs).values(row))
                note(connection, self.actor, Action.RETRAIN, row["job_id"], schedule=key)
        except IntegrityError:
            return False
        return True

    def _update(self, connection: Connection, job_id: str, values: dict[str, Any]) -> None:
        if connection.execute(update(jobs).where(*self._ours(job_id)).values(values)).rowcount != 1:
            raise Lost(job_id)

    def _ours(self, job_id: str) -> tuple[ColumnElement[bool], ...]:
        return jobs.c.job_id == job_id, jobs.c.worker == self._worker, jobs.c.state == JobState.RUNNING


def _storable(line: str) -> str:
    """PostgreSQL stores no NUL and no half of a surrogate pair."""
    return line[:MAX_LINE].replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
