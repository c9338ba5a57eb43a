"""From events to sessions: the rules, in one fixed order, each counting what it removed."""

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.config import SessionsConfig
from training.events.reader import EventBatch
from training.objective.dislikes import Dislikes
from training.sessions.encode import Cut, Sessions, encode
from training.sessions.itemcodes import ItemCodes
from training.sessions.repeats import PAUSES, Repeats, total
from training.sessions.shards import SHARDS, Shard, Shards
from training.sessions.strangers import Strangers

NOBODY = np.empty(0, dtype=np.uint64)


class Watch(Protocol):
    """Looks at the events on their way to sessions, so that what a log holds is known without reading it twice."""

    def see(self, batch: EventBatch, items: NDArray[np.int32]) -> None:
        """Each batch as it was read. items: its codes."""

    def look(self, number: int, shard: Shard, items: int, strangers: NDArray[np.uint64]) -> None:
        """Each shard, sorted, before any rule; several at once, in threads. items: codes that there are. strangers:
        users of the shard who are not known."""

    def end(self, ids: list[str]) -> None:
        """After the last one. ids: code -> item id."""


def sessionise(
    batches: Iterable[EventBatch],
    config: SessionsConfig,
    by_session: bool,
    budget_mb: int,
    threads: int = 2,
    spill: Path | None = None,
    progress: Callable[[float], None] = lambda _: None,
    watch: Watch | None = None,
    strangers: Strangers | None = None,
) -> Sessions:
    """Sessions of the events, in order of their start, over a vocabulary in order of frequency.

    by_session: the events carry a session id; otherwise a pause of more than `gap_minutes` cuts. strangers: tells which
    users are not known; each of their events is a session. The order of the rules: users above the ceiling, cut,
    immediate repeats, rare items, short sessions, long sessions. Items are counted after repeats are collapsed; with
    `auto` all of the log says whether they are. Raises EventsMissing when nothing is left.
    """
    cuts, ids, repeats = cut_all(batches, config, by_session, budget_mb, threads, spill, progress, watch, strangers)
    return encode(cuts, ids, config, repeats)


def cut_all(
    batches: Iterable[EventBatch],
    config: SessionsConfig,
    by_session: bool,
    budget_mb: int,
    threads: int = 2,
    spill: Path | None = None,
    progress: Callable[[float], None] = lambda _: None,
    watch: Watch | None = None,
    strangers: Strangers | None = None,
) -> tuple[list[Cut], list[str], Repeats]:
    """The first three rules: (cut sessions with every item, code -> item id, the immediate repeats)."""
    codes = ItemCodes()
    with Shards(budget_mb << 20, spill) as shards:
        for batch in batches:
            items = codes.encode(batch.item_keys, batch.items)
            if watch is not None:
                watch.see(batch, items)
            if strangers is not None:
                strangers.see(batch.users)
            shards.add(
                users=batch.users,
                sessions=batch.sessions,
                times=batch.times,
                items=items,
                weights=batch.weights,
                converted=batch.converted,
                disliked=batch.disliked,
            )
        gap, known = gap_micros(config, by_session), len(codes)
        nobody = NOBODY if strangers is None else strangers.found(shards)

        def cut_one(number: int) -> Cut:
            shard = shards.shard(number)
            there = here(nobody, shard)
            if watch is not None:
                watch.look(number, shard, known, there)
            return cut(shard, config, gap, there)

        # Threads, not processes: sorting and cutting run without the interpreter lock.
        with ThreadPoolExecutor(threads) as pool:
            cuts = []
            for i, part in enumerate(pool.map(cut_one, range(SHARDS))):
                cuts.append(part)
                progress((i + 1) / SHARDS)
    ids = codes.ids()
    if watch is not None:
        watch.end(ids)
    repeats = total(part.pauses for part in cuts)
    keep = repeats.kind == "real" if config.collapse_repeats == "auto" else not config.collapse_repeats
    if not keep and config.collapse_repeats == "auto":
        for i, part in enumerate(cuts):
            cuts[i] = part.collapsed()
    return cuts, ids, replace(repeats, kept=keep)


def gap_micros(config: SessionsConfig, by_session: bool) -> int:
    """The longest pause within a session, in microseconds; -1 where a change of the given session id cuts instead."""
    return -1 if by_session else int(config.gap_minutes * 60e6)


def here(hashes: NDArray[np.uint64], shard: Shard) -> NDArray[np.uint64]:
    """Those of the hashes that are users of the shard."""
    if not (hashes.size and shard.users.size):
        return NOBODY
    at = np.minimum(np.searchsorted(shard.users, hashes), len(shard.users) - 1)
    found: NDArray[np.uint64] = hashes[shard.users[at] == hashes]
    return found


def cut(shard: Shard, config: SessionsConfig, gap: int, strangers: NDArray[np.uint64]) -> Cut:
    """The first three rules, on the users of one shard: bots, the cut itself, immediate repeats.

    These stay where they must, and where only the whole log says what they are (`auto`).
    """
    ceiling = config.max_user_events or np.iinfo(np.int64).max
    collapse = config.collapse_repeats is True
    kept, begins, bots, bot_events, again, new_ends, pauses, alone, said, lost = _cut(
        shard.users, shard.sessions, shard.times, shard.items, shard.disliked, gap, ceiling, collapse, strangers
    )
    times, (rows, sessions, positions) = shard.times[kept], said
    return Cut(
        events=len(shard.users),
        bots=bots,
        bot_events=bot_events,
        repeats=len(shard.users) - bot_events - len(kept) - len(rows) - int(lost.sum()),
        lengths=np.diff(begins),
        starts=times[begins[:-1]],
        ends=times[begins[1:] - 1],
        items=shard.items[kept],
        weights=shard.weights[kept] if shard.weights.size else None,
        converted=shard.converted[kept] if shard.converted.size else None,
        pauses=pauses,
        again=again,
        new_ends=shard.times[new_ends],
        dislikes=Dislikes(sessions, positions, shard.items[rows]) if shard.disliked.size else None,
        lost_dislikes=int(lost[0]),
        strangers=len(strangers),
        alone=alone if len(strangers) else None,
        unknown_dislikes=int(lost[1]),
    )


@nb.njit(cache=True, nogil=True)
def _cut(users, sessions, times, items, disliked, gap, ceiling, collapse, strangers):  # type: ignore[no-untyped-def]
    """Sorted events to sessions. Returns (rows kept, where each session begins in them, bots, events of bots, which of
    the kept are repeats, the last row of each session that is none, pauses, which sessions are an event of a stranger,
    dislikes, how many more are in no session: of users who are known, of strangers).

    dislikes: the row of each, its session, and how many of the kept come before it there. They hold a session together
    like other events, and begin none: a session that has nothing else is none.
    """
    size = users.size
    kept = np.empty(size, np.int64)
    again = np.zeros(size, np.bool_)
    new_ends = np.empty(size, np.int64)
    pauses = np.zeros((2, PAUSES), np.int64)
    begins = np.empty(size + 1, np.int64)
    alone = np.zeros(size, np.bool_)
    said = np.empty(disliked.size, np.int64)
    said_session, said_position = np.empty(disliked.size, np.int64), np.empty(disliked.size, np.int32)
    lost = np.zeros(2, np.int64)
    n = count = bots = bot_events = m = 0
    row = 0
    while row < size:
        end = row
        while end < size and users[end] == users[row]:
            end += 1
        unknown = False
        for stranger in strangers:
            unknown |= users[row] == stranger
        if end - row > ceiling and not unknown:
            bots += 1
            bot_events += end - row
            row = end
            continue
        empty, before, first = False, row, m
        for i in range(row, end):
            if i == row or unknown:
                new = True
            elif gap < 0:
                new = sessions[i] != sessions[i - 1]
            else:
                new = times[i] - times[i - 1] > gap
            if new:
                if empty:
                    lost[int(unknown)] += m - first
                    m = first
                empty, first = True, m
            if disliked.size > 0 and disliked[i]:
                said[m], said_session[m] = i, count if empty else count - 1
                said_position[m] = 0 if empty else n - begins[count - 1]
                m += 1
                continue
            if empty:
                empty = False
                begins[count] = n
                alone[count] = unknown
                count += 1
                new_ends[count - 1] = i
            else:
                same = items[i] == items[before]
                # The bits of the pause, from the exponent of a float: a loop over the bits is slower.
                pauses[int(same), int(math.frexp(float(times[i] - times[before]))[1])] += 1
                if not same:
                    new_ends[count - 1] = i
                elif collapse:
                    before = i
                    continue
                again[n] = same
            kept[n] = i
            before = i
            n += 1
        if empty:
            lost[int(unknown)] += m - first
            m = first
        row = end
    begins[count] = n
    found = said[:m].copy(), said_session[:m].copy(), said_position[:m].copy()
    new_ends, again, alone = new_ends[:count].copy(), again[:n].copy(), alone[:count].copy()
    return kept[:n], begins[: count + 1], bots, bot_events, again, new_ends, pauses, alone, found, lost
