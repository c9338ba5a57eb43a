"""The stored events: taken in whole requests, on disk before the answer, each event_id once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from store.audit import Action, Actor, note
from store.database import STATEMENT_SECONDS, Database, now, take_time, transaction
from store.event import EventRow, storable
from store.tables import event_rejects, events

MAX_REJECT_CHARACTERS = 1000
# SQLite takes at most 32,766 parameters in a statement.
CHUNK = 10_000
STREAMED = 50_000  # rows that are read at a time
A_SECOND = 5_000  # rows that a busy server stores
LOCK = 7046029254386353133  # of PostgreSQL's: whoever stores events shares it

COLUMNS = tuple(field.name for field in fields(EventRow))
EVENT = [events.c[name] for name in COLUMNS]

_INSERT_SQLITE = f"INSERT INTO events ({', '.join(COLUMNS)}, received) VALUES ({', '.join('?' for _ in COLUMNS)}, ?)"
# One statement and one array a column: 50,000 rows as parameters of their own take several times as long. The numbers
# are taken in the order of the request, since two events of one user may have the same time. The rows are inserted in
# the order of their ids: two requests that share ids then wait for each other, and never each for the other.
_INSERT_POSTGRESQL = text(
    f"""
    INSERT INTO events (seq, {", ".join(COLUMNS)}, received)
    SELECT seq, {", ".join(COLUMNS)}, :received
    FROM (
        SELECT nextval(pg_get_serial_sequence('events', 'seq')) AS seq, sent.*
        FROM unnest({", ".join(f":{name}" for name in COLUMNS)}) AS sent ({", ".join(COLUMNS)})
    ) AS numbered
    ORDER BY event_id, seq
    ON CONFLICT (event_id) DO NOTHING
    RETURNING event_id
    """
)


@dataclass(frozen=True)
class Reject:
    """A row that was refused. place: its index in the request. row: as it was sent, or the beginning of it."""

    place: int
    code: str
    detail: str
    row: str


@dataclass(frozen=True)
class Appended:
    """accepted: rows stored. duplicates: indexes of the rows that were not, because their event_id is known."""

    accepted: int
    duplicates: list[int]


@dataclass(frozen=True)
class StoredReject(Reject):
    """seq: from old to new. received: microseconds since 1970 UTC."""

    seq: int
    received: int
    request_id: str


def append(
    database: Database, rows: Sequence[EventRow], rejects: Sequence[Reject], request_id: str, rejects_kept: int
) -> Appended:
    """Stores all of a request in one transaction, which is on disk when this returns.

    Sent again, rows with an event_id are duplicates and nothing happens to them, whoever stored them. Of the rejected
    rows the newest `rejects_kept` stay, counted by their numbers. Raises StoreUnavailable; then nothing is stored.
    """
    received = now()
    kept, duplicates = _first_of_each(rows)
    with transaction(database) as connection:
        if len(kept) > A_SECOND:
            take_time(connection, STATEMENT_SECONDS + len(kept) / A_SECOND)
        if kept:
            many = _append_postgresql if database.dialect.name == "postgresql" else _append_sqlite
            stored = many(connection, [rows[i] for i in kept], received)
            duplicates += [i for i in kept if rows[i].event_id is not None and rows[i].event_id not in stored]
        if rejects:
            _keep(connection, rejects, received, request_id, rejects_kept)
    return Appended(len(rows) - len(duplicates), sorted(duplicates))


def _first_of_each(rows: Sequence[EventRow]) -> tuple[list[int], list[int]]:
    """Indexes of the rows that may be stored, and of those that repeat an event_id of the same request."""
    kept: list[int] = []
    repeated: list[int] = []
    seen: set[str | None] = set()
    for i, row in enumerate(rows):
        (repeated if row.event_id in seen else kept).append(i)
        if row.event_id is not None:
            seen.add(row.event_id)
    return kept, repeated


def _append_sqlite(connection: Connection, rows: Sequence[EventRow], received: int) -> set[str]:
    """The ids that were stored. Nobody else writes meanwhile: the transaction began with BEGIN IMMEDIATE."""
    ids = [row.event_id for row in rows if row.event_id is not None]
    known: set[str] = set()
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        known |= set(connection.scalars(select(events.c.event_id).where(events.c.event_id.in_(chunk))))
    values_of = attrgetter(*COLUMNS)
    values = [(*values_of(row), received) for row in rows if row.event_id not in known]
    if values:
        connection.exec_driver_sql(_INSERT_SQLITE, values)
    return set(ids) - known


def _append_postgresql(connection: Connection, rows: Sequence[EventRow], received: int) -> set[str]:
    """The ids that were stored. Of an id that another transaction is storing, its end is waited for."""
    statement = _INSERT_POSTGRESQL.bindparams(*(bindparam(c.name, type_=ARRAY(c.type)) for c in EVENT))
    values = {name: [getattr(row, name) for row in rows] for name in COLUMNS}
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({LOCK})")
    return set(connection.scalars(statement, {**values, "received": received}))


def _keep(connection: Connection, rejects: Sequence[Reject], received: int, request_id: str, rejects_kept: int) -> None:
    newest = rejects[max(0, len(rejects) - rejects_kept) :]
    shared = {"received": received, "request_id": request_id}
    values = [{**vars(reject), **shared, "row": reject.row[:MAX_REJECT_CHARACTERS]} for reject in newest]
    if values:
        connection.execute(insert(event_rejects), values)
    last = connection.scalar(select(func.max(event_rejects.c.seq)))
    if last is not None:
        # Rows that another request is just removing are left to it; SQLite knows no such request.
        old = select(event_rejects.c.seq).where(event_rejects.c.seq <= last - rejects_kept)
        connection.execute(delete(event_rejects).where(event_rejects.c.seq.in_(old.with_for_update(skip_locked=True))))


def of_user(database: Database, user_id: str, limit: int) -> list[EventRow]:
    """The user's newest events, at most `limit`, the newest last."""
    if not storable(user_id):
        return []
    wanted = select(*EVENT).where(events.c.user_id == user_id).order_by(events.c.time.desc(), events.c.seq.desc())
    with transaction(database, reading=True) as connection:
        rows = connection.execute(wanted.limit(limit)).all()
    return [EventRow(*row) for row in reversed(rows)]


def span(database: Database) -> tuple[int, int] | None:
    """Numbers of the first and the last event that is stored; None where there are none. What is stored from now on has
    a larger number than the last. Raises StoreUnavailable.
    """
    with transaction(database, reading=True) as connection:
        if database.dialect.name == "postgresql":
            # Numbers are given before they can be seen: whoever is just storing is waited for. SQLite stores one
            # request after the other. Not by a lock of the table, which only those may take who may change it.
            connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        take_time(connection)
        first, last = connection.execute(select(func.min(events.c.seq), func.max(events.c.seq))).one()
    return None if last is None else (first, last)


def stream(database: Database, after: int = 0, until: int | None = None) -> Iterator[tuple[list[EventRow], float]]:
    """(rows as they arrived, share of the whole up to there), each part in its own transaction: all that is stored now,
    or the events with numbers above `after`, up to `until`.

    Raises StoreUnavailable.
    """
    with transaction(database, reading=True) as connection:
        take_time(connection)
        wanted = select(func.min(events.c.seq), func.max(events.c.seq)).where(events.c.seq > after)
        first, last = connection.execute(wanted if until is None else wanted.where(events.c.seq <= until)).one()
    if last is None:
        return
    seen = first - 1
    query = select(events.c.seq, *EVENT).where(events.c.seq <= last).order_by(events.c.seq).limit(STREAMED)
    while seen < last:
        with transaction(database, reading=True) as connection:
            take_time(connection)
            rows = connection.execute(query.where(events.c.seq > seen)).all()
        if not rows:
            return
        seen = rows[-1].seq
        yield [EventRow(*row[1:]) for row in rows], (seen - first + 1) / (last - first + 1)


def count(database: Database) -> int:
    """How many events are stored."""
    with transaction(database, reading=True) as connection:
        take_time(connection)
        return connection.scalar(select(func.count()).select_from(events)) or 0


def rejects(database: Database, limit: int, before: int | None = None, by: Actor | None = None) -> list[StoredReject]:
    """Rejected rows that are still kept, the newest first; before: only those with a smaller seq. by: who reads them,
    for the audit: they may hold what a person has done."""
    wanted = select(event_rejects).order_by(event_rejects.c.seq.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(event_rejects.c.seq < before)
    with transaction(database, reading=by is None) as connection:
        found = [StoredReject(**row._mapping) for row in connection.execute(wanted)]
        if by is not None:
            note(connection, by, Action.REJECTS_READ, rows=len(found))
    return found
