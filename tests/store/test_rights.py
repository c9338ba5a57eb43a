"""What the API's user and the worker's may do in a real PostgreSQL, and what is refused."""

import threading
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy.exc import ProgrammingError
from support.databases import TEMPLATE
from support.jobworld import World, two_groups_stored
from support.live import serving, until
from support.postgres import SUPERUSER

from index.errors import ConfigError, StoreUnavailable
from store import audit, erasures, events, items, jobs, tables
from store.database import connect, now
from store.event import EventRow
from store.events import Reject
from store.items import ItemRow, Room
from store.job import Ending
from store.keys import Keyring, create_key, revoke_key
from store.queue import Queue
from store.upkeep import retention, rights
from store.upkeep.migrate import migrate

NAME = "rights"
# A table nobody knows, and what is left of an earlier release.
OTHERS = (
    "CREATE TABLE unknown (text TEXT)",
    "CREATE SCHEMA dbos",
    "CREATE TABLE dbos.workflow_status (inputs TEXT)",
)


@pytest.fixture(scope="module")
def owner(postgres):
    made = connect(postgres.create(NAME, TEMPLATE))
    with made.begin() as connection:
        for statement in OTHERS:
            connection.exec_driver_sql(statement)
    create_key(made, "one", ["read"])
    rights.grant(made, {})
    rights.grant(made, {rights.API: "a password' -- with all", rights.WORKER: "another"})
    yield made
    made.dispose()
    postgres.drop(NAME)


def engine_of(postgres, user):
    return connect(postgres.url(NAME).replace(f"{SUPERUSER}@", f"{user}@"))


@pytest.fixture(scope="module")
def api(owner, postgres):
    made = engine_of(postgres, rights.API)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def worker(owner, postgres):
    made = engine_of(postgres, rights.WORKER)
    yield made
    made.dispose()


def row(item="a", event_id=None):
    return EventRow(item_id=item, time=1, user_id="u", session_id=None, event_id=event_id)


def test_the_api_does_all_that_its_routes_do(api):
    migrate(api)  # finds that nothing is to be done
    assert events.append(api, [row("a", "1"), row()], [Reject(0, "x", "x", "x")] * 3, "r", 1).accepted == 2
    assert events.append(api, [row("a", "1")], [], "r", 1).duplicates == [0]
    assert len(events.of_user(api, "u", 10)) == 2
    assert len(events.rejects(api, 10)) == 1
    items.put(api, [ItemRow("a"), ItemRow("b")], now())
    items.patch(api, "a", {"title": "t"}, None)
    items.delete(api, "b")
    assert len(items.changes_since(api, 0)) == 2
    job = jobs.enqueue(api, {}, False, "key", "somebody")
    assert jobs.enqueue(api, {}, False, "key", "somebody") == job
    assert jobs.cancel(api, job.job_id).state == "cancelled"
    jobs.listed(api, 10)
    jobs.lines(api, job.job_id)
    jobs.counts(api)
    ring = Keyring(api)
    ring.refresh()
    assert ring.configured
    assert items.put(api, [ItemRow("c")], now(), Room(items=10, bytes=1000, item=1000)) == 1
    events.append(api, [replace(row("c"), user_id="v")], [], "r", 1)
    assert erasures.erase(api, "v").events == 1
    audit.record(api, audit.SOMEBODY, audit.Action.REFUSED)
    assert len(audit.page(api, audit.Wanted(), 100)[0]) > 5


def test_the_worker_does_all_that_a_job_needs(api, worker):
    migrate(worker)
    queue = Queue(worker, "w")
    jobs.enqueue(api, {}, False, None, "somebody")
    job = queue.claim()
    queue.beat(job.job_id, "train", 0.5, 1.0, ["one line"])
    queue.beat(job.job_id, "train", 0.6, 1.0, ["two", "lines"])
    assert not queue.cancelled(job.job_id)
    assert events.span(worker) is not None
    assert list(events.stream(worker))
    assert items.changes_since(worker, 0)
    queue.finish(job.job_id, Ending.failed("x", "x"))
    assert queue.schedule("monday")
    queue.release()
    assert erasures.last(worker) > 0
    kept = retention.Kept(events=1, rejects=1, jobs=1, audit=90)
    later = now() + 400 * 86_400_000_000
    assert retention.expired(worker, kept, later)["events"] > 0
    for name in ("events", "rejects", "audit"):
        retention.trim(worker, name, 1)
    retention.forget_job(worker, job.job_id)


DDL = (
    "CREATE TABLE mine (x INT)",
    "CREATE TEMPORARY TABLE mine (x INT)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION mine() RETURNS INT LANGUAGE SQL AS 'SELECT 1'",
    "CREATE ROLE mine",
    "ALTER ROLE item2vec_api SUPERUSER",
    "ALTER TABLE events ADD COLUMN mine INT",
    "DROP TABLE items",
    "TRUNCATE events",
    "SET ROLE postgres",
    "COPY events TO PROGRAM 'id'",
    "COPY events FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT * FROM pg_authid",
    "SELECT * FROM unknown",
    "SELECT * FROM dbos.workflow_status",
    "INSERT INTO dbos.workflow_status VALUES ('x')",
    "UPDATE alembic_version SET version_num = '0'",
)
API_REFUSED = (
    "INSERT INTO keys (key_id, name, secret_hash, scopes, created) VALUES ('a', 'a', 'a', 'admin', 1)",
    "UPDATE keys SET scopes = 'admin'",
    "DELETE FROM keys",
    "UPDATE events SET item_id = 'x'",
    "DELETE FROM items",
    "DELETE FROM jobs",
    "UPDATE jobs SET overrides = '{}'",
    "UPDATE jobs SET result = NULL, error = NULL",
    "UPDATE jobs SET worker = 'me'",
    "INSERT INTO job_lines (job_id, at, text) VALUES ('x', 1, 'x')",
    "UPDATE audit SET thing = 'never'",
    "DELETE FROM audit",
    "UPDATE erasures SET at = 1",
)
WORKER_REFUSED = (
    "SELECT * FROM keys",
    "SELECT secret_hash FROM keys",
    "UPDATE keys SET revoked = NULL",
    "INSERT INTO events (item_id, time, received) VALUES ('x', 1, 1)",
    "UPDATE events SET item_id = 'x'",
    "UPDATE event_rejects SET code = 'x'",
    "UPDATE items SET available = TRUE",
    "UPDATE counters SET value = 0",
    "UPDATE audit SET thing = 'never'",
    "INSERT INTO erasures (at) VALUES (1)",
)


@pytest.mark.parametrize(
    ("who", "statement"),
    [("api", statement) for statement in DDL + API_REFUSED]
    + [("worker", statement) for statement in DDL + WORKER_REFUSED],
)
def test_what_is_not_needed_is_refused(request, who, statement):
    with request.getfixturevalue(who).connect() as connection:
        with pytest.raises(ProgrammingError) as found:
            connection.exec_driver_sql(statement)
        assert isinstance(found.value.orig, psycopg.errors.InsufficientPrivilege), found.value


def test_a_right_that_was_given_before_is_taken_again(owner, worker):
    with owner.begin() as connection:
        connection.exec_driver_sql(f"GRANT SELECT ON keys TO {rights.WORKER}")
    rights.grant(owner, {})
    with worker.connect() as connection, pytest.raises(ProgrammingError):
        connection.exec_driver_sql("SELECT * FROM keys")


def test_every_table_is_thought_of():
    for table in tables.metadata.tables:
        assert table in rights.RIGHTS[rights.API] or table in rights.RIGHTS[rights.WORKER], table


def test_passwords_are_kept_as_postgresql_wants_them(owner, postgres):
    with owner.connect() as connection:
        kept = dict(
            connection.exec_driver_sql(
                "SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE 'item2vec%%'"
            ).all()
        )
    assert {user: found[:14] for user, found in kept.items()} == dict.fromkeys(rights.RIGHTS, "SCRAM-SHA-256$")
    assert "with all" not in str(kept)


def test_who_may_not_make_tables_says_who_does(api, postgres):
    name = "bare"
    bare = connect(postgres.create(name).replace(f"{SUPERUSER}@", f"{rights.API}@"))
    try:
        with pytest.raises(StoreUnavailable, match="first-start"):
            migrate(bare)
        with pytest.raises(ConfigError, match="may not make others"):
            rights.grant(bare, {})
    finally:
        bare.dispose()
        postgres.drop(name)


def test_sqlite_has_no_users(tmp_path):
    with pytest.raises(ConfigError, match="PostgreSQL"):
        rights.grant(connect(f"sqlite:///{tmp_path / 'x.db'}"), {})


def test_who_just_stores_events_is_waited_for(api, worker):
    before = events.span(worker) or (0, 0)
    found = []
    waiting = threading.Thread(target=lambda: found.append(events.span(worker)))
    with api.connect() as connection, connection.begin():
        events._append_postgresql(connection, [row()], 1)
        waiting.start()
        with worker.connect() as other:
            until(lambda: other.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar())
        assert not found
    waiting.join()
    assert found[0][1] > before[1]


def test_a_service_of_two_users_trains_and_serves(owner, api, worker, postgres, tmp_path):
    world = World(tmp_path, postgres.url(NAME), with_log=False)
    key = create_key(owner, "admin", ["admin"])
    try:
        world.url = worker.url.render_as_string(hide_password=False)
        world.worker()
        url = api.url.render_as_string(hide_password=False)
        with serving(world.models, database=url) as client:
            client.headers["X-API-Key"] = key
            rows = two_groups_stored()
            names = {"user_id", "item_id"}
            sent = [{k: v for k, v in each.items() if k in names} | {"time": each["time"] / 1e6} for each in rows]
            assert client.post("/events", json=sent).json()["accepted"] == len(rows)
            before = {job.job_id for job in jobs.listed(owner, 100)[0] if not job.ended}
            for job_id in before:
                jobs.cancel(owner, job_id)
            until(lambda: all(job.ended for job in jobs.listed(owner, 100)[0]), seconds=60)
            job = client.post("/retrain", json={"overrides": {"trainer": {"engine": "spectral"}}}).json()
            until(
                lambda: client.get(f"/jobs/{job['job_id']}").json()["state"] not in ("queued", "running"), seconds=120
            )
            assert client.get(f"/jobs/{job['job_id']}").json()["state"] == "succeeded"
            until(lambda: client.get("/similar/a1").status_code == 200)
            revoke_key(owner, key[4:12])
            until(lambda: client.get("/jobs").status_code == 401)
    finally:
        world.close()
