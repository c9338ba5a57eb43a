"""What the census of a log counts: sizes, its clock, its people."""

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from store.times.numbers import LATEST

SAMPLES = 3  # rows or ids shown per finding: enough to search a log for, and the report stays short
DAY = 86_400_000_000  # microseconds
NO_CLOCK = 0.99  # share of the events: a log with so many values before 1990 has no clock
When = str | float  # ISO 8601, or a number where the times are positions or counters


class Tally:
    """How many things have each size. Sizes from `top` on are one bin, so that memory does not grow with the log."""

    def __init__(self, top: int) -> None:
        self.bins = np.zeros(0, dtype=np.int64)
        self.largest = 0
        self._top = top

    def add(self, sizes: NDArray[np.int64]) -> None:
        if sizes.size:
            self._sum(np.bincount(np.minimum(sizes, self._top)))
            self.largest = max(self.largest, int(sizes.max()))

    def join(self, other: "Tally") -> None:
        self._sum(other.bins)
        self.largest = max(self.largest, other.largest)

    def _sum(self, bins: NDArray[np.int64]) -> None:
        longer, shorter = (self.bins, bins) if len(self.bins) >= len(bins) else (bins.copy(), self.bins)
        longer[: len(shorter)] += shorter
        self.bins = longer

    def total(self) -> int:
        return int(self.bins.sum())

    def median(self) -> int:
        """The lower one of two; 0 of nothing."""
        return int(np.searchsorted(np.cumsum(self.bins), (self.total() + 1) // 2)) if self.total() else 0

    def within(self, low: int, high: int | None) -> int:
        """How many have a size of low to high."""
        return int(self.bins[low : None if high is None else high + 1].sum())


@dataclass
class Clock:
    """Of all events. first, last: microseconds since 1970 UTC. days: events of each day since 1970. samples: (hash of
    the user, item id, time)."""

    events: int = 0
    first: int = LATEST
    last: int = 0
    before_clock: int = 0
    far_past: int = 0
    future: int = 0
    midnight: int = 0
    days: NDArray[np.int64] = field(default_factory=lambda: np.zeros(LATEST // DAY + 2, dtype=np.int64))
    past_samples: list[tuple[int, str, int]] = field(default_factory=list)
    future_samples: list[tuple[int, str, int]] = field(default_factory=list)

    @property
    def real(self) -> bool:
        """Whether the times are moments, and not positions or counters."""
        return self.first == self.last or self.before_clock < NO_CLOCK * self.events

    def when(self, micros: int) -> When:
        return datetime.fromtimestamp(micros / 1e6, UTC).isoformat() if self.real else micros / 1e6


@dataclass
class People:
    """What users and sessions do, counted before any rule.

    unknown: (hash, events) of users who are not known; but for their sessions of one event, all else is of others.
    top, bursts, placeholders: (hash of the user, events), most first; giants: (hash of the user, hash of the session or
    0, first time, events); duplicated: (hash of the user, code of the item, time). following: events that have one
    before them in their session; of these `tied` have its time, and `immediate` its item; `repeated` have the item of
    any earlier one.
    """

    users: Tally = field(default_factory=lambda: Tally(1_000_000))
    sessions: Tally = field(default_factory=lambda: Tally(100_000))
    top: list[tuple[int, int]] = field(default_factory=list)
    bursts: list[tuple[int, int]] = field(default_factory=list)
    burst_users: int = 0
    burst_events: int = 0
    placeholders: list[tuple[int, int]] = field(default_factory=list)
    unknown: list[tuple[int, int]] = field(default_factory=list)
    from_zero: int = 0
    following: int = 0
    tied: int = 0
    immediate: int = 0
    repeated: int = 0
    duplicates: int = 0
    duplicated: list[tuple[int, int, int]] = field(default_factory=list)
    giant_sessions: int = 0
    giant_events: int = 0
    giants: list[tuple[int, int, int, int]] = field(default_factory=list)
    day_long: int = 0

    def join(self, other: "People") -> None:
        """With the people of another shard, who are others."""
        self.users.join(other.users)
        self.sessions.join(other.sessions)
        self.top = most_first([*self.top, *other.top], SAMPLES)
        self.bursts = most_first([*self.bursts, *other.bursts], SAMPLES)
        self.placeholders = most_first([*self.placeholders, *other.placeholders])
        self.unknown = most_first([*self.unknown, *other.unknown])
        self.duplicated = [*self.duplicated, *other.duplicated][:SAMPLES]
        self.giants = sorted([*self.giants, *other.giants], key=lambda giant: -giant[-1])[:SAMPLES]
        for count in SUMS:
            setattr(self, count, getattr(self, count) + getattr(other, count))


SUMS = tuple(f.name for f in fields(People) if f.type is int)


def most_first(found: list[tuple[int, int]], most: int | None = None) -> list[tuple[int, int]]:
    return sorted(found, key=lambda pair: -pair[1])[:most]
