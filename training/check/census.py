"""What a log holds, counted while it streams by once: its clock batch by batch, its people shard by shard."""

from collections.abc import Iterable
from datetime import UTC, datetime

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.check.tally import DAY, SAMPLES, Clock, People, most_first
from training.events.reader import EventBatch
from training.sessions.cut import here
from training.sessions.shards import SHARDS, Shard

GIANT = 1000  # events: longer sessions are crawlers, shared screens, or a whole year of one customer
BURST, BURST_SPAN = 600, 30 * 60 * 1_000_000  # a new event every three seconds, half an hour long: nobody clicks so
# In microseconds, the first of 1990 and of 2000: values before the former are positions or counters, not clock times.
CLOCK_FROM, FAR_PAST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000 for year in (1990, 2000))

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Hashes = NDArray[np.uint64]


class Census:
    """Watches a log on its way to sessions (training/sessions/cut.py), in a training as in a check.

    Duplicates, repeats and session lengths need all events of a user side by side: they are counted where the shards
    are sorted for the rules, so the log is read once. Ready when `end` was called. gap: microseconds, or -1 where
    sessions are given. now: microseconds; what is more than a day later is the future. placeholders: hashes of ids that
    name nobody, and are kept as users all the same.
    """

    def __init__(self, gap: int, now: int, placeholders: Iterable[int] = ()) -> None:
        self.clock = Clock()
        self.people = People()
        self.converted = self.disliked = 0
        self.counts: Ints = np.zeros(0, dtype=np.int64)
        self.items: list[str] = []
        self._gap = gap
        self._now = now
        self._placeholders = np.sort(np.array(list(placeholders), dtype=np.uint64))
        self._parts: list[People | None] = [None] * SHARDS

    def see(self, batch: EventBatch, items: NDArray[np.int32]) -> None:
        if not len(batch.times):
            return
        if batch.converted is not None:
            self.converted += int(batch.converted.sum())
        if batch.disliked is not None:
            self.disliked += int(batch.disliked.sum())
        self._see_clock(batch)
        found = np.bincount(items)
        if len(found) > len(self.counts):
            # Doubled, so that a catalogue that keeps growing is not copied with every batch.
            grown = np.zeros(max(len(found), 2 * len(self.counts)), dtype=np.int64)
            grown[: len(self.counts)] = self.counts
            self.counts = grown
        self.counts[: len(found)] += found

    def look(self, number: int, shard: Shard, items: int, strangers: Hashes) -> None:
        unknown = [(int(user), int(n)) for user, n in zip(strangers, events_of(shard.users, strangers), strict=True)]
        known = shard if not unknown else shard.where(~np.isin(shard.users, strangers))
        self._parts[number] = part = self._people(known, items) if len(known.users) else People()
        part.unknown = unknown
        part.sessions.add(np.ones(sum(n for _, n in unknown), dtype=np.int64))

    def end(self, ids: list[str]) -> None:
        """`counts` is in the order of `items`."""
        for part in self._parts:
            if part is not None:
                self.people.join(part)
        self._parts.clear()
        self.items, self.counts = ids, self.counts[: len(ids)]

    def _see_clock(self, batch: EventBatch) -> None:
        clock, times = self.clock, batch.times
        low, high, midnight = map(int, _days(times, clock.days))
        clock.events += len(times)
        clock.midnight += midnight
        clock.first, clock.last = min(clock.first, low), max(clock.last, high)
        if low < FAR_PAST:
            clock.before_clock += int((times < CLOCK_FROM).sum())
            past = np.flatnonzero(times < FAR_PAST)
            clock.far_past += len(past)
            clock.past_samples += rows_of(batch, past[: SAMPLES - len(clock.past_samples)])
        if high > self._now + DAY:
            future = np.flatnonzero(times > self._now + DAY)
            clock.future += len(future)
            clock.future_samples += rows_of(batch, future[: SAMPLES - len(clock.future_samples)])

    def _people(self, shard: Shard, items: int) -> People:
        """Mostly in numpy: each shard is small enough to stay in cache."""
        people, users, times = People(), shard.users, shard.times
        starts, tied, first, sessions, following, ties, immediate = _steps(
            users, shard.sessions, times, shard.items, self._gap
        )
        people.following, people.tied, people.immediate = following, ties, immediate
        begins = np.flatnonzero(starts)
        lengths = np.diff(np.append(begins, len(users)))
        people.sessions.add(lengths)
        ends = begins + lengths - 1
        people.day_long = int((times[ends] - times[begins] > DAY).sum())
        _see_giants(people, shard, begins, lengths)

        events = np.diff(np.append(first, len(users)))
        people.users.add(events)
        people.from_zero = int((times[first] <= 1_000_000).sum())
        most = np.argsort(-events, kind="stable")[:SAMPLES]
        people.top = pairs(users[first[most]], events[most])
        kept = here(self._placeholders, shard)
        people.placeholders = pairs(kept, events_of(users, kept))
        found = np.sort(sessions * items + shard.items)
        people.repeated = int((found[1:] == found[:-1]).sum())
        _see_duplicates(people, shard, tied, items)
        _see_bursts(people, shard, starts, tied, first, events)
        return people


@nb.njit(cache=True, nogil=True)
def _steps(users, sessions, times, items, gap):  # type: ignore[no-untyped-def]
    """(whether a session begins at each event, whether one has the time of the event before it in its session, where
    each user begins, the number of each event's session, events that have one before them in their session, of these
    the ones of its time, and of its item). In one pass: in numpy this took a fifth of the time of the rules."""
    size = users.size
    starts = np.zeros(size, np.bool_)
    tied = np.zeros(size, np.bool_)
    first = np.empty(size, np.int64)
    session = np.empty(size, np.int64)
    people = following = ties = immediate = 0
    count = -1
    for i in range(size):
        if i == 0 or users[i] != users[i - 1]:
            first[people] = i
            people += 1
            starts[i] = True
        elif gap < 0:
            starts[i] = sessions[i] != sessions[i - 1]
        else:
            starts[i] = times[i] - times[i - 1] > gap
        count += starts[i]
        session[i] = count
        if not starts[i]:
            following += 1
            tied[i] = times[i] == times[i - 1]
            ties += tied[i]
            immediate += items[i] == items[i - 1]
    return starts, tied, first[:people].copy(), session, following, ties, immediate


def _see_giants(people: People, shard: Shard, begins: Ints, lengths: Ints) -> None:
    giant = lengths > GIANT
    people.giant_sessions += int(giant.sum())
    people.giant_events += int(lengths[giant].sum())
    for row, length in zip(begins[giant], lengths[giant], strict=True):
        session = int(shard.sessions[row]) if shard.sessions.size else 0
        people.giants.append((int(shard.users[row]), session, int(shard.times[row]), int(length)))
    people.giants = sorted(people.giants, key=lambda g: -g[-1])[:SAMPLES]


def _see_duplicates(people: People, shard: Shard, tied: Flags, items: int) -> None:
    """Only rows that share their moment with a neighbour can be copies of each other."""
    moment = np.cumsum(~tied)
    at = np.flatnonzero(tied | np.append(tied[1:], False))
    if at.size:
        key = moment[at] * items + shard.items[at]
        order = np.argsort(key, kind="stable")
        copies = at[order[1:][key[order[1:]] == key[order[:-1]]]]
        people.duplicates += len(copies)
        for row in copies[: SAMPLES - len(people.duplicated)]:
            people.duplicated.append((int(shard.users[row]), int(shard.items[row]), int(shard.times[row])))


def _see_bursts(people: People, shard: Shard, starts: Flags, tied: Flags, first: Ints, events: Ints) -> None:
    who = first_of_bursts(shard.times, starts, tied)
    if who.size:
        who = np.unique(np.searchsorted(first, who, side="right") - 1)
        people.burst_users = len(who)
        people.burst_events = int(events[who].sum())
        people.bursts = most_first(pairs(shard.users[first[who]], events[who]), SAMPLES)


@nb.njit(cache=True, nogil=True)
def first_of_bursts(times, starts, tied):  # type: ignore[no-untyped-def]
    """Where sessions begin that have BURST different moments within BURST_SPAN. Rows of one moment are a basket, not
    speed."""
    moments = np.empty(times.size, np.int64)
    found = np.empty(times.size // BURST + 1, np.int64)
    n = bursts = begin = 0
    told = False
    for i in range(times.size):
        if starts[i]:
            n, begin, told = 0, i, False
        if tied[i]:
            continue
        moments[n] = times[i]
        n += 1
        if n >= BURST and not told and times[i] - moments[n - BURST] <= BURST_SPAN:
            found[bursts] = begin
            bursts += 1
            told = True
    return found[:bursts].copy()


@nb.njit(cache=True, nogil=True)
def _days(times, days):  # type: ignore[no-untyped-def]
    """Adds the events of each day to `days`. Returns (earliest, latest, how many are exactly midnight)."""
    low = high = times[0]
    midnight = 0
    for time in times:
        day = time // DAY
        days[day] += 1
        midnight += day * DAY == time
        low = min(low, time)
        high = max(high, time)
    return low, high, midnight


def rows_of(batch: EventBatch, at: Ints) -> list[tuple[int, str, int]]:
    return [(int(batch.users[i]), batch.items[int(i)].as_py(), int(batch.times[i])) for i in at]


def events_of(users: Hashes, some: Hashes) -> Ints:
    """How often each of `some` is among `users`, which are in order."""
    return np.searchsorted(users, some, side="right") - np.searchsorted(users, some)


def pairs(keys: Hashes, numbers: Ints) -> list[tuple[int, int]]:
    return [(int(k), int(n)) for k, n in zip(keys, numbers, strict=True)]
