"""What was kept long enough goes: the oldest rows first, few at a time, so that nobody waits long for the lock."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, delete, func, select

from store import tables
from store.database import Database, take_time, transaction
from store.job import ACTIVE

BATCH = 5000  # rows that are deleted in one transaction
DAY = 86_400_000_000
# name -> (table, its column with the time since which a row is kept). Rows are numbered in the order of their times.
LOGS: dict[str, tuple[Table, Any]] = {
    "events": (tables.events, tables.events.c.received),
    "rejects": (tables.event_rejects, tables.event_rejects.c.received),
    "audit": (tables.audit, tables.audit.c.at),
}


@dataclass(frozen=True)
class Kept:
    """Days that rows are kept; 0: for ever. Of events and rejects since they came, of jobs since they ended."""

    events: float = 0
    rejects: float = 0
    jobs: float = 0
    audit: float = 0

    def before(self, name: str, now: int) -> int | None:
        """Older rows go; None: none. A beginning of a day in UTC, so that rows go once a day: a training after events
        went is a whole one. now: as the answer in microseconds since 1970 UTC."""
        days: float = getattr(self, name)
        return (now - round(days * DAY)) // DAY * DAY if days else None


FOR_EVER = Kept()


def expired(database: Database, kept: Kept, now: int) -> dict[str, int]:
    """How many rows of each kind would go now. Reads whole tables."""
    found = {}
    with transaction(database, reading=True) as connection:
        take_time(connection)
        for name, (table, time) in LOGS.items():
            before = kept.before(name, now)
            query = select(func.count()).select_from(table).where(time < (before or 0))
            found[name] = connection.scalar(query) or 0
        ended = _ended_before(kept.before("jobs", now) or 0)
        found["jobs"] = connection.scalar(select(func.count()).select_from(tables.jobs).where(ended)) or 0
    return found


def trim(database: Database, name: str, before: int) -> int:
    """Deletes the oldest rows of a kind that are older than `before`, at most BATCH of them; how many. Fewer than
    BATCH: none is left. Raises StoreUnavailable."""
    table, time = LOGS[name]
    with transaction(database) as connection:
        oldest = connection.execute(select(table.c.seq, time).order_by(table.c.seq).limit(BATCH)).all()
        doomed = 0
        while doomed < len(oldest) and oldest[doomed][1] < before:
            doomed += 1
        if doomed:
            connection.execute(delete(table).where(table.c.seq <= oldest[doomed - 1].seq))
    return doomed


def jobs_before(database: Database, before: int) -> list[str]:
    """Ids of jobs that ended before, the oldest first, at most BATCH."""
    job = tables.jobs.c
    query = select(job.job_id).where(_ended_before(before)).order_by(job.created).limit(BATCH)
    with transaction(database, reading=True) as connection:
        return list(connection.scalars(query))


def forget_job(database: Database, job_id: str) -> None:
    """Deletes the job with its lines; the lines first, in parts. The same Idempotency-Key then asks for a new job."""
    line, job = tables.job_lines.c, tables.jobs.c
    part = select(line.seq).where(line.job_id == job_id).order_by(line.seq).limit(BATCH)
    while True:
        with transaction(database) as connection:
            if connection.execute(delete(tables.job_lines).where(line.seq.in_(part))).rowcount < BATCH:
                connection.execute(delete(tables.jobs).where(job.job_id == job_id))
                return


def _ended_before(before: int) -> Any:
    job = tables.jobs.c
    return job.state.not_in(ACTIVE) & (func.coalesce(job.finished, job.created) < before)
