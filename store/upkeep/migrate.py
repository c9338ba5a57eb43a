"""Migrations of the database, by alembic."""

from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from index.errors import ConfigError, StoreUnavailable
from store.database import Database, migration

# The newest of the files in migrations/versions. Where a database has it, Alembic is not loaded, which takes 0.15 s.
HEAD = "0002"
LOCK = 7046029254386353131  # of PostgreSQL's: who makes tables or users holds it


def migrate(database: Database) -> None:
    """Brings the tables to what this version needs: all steps or none. Several processes may call it at once.

    Raises StoreUnavailable, or ConfigError for a database that a newer version has migrated.
    """
    if _is_migrated(database):
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations").replace("%", "%%"))
    try:
        # Alembic finds a transaction begun and leaves it to us. On SQLite it begins with the lock of the only writer.
        with migration(database) as connection:
            if database.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise ConfigError(f"the database is of another version: {error}; run the version that migrated it") from error
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        if type(getattr(error, "orig", None)).__name__ == "InsufficientPrivilege":
            reason += "; its owner makes the tables: docker-compose up -d first-start"
        raise StoreUnavailable(f"the database cannot be prepared: {reason}") from error


def _is_migrated(database: Database) -> bool:
    """False also where that cannot be read: who migrates says why."""
    try:
        with database.connect() as connection:
            return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == HEAD
    except SQLAlchemyError:
        return False
