"""What a log holds, counted while it streams by once: its clock batch by batch, its people shard by shard."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from training.check.tally import DAY, SAMPLES, Clock, People
from training.events.reader import EventBatch
from training.sessions.itemcodes import ItemCodes
from training.sessions.shards import SHARDS, Shard, Shards

GIANT = 1000  # events: longer sessions are crawlers, shared screens, or a whole year of one customer
BURST, BURST_SPAN = 600, 30 * 60 * 1_000_000  # a new event every three seconds, half an hour long: nobody clicks so
# In microseconds, the first of 1990 and of 2000: values before the former are positions or counters, not clock times.
CLOCK_FROM, FAR_PAST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000 for year in (1990, 2000))

Ints = NDArray[np.int64]


class Census:
    """Feed it every batch with `see`, then take them back sorted from `replay`: that is when people are counted.

    Duplicates, repeats and session lengths need all events of a user side by side. Sorting by shards, as a training
    does, gives exact figures in bounded memory and spills to disk beyond `budget_mb`; the sorted events go straight on
    to the rules of a training, so the log itself is read once. gap: microseconds, or -1 where sessions are given.
    """

    def __init__(
        self, budget_mb: int, gap: int, now: int, placeholders: NDArray[np.uint64], spill: Path | None = None
    ) -> None:
        self.clock = Clock()
        self.people = People()
        self.converted = 0
        self.counts: Ints = np.zeros(0, dtype=np.int64)
        self._gap = gap
        self._now = now
        self._placeholders = np.sort(placeholders)
        self._codes = ItemCodes()
        self._shards = Shards(budget_mb << 20, spill)

    def __enter__(self) -> "Census":
        return self

    def __exit__(self, *error: object) -> None:
        self._shards.__exit__(*error)

    def see(self, batch: EventBatch) -> None:
        if not len(batch.times):
            return
        if batch.converted is not None:
            self.converted += int(batch.converted.sum())
        self._see_clock(batch)
        items = self._codes.encode(batch.item_keys, batch.items)
        if len(self._codes) > len(self.counts):
            # Doubled, so that a catalogue that keeps growing is not copied with every batch.
            grown = np.zeros(max(len(self._codes), 2 * len(self.counts)), dtype=np.int64)
            grown[: len(self.counts)] = self.counts
            self.counts = grown
        found = np.bincount(items)
        self.counts[: len(found)] += found
        self._shards.add(
            users=batch.users, sessions=batch.sessions, times=batch.times, items=items, disliked=batch.disliked
        )

    def _see_clock(self, batch: EventBatch) -> None:
        clock, times = self.clock, batch.times
        low, high = int(times.min()), int(times.max())
        clock.events += len(times)
        clock.first, clock.last = min(clock.first, low), max(clock.last, high)
        clock.midnight += int((times % DAY == 0).sum())
        days = np.bincount(times // DAY)
        clock.days[: len(days)] += days
        if low < FAR_PAST:
            clock.before_clock += int((times < CLOCK_FROM).sum())
            past = np.flatnonzero(times < FAR_PAST)
            clock.far_past += len(past)
            clock.past_samples += rows_of(batch, past[: SAMPLES - len(clock.past_samples)])
        if high > self._now + DAY:
            future = np.flatnonzero(times > self._now + DAY)
            clock.future += len(future)
            clock.future_samples += rows_of(batch, future[: SAMPLES - len(clock.future_samples)])

    def items(self) -> list[str]:
        """code -> item id; `counts` is in the same order."""
        self.counts = self.counts[: len(self._codes)]
        return self._codes.ids()

    def replay(self, items: list[str]) -> Iterator[EventBatch]:
        """The events as batches, sorted, each with its code in place of the item's hash."""
        ids = pa.array(items, pa.large_string())
        for i in range(SHARDS):
            shard = self._shards.shard(i)
            if len(shard.users):
                self._see_people(shard, len(items))
                given = shard.sessions if shard.sessions.size else None
                codes = shard.items.astype(np.uint64)
                said = shard.disliked if shard.disliked.size else None
                yield EventBatch(shard.users, codes, ids.take(pa.array(shard.items)), shard.times, given, disliked=said)

    def _see_people(self, shard: Shard, items: int) -> None:
        """In numpy: each shard is small enough to stay in cache, and nothing here needs a loop per event."""
        people, users, times = self.people, shard.users, shard.times
        same_user = np.concatenate([[False], users[1:] == users[:-1]])
        if self._gap < 0:
            starts = ~same_user | np.concatenate([[True], shard.sessions[1:] != shard.sessions[:-1]])
        else:
            starts = ~same_user | np.concatenate([[True], times[1:] - times[:-1] > self._gap])
        begins = np.flatnonzero(starts)
        lengths = np.diff(np.append(begins, len(users)))
        people.sessions.add(lengths)
        ends = begins + lengths - 1
        people.day_long += int((times[ends] - times[begins] > DAY).sum())
        self._see_giants(shard, begins, lengths)

        first = np.flatnonzero(~same_user)
        events = np.diff(np.append(first, len(users)))
        people.users.add(events)
        people.from_zero += int((times[first] <= 1_000_000).sum())
        most = np.argsort(-events, kind="stable")[:SAMPLES]
        people.top = most_first([*people.top, *pairs(users[first[most]], events[most])], SAMPLES)
        # A search and not np.isin, which sorts anew for every shard.
        place = np.searchsorted(self._placeholders, users[first])
        known = self._placeholders[np.minimum(place, len(self._placeholders) - 1)] == users[first]
        people.placeholders = most_first([*people.placeholders, *pairs(users[first[known]], events[known])])

        tied = ~starts & np.concatenate([[False], times[1:] == times[:-1]])
        people.following += int((~starts).sum())
        people.tied += int(tied.sum())
        same_item = np.concatenate([[False], shard.items[1:] == shard.items[:-1]])
        people.immediate += int((~starts & same_item).sum())
        session = np.cumsum(starts) - 1
        found = np.sort(session * items + shard.items)
        people.repeated += int((found[1:] == found[:-1]).sum())
        self._see_duplicates(shard, tied, items)
        self._see_bursts(shard, session[~tied], np.flatnonzero(~tied), first, events)

    def _see_giants(self, shard: Shard, begins: Ints, lengths: Ints) -> None:
        people = self.people
        giant = lengths > GIANT
        people.giant_sessions += int(giant.sum())
        people.giant_events += int(lengths[giant].sum())
        for row, length in zip(begins[giant], lengths[giant], strict=True):
            session = int(shard.sessions[row]) if shard.sessions.size else 0
            people.giants.append((int(shard.users[row]), session, int(shard.times[row]), int(length)))
        people.giants = sorted(people.giants, key=lambda g: -g[-1])[:SAMPLES]

    def _see_duplicates(self, shard: Shard, tied: NDArray[np.bool_], items: int) -> None:
        """Only rows that share their moment with a neighbour can be copies of each other."""
        moment = np.cumsum(~tied)
        at = np.flatnonzero(tied | np.append(tied[1:], False))
        if at.size:
            key = moment[at] * items + shard.items[at]
            order = np.argsort(key, kind="stable")
            copies = at[order[1:][key[order[1:]] == key[order[:-1]]]]
            self.people.duplicates += len(copies)
            for row in copies[: SAMPLES - len(self.people.duplicated)]:
                self.people.duplicated.append((int(shard.users[row]), int(shard.items[row]), int(shard.times[row])))

    def _see_bursts(self, shard: Shard, session: Ints, moments: Ints, first: Ints, events: Ints) -> None:
        """Users with BURST different moments within BURST_SPAN. Rows of one moment are a basket, not speed."""
        if len(moments) < BURST:
            return
        times = shard.times[moments]
        fast = (session[BURST - 1 :] == session[: 1 - BURST]) & (times[BURST - 1 :] - times[: 1 - BURST] <= BURST_SPAN)
        if fast.any():
            who = np.unique(np.searchsorted(first, moments[: len(fast)][fast], side="right") - 1)
            people = self.people
            people.burst_users += len(who)
            people.burst_events += int(events[who].sum())
            people.bursts = most_first([*people.bursts, *pairs(shard.users[first[who]], events[who])], SAMPLES)


def rows_of(batch: EventBatch, at: Ints) -> list[tuple[int, str, int]]:
    return [(int(batch.users[i]), batch.items[int(i)].as_py(), int(batch.times[i])) for i in at]


def pairs(keys: NDArray[np.uint64], numbers: Ints) -> list[tuple[int, int]]:
    return [(int(k), int(n)) for k, n in zip(keys, numbers, strict=True)]


def most_first(found: list[tuple[int, int]], most: int | None = None) -> list[tuple[int, int]]:
    return sorted(found, key=lambda pair: -pair[1])[:most]
