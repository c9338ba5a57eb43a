"""SQLite's files without what was deleted. PostgreSQL does the same by itself, in its own time (autovacuum)."""

import logging
import os
import sqlite3

from index.errors import StoreUnavailable
from store.database import Database

log = logging.getLogger(__name__)


def size(database: Database) -> int:
    """Bytes of SQLite's file; 0 of another database."""
    if database.dialect.name != "sqlite" or not database.url.database:
        return 0
    try:
        return os.stat(database.url.database).st_size
    except OSError:
        return 0


def empty_log(database: Database) -> None:
    """The write-ahead log still has what its transactions deleted, until it is written over: it is emptied, unless
    somebody reads just now. Raises nothing."""
    try:
        if database.dialect.name == "sqlite":
            _plainly(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    except StoreUnavailable as error:
        log.warning("the write-ahead log still has what was deleted error=%s", error)


def vacuum(database: Database) -> None:
    """Writes the file anew: rows that move between pages leave copies in them, which deleting does not overwrite.

    Writers wait meanwhile, about a second for 100 MB, and as much space again is needed. Raises StoreUnavailable;
    then nothing has changed.
    """
    if database.dialect.name == "sqlite":
        _plainly(database, "VACUUM")
        empty_log(database)


def _plainly(database: Database, statement: str) -> None:
    """Outside any transaction, which SQLAlchemy would begin."""
    raw = database.raw_connection()
    try:
        assert raw.driver_connection is not None
        busy = raw.driver_connection.execute(statement).fetchone()
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{statement.split()[0]}: {error}") from error
    finally:
        raw.close()
    if busy and busy[0]:
        log.warning("the write-ahead log still has what was deleted: somebody reads just now")
