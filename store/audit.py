"""Who did what to which thing, when, and how it ended. Rows are only ever added; old ones go by time."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, insert, select

from index.errors import Item2vecError, RequestError, StoreUnavailable
from store import tables
from store.database import Database, now, transaction

log = logging.getLogger(__name__)

FIRST_IDS = 5  # of an act on many things, so many are named
MAX_THING = 1024


class Action(StrEnum):
    """What can be done; the words are stable, see docs/audit.md."""

    KEY_CREATE = "key.create"
    KEY_REVOKE = "key.revoke"
    RETRAIN = "retrain"
    RETRAIN_CANCEL = "retrain.cancel"
    RETRAIN_END = "retrain.end"
    MODEL_ACTIVATE = "model.activate"
    MODEL_ROLLBACK = "model.rollback"
    MODEL_DELETE = "model.delete"
    ITEMS_PUT = "items.put"
    ITEM_PATCH = "item.patch"
    ITEM_DELETE = "item.delete"
    USER_ERASE = "user.erase"
    REJECTS_READ = "rejects.read"
    RETENTION = "retention"
    RESTORE = "restore"
    REFUSED = "refused"


class Outcome(StrEnum):
    """intended: written before an act on files, which another row follows; where none does, the process was killed."""

    DONE = "done"
    INTENDED = "intended"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True)
class Actor:
    """Who acts. via: http, cli or worker. name: of the key, of the machine's user, of the worker. The rest is known of
    those who come over HTTP."""

    via: str
    name: str
    key_id: str | None = None
    address: str | None = None
    request_id: str | None = None


SOMEBODY = Actor("cli", "unknown")  # who has not said who they are


@dataclass(frozen=True)
class Entry(Actor):
    """One row. at: microseconds since 1970 UTC. facts: JSON, by action."""

    seq: int = 0
    at: int = 0
    action: str = ""
    thing: str | None = None
    outcome: str = ""
    facts: dict[str, Any] | None = None


@dataclass(frozen=True)
class Wanted:
    """Which rows; None: any. since, until: microseconds since 1970 UTC, until not included."""

    action: str | None = None
    key_id: str | None = None
    thing: str | None = None
    since: int | None = None
    until: int | None = None


def note(
    connection: Connection,
    by: Actor,
    action: Action,
    thing: str | None = None,
    outcome: Outcome = Outcome.DONE,
    **facts: Any,
) -> None:
    """One row, in the transaction of the act: both are there or neither. facts: no secrets and no ids of users."""
    told = {"action": action, "thing": thing and thing[:MAX_THING], "outcome": outcome, "facts": facts}
    connection.execute(insert(tables.audit).values(at=now(), **vars(by), **told))


def record(
    database: Database,
    by: Actor,
    action: Action,
    thing: str | None = None,
    outcome: Outcome = Outcome.DONE,
    **facts: Any,
) -> None:
    """One row in a transaction of its own. Raises StoreUnavailable."""
    with transaction(database) as connection:
        note(connection, by, action, thing, outcome, **facts)


@contextmanager
def around(
    database: Database, by: Actor, action: Action, thing: str | None = None, **facts: Any
) -> Iterator[dict[str, Any]]:
    """For an act on files: a row before it, and a row after it that says how it ended. What the block puts into the
    dict it gets is told by the second row; `thing` in it is what was acted on.

    Raises StoreUnavailable before the act, never after it: the first row is there, and the log has the second.
    """
    record(database, by, action, thing, Outcome.INTENDED, **facts)
    told: dict[str, Any] = {"thing": thing}
    try:
        yield told
    except BaseException as error:
        code = error.code if isinstance(error, Item2vecError) else type(error).__name__
        _afterwards(database, by, action, thing, Outcome.FAILED, {**facts, "error": code})
        raise
    _afterwards(database, by, action, told.pop("thing"), Outcome.DONE, {**facts, **told})


def _afterwards(
    database: Database, by: Actor, action: Action, thing: str | None, outcome: Outcome, facts: dict[str, Any]
) -> None:
    try:
        record(database, by, action, thing, outcome, **facts)
    except StoreUnavailable:
        log.error("audit row lost action=%s thing=%s outcome=%s name=%s", action, thing, outcome, by.name)


def first_ids(ids: list[str]) -> dict[str, Any]:
    """For the facts of an act on many things."""
    return {"count": len(ids), "first": ids[:FIRST_IDS]}


def page(database: Database, wanted: Wanted, limit: int, before: int | None = None) -> tuple[list[Entry], int | None]:
    """(newest first, `before` of the next page); None where there is none. Raises StoreUnavailable."""
    row = tables.audit.c
    query = select(tables.audit).order_by(row.seq.desc()).limit(limit + 1)
    for column, value in ((row.action, wanted.action), (row.key_id, wanted.key_id), (row.thing, wanted.thing)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(row.seq < before)
    if wanted.since is not None:
        query = query.where(row.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(row.at < wanted.until)
    with transaction(database, reading=True) as connection:
        found = [Entry(**each._mapping) for each in connection.execute(query)]
    return found[:limit], found[limit - 1].seq if len(found) > limit else None


def check_action(action: str | None) -> str | None:
    """As it came. Raises RequestError for a word that no row has."""
    if action is not None and action not in list(Action):
        raise RequestError(
            f"there is no action {action[:50]!r}: {', '.join(Action)}", [("query.action", "unknown action")]
        )
    return action
