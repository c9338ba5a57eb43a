"""What was worked out for one state of the catalogue and serves the next ones: by few rows, and within bounds."""

import threading
from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

MOST_CHANGED = 50_000  # rows whose changes are remembered


class Sized(Protocol):
    @property
    def nbytes(self) -> int: ...


Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value", bound=Sized)


class History:
    """Which rows changed on the way from one state to another. States are numbered."""

    def __init__(self) -> None:
        self._changes: deque[tuple[int, Sequence[int]]] = deque()
        self._rows = 0
        self._since = 0
        self._lock = threading.Lock()

    def add(self, state: int, rows: Sequence[int]) -> None:
        """The rows that changed on the way to this state, from the one before."""
        with self._lock:
            self._changes.append((state, rows))
            self._rows += len(rows)
            while self._rows > MOST_CHANGED:
                self._since, forgotten = self._changes.popleft()
                self._rows -= len(forgotten)

    def between(self, one: int, other: int, most: int = MOST_CHANGED) -> set[int] | None:
        """The rows in which these states can differ, whichever came first; None where those are more than `most`, or
        forgotten."""
        first, last = min(one, other), max(one, other)
        found: set[int] = set()
        with self._lock:
            if first < self._since:
                return None
            for state, rows in reversed(self._changes):
                if state <= first:
                    break
                if state <= last:
                    found.update(rows)
                    if len(found) > most:
                        return None
        return found


@dataclass(frozen=True)
class Entry(Generic[Value]):
    """value: as it is in this state."""

    value: Value
    state: int


class Kept(Generic[Key, Value]):
    """At most so many bytes and entries. What was asked for once goes before what is asked for again and again, so that
    a crowd of keys that nobody asks for twice drives nothing else out."""

    def __init__(self, most_bytes: int, most: int) -> None:
        self._most_bytes, self._most = most_bytes, most
        self._once: dict[Key, Entry[Value]] = {}
        self._again: dict[Key, Entry[Value]] = {}
        self._lock = threading.Lock()

    def find(self, key: Key) -> Entry[Value] | None:
        return self._again.get(key) or self._once.get(key)

    def keep(self, key: Key, entry: Entry[Value]) -> None:
        """In place of what is kept under this key, but for that of a later state."""
        with self._lock:
            old = self._taken(key)
            into = self._once if old is None else self._again
            into[key] = old if old is not None and old.state > entry.state else entry
            self._make_room(key)

    def asked(self, key: Key) -> None:
        """It was asked for again, as it is kept."""
        with self._lock:
            if (entry := self._taken(key)) is not None:
                self._again[key] = entry

    def _taken(self, key: Key) -> Entry[Value] | None:
        return self._again.pop(key, None) or self._once.pop(key, None)

    def _make_room(self, newest: Key) -> None:
        """Those that nobody asked for of late go, first those asked for once, as long as they take a quarter."""
        once, again = (sum(entry.value.nbytes for entry in kept.values()) for kept in (self._once, self._again))
        while (count := len(self._once) + len(self._again)) > self._most or once + again > self._most_bytes:
            if count == 1:
                return  # however large
            many = len(self._once) * 4 > self._most or once * 4 > self._most_bytes
            order = (self._once, self._again) if many else (self._again, self._once)
            key = next(key for kept in order for key in kept if key != newest)
            if key in self._once:
                once -= self._once.pop(key).value.nbytes
            else:
                again -= self._again.pop(key).value.nbytes
