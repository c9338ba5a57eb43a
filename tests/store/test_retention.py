"""Old rows go, young ones stay, a few at a time; what would go can be asked before."""

import pytest
from sqlalchemy import func, insert, select

from app.settings import Settings
from index.errors import ConfigError
from store import audit, jobs, tables
from store.audit import Actor, Wanted
from store.database import now, transaction
from store.upkeep import retention
from store.upkeep.retention import BATCH, DAY, Kept
from training.jobs.retention import Retention

ALL = Kept(events=10, rejects=20, jobs=30, audit=100)
WORKER = Actor("worker", "w")


def fill(engine, old=3, young=2):
    """Rows of each kind that are just too old, and just not."""

    def times(days):
        edge = now() - days * DAY
        return [edge - 2 * DAY + n for n in range(old)] + [edge + DAY + n for n in range(young)]

    blank = {"item_id": "i", "time": 1}
    reject = {"request_id": "r", "place": 0, "code": "c", "detail": "d", "row": "{}"}
    entry = {"via": "cli", "name": "n", "action": "retrain", "outcome": "done", "facts": {}}
    job = {"overrides": {}, "force": False, "fingerprint": "f", "requested_by": "x", "cancel": False}
    with transaction(engine) as connection:
        connection.execute(insert(tables.events), [blank | {"received": at} for at in times(10)])
        connection.execute(insert(tables.event_rejects), [reject | {"received": at} for at in times(20)])
        connection.execute(insert(tables.audit), [entry | {"at": at} for at in times(100)])
        for n, at in enumerate(times(30)):
            row = {"job_id": f"j{n}", "state": "succeeded", "created": 1, "finished": at}
            connection.execute(insert(tables.jobs), job | row)
            connection.execute(insert(tables.job_lines), [{"job_id": f"j{n}", "at": at, "text": "t"}] * 3)
        running = {"job_id": "running", "state": "running", "active": "retrain", "created": 1}
        connection.execute(insert(tables.jobs), job | running)


def counted(engine):
    names = ("events", "event_rejects", "jobs", "job_lines", "audit")
    with transaction(engine, reading=True) as connection:
        return {n: connection.scalar(select(func.count()).select_from(tables.metadata.tables[n])) for n in names}


def test_what_would_go_is_what_goes(engine, tmp_path):
    fill(engine)
    assert retention.expired(engine, ALL, now()) == {"events": 3, "rejects": 3, "audit": 3, "jobs": 3}
    assert retention.expired(engine, Kept(), now()) == dict.fromkeys(("events", "rejects", "audit", "jobs"), 0)
    folder = tmp_path / "runs" / "stored" / "j0"
    folder.mkdir(parents=True)
    assert Retention(engine, tmp_path, ALL, WORKER).apply(lambda: None)
    # One row of the audit says what went.
    assert counted(engine) == {"events": 2, "event_rejects": 2, "jobs": 3, "job_lines": 6, "audit": 3}
    assert not folder.exists()
    assert {job.job_id for job in jobs.listed(engine, 10)[0]} == {"j3", "j4", "running"}
    entry = audit.page(engine, Wanted(action="retention"), 1)[0][0]
    assert entry.facts == {"events": 3, "rejects": 3, "audit": 3, "jobs": 3}
    assert Retention(engine, tmp_path, ALL, WORKER).apply(lambda: None)
    assert counted(engine)["audit"] == 3  # nothing went, nothing is told


def test_for_ever_is_for_ever(engine, tmp_path):
    fill(engine)
    before = counted(engine)
    assert Retention(engine, tmp_path, Kept(), WORKER).apply(lambda: None)
    assert counted(engine) == before


def test_many_rows_go_in_parts_and_the_rest_the_next_time(engine, tmp_path):
    fill(engine, old=2 * BATCH + 5)
    looked = []
    part = Retention(engine, tmp_path, Kept(events=10), WORKER)
    assert not part.apply(lambda: looked.append(counted(engine)["events"]), batches=2)
    assert looked == [BATCH + 7, 7]
    assert part.apply(lambda: None, batches=2)
    assert counted(engine)["events"] == 2
    assert audit.page(engine, Wanted(action="retention"), 1)[0][0].facts == {"events": 2 * BATCH + 5}


def test_what_the_database_does_not_let_go_holds_up_nobody(engine, tmp_path, caplog):
    row = {"via": "cli", "name": "n", "action": "retrain", "outcome": "done", "facts": {}, "at": now() - 50 * DAY}
    with transaction(engine) as connection:
        connection.execute(insert(tables.audit), row)
    Retention(engine, tmp_path, Kept(audit=10), WORKER).follow(lambda: None)
    assert "retention failed" in caplog.text
    assert counted(engine)["audit"] == 1


def test_the_audit_is_kept_for_90_days_at_least():
    with pytest.raises(ConfigError, match="AUDIT_DAYS"):
        Settings.from_environment({"ITEM2VEC_AUDIT_DAYS": "89"})
    assert Settings.from_environment({"ITEM2VEC_AUDIT_DAYS": "0"}).audit_days == 0
