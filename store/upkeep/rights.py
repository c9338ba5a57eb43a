"""Users of PostgreSQL with only the rights that a part of the service needs: the API's, and the worker's.

The owner, who makes the tables, gives them their rights; it serves nothing itself. Where one user does everything, as
with SQLite or a single URL, nobody needs this room.
"""

from collections.abc import Mapping

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from index.errors import ConfigError, StoreUnavailable
from store.database import Database
from store.upkeep.migrate import LOCK

API, WORKER = "item2vec_api", "item2vec_worker"
# Table -> what its user may do there; with what is not named, nothing. A table that is not there yet is passed over.
RIGHTS: dict[str, dict[str, str]] = {
    API: {
        "alembic_version": "SELECT",
        "events": "SELECT, INSERT, DELETE",  # deleted where a person is erased
        "event_rejects": "SELECT, INSERT, UPDATE, DELETE",  # no row is changed: SELECT FOR UPDATE asks for the right
        "items": "SELECT, INSERT, UPDATE",
        "counters": "SELECT, INSERT, UPDATE",
        "keys": "SELECT",
        # Asks for a retraining, and for its end.
        "jobs": "SELECT, INSERT, UPDATE (state, active, finished, cancel, eta_seconds)",
        "job_lines": "SELECT",
        "audit": "SELECT, INSERT",
        "erasures": "SELECT, INSERT",
    },
    WORKER: {
        "alembic_version": "SELECT",
        "events": "SELECT, DELETE",  # old rows go, here and below
        "event_rejects": "SELECT, DELETE",
        "items": "SELECT",
        "jobs": "SELECT, INSERT, UPDATE, DELETE",
        "job_lines": "SELECT, INSERT, DELETE",
        "audit": "SELECT, INSERT, DELETE",
        "erasures": "SELECT",
    },
}


def grant(database: Database, passwords: Mapping[str, str]) -> None:
    """Makes the users where they are missing, and gives each its password and exactly the rights above.

    passwords: by user. database: as the owner. Again changes nothing. Raises ConfigError for a database that is not
    PostgreSQL or an owner who may not make users, StoreUnavailable.
    """
    if database.dialect.name != "postgresql":
        raise ConfigError("only PostgreSQL has users with rights of their own")
    try:
        with database.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
            name = connection.exec_driver_sql("SELECT quote_ident(current_database())").scalar_one()
            connection.exec_driver_sql(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
            connection.exec_driver_sql("REVOKE ALL ON SCHEMA public FROM PUBLIC")
            for user, rights in RIGHTS.items():
                _make(connection, user, passwords.get(user))
                connection.exec_driver_sql(f"GRANT CONNECT ON DATABASE {name} TO {user}")
                _give(connection, user, rights)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        if type(getattr(error, "orig", None)).__name__ == "InsufficientPrivilege":
            raise ConfigError(f"this user of the database may not make others: {reason}") from error
        raise StoreUnavailable(f"the users of the database cannot be made: {reason}") from error


def _make(connection: Connection, user: str, password: str | None) -> None:
    if not connection.exec_driver_sql("SELECT 1 FROM pg_roles WHERE rolname = %s", (user,)).scalar():
        connection.exec_driver_sql(f"CREATE ROLE {user}")
    bare = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS"
    connection.exec_driver_sql(f"ALTER ROLE {user} {bare}")
    if password is not None:
        # As PostgreSQL keeps it: the password itself is in no statement, and so in no log of them.
        link = connection.connection.driver_connection
        assert link is not None
        kept = link.pgconn.encrypt_password(password.encode(), user.encode(), b"scram-sha-256").decode()
        connection.exec_driver_sql(f"ALTER ROLE {user} PASSWORD '{kept}'")


def _give(connection: Connection, user: str, rights: Mapping[str, str]) -> None:
    """All rights of before go in the same transaction, so nobody sees it without."""
    connection.exec_driver_sql(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {user}")
    connection.exec_driver_sql(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {user}")
    connection.exec_driver_sql(f"REVOKE ALL ON SCHEMA public FROM {user}")
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {user}")
    for table, what in rights.items():
        if connection.exec_driver_sql("SELECT to_regclass(%s)", (f"public.{table}",)).scalar() is None:
            continue
        connection.exec_driver_sql(f"GRANT {what} ON public.{table} TO {user}")
        numbered = (
            "SELECT pg_get_serial_sequence(%s, column_name) FROM information_schema.columns "
            "WHERE table_schema = 'public' AND table_name = %s AND column_default LIKE 'nextval%%'"
        )
        for sequence in connection.exec_driver_sql(numbered, (f"public.{table}", table)).scalars():
            if sequence is not None and "INSERT" in what:
                connection.exec_driver_sql(f"GRANT USAGE ON SEQUENCE {sequence} TO {user}")
