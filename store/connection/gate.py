"""What stands before the database: work is kept away from one that has just hung, and few wait for their turn to write.

A call that waits holds a thread. Where the database does not answer, the threads that wait for it must stay few, and
those who ask must be told soon.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from index.errors import StoreUnavailable

log = logging.getLogger(__name__)

HUNG_SECONDS = 0.5  # a failure that took longer: others need not find out for themselves
PAUSE_SECONDS = 1.0  # in which nobody asks; then one does
PATIENCE_SECONDS = 4.0  # without anybody's turn coming to an end
WAITING = 32  # at most, for a turn


class Gate:
    """Lets in at most `width` at once, None for any number. After a failure that took long it is shut: who comes is
    refused, and once a second one is let in to see whether the database answers again."""

    def __init__(self, name: str, width: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._width = width
        self._clock = clock
        self._state = threading.Condition()
        self._inside = self._waiting = 0
        self._moved = 0.0  # when somebody last came in or out
        self._shut_until: float | None = None
        self._probing = False

    @contextmanager
    def passing(self) -> Iterator[None]:
        """For one piece of work. Raises StoreUnavailable where it may not begin; what the work raises passes through,
        and a StoreUnavailable of it that took long shuts the gate."""
        probe = self._enter()
        began, hung = self._clock(), False
        try:
            yield
        except StoreUnavailable:
            hung = self._clock() - began >= HUNG_SECONDS
            raise
        finally:
            self._leave(probe, hung)

    def _enter(self) -> bool:
        """Whether this one is to find out if the database answers."""
        with self._state:
            probe = False
            if self._shut_until is not None:
                if self._probing or self._clock() < self._shut_until:
                    raise _refused()
                probe = self._probing = True
            try:
                self._wait(probe)
            except StoreUnavailable:
                self._probing = self._probing and not probe
                raise
            self._inside += 1
            self._moved = self._clock()
            return probe

    def _wait(self, probe: bool) -> None:
        """For a turn."""
        if self._width is None or self._inside < self._width:
            return
        if self._waiting >= WAITING:
            raise StoreUnavailable("too many wait for the database already; try again in a moment")
        self._waiting += 1
        try:
            while self._inside >= self._width:
                left = self._moved + PATIENCE_SECONDS - self._clock()
                if left <= 0:
                    self._shut()
                    raise _refused()
                self._state.wait(left)
                if self._shut_until is not None and not probe:
                    raise _refused()
        finally:
            self._waiting -= 1

    def _leave(self, probe: bool, hung: bool) -> None:
        with self._state:
            self._inside -= 1
            self._moved = self._clock()
            self._probing = self._probing and not probe
            if hung:
                self._shut()
            elif self._shut_until is not None:
                self._shut_until = None
                log.info("database answers again work=%s", self._name)
            self._state.notify_all()

    def _shut(self) -> None:
        if self._shut_until is None:
            log.warning("database hangs work=%s: refused until it answers", self._name)
        self._shut_until = self._clock() + PAUSE_SECONDS


def _refused() -> StoreUnavailable:
    return StoreUnavailable("the database has stopped answering; try again in a moment")


@dataclass(frozen=True)
class Gates:
    """Of one database in one process. Two: whoever holds the lock of SQLite's only writer holds up no reader."""

    writing: Gate
    reading: Gate = field(default_factory=lambda: Gate("reading"))
