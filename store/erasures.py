"""A person's stored events, erased for good; and what is kept of that, which does not say who it was."""

import hmac
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from index.errors import RequestError
from store.audit import SOMEBODY, Action, Actor, note
from store.database import Database, now, take_time, transaction
from store.event import MAX_ID_CHARACTERS, storable
from store.tables import erasures, event_rejects, events
from store.upkeep.compact import empty_log

CHUNK = 10_000  # parameters in a statement
SHOWN = 1000  # characters of a rejected row that are kept: one of this length was cut


@dataclass(frozen=True)
class Erasure:
    """number: grows from one to the next. at: microseconds since 1970 UTC. events, rejects: rows that were deleted."""

    number: int
    at: int
    events: int
    rejects: int


@dataclass(frozen=True)
class Since:
    """Erasures after a certain one. last: microseconds since 1970 UTC, of the newest; None where there is none."""

    users: int
    last: int | None


def erase(database: Database, user_id: str, by: Actor = SOMEBODY) -> Erasure:
    """Deletes every stored row in which the user is named, in one transaction: events, rejected rows that hold the id
    anywhere, and the rows of the user's sessions in which nobody is named.

    A salted hash of the id is kept, so that whoever knows the id can ask whether it was erased. What is posted of the
    same id afterwards is new. Raises RequestError for what cannot be an id, and StoreUnavailable.
    """
    if not user_id.strip() or len(user_id) > MAX_ID_CHARACTERS or not storable(user_id):
        raise RequestError("this cannot be the id of a user", [("user_id", f"1 to {MAX_ID_CHARACTERS} characters")])
    with transaction(database) as connection:
        take_time(connection)  # all rejected rows are read
        if database.dialect.name == "postgresql":
            # Numbers must become visible in order: a training that knows the fifth must know the fourth.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7046029254386353132)")
        rows = _delete_events(connection, user_id)
        rejects = _delete_rejects(connection, user_id)
        salt, at = secrets.token_hex(16), now()
        row = {"at": at, "salt": salt, "subject": _subject(salt, user_id), "events": rows, "rejects": rejects}
        number = int(connection.execute(insert(erasures).values(row).returning(erasures.c.seq)).scalar_one())
        note(connection, by, Action.USER_ERASE, f"erasure {number}", events=rows, rejects=rejects)
    empty_log(database)
    return Erasure(number, at, rows, rejects)


def last(database: Database) -> int:
    """Number of the newest erasure; 0 where there was none. Raises StoreUnavailable."""
    with transaction(database, reading=True) as connection:
        return connection.scalar(select(func.max(erasures.c.seq))) or 0


def since(database: Database, number: int, until: int) -> Since:
    """Erasures with larger numbers than `number`, up to `until`."""
    query = select(func.count(), func.max(erasures.c.at)).where(erasures.c.seq > number, erasures.c.seq <= until)
    with transaction(database, reading=True) as connection:
        users, newest = connection.execute(query).one()
    return Since(users, newest)


def of_user(database: Database, user_id: str) -> list[Erasure]:
    """Of this id, oldest first: it must be known to be found."""
    row = erasures.c
    query = select(row.seq, row.at, row.events, row.rejects, row.salt, row.subject).order_by(row.seq)
    with transaction(database, reading=True) as connection:
        return [
            Erasure(each.seq, each.at, each.events, each.rejects)
            for each in connection.execute(query)
            if hmac.compare_digest(each.subject, _subject(each.salt, user_id))
        ]


def _subject(salt: str, user_id: str) -> str:
    return hmac.new(salt.encode(), user_id.encode("utf-8", "surrogatepass"), sha256).hexdigest()


def _delete_events(connection: Connection, user_id: str) -> int:
    """Rows that name the user, and rows that name nobody in a session of theirs. Where a row names nobody, its session
    is who it is of, so the id is looked for there too."""
    theirs = select(events.c.session_id).where(events.c.user_id == user_id, events.c.session_id.is_not(None)).distinct()
    sessions = [user_id, *connection.scalars(theirs)]
    count = connection.execute(delete(events).where(events.c.user_id == user_id)).rowcount
    for start in range(0, len(sessions), CHUNK):
        part = events.c.session_id.in_(sessions[start : start + CHUNK])
        count += connection.execute(delete(events).where(events.c.user_id.is_(None), part)).rowcount
    return count


def _delete_rejects(connection: Connection, user_id: str) -> int:
    row = event_rejects.c
    every = connection.execute(select(row.seq, row.row), execution_options={"yield_per": 1000})
    found = [seq for seq, text in every if _holds(text, user_id)]
    for start in range(0, len(found), CHUNK):
        connection.execute(delete(event_rejects).where(row.seq.in_(found[start : start + CHUNK])))
    return len(found)


def _holds(text: str, user_id: str) -> bool:
    """Whether the id is a value anywhere in a row, whatever its field is called. Of a row that cannot be read, or was
    cut, any place where the id's characters stand counts."""
    if len(text) < SHOWN:
        try:
            return any(value == user_id for value in _values(json.loads(text)))
        except (ValueError, RecursionError):
            pass
    escaped = json.dumps(user_id)[1:-1]
    return user_id in text or escaped in text or user_id.startswith(_cut(text))


def _cut(text: str) -> str:
    """What stands behind the last quote of a row that was cut: perhaps the beginning of the id. A blank where nothing
    could be one."""
    tail = text.rpartition('"')[2] if len(text) >= SHOWN else ""
    return tail.strip(" :,{}[]") or "\0"


def _values(found: Any) -> Iterator[str]:
    """Texts and numbers, as text, at any depth; names too, since an id may have been taken for one."""
    if isinstance(found, dict):
        for name, value in found.items():
            yield name
            yield from _values(value)
    elif isinstance(found, list):
        for value in found:
            yield from _values(value)
    elif found is not None:
        yield str(found)
