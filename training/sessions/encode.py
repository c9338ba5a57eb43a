"""From cut sessions to a corpus: which items get a row of the vocabulary, and what is left of each session then."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

from index.errors import EventsMissing
from index.vocabulary import Vocabulary
from training.config import SessionsConfig
from training.corpus import Corpus, newest_from
from training.objective.dislikes import Dislikes
from training.objective.dislikes import joined as joined_dislikes
from training.sessions.counts import SessionCounts, nothing_left
from training.sessions.repeats import Repeats


@dataclass(frozen=True)
class Cut:
    """One shard's sessions, with every item. events: all that the shard held; bots, bot_events, repeats: of these, what
    the cut left out.

    lengths, starts, ends: int64, one a session; starts and ends in microseconds. items: int32 codes of ItemCodes.
    pauses: as in Repeats. again: of each item, whether it repeats the one before it in its session; all of them where
    repeats were not collapsed. new_ends: the last event of each session that is no repeat. dislikes: of items as codes;
    None where the log has none. lost_dislikes: those that were in no session. strangers: users who are not known;
    alone: which sessions are an event of theirs, None where there are none; unknown_dislikes: their dislikes, each in
    no session.
    """

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
    pauses: NDArray[np.int64]
    again: NDArray[np.bool_]
    new_ends: NDArray[np.int64]
    dislikes: Dislikes | None = None
    lost_dislikes: int = 0
    strangers: int = 0
    alone: NDArray[np.bool_] | None = None
    unknown_dislikes: int = 0

    def longest(self) -> int:
        """Events of the longest session of users who are known."""
        lengths = self.lengths if self.alone is None else self.lengths[~self.alone]
        return int(lengths.max()) if len(lengths) else 0

    def collapsed(self) -> "Cut":
        """Without immediate repeats."""
        keep = ~self.again
        session = np.repeat(np.arange(len(self.lengths)), self.lengths)
        return replace(
            self,
            dislikes=None if self.dislikes is None else self.dislikes.among(_offsets(self.lengths), keep),
            repeats=self.repeats + int(self.again.sum()),
            lengths=np.bincount(session[keep], minlength=len(self.lengths)).astype(np.int64),
            ends=self.new_ends,
            items=self.items[keep],
            weights=None if self.weights is None else self.weights[keep],
            converted=None if self.converted is None else self.converted[keep],
            again=np.zeros(int(keep.sum()), dtype=np.bool_),
        )


@dataclass(frozen=True)
class Sessions:
    """The corpus, its vocabulary, the items that are too rare for a vector with their counts, and the immediate repeats
    of the log. newest: int64 per row of the vocabulary, events of the newest sessions, of short ones too. newest_rare:
    the same of the rare items, where there are any."""

    corpus: Corpus
    vocabulary: Vocabulary
    rare: dict[str, int]
    counts: SessionCounts
    repeats: Repeats
    newest: NDArray[np.int64]
    newest_rare: dict[str, int]


def encode(
    cuts: list[Cut],
    ids: list[str],
    rules: SessionsConfig,
    found: Repeats,
    seen_before: Mapping[str, int] | None = None,
) -> Sessions:
    """The last three rules: rare items, short sessions, long sessions. ids: code -> item id. Empties `cuts`.

    seen_before: item -> occurrences that are in no session here, but count towards what is rare. Raises EventsMissing
    when nothing is left.
    """
    seen_before = seen_before or {}
    events, bot_users, bot_events, repeats, strangers = (
        sum(getattr(part, name) for part in cuts) for name in ("events", "bots", "bot_events", "repeats", "strangers")
    )
    if not events:
        raise EventsMissing(
            "no event came through: the files hold no rows, or all were rejected or left out by event_types or "
            "min_dwell; `item2vec check` says which"
        )
    occurrences = sum((np.bincount(part.items, minlength=len(ids)) for part in cuts), np.zeros(len(ids), np.int64))
    occurrences += np.array([seen_before.get(item, 0) for item in ids] if seen_before else 0)
    frequent = occurrences >= rules.min_item_count
    # Most frequent first; ties by id, so that the same log gives the same rows whatever the order of its files.
    order = np.array(sorted(np.flatnonzero(frequent), key=lambda c: (-occurrences[c], ids[c])), dtype=np.int64)
    row_of = np.full(len(ids), -1, dtype=np.int32)
    row_of[order] = np.arange(len(order), dtype=np.int32)
    rare = {ids[c]: int(occurrences[c]) for c in np.flatnonzero(~frequent & (occurrences > 0))}
    known = set(ids) if seen_before else set()
    rare |= {item: count for item, count in seen_before.items() if item not in known}
    rare_events = sum(rare.values())
    newest = _newest(cuts, len(ids))
    newest_rare = {ids[c]: int(newest[c]) for c in np.flatnonzero(~frequent & (newest > 0))}
    longest = max((part.longest() for part in cuts), default=0)

    short_sessions = short_events = split_sessions = 0
    unknown_events = sum(part.unknown_dislikes for part in cuts)
    said: list[Dislikes] = []
    lost, asked = sum(part.lost_dislikes for part in cuts), any(part.dislikes is not None for part in cuts)
    pieces: dict[str, list[Any]] = {}
    while cuts:
        part = cuts.pop(0)  # let go of each shard once it is encoded: both forms need not fit at once
        tokens, lengths, kept, sessions, split = _drop(
            part.items, part.lengths, row_of, rules.min_length, rules.max_length
        )
        split_sessions += int(split)
        short_sessions += len(part.lengths) - len(np.unique(sessions))
        frequent_here = row_of[part.items] >= 0
        short_events += int(frequent_here.sum()) - len(tokens)
        if part.alone is not None:
            unknown_events += int(part.alone.sum())
            short_sessions -= int(part.alone.sum())
            short_events -= int(frequent_here[np.repeat(part.alone, part.lengths)].sum())
        piece = {"tokens": tokens, "lengths": lengths, "starts": part.starts[sessions], "ends": part.ends[sessions]}
        for column, values in (("weights", part.weights), ("converted", part.converted)):
            if values is not None:
                piece[column] = values[kept]
        if asked:
            some = (part.dislikes or Dislikes.none()).over(row_of)
            said.append(some.cut(_offsets(part.lengths), kept, sessions, _offsets(lengths)))
            lost += len(part.dislikes or ()) - len(said[-1])
        for column, values in piece.items():
            pieces.setdefault(column, []).append(values)
    joined = {column: np.concatenate(some) for column, some in pieces.items()}
    counts = SessionCounts(
        events=events,
        bot_users=bot_users,
        bot_events=bot_events,
        repeats=repeats,
        rare_items=len(rare),
        rare_events=rare_events,
        short_sessions=short_sessions,
        short_events=short_events,
        split_sessions=split_sessions,
        unknown_users=strangers,
        unknown_events=unknown_events,
        lost_dislikes=lost,
    )
    if not joined["tokens"].size:
        what, advice = nothing_left(counts, rules, longest, int((occurrences > 0).sum()))
        raise EventsMissing(f"{what}. {advice}", short=what, advice=advice)
    corpus = Corpus(
        tokens=joined["tokens"],
        offsets=_offsets(joined["lengths"]),
        starts=joined["starts"],
        ends=joined["ends"],
        items=len(order),
        weights=joined.get("weights"),
        converted=joined.get("converted"),
        dislikes=joined_dislikes(said, [len(lengths) for lengths in pieces["lengths"]]) if said else None,
    )
    corpus = corpus.take(np.argsort(corpus.starts, kind="stable"))
    # Dropping short sessions takes events away, so the vocabulary states what is really in the corpus.
    vocabulary = Vocabulary([ids[c] for c in order], corpus.counts())
    return Sessions(corpus, vocabulary, rare, counts, found, newest[order], newest_rare)


def _offsets(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _newest(cuts: list[Cut], items: int) -> NDArray[np.int64]:
    """How often each item occurs in the newest sessions, by their ends."""
    ends = np.concatenate([part.ends for part in cuts])
    counts = np.zeros(items, dtype=np.int64)
    if len(ends):
        since = newest_from(ends)
        for part in cuts:
            counts += np.bincount(part.items[np.repeat(part.ends >= since, part.lengths)], minlength=items)
    return counts


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
