"""The database that API and worker meet in: SQLite (WAL) or PostgreSQL through SQLAlchemy Core. Both take it from
here, so that both write as durably and call the same errors an outage."""

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from index.errors import ConfigError, StoreFull, StoreUnavailable
from store.connection import sqlite
from store.connection.gate import Gate, Gates

log = logging.getLogger(__name__)

BUSY_SECONDS = 4.0  # for the lock of SQLite's only writer, and for any lock of PostgreSQL's
STATEMENT_SECONDS = 8.0  # of PostgreSQL's work on one statement
IDLE_SECONDS = 30.0  # of a transaction in which nothing is asked: whoever began it is gone, and holds its locks
LONG_SECONDS = 60.0  # of one on all there is
MIGRATION_SECONDS = 600.0
POOL_SECONDS = 2.0
POOL, OVERFLOW, WRITERS = 5, 10, 10  # PostgreSQL's connections; writers that wait for a lock leave some to readers
# A host that vanishes says nothing: without these a query waits a quarter of an hour for its answer.
VANISHED = {"tcp_user_timeout": 10_000, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
# Kinds of the drivers' errors. UndefinedTable is PostgreSQL's word for tables that are not made yet, which to SQLite is
# an OperationalError; the last is what a standby says.
OUTAGES = {"OperationalError", "InterfaceError", "UndefinedTable", "ReadOnlySqlTransaction"}
ROOM = 1 << 20  # bytes; with less, SQLite's errors of input and output are a full disk's
GATES = "item2vec_gates"

Database = Engine  # what connect returns: the rest of the house knows it by this name


def now() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000


def connect(url: str) -> Database:
    """Nothing is opened yet. Raises ConfigError for a URL that is neither SQLite's nor PostgreSQL's."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError(
            "the database URL cannot be read: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
        ) from None
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        return _sqlite(parsed)
    if kind == "postgresql":
        return _postgresql(parsed)
    raise ConfigError(f"the database is of kind {kind}: use sqlite or postgresql")


def file_of(database: Database) -> Path | None:
    """SQLite's file; None for a database that lies elsewhere."""
    return _file(database.url) if database.dialect.name == "sqlite" else None


def _file(url: URL) -> Path | None:
    return Path(url.database) if url.database and url.database != ":memory:" else None


def _sqlite(url: URL) -> Database:
    file = _file(url)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    pool = {} if file is None else {"pool_timeout": POOL_SECONDS}
    # Its writers take turns here already, where their number is bounded and none is passed over.
    gates = {GATES: Gates(Gate("writing", width=1))}
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, execution_options=gates, **pool)
    sqlite.prepare(engine, file)
    return engine


def _postgresql(url: URL) -> Database:
    from store.connection.silence import SILENT_SECONDS, ListeningConnection

    limits = {
        "statement_timeout": STATEMENT_SECONDS,
        "lock_timeout": BUSY_SECONDS,
        "idle_in_transaction_session_timeout": IDLE_SECONDS,
    }
    options = [f"-c {name}={seconds * 1000:.0f}" for name, seconds in limits.items()]
    given = url.query.get("options", ())  # those of the URL come last, so they count
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=POOL,
        max_overflow=OVERFLOW,
        pool_timeout=POOL_SECONDS,
        execution_options={GATES: Gates(Gate("writing", width=WRITERS))},
        # A cluster made under the C locale names no encoding and would answer in bytes.
        connect_args={
            "connect_timeout": 2,
            "client_encoding": "utf8",
            "options": " ".join([*options, *([given] if isinstance(given, str) else given)]),
            **VANISHED,
        },
    )

    def listening(_dialect: Any, _record: Any, args: Any, named: Any) -> Any:
        return ListeningConnection.connect(*args, **named)

    def patient(connection: Connection) -> None:
        connection.connection.driver_connection.patience = SILENT_SECONDS  # type: ignore[union-attr]

    def idle(connection: Any, _record: Any) -> None:
        if connection is not None:
            connection.patience = ListeningConnection.patience

    event.listen(engine, "do_connect", listening)
    event.listen(engine, "begin", patient)
    event.listen(engine, "checkin", idle)
    return engine


@contextmanager
def migration(database: Database) -> Iterator[Connection]:
    """A transaction that may take minutes, and waits as long for another that migrates too."""
    with database.connect() as connection:
        driver: Any = connection.connection.driver_connection
        if database.dialect.name == "sqlite":
            driver.execute(f"PRAGMA busy_timeout = {MIGRATION_SECONDS * 1000:.0f}")
        with connection.begin():
            take_time(connection, MIGRATION_SECONDS)
            if database.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            yield connection
        if database.dialect.name == "sqlite":
            driver.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")


@contextmanager
def transaction(database: Database, reading: bool = False) -> Iterator[Connection]:
    """Commits at the end, rolls back on an error. With `reading`, SQLite's writers are not waited for.

    Raises StoreUnavailable within seconds when the database does not answer, at once when it has just not answered
    another, and when it has no tables yet; StoreFull where it has no room.
    """
    gates: Gates = database.get_execution_options()[GATES]
    with (gates.reading if reading else gates.writing).passing():
        try:
            with database.execution_options(**{sqlite.READING: reading}).begin() as connection:
                yield connection
        except (DBAPIError, PoolTimeout) as error:
            if isinstance(error, DBAPIError) and not _is_outage(error):
                raise
            if isinstance(error, DBAPIError) and _is_full(error, database):
                log.error("database has no room error=%s", type(error.orig).__name__)
                raise StoreFull("no space is left for the database: free some, then send it again") from error
            log.warning("database unavailable error=%s", type(error.__cause__ or error).__name__)
            raise StoreUnavailable("the database does not answer; try again in a moment") from error


def take_time(connection: Connection, seconds: float = LONG_SECONDS) -> None:
    """Lets each statement of the rest of this transaction take so long: for work that is large, not for a wait."""
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        driver.patience = seconds + 1
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {seconds * 1000:.0f}")


def _is_outage(error: DBAPIError) -> bool:
    names = {kind.__name__ for kind in type(error.orig).__mro__} if error.orig else set()
    return error.connection_invalidated or bool(names & OUTAGES)


def _is_full(error: DBAPIError, database: Database) -> bool:
    if type(error.orig).__name__ == "DiskFull":  # PostgreSQL's
        return True
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # without what is said of the kind
    file = file_of(database)
    if file is not None and code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        try:
            disk = os.statvfs(file.parent)
        except OSError:
            return False
        return disk.f_bavail * disk.f_frsize < ROOM
    return code == sqlite3.SQLITE_FULL
