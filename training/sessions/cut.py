"""From events to sessions: the rules, in one fixed order, each counting what it removed."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

from index.errors import EventsMissing
from index.vocabulary import Vocabulary
from training.config import SessionsConfig
from training.corpus import Corpus
from training.events.reader import EventBatch
from training.sessions.itemcodes import ItemCodes
from training.sessions.shards import SHARDS, Shards


@dataclass
class SessionCounts:
    """What each rule removed: events, or users and sessions where the name says so."""

    events: int = 0
    bot_users: int = 0
    bot_events: int = 0
    repeats: int = 0
    rare_items: int = 0
    rare_events: int = 0
    short_sessions: int = 0
    short_events: int = 0
    split_sessions: int = 0
    bots: list[int] = field(default_factory=list)

    def removed(self) -> dict[str, int]:
        names = ("bot_users", "bot_events", "repeats", "rare_items", "rare_events", "short_sessions", "short_events")
        return {name: getattr(self, name) for name in (*names, "split_sessions")}


@dataclass(frozen=True)
class Sessions:
    """The corpus, its vocabulary, and the items that are too rare for a vector with their counts."""

    corpus: Corpus
    vocabulary: Vocabulary
    rare: dict[str, int]
    counts: SessionCounts


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
    counted after repeats are collapsed. Raises EventsMissing when nothing is left.
    """
    codes = ItemCodes()
    with Shards(budget_mb << 20, spill) as shards:
        for batch in batches:
            columns = {
                "users": batch.users,
                "sessions": batch.sessions,
                "times": batch.times,
                "items": codes.encode(batch.item_keys, batch.items),
                "weights": batch.weights,
                "converted": batch.converted,
            }
            shards.add({name: values for name, values in columns.items() if values is not None})
        counts = SessionCounts()
        gap = -1 if by_session else int(config.gap_minutes * 60e6)

        def cut(i: int) -> "_Cut":
            shard = shards.shard(i)
            ceiling = config.max_user_events or np.iinfo(np.int64).max
            kept, begins, bots, bot_events = _cut(
                shard.users, shard.sessions, shard.times, shard.items, gap, ceiling, config.collapse_repeats
            )
            lengths = np.diff(begins)
            last = begins[1:] - 1
            times = shard.times[kept]
            return _Cut(
                events=len(shard.users),
                bots=bots,
                bot_events=bot_events,
                repeats=len(shard.users) - bot_events - len(kept),
                lengths=lengths,
                starts=times[begins[:-1]],
                ends=times[last],
                items=shard.items[kept],
                weights=shard.weights[kept] if shard.weights.size else None,
                converted=shard.converted[kept] if shard.converted.size else None,
            )

        # Threads, not processes: sorting and cutting run without the interpreter lock.
        with ThreadPoolExecutor(threads) as pool:
            cuts = []
            for i, part in enumerate(pool.map(cut, range(SHARDS))):
                cuts.append(part)
                progress((i + 1) / SHARDS)
    for part in cuts:
        counts.events += part.events
        counts.bot_users += part.bots
        counts.bot_events += part.bot_events
        counts.repeats += part.repeats
    ids = codes.ids()
    corpus, vocabulary, rare = _encode(cuts, ids, config, counts)
    return Sessions(corpus, vocabulary, rare, counts)


@dataclass(frozen=True)
class _Cut:
    """One shard's sessions, before rare items and short sessions are dropped."""

    events: int
    bots: int
    bot_events: int
    repeats: int
    lengths: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    items: NDArray[np.int32]
    weights: NDArray[np.float32] | None
    converted: NDArray[np.bool_] | None


def _encode(
    cuts: list[_Cut], ids: list[str], config: SessionsConfig, counts: SessionCounts
) -> tuple[Corpus, Vocabulary, dict[str, int]]:
    occurrences = np.zeros(len(ids), dtype=np.int64)
    for part in cuts:
        occurrences += np.bincount(part.items, minlength=len(ids))
    frequent = occurrences >= config.min_item_count
    # Most frequent first; ties by id, so that the same log gives the same rows whatever the order of its files.
    order = np.array(sorted(np.flatnonzero(frequent), key=lambda c: (-occurrences[c], ids[c])), dtype=np.int64)
    row_of = np.full(len(ids), -1, dtype=np.int32)
    row_of[order] = np.arange(len(order), dtype=np.int32)
    vocabulary_ids = [ids[c] for c in order]
    seen = np.flatnonzero(~frequent & (occurrences > 0))
    rare = {ids[c]: int(occurrences[c]) for c in seen}
    counts.rare_items = len(rare)
    counts.rare_events = int(occurrences[seen].sum())

    pieces: dict[str, list[Any]] = {n: [] for n in ("tokens", "lengths", "starts", "ends", "weights", "converted")}
    while cuts:
        part = cuts.pop(0)  # let go of each shard once it is encoded: both forms need not fit at once
        tokens, lengths, kept, sessions, pieces_of = _drop(
            part.items, part.lengths, row_of, config.min_length, config.max_length
        )
        counts.split_sessions += int(pieces_of)
        counts.short_sessions += len(part.lengths) - len(np.unique(sessions))
        counts.short_events += int((row_of[part.items] >= 0).sum()) - len(tokens)
        pieces["tokens"].append(tokens)
        pieces["lengths"].append(lengths)
        pieces["starts"].append(part.starts[sessions])
        pieces["ends"].append(part.ends[sessions])
        if part.weights is not None:
            pieces["weights"].append(part.weights[kept])
        if part.converted is not None:
            pieces["converted"].append(part.converted[kept])
    joined = {n: np.concatenate(p) for n, p in pieces.items() if p}
    if not counts.events:
        raise EventsMissing(
            "no event came through: the files hold no rows, or all were rejected or left out by event_types or "
            "min_dwell; `item2vec check` says which"
        )
    if not joined["tokens"].size:
        raise EventsMissing(
            f"nothing is left of {counts.events} events: sessions need {config.min_length} items that each occur "
            f"{config.min_item_count} times ({counts.rare_events} events are of rarer items, {counts.short_sessions} "
            "sessions are too short). Lower --min-item-count, or check the user, session and time columns with "
            "`item2vec check`"
        )
    corpus = Corpus(
        tokens=joined["tokens"],
        offsets=np.concatenate([[0], np.cumsum(joined["lengths"])]).astype(np.int64),
        starts=joined["starts"],
        ends=joined["ends"],
        items=len(vocabulary_ids),
        weights=joined.get("weights"),
        converted=joined.get("converted"),
    )
    corpus = corpus.take(np.argsort(corpus.starts, kind="stable"))
    # Dropping short sessions takes events away, so the vocabulary states what is really in the corpus.
    return corpus, Vocabulary(vocabulary_ids, corpus.counts()), rare


@nb.njit(cache=True, nogil=True)
def _cut(users, sessions, times, items, gap, ceiling, collapse):  # type: ignore[no-untyped-def]
    """Sorted events to sessions. Returns (rows kept, where each session begins in them, bots, events of bots)."""
    size = users.size
    kept = np.empty(size, np.int64)
    begins = np.empty(size + 1, np.int64)
    n = count = bots = bot_events = 0
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
        for i in range(row, end):
            if i == row:
                new = True
            elif gap < 0:
                new = sessions[i] != sessions[i - 1]
            else:
                new = times[i] - times[i - 1] > gap
            if new:
                begins[count] = n
                count += 1
            elif collapse and items[i] == items[i - 1]:
                continue
            kept[n] = i
            n += 1
        row = end
    begins[count] = n
    return kept[:n], begins[: count + 1], bots, bot_events


@nb.njit(cache=True, nogil=True)
def _drop(items, lengths, row_of, min_length, max_length):  # type: ignore[no-untyped-def]
    """Without rare items and short sessions; long ones in even pieces of at most `max_length`.

    Returns (tokens, lengths of the pieces, positions kept, session each piece came from, sessions that were split).
    """
    tokens = np.empty(items.size, np.int32)
    kept = np.empty(items.size, np.int64)
    # A session of n tokens has at most n / max_length + 1 pieces, and there are at most items / min_length of them.
    most = items.size // max_length + items.size // min_length + 1
    out = np.empty(most, np.int64)
    source = np.empty(most, np.int64)
    n = pieces = split = 0
    begin = 0
    for session in range(lengths.size):
        first = n
        for i in range(begin, begin + lengths[session]):
            if row_of[items[i]] >= 0:
                tokens[n] = row_of[items[i]]
                kept[n] = i
                n += 1
        begin += lengths[session]
        length = n - first
        if length < min_length:
            n = first
            continue
        parts = (length + max_length - 1) // max_length
        split += parts > 1
        # Even pieces: a last piece of one item would be too short to train on, and lost.
        for p in range(parts):
            out[pieces] = length * (p + 1) // parts - length * p // parts
            source[pieces] = session
            pieces += 1
    return tokens[:n], out[:pieces].copy(), kept[:n], source[:pieces].copy(), split
