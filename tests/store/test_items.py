"""Items are replaced, merged and deleted, and every change is seen in order, on both databases."""

import threading

import pytest
from sqlalchemy import delete

from index.errors import ItemsFull, ItemTooLarge, ItemUnknown, RequestError
from store import items, tables
from store.database import connect
from store.items import ItemRow, Room
from store.packed import is_available, is_deleted, unpack

BASE = ItemRow("t1", "From the model", "a", metadata={"price": 3, "colour": "red"})


def one(engine, item_id):
    return next(row for row in items.changes_since(engine, 0) if row.item_id == item_id)


def test_put_replaces_the_whole_item(engine):
    assert items.put(engine, [ItemRow("a", "A", "c", False, metadata={"x": 1, "é": None, "t": "\u2028"})], 5) == 1
    assert one(engine, "a") == ItemRow("a", "A", "c", False, False, {"x": 1, "é": None, "t": "\u2028"}, 1, 5)
    items.put(engine, [ItemRow("a")], 6)
    assert one(engine, "a") == ItemRow("a", changed=2, updated=6)


def test_of_two_items_with_one_id_the_later_counts(engine):
    assert items.put(engine, [ItemRow("a", "first"), ItemRow("b"), ItemRow("a", "second")], 5) == 2
    assert one(engine, "a").title == "second"


def test_nothing_put_is_no_change(engine):
    assert items.put(engine, [], 5) == 0
    items.put(engine, [ItemRow("a")], 5)
    assert one(engine, "a").changed == 1


def test_patch_changes_only_what_is_given_and_merges_metadata(engine):
    items.put(engine, [ItemRow("a", "A", "c", metadata={"x": 1, "y": 2})], 5)
    new = items.patch(engine, "a", {"available": False, "metadata": {"y": None, "z": 3}}, None)
    assert (new.title, new.category, new.available, new.metadata) == ("A", "c", False, {"x": 1, "z": 3})
    assert one(engine, "a") == new
    assert items.patch(engine, "a", {"title": None}, None).title is None


def test_patch_begins_with_what_the_model_knows(engine):
    new = items.patch(engine, "t1", {"available": False, "metadata": {"price": 4}}, BASE)
    assert (new.title, new.category, new.metadata) == ("From the model", "a", {"price": 4, "colour": "red"})
    # What is stored goes before the model.
    assert items.patch(engine, "t1", {"title": "New"}, BASE).available is False


@pytest.mark.parametrize("item_id", ["unknown", "a\0b", "\ud800"])
def test_an_unknown_item_cannot_be_changed_or_deleted_and_takes_no_number(engine, item_id):
    with pytest.raises(ItemUnknown):
        items.patch(engine, item_id, {"title": "x"}, None)
    with pytest.raises(ItemUnknown):
        items.delete(engine, item_id, known=False)
    items.put(engine, [ItemRow("a")], 5)
    assert one(engine, "a").changed == 1


def test_a_deleted_item_is_gone_until_it_is_put_again(engine):
    items.put(engine, [ItemRow("a", "A", metadata={"x": 1})], 5)
    items.delete(engine, "a")
    assert one(engine, "a").deleted
    assert one(engine, "a").metadata == {}
    with pytest.raises(ItemUnknown):
        items.delete(engine, "a")
    with pytest.raises(ItemUnknown):
        items.patch(engine, "a", {"title": "x"}, BASE)
    items.put(engine, [ItemRow("a", "B")], 6)
    assert not one(engine, "a").deleted


def test_an_item_only_the_model_knows_leaves_a_tombstone(engine):
    items.delete(engine, "t1")
    assert one(engine, "t1").deleted


def test_too_many_metadata_fields_are_refused_but_the_models_own_are_no_obstacle(engine):
    items.put(engine, [ItemRow("a", metadata={f"f{i}": i for i in range(50)})], 5)
    with pytest.raises(RequestError, match="51"):
        items.patch(engine, "a", {"metadata": {"one more": 1}}, None)
    wide = ItemRow("t1", metadata={f"f{i}": i for i in range(80)})
    assert items.patch(engine, "t1", {"available": False}, wide).available is False


def test_changes_come_in_order_and_only_the_newer_ones(engine):
    items.put(engine, [ItemRow("b"), ItemRow("a")], 5)
    items.put(engine, [ItemRow("c")], 5)
    items.delete(engine, "b")
    assert [(r.item_id, r.changed) for r in items.changes_since(engine, 0)] == [("a", 1), ("c", 2), ("b", 3)]
    assert [r.item_id for r in items.changes_since(engine, 2)] == ["b"]
    assert items.changes_since(engine, 3) == []


def test_a_reader_that_follows_the_numbers_misses_no_change(database):
    """Four writers and one reader that always asks for what is newer than the last it saw."""
    errors = []

    def write(name):
        engine = connect(database)
        try:
            for i in range(25):
                items.put(engine, [ItemRow(f"{name}{i}"), ItemRow("shared", f"{name}{i}")], i)
        except Exception as error:
            errors.append(error)
        finally:
            engine.dispose()

    writers = [threading.Thread(target=write, args=[name]) for name in "abcd"]
    for writer in writers:
        writer.start()
    reader = connect(database)
    seen, last = set(), 0
    while True:
        ended = not any(writer.is_alive() for writer in writers)
        for row in items.changes_since(reader, last):
            seen.add(row.item_id)
            last = row.changed
        if ended:
            break
    assert errors == []
    assert len(seen) == 101
    assert last == 100
    reader.dispose()


def test_packed_items_come_in_parts_with_all_that_is_said_of_them(engine, monkeypatch):
    monkeypatch.setattr(items, "PART", 3)
    stored = [
        ItemRow(f"i{n % 7}", f'T"{n}', None if n % 2 else "Ä\u2028", n % 3 > 0, metadata={"x": n}) for n in range(10)
    ]
    for row in stored:
        items.put(engine, [row, ItemRow(f"o{row.item_id}")], 5)
    items.delete(engine, "i3")
    for number in (0, 4):
        expected = [(row.item_id, row.changed) for row in items.changes_since(engine, number)]
        assert [found[:2] for found in items.packed_since(engine, number)] == expected
    found = {item_id: packed for item_id, _, packed in items.packed_since(engine, 0)}
    for row in items.changes_since(engine, 0):
        packed = found[row.item_id]
        assert (is_deleted(packed), is_available(packed)) == (row.deleted, row.available)
        assert unpack(packed) == (row.title, row.category, row.metadata)
    assert list(items.packed_since(engine, 11)) == []


def test_an_item_that_changes_while_they_are_read_is_not_lost(engine, database, monkeypatch):
    monkeypatch.setattr(items, "PART", 2)
    items.put(engine, [ItemRow(name) for name in "abcd"], 5)
    other, found = connect(database), []
    for item_id, _, packed in items.packed_since(engine, 0):
        if not found:
            items.put(other, [ItemRow("a", "later"), ItemRow("c", "later"), ItemRow("e")], 6)
        found.append((item_id, unpack(packed)[0]))
    other.dispose()
    rest = [row.item_id for row in items.changes_since(engine, 1)] if engine.dialect.name == "sqlite" else []
    assert {item_id for item_id, _ in found} | set(rest) >= set("abcde")
    assert rest == ["a", "c", "e"] or dict(found) == {"a": "later", "b": None, "c": "later", "d": None, "e": None}


def test_what_is_full_takes_no_more_and_keeps_what_it_has(engine):
    room = Room(3, 1000, 500)
    items.put(engine, [ItemRow("a", "A"), ItemRow("b")], 5, room)
    before = items.changes_since(engine, 0)
    with pytest.raises(ItemsFull, match="4 items"):
        items.put(engine, [ItemRow("a", "other"), ItemRow("c"), ItemRow("d")], 5, room)
    with pytest.raises(ItemsFull, match="bytes"):
        items.put(engine, [ItemRow("c", "x" * 1200)], 5, room)
    assert items.changes_since(engine, 0) == before
    items.put(engine, [ItemRow("a", "other"), ItemRow("c")], 5, room)
    with pytest.raises(ItemsFull):
        items.patch(engine, "t1", {"available": False}, BASE, room)
    assert items.patch(engine, "a", {"title": "again"}, None, room).title == "again"
    items.delete(engine, "t1")  # never lacks room
    items.delete(engine, "b")
    items.put(engine, [ItemRow("b", "back")], 5, room)
    with pytest.raises(ItemsFull):
        items.put(engine, [ItemRow("e")], 5, room)


def test_the_totals_are_those_of_the_table_whatever_was_written(engine):
    items.put(
        engine, [ItemRow("ä\U0001f600", "Ü", None, metadata={"é": "ü", "x": 1.5}), ItemRow("b", metadata={"x": 1})], 5
    )
    items.put(engine, [ItemRow("b", "longer", "c"), ItemRow("c", "\\x")], 6)
    items.patch(engine, "c", {"metadata": {"y": True}}, None)
    items.delete(engine, "b")
    rows = items.changes_since(engine, 0)
    sizes = sum(items.size_of(row) for row in rows)
    with items.transaction(engine) as connection:
        assert items._total(connection) == (3, sizes)
        connection.execute(delete(tables.counters).where(tables.counters.c.name.in_(items.TOTALS)))
        assert items._total(connection) == (3, sizes)  # as in a database of before


def test_an_item_may_not_grow_beyond_its_bytes_but_may_be_changed_where_it_has_more(engine):
    room = Room(10, 10_000, 200)
    items.put(engine, [ItemRow("a", "x" * 300)], 5)
    with pytest.raises(ItemTooLarge, match="at most 200"):
        items.patch(engine, "a", {"title": "x" * 301}, None, room)
    assert not items.patch(engine, "a", {"available": False}, None, room).available
