"""From events to sessions: the rules, in one fixed order, each counting what it removed."""

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numba as nb
import numpy as np

from training.config import SessionsConfig
from training.events.reader import EventBatch
from training.objective.dislikes import Dislikes
from training.sessions.encode import Cut, Sessions, encode
from training.sessions.itemcodes import ItemCodes
from training.sessions.repeats import PAUSES, Repeats, total
from training.sessions.shards import SHARDS, Shard, Shards


def sessionise(
    batches: Iterable[EventBatch],
    config: SessionsConfig,
    by_session: bool,
    budget_mb: int,
    threads: int = 2,
    spill: Path | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Sessions:
    """Sessions of the events, in order of their start, over a vocabulary in order of frequency.

    by_session: the events carry a session id; otherwise a pause of more than `gap_minutes` cuts. The order of the
    rules: users above the ceiling, cut, immediate repeats, rare items, short sessions, long sessions. Items are
    counted after repeats are collapsed; with `auto` all of the log says whether they are. Raises EventsMissing when
    nothing is left.
    """
    cuts, ids, repeats = cut_all(batches, config, by_session, budget_mb, threads, spill, progress)
    return encode(cuts, ids, config, repeats)


def cut_all(
    batches: Iterable[EventBatch],
    config: SessionsConfig,
    by_session: bool,
    budget_mb: int,
    threads: int = 2,
    spill: Path | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[list[Cut], list[str], Repeats]:
    """The first three rules: (cut sessions with every item, code -> item id, the immediate repeats)."""
    codes = ItemCodes()
    with Shards(budget_mb << 20, spill) as shards:
        for batch in batches:
            shards.add(
                users=batch.users,
                sessions=batch.sessions,
                times=batch.times,
                items=codes.encode(batch.item_keys, batch.items),
                weights=batch.weights,
                converted=batch.converted,
                disliked=batch.disliked,
            )
        gap = gap_micros(config, by_session)
        # Threads, not processes: sorting and cutting run without the interpreter lock.
        with ThreadPoolExecutor(threads) as pool:
            cuts = []
            for i, part in enumerate(pool.map(lambda i: cut(shards.shard(i), config, gap), range(SHARDS))):
                cuts.append(part)
                progress((i + 1) / SHARDS)
    repeats = total(part.pauses for part in cuts)
    keep = repeats.kind == "real" if config.collapse_repeats == "auto" else not config.collapse_repeats
    if not keep and config.collapse_repeats == "auto":
        for i, part in enumerate(cuts):
            cuts[i] = part.collapsed()
    return cuts, codes.ids(), replace(repeats, kept=keep)


def gap_micros(config: SessionsConfig, by_session: bool) -> int:
    """The longest pause within a session, in microseconds; -1 where a change of the given session id cuts instead."""
    return -1 if by_session else int(config.gap_minutes * 60e6)


def cut(shard: Shard, config: SessionsConfig, gap: int) -> Cut:
    """The first three rules, on the users of one shard: bots, the cut itself, immediate repeats.

    These stay where they must, and where only the whole log says what they are (`auto`).
    """
    ceiling = config.max_user_events or np.iinfo(np.int64).max
    collapse = config.collapse_repeats is True
    kept, begins, bots, bot_events, again, new_ends, pauses, said, alone = _cut(
        shard.users, shard.sessions, shard.times, shard.items, shard.disliked, gap, ceiling, collapse
    )
    times, (rows, sessions, positions) = shard.times[kept], said
    return Cut(
        events=len(shard.users),
        bots=bots,
        bot_events=bot_events,
        repeats=len(shard.users) - bot_events - len(kept) - len(rows) - alone,
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
        lost_dislikes=alone,
    )


@nb.njit(cache=True, nogil=True)
def _cut(users, sessions, times, items, disliked, gap, ceiling, collapse):  # type: ignore[no-untyped-def]
    """Sorted events to sessions. Returns (rows kept, where each session begins in them, bots, events of bots, which of
    the kept are repeats, the last row of each session that is none, pauses, dislikes, how many are in no session).

    dislikes: the row of each, its session, and how many of the kept come before it there. They hold a session together
    like other events, and begin none: a session that has nothing else is none.
    """
    size = users.size
    kept = np.empty(size, np.int64)
    again = np.zeros(size, np.bool_)
    new_ends = np.empty(size, np.int64)
    pauses = np.zeros((2, PAUSES), np.int64)
    begins = np.empty(size + 1, np.int64)
    said = np.empty(disliked.size, np.int64)
    said_session, said_position = np.empty(disliked.size, np.int64), np.empty(disliked.size, np.int32)
    n = count = bots = bot_events = m = alone = 0
    row = 0
    while row < size:
        end = row
        while end < size and users[end] == users[row]:
            end += 1
        if end - row > ceiling:
            bots += 1
            bot_events += end - row
            row = end
            continue
        empty, before, first = False, row, m
        for i in range(row, end):
            if i == row:
                new = True
            elif gap < 0:
                new = sessions[i] != sessions[i - 1]
            else:
                new = times[i] - times[i - 1] > gap
            if new:
                if empty:
                    alone, m = alone + m - first, first
                empty, first = True, m
            if disliked.size > 0 and disliked[i]:
                said[m], said_session[m] = i, count if empty else count - 1
                said_position[m] = 0 if empty else n - begins[count - 1]
                m += 1
                continue
            if empty:
                empty = False
                begins[count] = n
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
            alone, m = alone + m - first, first
        row = end
    begins[count] = n
    found = said[:m].copy(), said_session[:m].copy(), said_position[:m].copy()
    new_ends, again = new_ends[:count].copy(), again[:n].copy()
    return kept[:n], begins[: count + 1], bots, bot_events, again, new_ends, pauses, found, alone
