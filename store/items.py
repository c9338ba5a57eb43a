"""The stored items: what was said of them since the model was trained. Every change has a number, see store.tables."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, LargeBinary, Text, cast, func, insert, literal, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from index.errors import ItemsFull, ItemTooLarge, ItemUnknown, RequestError
from store import tables
from store.audit import SOMEBODY, Action, Actor, first_ids, note
from store.database import Database, take_time, transaction
from store.database import now as clock
from store.event import storable
from store.packed import Packed, pack

MAX_FIELDS = 50
PART = 20_000  # rows fetched at a time
MOST_IDS = 10_000  # in one statement; SQLite takes 32,766
TOTALS = ("items_stored", "items_bytes")  # counters, changed with the items


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


@dataclass(frozen=True)
class Room:
    """What may be stored. items: how many, deleted ones too. bytes: of all of them. item: bytes of one."""

    items: int
    bytes: int
    item: int


def size_of(item: ItemRow) -> int:
    """Bytes of its id, title, category and metadata, as they are stored."""
    texts = (item.item_id, item.title or "", item.category or "", json.dumps(item.metadata))
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)


def put(database: Database, items: Iterable[ItemRow], now: int, room: Room | None = None, by: Actor = SOMEBODY) -> int:
    """Stores the items in place of what was stored of them; of two with one id the later counts. How many that were.

    Deleted items come back. Raises StoreUnavailable, and ItemsFull where there is no room for all of them; then nothing
    is stored. Each item is taken to be small enough.
    """
    latest = {item.item_id: item for item in items}
    if not latest:
        return 0
    with transaction(database) as connection:
        changed = _next_change(connection)
        _write(connection, [replace(item, changed=changed, updated=now) for item in latest.values()], room)
        thing = next(iter(latest)) if len(latest) == 1 else None
        note(connection, by, Action.ITEMS_PUT, thing, **first_ids(list(latest)))
    return len(latest)


def patch(
    database: Database,
    item_id: str,
    fields: Mapping[str, Any],
    base: ItemRow | None,
    room: Room | None = None,
    by: Actor = SOMEBODY,
) -> ItemRow:
    """Changes only the given fields of title, category, available and metadata; the item as it is then.

    metadata is merged by key, null removes a key. base: what the model knows of an item of which nothing is stored.
    Raises ItemUnknown for an item that nobody knows or that was deleted, RequestError for too many metadata fields,
    ItemTooLarge, ItemsFull.
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
        if room is not None and size_of(new) > max(room.item, size_of(old)):
            raise ItemTooLarge(f"the item would have {size_of(new):,} bytes: at most {room.item:,}")
        _write(connection, [new], room)
        note(connection, by, Action.ITEM_PATCH, item_id, fields=sorted(fields))
    return new


def delete(database: Database, item_id: str, known: bool = True, by: Actor = SOMEBODY) -> None:
    """Leaves a tombstone, and never lacks room. known: whether the model knows the item, where nothing is stored of it.

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
        if number == 0:
            take_time(connection)
        rows = connection.execute(wanted.order_by(tables.items.c.changed, tables.items.c.item_id)).all()
    return [ItemRow(**row._mapping) for row in rows]


def packed_since(database: Database, number: int) -> Iterator[tuple[str, int, Packed]]:
    """As `changes_since`, (item id, number of its change, packed), and never all of them at once. An item that changes
    meanwhile may come twice, the later change later."""
    columns = tables.items.c
    place = columns.changed, columns.item_id
    wanted = select(
        *place,
        columns.title,
        columns.category,
        columns.available,
        columns.deleted,
        cast(columns.metadata, Text),  # as it is stored: read as JSON it would be written again
    ).order_by(*place)
    after = columns.changed > number
    with transaction(database, reading=True) as connection:
        while True:
            rows = connection.execute(wanted.where(after).limit(PART)).all()
            for changed, item_id, *fields in rows:
                yield item_id, changed, pack(*fields)
            if len(rows) < PART:
                return
            # Later changes have greater numbers, so none of them is passed over.
            after = tuple_(*place) > (rows[-1].changed, rows[-1].item_id)


def _next_change(connection: Connection) -> int:
    """First in every writing transaction: it holds the counter's lock to the end, so numbers commit in order."""
    number = tables.counters.c.value
    counted = update(tables.counters).where(tables.counters.c.name == "items").values(value=number + 1)
    return int(connection.execute(counted.returning(number)).scalar_one())


def _read(connection: Connection, item_id: str) -> ItemRow | None:
    row = connection.execute(select(tables.items).where(tables.items.c.item_id == item_id)).first()
    return None if row is None else ItemRow(**row._mapping)


def _write(connection: Connection, rows: list[ItemRow], room: Room | None = None) -> None:
    """In place of what is stored of the same items. Raises ItemsFull where that takes more room than there is."""
    total, ids = _total(connection), [row.item_id for row in rows]
    before = _sizes(connection, ids)
    upserting = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    new = upserting(tables.items)
    upsert = new.on_conflict_do_update(index_elements=["item_id"], set_=dict(new.excluded.items()))
    connection.execute(upsert, [vars(row) for row in rows])
    after = _sizes(connection, ids)
    count, size = (sum_ + now - then for sum_, now, then in zip(total, after, before, strict=True))
    if room is not None:
        if count > max(room.items, total[0]):
            raise ItemsFull(f"{count:,} items would be stored, deleted ones included: there is room for {room.items:,}")
        if size > max(room.bytes, total[1]):
            raise ItemsFull(f"the stored items would have {size:,} bytes: there is room for {room.bytes:,}")
    for name, value in zip(TOTALS, (count, size), strict=True):
        connection.execute(update(tables.counters).where(tables.counters.c.name == name).values(value=value))


def _total(connection: Connection) -> tuple[int, int]:
    """(items, bytes) of all that is stored. Counted once; the counters' lock is held."""
    counters = tables.counters.c
    rows = connection.execute(select(counters.name, counters.value).where(counters.name.in_(TOTALS)))
    found: dict[str, int] = {row.name: row.value for row in rows}
    if len(found) < len(TOTALS):
        counted = connection.execute(select(func.count(), _size(connection)).select_from(tables.items)).one()
        found = {name: int(value or 0) for name, value in zip(TOTALS, counted, strict=True)}
        connection.execute(insert(tables.counters), [{"name": name, "value": value} for name, value in found.items()])
    return found[TOTALS[0]], found[TOTALS[1]]


def _sizes(connection: Connection, ids: list[str]) -> tuple[int, int]:
    """(items, bytes) of what is stored of these."""
    count = size = 0
    for begin in range(0, len(ids), MOST_IDS):
        some = tables.items.c.item_id.in_(ids[begin : begin + MOST_IDS])
        more = connection.execute(select(func.count(), _size(connection)).where(some)).one()
        count, size = count + int(more[0]), size + int(more[1] or 0)
    return count, size


def _size(connection: Connection) -> Any:
    """Sum of the bytes of items, see `size_of`."""
    columns = tables.items.c
    texts = (
        columns.item_id,
        func.coalesce(columns.title, ""),
        func.coalesce(columns.category, ""),
        cast(columns.metadata, Text),
    )
    if connection.dialect.name == "postgresql":
        return func.sum(sum((func.octet_length(text) for text in texts), literal(0)))
    return func.sum(sum((func.length(cast(text, LargeBinary)) for text in texts), literal(0)))
