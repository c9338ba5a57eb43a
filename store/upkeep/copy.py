"""SQLite's database as one file, copied while others write to it."""

import os
import sqlite3
from contextlib import AbstractContextManager, closing
from pathlib import Path

from index.errors import ConfigError, StoreUnavailable
from store.database import Database


def file_of(database: Database) -> Path:
    """Where SQLite's database lies. Raises ConfigError for another database, or one in memory."""
    if database.dialect.name != "sqlite":
        raise ConfigError(
            "the database is PostgreSQL: deploy/backup and deploy/restore are for it, or pg_dump and pg_restore, with "
            "versions/ and current.json of the folder of the models"
        )
    name = database.url.database
    if not name or name == ":memory:":
        raise ConfigError("the database is in memory: there is no file")
    return Path(name)


def copy(database: Database, to: Path) -> str:
    """All that was committed when this began, in a file of its own; the version of its tables. Nobody waits meanwhile:
    it is read as one snapshot. (Taken in parts, SQLite would begin again with every write of another connection.)

    Raises StoreUnavailable, and ConfigError as `file_of`.
    """
    source = file_of(database)
    if not source.exists():
        raise ConfigError(f"{source} is not there: say where the database is with --database")
    os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with _opened(f"{source.absolute().as_uri()}?mode=ro") as reading, _opened(to.absolute().as_uri()) as writing:
            reading.backup(writing, pages=-1)
            writing.execute("PRAGMA journal_mode=DELETE")  # one file, whoever opens it
        return examined(to)
    except sqlite3.Error as error:
        raise StoreUnavailable(f"the database cannot be copied: {error}") from error


def examined(file: Path) -> str:
    """The version of its tables, once SQLite finds the file sound. Raises StoreUnavailable."""
    try:
        with _opened(f"{file.absolute().as_uri()}?mode=ro&immutable=1") as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise StoreUnavailable(f"{file} is damaged: {found}")
            return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{file} is not our database: {error}") from error


def close_alone(file: Path) -> None:
    """Brings the file's log into it, so that the file is all there is. Raises ConfigError where somebody else has it
    open."""
    try:
        with _opened(file.absolute().as_uri()) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise ConfigError(f"{file} is in use ({error}): stop the service first") from error


def _opened(uri: str) -> AbstractContextManager[sqlite3.Connection]:
    """sqlite3's own `with` commits and does not close."""
    return closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5))
