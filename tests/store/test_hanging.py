"""A database that hangs: who asks is refused soon, and only one finds out whether it is back."""

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, insert, select
from support.outage import hanging

from index.errors import StoreFull, StoreUnavailable
from store import events as eventlog
from store import tables
from store.connection.gate import HUNG_SECONDS, PAUSE_SECONDS, WAITING, Gate
from store.connection.silence import SILENT_SECONDS
from store.database import BUSY_SECONDS, LONG_SECONDS, connect, take_time, transaction
from store.event import EventRow
from store.keys import Keyring, create_key
from store.upkeep.migrate import migrate

POSTERS = 40


def post(engine, event_id):
    """Whether it was acknowledged."""
    try:
        eventlog.append(engine, [EventRow("i", 1, user_id="u", event_id=event_id)], [], "r", 0)
    except StoreUnavailable:
        return False
    return True


def stored(engine):
    """None where the database does not answer."""
    try:
        with transaction(engine, reading=True) as connection:
            return list(connection.scalars(select(tables.events.c.event_id)))
    except StoreUnavailable:
        return None


def test_many_who_write_are_refused_while_it_hangs_and_served_afterwards(engine, database, request):
    key = create_key(engine, "shop", ["read"])
    ring = Keyring(engine)
    ring.refresh()
    with ThreadPoolExecutor(POSTERS) as pool:
        assert post(engine, "before")
        with hanging(database, lambda: request.getfixturevalue("postgres")):
            # It hangs until all of them have their answer.
            assert not any(pool.map(lambda n: post(engine, f"during-{n}"), range(POSTERS)))
            ring.refresh()
            assert ring.find(key.encode()) is not None
        deadline = time.monotonic() + 60
        while not post(engine, "after"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert all(pool.map(lambda n: post(engine, f"later-{n}"), range(WAITING)))
        while (found := stored(engine)) is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert {"before", "after", *(f"later-{n}" for n in range(WAITING))} <= set(found)
    assert len(found) == len(set(found))


def test_sqlite_is_read_while_another_process_holds_the_lock_of_the_writer(tmp_path, empty_sqlite):
    shutil.copy(empty_sqlite, tmp_path / "a.db")
    engine = connect(f"sqlite:///{tmp_path / 'a.db'}")
    post(engine, "one")
    with hanging(str(engine.url), lambda: pytest.fail("not asked for")):
        assert not post(engine, "two")
        assert stored(engine) == ["one"]
    engine.dispose()


def test_a_lock_on_a_table_holds_up_nobody_else(postgres):
    url = postgres.create("locked", "template_item2vec")
    engine, other = connect(url), connect(url)
    with other.begin() as holder:
        holder.exec_driver_sql("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        assert not post(engine, "one")
        with transaction(engine, reading=True) as connection:
            assert connection.scalar(select(func.count()).select_from(tables.keys)) == 0
    engine.dispose()
    other.dispose()
    postgres.drop("locked")


def test_a_server_that_is_frozen_in_the_middle_of_a_transaction_is_given_up(postgres):
    url = postgres.create("frozen", "template_item2vec")
    engine = connect(url)

    def write_while_it_freezes():
        with transaction(engine) as connection:
            connection.execute(insert(tables.counters).values(name="mine", value=1))
            driver = connection.connection.driver_connection
            assert driver.patience == SILENT_SECONDS
            driver.patience = 0.3
            postgres.freeze()
            connection.execute(select(tables.counters)).all()

    try:
        with pytest.raises(StoreUnavailable):
            write_while_it_freezes()
    finally:
        postgres.thaw()
    with transaction(engine, reading=True) as connection:
        assert list(connection.scalars(select(tables.counters.c.name))) == ["items"]
    engine.dispose()
    postgres.drop("frozen")


def test_work_on_all_there_is_may_take_longer_and_the_next_may_not(postgres):
    url = postgres.create("long", "template_item2vec")
    engine = connect(url)

    def limit():
        with transaction(engine, reading=True) as connection:
            driver = connection.connection.driver_connection
            return connection.exec_driver_sql("SHOW statement_timeout").scalar(), driver.patience

    assert limit() == ("8s", SILENT_SECONDS)
    with transaction(engine, reading=True) as connection:
        take_time(connection)
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "1min"
        assert connection.connection.driver_connection.patience == LONG_SECONDS + 1
    assert limit() == ("8s", SILENT_SECONDS)
    own = connect(f"{url}&options=-c%20statement_timeout%3D3000")
    with transaction(own, reading=True) as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "3s"
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "4s"
    own.dispose()
    engine.dispose()
    postgres.drop("long")


def test_a_migration_waits_for_another_longer_than_a_request_would(bare_database):
    engine = connect(bare_database)
    done = threading.Event()

    def run():
        migrate(engine)
        done.set()

    working = threading.Thread(target=run)
    other = connect(bare_database)
    with transaction(other) as connection:  # which is SQLite's lock
        if not bare_database.startswith("sqlite"):
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7046029254386353131)")
        working.start()
        assert not done.wait(BUSY_SECONDS + 1)
    assert done.wait(60)
    working.join()
    engine.dispose()
    other.dispose()


def test_a_disk_that_is_full_is_not_a_database_that_hangs(postgres):
    """PostgreSQL's own code for it, out of a trigger."""
    url = postgres.create("full", "template_item2vec")
    engine = connect(url)
    with transaction(engine) as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
        )
        connection.exec_driver_sql("CREATE TRIGGER full_disk BEFORE INSERT ON events EXECUTE FUNCTION full_disk()")
    with pytest.raises(StoreFull, match="no space") as caught:
        eventlog.append(engine, [EventRow("i", 1, user_id="u")], [], "r", 0)
    assert caught.value.code == "disk_full"
    engine.dispose()
    postgres.drop("full")


def test_a_file_of_sqlite_that_is_moved_away_is_neither_written_nor_made_anew(tmp_path, empty_sqlite):
    file = tmp_path / "a.db"
    shutil.copy(empty_sqlite, file)
    engine = connect(f"sqlite:///{file}")
    assert post(engine, "one")
    file.rename(tmp_path / "away.db")
    assert not post(engine, "two")
    assert not file.exists()
    (tmp_path / "away.db").rename(file)
    assert post(engine, "three")
    assert stored(engine) == ["one", "three"]
    shutil.copy(empty_sqlite, tmp_path / "new.db")
    for name in ("a.db-wal", "a.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "new.db").rename(file)
    assert post(engine, "four")
    assert stored(engine) == ["four"]
    engine.dispose()


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def failing(gate, clock, seconds):
    def work():
        with gate.passing():
            clock.now += seconds
            raise StoreUnavailable("no answer")

    with pytest.raises(StoreUnavailable, match="no answer"):
        work()


def test_a_gate_is_shut_by_a_failure_that_took_long_and_one_finds_out_when_it_may_open():
    clock = Clock()
    gate = Gate("reading", clock=clock)
    failing(gate, clock, HUNG_SECONDS / 2)
    failing(gate, clock, HUNG_SECONDS)  # what fails at once costs nobody anything: it was still open
    with pytest.raises(StoreUnavailable, match="stopped"), gate.passing():
        pass
    clock.now += PAUSE_SECONDS
    failing(gate, clock, HUNG_SECONDS)
    clock.now += PAUSE_SECONDS
    with gate.passing(), pytest.raises(StoreUnavailable, match="stopped"), gate.passing():
        pass  # while one finds out, others are refused
    with gate.passing(), gate.passing():
        pass


def test_what_fails_for_another_reason_opens_the_gate():
    clock = Clock()
    gate = Gate("reading", clock=clock)
    failing(gate, clock, HUNG_SECONDS)
    clock.now += PAUSE_SECONDS
    with pytest.raises(ZeroDivisionError), gate.passing():
        raise ZeroDivisionError
    with gate.passing():
        pass


def test_few_wait_for_a_turn_and_all_of_them_get_it():
    gate = Gate("writing", width=1)
    go_on = threading.Event()
    inside = []

    def work(number):
        with gate.passing():
            inside.append(number)
            assert go_on.wait(60)

    def try_to(number):
        try:
            work(number)
        except StoreUnavailable:
            return False
        return True

    with ThreadPoolExecutor(WAITING + 10) as pool:
        first = pool.submit(try_to, 0)
        while not inside:
            time.sleep(0.001)
        others = [pool.submit(try_to, n) for n in range(1, WAITING + 6)]
        while sum(other.done() for other in others) < 5:
            time.sleep(0.001)
        assert len(inside) == 1
        go_on.set()
        assert first.result()
        assert sum(other.result() for other in others) == WAITING
