"""What was stored of a person is gone: rows, rejected rows, and their bytes in the file."""

from pathlib import Path

import pytest

from index.errors import RequestError
from store import audit, erasures, events
from store.audit import Actor, Wanted
from store.event import EventRow
from store.events import Reject
from store.upkeep import compact

ADMIN = Actor("http", "shop", "ab12cd34")


def stored(engine):
    return [row for rows, _ in events.stream(engine) for row in rows]


def test_rows_of_the_user_go_and_those_of_others_stay(engine):
    rows = [EventRow(f"i{n}", 1_000_000 + n, user_id=user) for n, user in enumerate(("ann", "bob", "ann", "Ann"))]
    events.append(engine, rows, [], "r", 100)
    found = erasures.erase(engine, "ann", ADMIN)
    assert (found.number, found.events, found.rejects) == (1, 2, 0)
    assert [row.user_id for row in stored(engine)] == ["bob", "Ann"]
    assert events.of_user(engine, "ann", 10) == []
    again = erasures.erase(engine, "ann", ADMIN)
    assert (again.number, again.events) == (2, 0)


def test_rows_without_a_name_go_with_the_session_they_are_in(engine):
    rows = [
        EventRow("a", 1, session_id="s1"),  # before she signed in
        EventRow("b", 2, user_id="ann", session_id="s1"),
        EventRow("c", 3, user_id="bob", session_id="s1"),  # somebody else's, who has a session of that number too
        EventRow("d", 4, session_id="s2"),
        EventRow("e", 5, session_id="ann"),  # where nobody is named, the session is who it is of
    ]
    events.append(engine, rows, [], "r", 100)
    assert erasures.erase(engine, "ann").events == 3
    assert [row.item_id for row in stored(engine)] == ["c", "d"]


@pytest.mark.parametrize(
    ("row", "goes"),
    [
        ('{"user_id": "ann", "item_id": null}', True),
        ('{"userId": "ann"}', True),
        ('{"who": {"ids": ["ann"]}}', True),
        ('{"session_id": "ann"}', True),
        ('{"user_id": "bob", "note": "joanne"}', False),
        ('{"user_id": "joann"}', False),
        ('{"user_id": "ann", ', True),  # a line that is not JSON
        ('{"user_id": "bob", ', False),
        ('{"x": "' + "y" * 960 + '", "user_id": "a'.ljust(33), True),  # cut within the id
        ('{"x": "' + "y" * 970 + '", "user_id": "bo', False),
    ],
)
def test_rejected_rows_that_hold_the_id_go(engine, row, goes):
    events.append(engine, [], [Reject(0, "item_missing", "", row.ljust(1000) if len(row) > 900 else row)], "r", 100)
    assert erasures.erase(engine, "ann").rejects == int(goes)
    assert len(events.rejects(engine, 10)) == int(not goes)


def test_numbers_and_letters_of_any_kind_are_found(engine):
    events.append(
        engine,
        [],
        [
            Reject(0, "x", "", '{"user_id": 42}'),
            Reject(1, "x", "", '{"u": "d\\u00e9'),
        ],
        "r",
        9,
    )
    assert erasures.erase(engine, "42").rejects == 1
    assert erasures.erase(engine, "dé").rejects == 1


def test_whether_somebody_was_erased_is_known_to_those_who_know_the_id(engine):
    first = erasures.erase(engine, "ann", ADMIN)
    erasures.erase(engine, "bob", ADMIN)
    assert erasures.of_user(engine, "ann") == [first]
    assert erasures.of_user(engine, "eve") == []
    assert erasures.last(engine) == 2
    assert erasures.since(engine, 0, 2).users == 2
    assert erasures.since(engine, 2, 2) == erasures.Since(0, None)


def test_the_audit_says_how_much_and_not_who(engine):
    events.append(engine, [EventRow("a", 1, user_id="ann-of-gables")], [], "r", 100)
    erasures.erase(engine, "ann-of-gables", ADMIN)
    entry = audit.page(engine, Wanted(action="user.erase"), 10)[0][0]
    assert (entry.thing, entry.key_id, entry.facts) == ("erasure 1", "ab12cd34", {"events": 1, "rejects": 0})
    assert "ann-of-gables" not in str(audit.page(engine, Wanted(), 100))


@pytest.mark.parametrize("user_id", ["", " ", "x" * 1025, "a\0b", "\ud800"])
def test_what_cannot_be_an_id_is_refused(engine, user_id):
    with pytest.raises(RequestError):
        erasures.erase(engine, user_id)
    assert erasures.last(engine) == 0


def test_no_byte_of_the_id_stays_in_the_files_of_sqlite(engine):
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's own files are its own: VACUUM writes over them")
    file = Path(engine.url.database)
    who = "somebody-" + "q" * 40
    rows = [EventRow(f"i{n}", n + 1, user_id=who if n % 3 else f"other {n}", session_id=f"{n}") for n in range(3000)]
    events.append(engine, rows, [Reject(0, "x", "", f'{{"user_id": "{who}", "y": 1}}')], "r", 100)

    def there():
        return any(who.encode() in path.read_bytes() for path in file.parent.glob(f"{file.name}*"))

    assert there()
    assert erasures.erase(engine, who).events == 2000
    assert compact.size(engine) > 100_000
    compact.vacuum(engine)
    assert not there()
    assert len(stored(engine)) == 1000
