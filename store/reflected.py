"""The service's database as the worker uses it: its tables are reflected, so that only the service defines them."""

from pathlib import Path

from sqlalchemy import Engine, MetaData, Table, make_url
from sqlalchemy.exc import NoSuchTableError

from index.errors import StoreUnavailable
from store.database import connect, transaction

__all__ = ["StoreUnavailable", "Tables", "connect", "system_url", "transaction"]


def system_url(url: str) -> str:
    """Where DBOS keeps its own tables: a file beside SQLite's, a schema of its own (`dbos`) in PostgreSQL."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        file = Path(parsed.database or "item2vec.db")
        return f"sqlite:///{file.with_name(f'{file.stem}-jobs.db')}"
    return parsed.set(drivername="postgresql").render_as_string(hide_password=False)


class Tables:
    """The tables by name, each reflected when it is first asked for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._metadata = MetaData()

    def __getitem__(self, name: str) -> Table:
        """Raises StoreUnavailable for a table that is not there (yet)."""
        known = self._metadata.tables.get(name)
        if known is not None:
            return known
        try:
            with transaction(self._engine, reading=True) as connection:
                return Table(name, self._metadata, autoload_with=connection)
        except NoSuchTableError as error:
            raise StoreUnavailable(
                f"the database has no table {name} yet; the service makes it when it starts"
            ) from error
