"""Migrations end at store.tables, on both databases, whoever runs them and how often."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text

from index.errors import ConfigError, StoreUnavailable
from store import tables
from store.database import connect, transaction
from store.upkeep import migrate as migrate_module
from store.upkeep.migrate import migrate

MIGRATE = """
import sys
from store.database import connect
from store.upkeep.migrate import migrate
engine = connect(sys.argv[1])
migrate(engine)
engine.dispose()
"""


def counters(engine):
    with transaction(engine, reading=True) as connection:
        return [tuple(row) for row in connection.execute(select(tables.counters))]


def test_the_migrated_database_has_exactly_the_tables_of_the_code(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, tables.metadata) == []


def test_alembic_is_asked_only_where_the_newest_migration_is_not_there(engine, monkeypatch):
    config = Config()
    config.set_main_option("script_location", str(Path(migrate_module.__file__).parent.parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == migrate_module.HEAD
    monkeypatch.setattr(command, "upgrade", lambda *_: pytest.fail("the database was migrated already"))
    migrate(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    monkeypatch.undo()
    with pytest.raises(ConfigError, match="another version"):
        migrate(engine)


def test_migrating_again_changes_nothing(engine):
    with transaction(engine) as connection:
        connection.execute(tables.counters.update().values(value=7))
    migrate(engine)
    assert counters(engine) == [("items", 7)]


def test_four_processes_migrate_an_empty_database_at_once(bare_database):
    command = [sys.executable, "-c", MIGRATE, bare_database]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
    errors = [process.communicate(timeout=60)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0, 0], "\n".join(errors)
    engine = connect(bare_database)
    assert counters(engine) == [("items", 0)]
    engine.dispose()


def test_a_migration_that_fails_leaves_nothing_behind(bare_database):
    engine = connect(bare_database)
    with transaction(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE jobs (mine INTEGER)")
    with pytest.raises(StoreUnavailable, match=r"cannot be prepared.*jobs"):
        migrate(engine)
    with transaction(engine) as connection:
        connection.exec_driver_sql("DROP TABLE jobs")
    migrate(engine)
    assert counters(engine) == [("items", 0)]
    engine.dispose()


def test_a_database_of_the_first_release_keeps_what_is_in_it(bare_database):
    engine = connect(bare_database)
    config = Config()
    config.set_main_option("script_location", str(Path(migrate_module.__file__).parent.parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with transaction(engine) as connection:
        connection.exec_driver_sql("INSERT INTO events (user_id, item_id, time, received) VALUES ('u', 'i', 1, 2)")
        connection.exec_driver_sql(
            "INSERT INTO keys (key_id, name, secret_hash, scopes, created) VALUES ('k', 'n', 'h', 'read', 1)"
        )
    migrate(engine)
    with transaction(engine, reading=True) as connection:
        assert connection.execute(select(tables.events.c.user_id, tables.events.c.item_id)).all() == [("u", "i")]
        assert connection.scalar(select(tables.keys.c.name)) == "n"
        assert connection.execute(select(tables.audit)).all() == []
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_a_database_of_a_newer_version_is_refused(engine):
    with transaction(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'next'")
    with pytest.raises(ConfigError, match="of another version"):
        migrate(engine)


@pytest.mark.parametrize("url", ["mysql://h/d", "nonsense", "oracle://u:secret@h"])
def test_other_databases_are_refused_without_their_password(url):
    with pytest.raises(ConfigError, match="sqlite") as caught:
        connect(url)
    assert "secret" not in str(caught.value)


def test_a_transaction_that_fails_is_rolled_back(engine):
    def write_and_fail():
        with transaction(engine) as connection:
            connection.execute(tables.counters.update().values(value=7))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert counters(engine) == [("items", 0)]


def test_reading_does_not_wait_for_a_writer(engine):
    found = []
    with transaction(engine) as connection:
        connection.execute(tables.counters.update().values(value=7))
        reader = threading.Thread(target=lambda: found.append(counters(engine)))
        reader.start()
        reader.join(timeout=5)
        assert found == [[("items", 0)]]


def test_a_server_that_is_gone_is_unavailable_and_back_when_it_is_back(postgres):
    engine = connect(postgres.url("template_item2vec"))
    assert counters(engine) == [("items", 0)]
    postgres.stop("immediate")
    try:
        with pytest.raises(StoreUnavailable):
            counters(engine)
    finally:
        postgres.start()
    assert counters(engine) == [("items", 0)]
    engine.dispose()


def test_sqlite_waits_for_the_disk(tmp_path):
    engine = connect(f"sqlite:///{tmp_path / 'folder' / 'a.db'}")
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2
    engine.dispose()


@pytest.mark.parametrize(("before", "after"), [(None, 0o600), (0o644, 0o600), (0o640, 0o600), (0o664, 0o660)])
def test_a_file_of_sqlite_is_its_owners_alone_unless_a_group_was_to_write_it(tmp_path, before, after):
    file = tmp_path / "a b.db"
    if before is not None:
        file.touch()
        file.chmod(before)
    engine = connect(f"sqlite:///{file}")
    assert file.exists() == (before is not None)
    with transaction(engine) as connection:
        connection.execute(text("CREATE TABLE t (x)"))
        assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
            f"a b.db{beside}": after for beside in ("", "-wal", "-shm")
        }
    engine.dispose()


def test_a_database_in_memory_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = connect("sqlite:///:memory:")
    with transaction(engine) as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    assert list(tmp_path.iterdir()) == []
