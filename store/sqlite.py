"""SQLite's connections: they write durably, begin as they mean to go on, and know the file that they are of."""

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DisconnectionError

READING = "item2vec_reading"  # option of a connection: its transaction will only read
FILE = "item2vec_file"


def prepare(engine: Engine, file: Path | None) -> None:
    """file: None for a database in memory."""
    event.listen(engine, "connect", _durable)
    # BEGIN IMMEDIATE: a transaction that reads and then writes would else fail at once when another writes.
    event.listen(engine, "begin", _begin)
    if file is not None:
        same = SameFile(file)
        event.listen(engine, "do_connect", same.before)
        event.listen(engine, "connect", same.opened)
        event.listen(engine, "checkout", same.check)


def _durable(connection: Any, _record: Any) -> None:
    # SQLAlchemy begins transactions itself (see above), the driver must not.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # FULL: what was acknowledged survives a power failure too, not only kill -9.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


class SameFile:
    """A file that was removed or replaced lives on for whoever has it open: what is written there is lost. So each
    connection is used only while the file under the name is its own."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen = False

    def before(self, _dialect: Any, _record: Any, _args: Any, _named: Any) -> None:
        """Once it was there, no empty one is made in its place."""
        if self._seen and not self._file.exists():
            raise sqlite3.OperationalError("the file of the database is gone")

    def opened(self, _connection: Any, record: Any) -> None:
        record.info[FILE] = self._identity()
        self._seen = True

    def check(self, _connection: Any, record: Any, _fairy: Any) -> None:
        if record.info.get(FILE) != self._identity():
            raise DisconnectionError("the file of the database is another one")

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._file)
        except OSError:
            return None
        return found.st_dev, found.st_ino
