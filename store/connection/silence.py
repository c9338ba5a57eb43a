"""PostgreSQL's connection with a limit on the server's silence.

A server that is stopped, or on a machine that hangs, keeps its sockets: its kernel still acknowledges what it gets, so
no time-out of TCP ends the wait, and no time-out that the server would have to keep.
"""

import time
from collections.abc import Generator
from typing import Any

import psycopg

PING_SECONDS = 2.0  # for an answer to a connection that was idle
SILENT_SECONDS = 9.0  # for one to a statement; the server itself gives up before, see store.database


class ListeningConnection(psycopg.Connection[Any]):
    """Closed, with an OperationalError, where the server says nothing for `patience` seconds while it is waited for."""

    patience = PING_SECONDS

    def wait(self, gen: Any, *given: Any, **named: Any) -> Any:
        return super().wait(self._listening(gen), *given, **named)

    def _listening(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """The same work. psycopg wakes it several times a second, with nothing where nothing came."""
        try:
            wanted = next(gen)
            heard = time.monotonic()
            while True:
                ready = yield wanted
                if ready:
                    heard = time.monotonic()
                elif time.monotonic() - heard > self.patience:
                    self.pgconn.finish()
                    raise psycopg.OperationalError(f"the server has said nothing for {self.patience:.0f} s")
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value
