"""Events are stored whole, once each and durably, on both databases."""

import itertools
import os
import signal
import subprocess
import sys
import threading

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from index.errors import StoreUnavailable
from store import events as eventlog
from store import tables
from store.database import connect, transaction
from store.event import EventRow
from store.events import Reject

WRITER = """
import sys
from app import eventlog
from store.database import connect
from store.event import EventRow
engine = connect(sys.argv[1])
for i in range(100_000):
    rows = [EventRow("i", 1, "u", event_id=f"{i}.{j}") for j in range(10)]
    eventlog.append(engine, rows, [], "r", 0)
    print(i, flush=True)
"""


def rows_of(*ids, user="u", time=1_700_000_000_000_000):
    return [EventRow(f"item {i}", time, user, event_id=i) for i in ids]


def append(engine, rows, rejects=(), kept=100):
    return eventlog.append(engine, rows, list(rejects), "request-1", kept)


def test_an_event_comes_back_as_it_was_given(engine):
    full = EventRow("ítem", 1_700_000_000_000_001, "u", "s", "e1", "view", 0.1, 2.5)
    bare = EventRow("b", 1_700_000_000_000_002, "u")
    assert append(engine, [full, bare]).accepted == 2
    assert eventlog.of_user(engine, "u", 10) == [full, bare]


def test_the_newest_events_of_a_user_come_last_and_equal_times_stay_in_order(engine):
    append(engine, [EventRow(f"i{n}", 5, "u", event_id=f"e{9 - n}") for n in range(5)] + [EventRow("old", 4, "u")])
    append(engine, [EventRow("of another", 9, "v"), EventRow("without user", 9, None, "s")])
    assert [e.item_id for e in eventlog.of_user(engine, "u", 10)] == ["old", "i0", "i1", "i2", "i3", "i4"]
    assert [e.item_id for e in eventlog.of_user(engine, "u", 2)] == ["i3", "i4"]
    assert eventlog.of_user(engine, "nobody", 2) == []
    assert eventlog.of_user(engine, "a\0", 2) == []


def test_an_event_id_is_stored_once_within_a_request_and_across_requests(engine):
    assert append(engine, rows_of("a", "b", "a")) == eventlog.Appended(2, [2])
    assert append(engine, rows_of("c", "a", "c", "b", "d")) == eventlog.Appended(2, [1, 2, 3])
    assert append(engine, rows_of("a", "b")) == eventlog.Appended(0, [0, 1])
    assert eventlog.count(engine) == 4


def test_events_without_an_id_are_never_duplicates(engine):
    twice = [EventRow("i", 1, "u"), EventRow("i", 1, "u")]
    assert append(engine, twice) == eventlog.Appended(2, [])
    assert append(engine, twice) == eventlog.Appended(2, [])
    assert eventlog.count(engine) == 4


def test_the_first_of_two_events_with_one_id_counts(engine):
    append(engine, [EventRow("first", 1, "u", event_id="e"), EventRow("second", 1, "u", event_id="e")])
    append(engine, [EventRow("third", 1, "u", event_id="e")])
    assert [e.item_id for e in eventlog.of_user(engine, "u", 10)] == ["first"]


def test_nothing_at_all_may_be_appended(engine):
    assert append(engine, []) == eventlog.Appended(0, [])


def test_concurrent_writers_store_each_event_once_whatever_their_order(database):
    ids = [f"e{i}" for i in range(400)]
    found, errors = [], []

    def write(order):
        engine = connect(database)
        try:
            batches = [rows_of(*order[start : start + 100]) for start in range(0, 400, 100)]
            found.extend(append(engine, rows).accepted for rows in batches)
        except Exception as error:
            errors.append(error)
        finally:
            engine.dispose()

    orders = [ids, ids[::-1], ids[200:] + ids[:200], ids[::2] + ids[1::2]]
    threads = [threading.Thread(target=write, args=[order]) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    assert sum(found) == 400
    engine = connect(database)
    assert eventlog.count(engine) == 400
    engine.dispose()


def test_a_request_of_the_largest_size_is_stored_once(engine):
    rows = [EventRow(f"i{i % 1000}", 1_700_000_000_000_000 + i, f"u{i}", event_id=f"e{i}") for i in range(50_000)]
    assert append(engine, rows).accepted == 50_000
    assert append(engine, rows).accepted == 0
    assert eventlog.count(engine) == 50_000


def test_stored_events_are_streamed_in_the_order_they_arrived(engine):
    assert list(eventlog.stream(engine)) == []
    first = [EventRow("ü", 3, "u", event_id="e", weight=2.5), EventRow("b", 2, session_id="s", dwell=0.5)]
    append(engine, first)
    more = [EventRow(f"i{i % 1000}", i, "u") for i in range(eventlog.STREAMED)]
    for start in range(0, len(more), 10_000):
        append(engine, more[start : start + 10_000])
    parts = list(eventlog.stream(engine))
    assert [len(rows) for rows, _ in parts] == [eventlog.STREAMED, 2]
    assert [row for rows, _ in parts for row in rows] == first + more
    shares = [share for _, share in parts]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_request_that_cannot_be_stored_leaves_nothing(engine):
    impossible = Reject(0, None, "d", "{}")
    with pytest.raises(IntegrityError):
        append(engine, rows_of("a"), [impossible])
    assert eventlog.count(engine) == 0


def test_rejects_are_kept_with_the_beginning_of_their_row(engine):
    append(engine, [], [Reject(3, "item_missing", "item_id is missing", "x" * 2000)])
    (kept,) = eventlog.rejects(engine, 10, None)
    assert (kept.place, kept.code, kept.detail, kept.row) == (3, "item_missing", "item_id is missing", "x" * 1000)
    assert kept.request_id == "request-1"


def test_only_the_newest_rejects_stay_and_are_paged(engine):
    for start in range(0, 12, 3):
        append(engine, [], [Reject(n, "item_missing", "d", "{}") for n in range(start, start + 3)], kept=5)
    assert [r.place for r in eventlog.rejects(engine, 10, None)] == [11, 10, 9, 8, 7]
    first = eventlog.rejects(engine, 2, None)
    assert [r.place for r in eventlog.rejects(engine, 2, first[-1].seq)] == [9, 8]
    append(engine, [], [Reject(n, "item_missing", "d", "{}") for n in range(20, 40)], kept=5)
    assert [r.place for r in eventlog.rejects(engine, 10, None)] == [39, 38, 37, 36, 35]
    append(engine, [], [Reject(1, "item_missing", "d", "{}")], kept=0)
    assert eventlog.rejects(engine, 10, None) == []


def test_what_was_acknowledged_survives_kill_9_and_no_request_is_half_there(database):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", WRITER, database]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as writer:
        acknowledged = [int(line) for line in itertools.islice(writer.stdout, 30)]
        writer.send_signal(signal.SIGKILL)
    engine = connect(database)
    with transaction(engine, reading=True) as connection:
        ids = set(connection.scalars(select(tables.events.c.event_id)))
    engine.dispose()
    assert {f"{i}.{j}" for i in acknowledged for j in range(10)} <= ids
    assert len(ids) % 10 == 0


def test_what_was_acknowledged_survives_a_crash_of_the_server(postgres):
    url = postgres.create("crash", "template_item2vec")
    engine = connect(url)
    append(engine, rows_of("a", "b"))
    postgres.stop("immediate")
    try:
        with pytest.raises(StoreUnavailable):
            append(engine, rows_of("c"))
    finally:
        postgres.start()
    assert append(engine, rows_of("a", "b", "c")) == eventlog.Appended(1, [0, 1])
    engine.dispose()
    postgres.drop("crash")
