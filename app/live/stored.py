"""What the database says of items, as one state of the catalogue has it: packed, and shared with the next state."""

import threading
from collections.abc import Iterable, Iterator

from store.packed import DELETED, Packed, unpack

BUCKETS = 4096  # of a million items 250 each, which a change copies
MOST_NAMES = 10_000

Change = tuple[str, Packed]


class Stored:
    """Item id -> packed. Never changes: `with_changes` makes another one."""

    def __init__(self) -> None:
        self._buckets: list[dict[str, Packed]] = [{}] * BUCKETS
        self._count = 0
        self._names = _Names()

    def __len__(self) -> int:
        return self._count

    def get(self, item_id: str) -> Packed | None:
        return self._buckets[hash(item_id) % BUCKETS].get(item_id)

    def __contains__(self, item_id: object) -> bool:
        return isinstance(item_id, str) and self.get(item_id) is not None

    def pairs(self) -> Iterator[Change]:
        for bucket in self._buckets:
            yield from bucket.items()

    def with_changes(self, changes: Iterable[Change]) -> "Stored":
        made = Stored()
        made._buckets, made._count, made._names = self._buckets.copy(), self._count, self._names
        own: set[int] = set()
        for item_id, packed in changes:
            number = hash(item_id) % BUCKETS
            if number not in own:
                own.add(number)
                made._buckets[number] = self._buckets[number].copy()
            bucket = made._buckets[number]
            made._count += item_id not in bucket
            bucket[item_id] = packed
            if self._count:  # what the first state holds is looked at when somebody asks
                made._names.add(packed)
        return made

    def may_have(self, name: str) -> bool:
        """Whether any item's metadata can have a field of this name. The first to ask has all of them read."""
        return self._names.has(name, self)

    def names(self) -> list[str]:
        """Of the fields that items have or had, once `may_have` was asked."""
        return self._names.known()


class _Names:
    """Of the fields that items have or had. Shared by the states that follow."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._is_whole = False
        self._lock = threading.Lock()

    def add(self, packed: Packed) -> None:
        if packed != DELETED and len(self._names) < MOST_NAMES:
            self._names.update(unpack(packed)[2])

    def has(self, name: str, stored: Stored) -> bool:
        """Where there are too many names, it may be any."""
        with self._lock:
            if not self._is_whole:
                for _, packed in stored.pairs():
                    self.add(packed)
                self._is_whole = True
        return name in self._names or len(self._names) >= MOST_NAMES

    def known(self) -> list[str]:
        with self._lock:
            return list(self._names)
