"""The service's database as the worker uses it: its tables are reflected, so that only the service defines them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, Table, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchTableError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from index.errors import ConfigError, Item2vecError

log = logging.getLogger(__name__)

BUSY_SECONDS = 15.0
READING = "item2vec_reading"


class StoreDown(Item2vecError):
    """The database does not answer, or its tables are not made yet."""

    code = "store_unavailable"


def connect(url: str) -> Engine:
    """An engine; nothing is opened yet. Raises ConfigError for a URL that is neither SQLite's nor PostgreSQL's."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError("the database URL cannot be read: sqlite:///FILE or postgresql://USER@HOST/NAME") from None
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _durable_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if parsed.get_backend_name() == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=3,
            pool_timeout=5,
            connect_args={"connect_timeout": 3},
        )
    raise ConfigError(f"the database is of kind {parsed.get_backend_name()}: use sqlite or postgresql")


def system_url(url: str) -> str:
    """Where DBOS keeps its own tables: a file beside SQLite's, a schema of its own (`dbos`) in PostgreSQL."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        file = Path(parsed.database or "item2vec.db")
        return f"sqlite:///{file.with_name(f'{file.stem}-jobs.db')}"
    return parsed.set(drivername="postgresql").render_as_string(hide_password=False)


def _durable_sqlite(connection: Any, _record: Any) -> None:
    # As the service has it: SQLAlchemy begins transactions itself, and what was committed survives a power failure.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def transaction(engine: Engine, reading: bool = False) -> Iterator[Connection]:
    """Commits at the end, rolls back on an error. With `reading`, SQLite's writers are not waited for.

    Raises StoreDown when the database does not answer.
    """
    try:
        with engine.execution_options(**{READING: reading}).begin() as connection:
            yield connection
    except (DBAPIError, PoolTimeout) as error:
        if isinstance(error, DBAPIError) and not _is_outage(error):
            raise
        raise StoreDown(f"the database does not answer ({type(error).__name__})") from error


def _is_outage(error: DBAPIError) -> bool:
    names = {kind.__name__ for kind in type(error.orig).__mro__} if error.orig else set()
    return error.connection_invalidated or bool(names & {"OperationalError", "InterfaceError"})


class Tables:
    """The tables by name, each reflected when it is first asked for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._metadata = MetaData()

    def __getitem__(self, name: str) -> Table:
        """Raises StoreDown for a table that is not there (yet)."""
        known = self._metadata.tables.get(name)
        if known is not None:
            return known
        try:
            with transaction(self._engine, reading=True) as connection:
                return Table(name, self._metadata, autoload_with=connection)
        except NoSuchTableError as error:
            raise StoreDown(f"the database has no table {name} yet; the service makes it when it starts") from error
