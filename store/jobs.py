"""Retraining as the service sees it: a row in `jobs` that a worker takes and writes to. The row is the truth."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from index.errors import JobEnded, JobRunning, JobUnknown, KeyReused, RequestError
from store.database import now, transaction
from store.tables import job_lines, jobs

ACTIVE = ("queued", "running")
STATES = (*ACTIVE, "succeeded", "refused", "failed", "cancelled")
# A worker writes every two seconds; after this many without, it is dead, and another takes the job.
STALE_SECONDS = 30
MAX_LINES = 1000


@dataclass(frozen=True)
class Job:
    """One retraining. Times are microseconds since 1970 UTC; progress is 0 to 1 of the step."""

    job_id: str
    state: str
    overrides: dict[str, Any]
    force: bool
    requested_by: str
    cancel: bool
    created: int
    started: int | None
    finished: int | None
    heartbeat: int | None
    worker: str | None
    step: str | None
    progress: float | None
    eta_seconds: float | None
    result: dict[str, Any] | None
    error: dict[str, str] | None

    @property
    def ended(self) -> bool:
        return self.state not in ACTIVE


@dataclass(frozen=True)
class Line:
    """One line of a job's log; seq grows."""

    seq: int
    at: int
    text: str


COLUMNS = [jobs.c[name] for name in Job.__dataclass_fields__]


def enqueue(
    engine: Engine, overrides: dict[str, Any], force: bool, idempotency_key: str | None, requested_by: str
) -> Job:
    """The new job, or the one that the same key asked for before.

    Raises JobRunning while another is under way, KeyReused for a key that came with another request.
    """
    text = json.dumps({"overrides": overrides, "force": force}, sort_keys=True)
    fingerprint = hashlib.sha256(text.encode()).hexdigest()
    # Of one caller: what others use as their keys must not matter.
    key = None if idempotency_key is None else f"{requested_by}/{idempotency_key}"
    moment = now()
    job_id = f"{datetime.fromtimestamp(moment / 1e6, UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    values = {
        "job_id": job_id,
        "state": "queued",
        "active": "retrain",
        "overrides": overrides,
        "force": force,
        "idempotency_key": key,
        "fingerprint": fingerprint,
        "requested_by": requested_by,
        "cancel": False,
        "created": moment,
    }
    while True:
        before = _repeated(engine, key, fingerprint)
        if before is not None:
            return before
        try:
            with transaction(engine) as connection:
                connection.execute(insert(jobs).values(values))
        except IntegrityError:
            # Either the key was used in this very moment, or a job is under way; unless it has ended meanwhile.
            running = _active(engine)
            if running is not None and _repeated(engine, key, fingerprint) is None:
                raise _running(running) from None
            continue
        return get(engine, job_id)


def get(engine: Engine, job_id: str) -> Job:
    """Raises JobUnknown."""
    with transaction(engine, reading=True) as connection:
        return _get(connection, job_id)


def listed(engine: Engine, limit: int, cursor: str | None = None) -> tuple[list[Job], str | None]:
    """(newest first, the cursor of the next page); None where there is none. Raises RequestError for a bad cursor."""
    query = select(*COLUMNS).order_by(jobs.c.created.desc(), jobs.c.job_id.desc()).limit(limit + 1)
    if cursor is not None:
        created, _, job_id = cursor.partition("_")
        if not (created.isascii() and created.isdigit() and len(created) < 19):
            raise RequestError("cursor: not one that a page before has given", [("query.cursor", "unknown cursor")])
        at = int(created)
        query = query.where(or_(jobs.c.created < at, (jobs.c.created == at) & (jobs.c.job_id < job_id)))
    with transaction(engine, reading=True) as connection:
        found = [_job(row) for row in connection.execute(query)]
    page = found[:limit]
    return page, f"{page[-1].created}_{page[-1].job_id}" if len(found) > limit else None


def cancel(engine: Engine, job_id: str) -> Job:
    """Asks for the job's end; one that no living worker has ends at once. Again does nothing.

    Raises JobUnknown, and JobEnded for one that has ended otherwise.
    """
    moment = now()
    at_once = {"state": "cancelled", "active": None, "finished": moment, "cancel": True, "eta_seconds": None}
    abandoned = jobs.c.worker.is_(None) | (jobs.c.heartbeat < moment - STALE_SECONDS * 1_000_000)
    with transaction(engine) as connection:
        mine = jobs.c.job_id == job_id
        nobodys = (jobs.c.state == "queued") | ((jobs.c.state == "running") & abandoned)
        connection.execute(update(jobs).where(mine, nobodys).values(at_once))
        connection.execute(update(jobs).where(mine, jobs.c.state == "running").values(cancel=True))
        job = _get(connection, job_id)
    if job.ended and job.state != "cancelled":
        raise JobEnded(f"job {job_id} has ended: {job.state}")
    return job


def counts(engine: Engine) -> dict[str, int]:
    """Jobs by state; 0 for a state that none is in, since a gauge keeps what it was last told."""
    query = select(jobs.c.state, func.count()).group_by(jobs.c.state)
    with transaction(engine, reading=True) as connection:
        found = {state: int(number) for state, number in connection.execute(query)}
    return dict.fromkeys(STATES, 0) | found


def lines(engine: Engine, job_id: str, after: int = 0, limit: int = MAX_LINES) -> list[Line]:
    """Those of the job with a larger seq, in their order."""
    query = select(job_lines.c.seq, job_lines.c.at, job_lines.c.text).where(
        job_lines.c.job_id == job_id, job_lines.c.seq > after
    )
    with transaction(engine, reading=True) as connection:
        return [Line(*row) for row in connection.execute(query.order_by(job_lines.c.seq).limit(limit))]


def _repeated(engine: Engine, key: str | None, fingerprint: str) -> Job | None:
    if key is None:
        return None
    with transaction(engine, reading=True) as connection:
        row = connection.execute(select(jobs.c.job_id, jobs.c.fingerprint).where(jobs.c.idempotency_key == key)).first()
        if row is None:
            return None
        if row.fingerprint != fingerprint:
            raise KeyReused(f"this Idempotency-Key belongs to job {row.job_id}, which was asked for otherwise")
        return _get(connection, row.job_id)


def _active(engine: Engine) -> str | None:
    with transaction(engine, reading=True) as connection:
        return connection.execute(select(jobs.c.job_id).where(jobs.c.active == "retrain")).scalar()


def _running(job_id: str) -> JobRunning:
    place = f"/jobs/{job_id}"
    text = f"job {job_id} is under way: follow or cancel that one"
    return JobRunning(text, headers={"Location": place}, extra={"job": place})


def _get(connection: Connection, job_id: str) -> Job:
    row = connection.execute(select(*COLUMNS).where(jobs.c.job_id == job_id)).first()
    if row is None:
        raise JobUnknown(f"there is no job {job_id!r}; GET /jobs lists them")
    return _job(row)


def _job(row: Row[Any]) -> Job:
    return Job(**row._mapping)
