"""Users who are not known: which ids of a log stand for everybody who is not logged in."""

from collections import Counter
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from training.events.unknown import FAR_ABOVE, ZEROS, hashes_of, spellings, zeros_of
from training.eventsconfig import EventsConfig
from training.sessions.shards import SHARDS, Shards

A_THIRD = 1 / 3  # of the events
FEWEST_OTHERS, ENOUGH_OTHERS = 20, 1000  # users beside whom one stands out; more of them say nothing new

Hashes = NDArray[np.uint64]


class Strangers:
    """Sees the users of each batch, and then tells who of them is nobody: who is called so, 0 where it is no ordinary
    user, and who owns a third of the log, far above all others. names: hash -> what it is called, of the first two."""

    def __init__(self, words: dict[int, str], zeros: dict[str, int]) -> None:
        """words: hash -> how it is written. zeros: ids of ZEROS and their neighbours -> hash."""
        self.names = dict(words)
        self._zeros = zeros
        self._counts: Counter[str] = Counter()
        self._events = 0

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, config: EventsConfig) -> "Strangers | None":
        """None where a session is given, which tells them apart, and where the settings keep them."""
        if config.session is not None or config.unknown_users == "keep":
            return None
        texts = list(spellings())
        words = dict(zip(hashes_of(connection, texts).tolist(), texts, strict=True))
        numbers = [number for zero, others in ZEROS.items() for number in (zero, *others)]
        return cls(words, dict(zip(numbers, hashes_of(connection, numbers).tolist(), strict=True)))

    def see(self, users: Hashes) -> None:
        self._events += len(users)
        for number, key in self._zeros.items():
            self._counts[number] += int(np.count_nonzero(users == np.uint64(key)))

    def found(self, shards: Shards) -> Hashes:
        """Hashes, in order. Once all batches were seen."""
        for zero in zeros_of(self._counts, self._events):
            self.names[self._zeros[zero]] = zero
        owner = owner_of(shards, self._events, set(self.names))
        return np.sort(np.array([*self.names, *owner], dtype=np.uint64))


def owner_of(shards: Shards, events: int, known: set[int]) -> list[int]:
    """The user with more than a third of the events and far more than the others, if there is one.

    Such a user's shard has more than a third too, which few logs have: only then users are looked at. known: users that
    do not count.
    """
    sizes = shards.sizes()
    large = int(np.argmax(sizes))
    if not events or sizes[large] <= A_THIRD * events:
        return []
    users, counts = np.unique(shards.users(large), return_counts=True)
    user, most = int(users[np.argmax(counts)]), int(counts.max())
    if most <= A_THIRD * events or user in known:
        return []
    others: list[Any] = [counts[users != user]]
    for number in range(SHARDS):
        if sum(map(len, others)) >= ENOUGH_OTHERS:
            break
        if number != large and sizes[number]:
            others.append(np.unique(shards.users(number), return_counts=True)[1])
    rest = np.concatenate(others)
    return [user] if len(rest) >= FEWEST_OTHERS and most > FAR_ABOVE * np.median(rest) else []
