"""The stored items: what was said of them since the model was trained. Every change has a number, see store.tables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from index.errors import ItemUnknown, RequestError
from store import tables
from store.audit import SOMEBODY, Action, Actor, first_ids, note
from store.database import Database, transaction
from store.database import now as clock
from store.event import storable

MAX_FIELDS = 50


@dataclass(frozen=True)
class ItemRow:
    """An item as it is stored. deleted: a tombstone, which hides what the model knows of it.

    changed: number of the change that wrote it; 0 before it is stored. updated: microseconds since 1970 UTC.
    """

    item_id: str
    title: str | None = None
    category: str | None = None
    available: bool = True
    deleted: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)
    changed: int = 0
    updated: int = 0


def put(database: Database, items: Iterable[ItemRow], now: int, by: Actor = SOMEBODY) -> int:
    """Stores the items in place of what was stored of them; of two with one id the later counts. How many that were.

    Deleted items come back. Raises StoreUnavailable; then nothing is stored.
    """
    latest = {item.item_id: item for item in items}
    if not latest:
        return 0
    with transaction(database) as connection:
        changed = _next_change(connection)
        _write(connection, [replace(item, changed=changed, updated=now) for item in latest.values()])
        thing = next(iter(latest)) if len(latest) == 1 else None
        note(connection, by, Action.ITEMS_PUT, thing, **first_ids(list(latest)))
    return len(latest)


def patch(
    database: Database, item_id: str, fields: Mapping[str, Any], base: ItemRow | None, by: Actor = SOMEBODY
) -> ItemRow:
    """Changes only the given fields of title, category, available and metadata; the item as it is then.

    metadata is merged by key, null removes a key. base: what the model knows of an item of which nothing is stored.
    Raises ItemUnknown for an item that nobody knows or that was deleted, RequestError for too many metadata fields.
    """
    if not storable(item_id):
        raise ItemUnknown.named(item_id)
    with transaction(database) as connection:
        changed = _next_change(connection)
        old = _read(connection, item_id) or base
        if old is None or old.deleted:
            raise ItemUnknown.named(item_id)
        values = {name: value for name, value in fields.items() if name != "metadata"}
        given = fields.get("metadata") or {}
        merged = {name: value for name, value in {**old.metadata, **given}.items() if value is not None}
        # The model's own metadata may have more fields; that must not make the item unchangeable.
        if len(merged) > max(MAX_FIELDS, len(old.metadata)):
            raise RequestError(f"metadata would have {len(merged)} fields: at most {MAX_FIELDS}")
        new = replace(old, **values, metadata=merged, changed=changed, updated=clock())
        _write(connection, [new])
        note(connection, by, Action.ITEM_PATCH, item_id, fields=sorted(fields))
    return new


def delete(database: Database, item_id: str, known: bool = True, by: Actor = SOMEBODY) -> None:
    """Leaves a tombstone. known: whether the model knows the item, where nothing is stored of it.

    Raises ItemUnknown for an item that is not known, or was deleted before.
    """
    if not storable(item_id):
        raise ItemUnknown.named(item_id)
    with transaction(database) as connection:
        changed = _next_change(connection)
        old = _read(connection, item_id)
        if old.deleted if old else not known:
            raise ItemUnknown.named(item_id)
        _write(connection, [ItemRow(item_id, available=False, deleted=True, changed=changed, updated=clock())])
        note(connection, by, Action.ITEM_DELETE, item_id)


def changes_since(database: Database, number: int) -> list[ItemRow]:
    """Items whose last change has a greater number, by that number; 0: all. All of a change is there, or nothing."""
    wanted = select(tables.items).where(tables.items.c.changed > number)
    with transaction(database, reading=True) as connection:
        rows = connection.execute(wanted.order_by(tables.items.c.changed, tables.items.c.item_id)).all()
    return [ItemRow(**row._mapping) for row in rows]


def _next_change(connection: Connection) -> int:
    """First in every writing transaction: it holds the counter's lock to the end, so numbers commit in order."""
    number = tables.counters.c.value
    counted = update(tables.counters).where(tables.counters.c.name == "items").values(value=number + 1)
    return int(connection.execute(counted.returning(number)).scalar_one())


def _read(connection: Connection, item_id: str) -> ItemRow | None:
    row = connection.execute(select(tables.items).where(tables.items.c.item_id == item_id)).first()
    return None if row is None else ItemRow(**row._mapping)


def _write(connection: Connection, rows: list[ItemRow]) -> None:
    """In place of what is stored of the same items."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    new = insert(tables.items)
    upsert = new.on_conflict_do_update(index_elements=["item_id"], set_=dict(new.excluded.items()))
    connection.execute(upsert, [vars(row) for row in rows])
