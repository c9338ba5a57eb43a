"""The days of the demo world: when they end, how busy each hour is, and which items are not there from the first."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Ints = NDArray[np.int32]

END = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())  # a constant and not the clock: a seed gives one log for ever
DAYS = 90
WEEKS = DAYS // 7
NEW = 0.01  # of the items, each week


@dataclass(frozen=True)
class Arrivals:
    """Some items come while the log runs. since: float32, from which part of the days on each is there, 0..1; 0: always
    was. before, after: int32, alike items that always were, and stand in for it until then; itself where since is 0.
    Arrays have shape (n,)."""

    since: NDArray[np.float32]
    before: Ints
    after: Ints

    def there(self, items: Ints, when: NDArray[np.float64], last: Ints | None = None) -> Ints:
        """These items, or what stands in for those that are not there yet. when: part of the days. last: the item just
        before each, which does not stand in for the next one where it need not."""
        early = np.flatnonzero(self.since[items] > when)
        if early.size:
            items = items.copy()
            missing = items[early]
            items[early] = self.before[missing]
            if last is not None:
                same = early[items[early] == last[early]]
                items[same] = self.after[missing[items[early] == last[early]]]
        return items


def arrivals_of(near: Ints, rng: Generator) -> Arrivals:
    """near: label of what is alike; equal labels lie side by side."""
    rows = np.arange(len(near), dtype=np.int32)
    week = np.where(rng.random(len(near)) < NEW * WEEKS, rng.integers(1, WEEKS + 1, len(near)), 0)
    before = np.maximum.accumulate(np.where(week == 0, rows, 0)).astype(np.int32)
    after = np.minimum.accumulate(np.where(week == 0, rows, len(near) - 1)[::-1])[::-1].astype(np.int32)

    def fits(other: Ints) -> NDArray[np.bool_]:
        return np.asarray((week[other] == 0) & (near[other] == near))

    before, after = np.where(fits(before), before, after), np.where(fits(after), after, before)
    week[~fits(before)] = 0  # all that is alike is new: then it is not
    always = week == 0
    since = (week * 7 / DAYS).astype(np.float32)
    return Arrivals(since, np.where(always, rows, before), np.where(always, rows, after))


def clock(share: NDArray[np.float64] | float) -> NDArray[np.int64]:
    """Epoch seconds of a point of the days, 0..1, when nights are quiet, evenings busy and weekends a little busier."""
    hours = np.arange(DAYS * 24)
    daily = 1 - 0.75 * np.cos((hours % 24 - 5) / 24 * 2 * np.pi)
    weekend = np.isin((hours // 24 - DAYS) % 7, (0, 6))  # END is the midnight that begins a Sunday
    busy = daily * np.where(weekend, 1.25, 1.0)
    done = np.concatenate([[0.0], np.cumsum(busy) / busy.sum()])
    seconds = END - DAYS * 86_400 + 3600 * np.interp(share, done, np.arange(len(done)))
    return np.asarray(seconds).astype(np.int64)


def dates(share: NDArray[np.float32]) -> list[str | None]:
    """The days of these points, in UTC; None where they are 0."""
    moments = clock(share.astype(np.float64)).astype("datetime64[s]").astype("datetime64[D]").astype(str)
    return [date if part else None for date, part in zip(moments.tolist(), share.tolist(), strict=True)]
