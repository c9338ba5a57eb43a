"""The audit only grows: who did what is there with the act or not at all, and nobody changes it afterwards."""

import threading
import time

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from index.errors import ConfigError, NoModel, RequestError
from store import audit, jobs, keys, tables
from store.audit import Action, Actor, Outcome, Wanted
from store.database import now, transaction
from store.items import ItemRow, patch, put
from store.items import delete as delete_item
from store.job import Ending
from store.queue import Queue

ADMIN = Actor("http", "shop", "ab12cd34", "10.0.0.7", "request-1")
DAY = 86_400_000_000


def entries(engine, **wanted):
    return audit.page(engine, Wanted(**wanted), 100)[0]


def told(engine, **wanted):
    return [(e.action, e.thing, e.outcome, e.facts) for e in entries(engine, **wanted)]


def test_every_act_on_the_database_leaves_a_row_with_who_and_what(engine):
    token = keys.create_key(engine, "phone", ["write"], ADMIN)
    keys.revoke_key(engine, token[4:12], ADMIN)
    keys.revoke_key(engine, token[4:12], ADMIN)  # nothing happens, and nothing is noted
    job = jobs.enqueue(engine, {"seed": 3}, True, None, "ab12cd34", ADMIN)
    jobs.cancel(engine, job.job_id, ADMIN)
    jobs.cancel(engine, job.job_id, ADMIN)
    put(engine, [ItemRow(f"i{n}") for n in range(12)], 1, by=ADMIN)
    patch(engine, "i3", {"available": False}, None, by=ADMIN)
    delete_item(engine, "i4", by=ADMIN)
    found = entries(engine)
    assert {(e.via, e.name, e.key_id, e.address, e.request_id) for e in found} == {
        ("http", "shop", "ab12cd34", "10.0.0.7", "request-1")
    }
    assert told(engine)[::-1] == [
        ("key.create", token[4:12], "done", {"name": "phone", "scopes": "write"}),
        ("key.revoke", token[4:12], "done", {}),
        ("retrain", job.job_id, "done", {"overrides": {"seed": 3}, "force": True}),
        ("retrain.cancel", job.job_id, "done", {"state": "cancelled"}),
        ("items.put", None, "done", {"count": 12, "first": ["i0", "i1", "i2", "i3", "i4"]}),
        ("item.patch", "i3", "done", {"fields": ["available"]}),
        ("item.delete", "i4", "done", {}),
    ]
    assert all(abs(e.at - now()) < 600_000_000 for e in found)
    assert token[13:] not in str(found)


def test_an_act_that_fails_leaves_no_row(engine):
    with pytest.raises(ConfigError):
        keys.revoke_key(engine, "ffffffff", ADMIN)

    def act_and_fail():
        with transaction(engine) as connection:
            audit.note(connection, ADMIN, Action.ITEM_DELETE, "a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act_and_fail()
    assert entries(engine) == []


def test_the_end_of_a_job_and_a_schedule_are_told_by_the_worker(engine):
    queue = Queue(engine, "w1")
    assert queue.schedule("schedule-1")
    job = queue.claim()
    queue.finish(job.job_id, Ending.failed("events_missing", "none"))
    assert told(engine) == [
        ("retrain.end", job.job_id, "done", {"state": "failed", "version": None, "error": "events_missing"}),
        ("retrain", job.job_id, "done", {"schedule": "schedule-1"}),
    ]
    assert {(e.via, e.name) for e in entries(engine)} == {("worker", "w1")}


@pytest.mark.parametrize("kept", [Outcome.INTENDED, Outcome.FAILED, Outcome.DONE])
def test_no_row_is_changed_deleted_or_replaced_while_it_is_young(engine, kept):
    audit.record(engine, ADMIN, Action.MODEL_ACTIVATE, "v1", kept)
    before = entries(engine)
    row = {"seq": before[0].seq, "at": 1, "via": "x", "name": "x", "action": "x", "outcome": "x", "facts": {}}
    attempts = [
        update(tables.audit).values(name="nobody"),
        update(tables.audit).values(at=1),  # to make it old
        delete(tables.audit),
        insert(tables.audit).values(row),
    ]
    if engine.dialect.name == "sqlite":
        attempts.append(insert(tables.audit).prefix_with("OR REPLACE").values(row))
        attempts.append(text("DELETE FROM audit"))
    else:
        attempts.append(text("TRUNCATE audit"))
    for attempt in attempts:
        with pytest.raises(DBAPIError), engine.begin() as connection:
            connection.execute(attempt)
    assert entries(engine) == before


def test_an_old_row_may_go(engine):
    audit.record(engine, ADMIN, Action.REJECTS_READ)
    with transaction(engine) as connection:
        row = {"via": "cli", "name": "old", "action": "retrain", "outcome": "done", "facts": {}}
        connection.execute(insert(tables.audit), [row | {"at": now() - 91 * DAY}, row | {"at": now() - 89 * DAY}])
    with transaction(engine) as connection:
        connection.execute(delete(tables.audit).where(tables.audit.c.at < now() - 90 * DAY))
    with transaction(engine, reading=True) as connection:
        assert connection.scalar(select(func.count()).select_from(tables.audit)) == 2


def test_an_act_on_files_is_told_before_and_after(engine):
    with audit.around(engine, ADMIN, Action.MODEL_ROLLBACK, before="v2") as end:
        assert [e.outcome for e in entries(engine)] == ["intended"]
        end["thing"] = "v1"
    with pytest.raises(NoModel), audit.around(engine, ADMIN, Action.MODEL_ACTIVATE, "v9"):
        raise NoModel("there is none")
    assert told(engine) == [
        ("model.activate", "v9", "failed", {"error": "no_model"}),
        ("model.activate", "v9", "intended", {}),
        ("model.rollback", "v1", "done", {"before": "v2"}),
        ("model.rollback", None, "intended", {"before": "v2"}),
    ]


def test_pages_and_filters(engine):
    other = Actor("cli", "root")
    for number in range(5):
        audit.record(engine, ADMIN if number % 2 else other, Action.ITEM_DELETE, f"i{number}")
    audit.record(engine, other, Action.REJECTS_READ)
    seen, before = [], None
    while True:
        found, before = audit.page(engine, Wanted(), 4, before)
        seen += found
        if before is None:
            break
    assert [e.thing for e in seen] == [None, "i4", "i3", "i2", "i1", "i0"]
    assert [e.thing for e in entries(engine, action="item.delete", key_id="ab12cd34")] == ["i3", "i1"]
    assert [e.thing for e in entries(engine, thing="i2")] == ["i2"]
    assert [e.thing for e in entries(engine, since=seen[2].at, until=seen[0].at)] == ["i4", "i3"]
    with pytest.raises(RequestError):
        audit.check_action("walk.dog")


def test_acts_of_many_threads_each_have_their_row(engine):
    def work(name):
        for n in range(10):
            put(engine, [ItemRow(f"{name}-{n}")], 1, by=Actor("http", name))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    assert sorted(e.thing for e in entries(engine)) == sorted(f"{name}-{n}" for name in "abc" for n in range(10))
