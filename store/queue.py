"""The jobs as the service's table has them. A row is the truth about its job; whoever runs it owns it by `worker`.

Times are microseconds since 1970 UTC.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, insert, null, select, update
from sqlalchemy.exc import IntegrityError

from store.reflected import Tables, transaction

ACTIVE = ("queued", "running")
STALE_SECONDS = 30.0
MAX_LINE = 2000


class Lost(Exception):
    """The row is not ours any more: it has ended, or another worker runs the job now."""


@dataclass(frozen=True)
class Job:
    """What a worker has to know."""

    job_id: str
    overrides: dict[str, Any]
    force: bool


@dataclass(frozen=True)
class Orphan:
    """A running job nobody seems to run. released: its worker gave it back; else it only stopped answering."""

    job_id: str
    heartbeat: int
    released: bool


def now() -> int:
    return time.time_ns() // 1000


class JobTable:
    """Everything here raises StoreUnavailable when the database does not answer.

    stale_seconds: a heartbeat older than this is that of a dead worker.
    """

    def __init__(self, engine: Engine, tables: Tables, stale_seconds: float = STALE_SECONDS) -> None:
        self._engine = engine
        self._tables = tables
        self._stale = round(stale_seconds * 1e6)

    def queued(self) -> list[str]:
        jobs = self._tables["jobs"]
        with transaction(self._engine, reading=True) as connection:
            found = connection.execute(select(jobs.c.job_id).where(jobs.c.state == "queued").order_by(jobs.c.created))
            return [str(job_id) for (job_id,) in found]

    def orphans(self) -> list[Orphan]:
        jobs = self._tables["jobs"]
        late = now() - self._stale
        with transaction(self._engine, reading=True) as connection:
            found = connection.execute(
                select(jobs.c.job_id, jobs.c.heartbeat, jobs.c.worker)
                .where(jobs.c.state == "running")
                .where(jobs.c.worker.is_(None) | (jobs.c.heartbeat < late))
            ).all()
        return [Orphan(row.job_id, row.heartbeat or 0, row.worker is None) for row in found]

    def claim(self, job_id: str, worker: str) -> Job | None:
        """Makes the job ours where it is nobody's, ours already, or a dead worker's; else None."""
        jobs, moment = self._tables["jobs"], now()
        free = jobs.c.worker.is_(None) | (jobs.c.worker == worker) | (jobs.c.heartbeat < moment - self._stale)
        with transaction(self._engine) as connection:
            row = connection.execute(
                select(jobs.c.overrides, jobs.c.force, jobs.c.started)
                .where(jobs.c.job_id == job_id, jobs.c.state.in_(ACTIVE), free)
                .with_for_update()
            ).first()
            if row is None:
                return None
            values = {"state": "running", "worker": worker, "heartbeat": moment, "started": row.started or moment}
            connection.execute(update(jobs).where(jobs.c.job_id == job_id).values(values))
        return Job(job_id, row.overrides or {}, bool(row.force))

    def state(self, job_id: str) -> str | None:
        """None where there is no such job."""
        jobs = self._tables["jobs"]
        with transaction(self._engine, reading=True) as connection:
            found = connection.execute(select(jobs.c.state).where(jobs.c.job_id == job_id)).scalar()
        return None if found is None else str(found)

    def cancelled(self, job_id: str) -> bool:
        jobs = self._tables["jobs"]
        with transaction(self._engine, reading=True) as connection:
            return bool(connection.execute(select(jobs.c.cancel).where(jobs.c.job_id == job_id)).scalar())

    def beat(
        self,
        job_id: str,
        worker: str,
        step: str | None,
        progress: float | None,
        eta_seconds: float | None,
        lines: Sequence[str] = (),
    ) -> None:
        """Says that we live and how far we are. Raises Lost."""
        values = {"heartbeat": now(), "step": step, "progress": progress, "eta_seconds": eta_seconds}
        with transaction(self._engine) as connection:
            self._update(connection, job_id, worker, values)
            if lines:
                rows = [{"job_id": job_id, "at": now(), "text": _storable(line)} for line in lines]
                connection.execute(insert(self._tables["job_lines"]), rows)

    def finish(
        self, job_id: str, worker: str, state: str, result: dict[str, Any] | None, error: dict[str, str] | None
    ) -> None:
        """Ends the job, and lets the next one in by the same write. Raises Lost."""
        # A plain None would be stored as JSON's null.
        stored = {"result": null() if result is None else result, "error": null() if error is None else error}
        values: dict[str, Any] = {"state": state, "active": None, "finished": now(), **stored}
        with transaction(self._engine) as connection:
            self._update(connection, job_id, worker, values | {"eta_seconds": None})

    def release(self, worker: str) -> None:
        """Gives back what this worker runs, so that another need not wait for its heartbeat to grow old."""
        jobs = self._tables["jobs"]
        with transaction(self._engine) as connection:
            connection.execute(
                update(jobs).where(jobs.c.worker == worker, jobs.c.state == "running").values(worker=None)
            )

    def enqueue_scheduled(self, key: str) -> bool:
        """A retraining that no person asked for; False where this one was queued before, or any is under way."""
        jobs = self._tables["jobs"]
        values = {
            "job_id": f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
            "state": "queued",
            "active": "retrain",
            "overrides": {},
            "force": False,
            "idempotency_key": key,
            "fingerprint": "schedule",
            "requested_by": "schedule",
            "cancel": False,
            "created": now(),
        }
        try:
            with transaction(self._engine) as connection:
                connection.execute(insert(jobs).values(values))
        except IntegrityError:
            return False
        return True

    def _update(self, connection: Connection, job_id: str, worker: str, values: dict[str, Any]) -> None:
        jobs = self._tables["jobs"]
        ours = (jobs.c.job_id == job_id, jobs.c.worker == worker, jobs.c.state == "running")
        if connection.execute(update(jobs).where(*ours).values(values)).rowcount != 1:
            raise Lost(job_id)


def _storable(line: str) -> str:
    """PostgreSQL stores no NUL and no half of a surrogate pair."""
    return line[:MAX_LINE].replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
