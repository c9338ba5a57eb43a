"""The database that API and worker meet in: SQLite (WAL) or PostgreSQL through SQLAlchemy Core. Both take it from
here, so that both write as durably and call the same errors an outage."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from index.errors import ConfigError, StoreUnavailable

log = logging.getLogger(__name__)

BUSY_SECONDS = 15.0
# A host that vanishes says nothing: without these a query waits a quarter of an hour for its answer.
VANISHED = {"tcp_user_timeout": 10_000, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
READING = "item2vec_reading"
# Kinds of the drivers' errors. The last is PostgreSQL's word for tables that are not made yet, which to SQLite is an
# OperationalError.
OUTAGES = {"OperationalError", "InterfaceError", "UndefinedTable"}

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
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _durable_sqlite)
        # BEGIN IMMEDIATE: a transaction that reads and then writes would else fail at once when another writes.
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if kind == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=5,
            max_overflow=10,
            pool_timeout=5,
            # A cluster made under the C locale names no encoding and would answer in bytes.
            connect_args={"connect_timeout": 3, "client_encoding": "utf8", **VANISHED},
        )
    raise ConfigError(f"the database is of kind {kind}: use sqlite or postgresql")


def _durable_sqlite(connection: Any, _record: Any) -> None:
    # SQLAlchemy begins transactions itself (see above), the driver must not.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # FULL: what was acknowledged survives a power failure too, not only kill -9.
    cursor.execute("PRAGMA synchronous=FULL")
    # What is deleted is overwritten: of a person who was erased nothing stays in the file's free pages.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def transaction(database: Database, reading: bool = False) -> Iterator[Connection]:
    """Commits at the end, rolls back on an error. With `reading`, SQLite's writers are not waited for.

    Raises StoreUnavailable when the database does not answer, or has no tables yet.
    """
    try:
        with database.execution_options(**{READING: reading}).begin() as connection:
            yield connection
    except (DBAPIError, PoolTimeout) as error:
        if isinstance(error, DBAPIError) and not _is_outage(error):
            raise
        log.warning("database unavailable error=%s", type(error).__name__)
        raise StoreUnavailable("the database does not answer; try again in a moment") from error


def _is_outage(error: DBAPIError) -> bool:
    names = {kind.__name__ for kind in type(error.orig).__mro__} if error.orig else set()
    return error.connection_invalidated or bool(names & OUTAGES)
