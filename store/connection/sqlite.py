"""SQLite's connections: they write durably, begin as they mean to go on, and know the file that they are of."""

import os
import sqlite3
from contextlib import suppress
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
        if not str(file).startswith("file:"):
            event.listen(engine, "do_connect", lambda *_: _make_private(file))
        event.listen(engine, "connect", same.opened)
        event.listen(engine, "checkout", same.check)


def _make_private(file: Path) -> None:
    """The file, made where it is not there, for its owner only: it holds what people did. A group that may write to it
    was given it on purpose, and keeps it. SQLite gives the files beside it the rights of this one."""
    with suppress(OSError):  # it is there, or SQLite says why it cannot be
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    for path in (file, *(file.with_name(f"{file.name}-{beside}") for beside in ("wal", "shm"))):
        with suppress(OSError):  # not ours
            mode = path.stat().st_mode & 0o777
            wanted = mode & (0o770 if mode & 0o020 else 0o700)
            if mode != wanted:
                path.chmod(wanted)


def _durable(connection: Any, _record: Any) -> None:
    # SQLAlchemy begins transactions itself (see above), the driver must not.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # FULL: what was acknowledged survives a power failure too, not only kill -9.
    cursor.execute("PRAGMA synchronous=FULL")
    # What is deleted is overwritten: of a person who was erased nothing stays in the file's free pages.
    cursor.execute("PRAGMA secure_delete=ON")
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
