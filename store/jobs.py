"""Retraining as the API sees it: a row in `jobs` that a worker takes and writes to. The row is the truth."""

import hashlib
import json
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from index.errors import JobEnded, JobRunning, JobUnknown, KeyReused, RequestError
from store.audit import SOMEBODY, Action, Actor, note
from store.database import Database, now, transaction
from store.job import SEALED, STALE_SECONDS, Job, JobState, Line, job_of, new_row
from store.tables import job_lines, jobs

MAX_LINES = 1000
COLUMNS = [jobs.c[field.name] for field in fields(Job)]


def enqueue(
    database: Database,
    overrides: dict[str, Any],
    force: bool,
    idempotency_key: str | None,
    requested_by: str,
    by: Actor = SOMEBODY,
) -> Job:
    """The new job, or the one that the same key asked for before. by: for the audit.

    Raises JobRunning while another is under way, KeyReused for a key that came with another request.
    """
    text = json.dumps({"overrides": overrides, "force": force}, sort_keys=True)
    fingerprint = hashlib.sha256(text.encode()).hexdigest()
    # Of one caller: what others use as their keys must not matter.
    key = None if idempotency_key is None else f"{requested_by}/{idempotency_key}"
    row = new_row(overrides, force, requested_by, key, fingerprint, now())
    while True:
        before = _repeated(database, key, fingerprint)
        if before is not None:
            return before
        try:
            with transaction(database) as connection:
                connection.execute(insert(jobs).values(row))
                note(connection, by, Action.RETRAIN, row["job_id"], overrides=overrides, force=force)
        except IntegrityError:
            # Either the key was used in this very moment, or a job is under way; unless it has ended meanwhile.
            running = _active(database)
            if running is not None and _repeated(database, key, fingerprint) is None:
                place = f"/jobs/{running}"
                detail = f"job {running} is under way: follow or cancel that one"
                raise JobRunning(detail, headers={"Location": place}, extra={"job": place}) from None
            continue
        return get(database, row["job_id"])


def get(database: Database, job_id: str) -> Job:
    """Raises JobUnknown."""
    with transaction(database, reading=True) as connection:
        return _get(connection, job_id)


def listed(database: Database, limit: int, cursor: str | None = None) -> tuple[list[Job], str | None]:
    """(newest first, the cursor of the next page); None where there is none. Raises RequestError for a bad cursor."""
    query = select(*COLUMNS).order_by(jobs.c.created.desc(), jobs.c.job_id.desc()).limit(limit + 1)
    if cursor is not None:
        created, _, job_id = cursor.partition("_")
        if not (created.isascii() and created.isdigit() and len(created) < 19):
            raise RequestError("cursor: not one that the page before has given", [("query.cursor", "unknown cursor")])
        at = int(created)
        query = query.where(or_(jobs.c.created < at, (jobs.c.created == at) & (jobs.c.job_id < job_id)))
    with transaction(database, reading=True) as connection:
        found = [job_of(row._asdict()) for row in connection.execute(query)]
    page = found[:limit]
    return page, f"{page[-1].created}_{page[-1].job_id}" if len(found) > limit else None


def cancel(database: Database, job_id: str, by: Actor = SOMEBODY) -> Job:
    """Asks for the job's end; one that no living worker has ends at once. Again does nothing.

    A job that is cancelled never makes its version current. Raises JobUnknown, and JobEnded for one that has ended
    otherwise, or is about to: see SEALED.
    """
    moment = now()
    at_once = {"state": JobState.CANCELLED, "active": None, "finished": moment, "cancel": True, "eta_seconds": None}
    abandoned = jobs.c.worker.is_(None) | (jobs.c.heartbeat < moment - round(STALE_SECONDS * 1e6))
    with transaction(database) as connection:
        mine = (jobs.c.job_id == job_id) & jobs.c.step.is_distinct_from(SEALED)
        nobodys = (jobs.c.state == JobState.QUEUED) | ((jobs.c.state == JobState.RUNNING) & abandoned)
        ended = connection.execute(update(jobs).where(mine, nobodys).values(at_once)).rowcount
        runs = (jobs.c.state == JobState.RUNNING) & jobs.c.cancel.is_(False)
        asked = connection.execute(update(jobs).where(mine, runs).values(cancel=True)).rowcount
        job = _get(connection, job_id)
        if ended or asked:
            note(connection, by, Action.RETRAIN_CANCEL, job_id, state=job.state)
    if job.ended and job.state != JobState.CANCELLED:
        raise JobEnded(f"job {job_id} has ended: {job.state}")
    if job.sealed:
        raise JobEnded(
            f"job {job_id} has published its version and is about to end: where that becomes current, "
            "POST /models/rollback takes it back"
        )
    return job


def counts(database: Database) -> dict[JobState, int]:
    """Jobs by state; 0 for a state that none is in, since a gauge keeps what it was last told."""
    query = select(jobs.c.state, func.count()).group_by(jobs.c.state)
    with transaction(database, reading=True) as connection:
        found = {JobState(state): int(number) for state, number in connection.execute(query)}
    return dict.fromkeys(JobState, 0) | found


def lines(database: Database, job_id: str, after: int = 0, limit: int = MAX_LINES) -> list[Line]:
    """Those of the job with a larger seq, in their order."""
    line = job_lines.c
    query = select(line.seq, line.at, line.text).where(line.job_id == job_id, line.seq > after).order_by(line.seq)
    with transaction(database, reading=True) as connection:
        return [Line(*row) for row in connection.execute(query.limit(limit))]


def _repeated(database: Database, key: str | None, fingerprint: str) -> Job | None:
    if key is None:
        return None
    with transaction(database, reading=True) as connection:
        row = connection.execute(select(jobs.c.job_id, jobs.c.fingerprint).where(jobs.c.idempotency_key == key)).first()
        if row is None:
            return None
        if row.fingerprint != fingerprint:
            raise KeyReused(f"this Idempotency-Key belongs to job {row.job_id}, which was asked for otherwise")
        return _get(connection, row.job_id)


def _active(database: Database) -> str | None:
    with transaction(database, reading=True) as connection:
        return connection.execute(select(jobs.c.job_id).where(jobs.c.active == "retrain")).scalar()


def _get(connection: Connection, job_id: str) -> Job:
    row = connection.execute(select(*COLUMNS).where(jobs.c.job_id == job_id)).first()
    if row is None:
        raise JobUnknown(f"there is no job {job_id!r}; GET /jobs lists them")
    return job_of(row._asdict())
