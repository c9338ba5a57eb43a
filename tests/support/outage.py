"""A database that hangs: it is there, takes connections, and answers nobody."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from support.postgres import Cluster

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


@contextmanager
def hanging(url: str, postgres: Callable[[], Cluster]) -> Iterator[None]:
    """For the block. SQLite: another process holds the lock of the only writer. PostgreSQL: the server is frozen."""
    if not url.startswith("sqlite"):
        cluster = postgres()
        cluster.freeze()
        try:
            yield
        finally:
            cluster.thaw()
        return
    file = url.removeprefix("sqlite:///")
    command = [sys.executable, "-c", HOLD, file]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield
        finally:
            assert holder.stdin is not None
            holder.stdin.close()
            holder.wait()
