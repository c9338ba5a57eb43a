"""The fast way from events to sessions must be the slow one in plain Python: the same sessions, the same counts."""

import re
from collections import Counter
from functools import cache
from itertools import groupby, pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import EventsError, EventsMissing
from training.config import SessionsConfig
from training.events.reader import EventBatch
from training.sessions.cut import sessionise
from training.sessions.itemcodes import ItemCodes
from training.sessions.shards import SHARDS, Shards

MINUTE = 60_000_000
RULES = ("bot_users", "bot_events", "repeats", "rare_items", "rare_events", "short_sessions", "short_events")


def hashes(values):
    """Spread over 64 bits, as DuckDB's hashes are; the same value, the same hash."""
    return np.array([hash_of(v) for v in values], dtype=np.uint64)


@cache
def hash_of(value):
    return int(np.random.default_rng([value, 7]).integers(2**64, dtype=np.uint64))


def batches_of(events, size=7, sessions=False, extras=True):
    """Events (user, session, time, item, weight, converted) in batches of a few."""
    for at in range(0, len(events), size):
        users, given_ids, times, items, weights, converted = zip(*events[at : at + size], strict=True)
        yield EventBatch(
            users=hashes(users),
            item_keys=hashes(items),
            items=pa.array([f"i{i}" for i in items]),
            times=np.array(times, dtype=np.int64),
            sessions=hashes(given_ids) if sessions else None,
            weights=np.array(weights, dtype=np.float32) if extras else None,
            converted=np.array(converted, dtype=np.bool_) if extras else None,
        )


def reference(events, config, by_session):
    """(sessions as (start, end, items, weights, converted), counts by rule, rare, vocabulary), by loops over lists."""
    counts = Counter()
    cut = []
    for user in {e[0] for e in events}:
        own = [e for e in events if e[0] == user]
        if config.max_user_events and len(own) > config.max_user_events:
            counts["bot_users"] += 1
            counts["bot_events"] += len(own)
            continue
        own.sort(key=lambda e: (e[1], e[2]) if by_session else e[2])
        session = []
        for event in own:
            before = session[-1] if session else None
            same = before and (
                event[1] == before[1] if by_session else event[2] - before[2] <= config.gap_minutes * MINUTE
            )
            if not same and session:
                cut.append(session)
                session = []
            session.append(event)
        cut.append(session)
    keep = kept_of(cut) if config.collapse_repeats == "auto" else not config.collapse_repeats
    for session in cut:
        kept = [e for n, e in enumerate(session) if n == 0 or e[3] != session[n - 1][3] or keep]
        counts["repeats"] += len(session) - len(kept)
        # Without its repeats a session keeps the time of its last event that stayed.
        session[:] = kept
    occurrences = Counter(f"i{e[3]}" for session in cut for e in session)
    vocabulary = sorted(
        (i for i, n in occurrences.items() if n >= config.min_item_count), key=lambda i: (-occurrences[i], i)
    )
    rare = {i: n for i, n in occurrences.items() if n < config.min_item_count}
    counts["rare_items"], counts["rare_events"] = len(rare), sum(rare.values())
    found = []
    for session in cut:
        kept = [e for e in session if f"i{e[3]}" not in rare]
        if len(kept) < config.min_length:
            counts["short_sessions"] += 1
            counts["short_events"] += len(kept)
            continue
        parts = -(-len(kept) // config.max_length)
        counts["split_sessions"] += parts > 1
        for p in range(parts):
            piece = kept[len(kept) * p // parts : len(kept) * (p + 1) // parts]
            _, _, _, items, weights, converted = zip(*piece, strict=True)
            found.append((session[0][2], session[-1][2], tuple(f"i{i}" for i in items), weights, converted))
    rules = (*RULES, "split_sessions", "unknown_users", "unknown_events", "lost_dislikes")
    return found, {rule: counts[rule] for rule in rules}, rare, vocabulary


def as_lists(found):
    corpus, ids = found.corpus, found.vocabulary.ids
    sessions = []
    for i in range(len(corpus)):
        span = slice(corpus.offsets[i], corpus.offsets[i + 1])
        items = tuple(ids[t] for t in corpus.tokens[span])
        extras = [() if v is None else tuple(v[span].tolist()) for v in (corpus.weights, corpus.converted)]
        sessions.append((int(corpus.starts[i]), int(corpus.ends[i]), items, *extras))
    return sessions


def kept_of(cut):
    """Whether repeats are part of what people do, the plain way."""
    pairs = [(b[3] == a[3], int(b[2] - a[2]).bit_length()) for s in cut for a, b in pairwise(s)]
    same, other = (sorted(bits for repeat, bits in pairs if repeat is kind) for kind in (True, False))
    if not 0.02 <= len(same) / max(1, len(pairs)) <= 0.5:
        return False
    typical = [found[(len(found) - 1) // 2] if found else 0 for found in (same, other)]
    return typical[0] > typical[1] - 2


EVENT = st.tuples(
    st.integers(0, 3),
    st.integers(0, 2),
    st.integers(0, 12).map(lambda n: n * 10 * MINUTE),
    st.integers(0, 5),
    st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    st.booleans(),
)
CONFIG = st.builds(
    SessionsConfig,
    gap_minutes=st.sampled_from([0.5, 10, 30]),
    min_length=st.integers(2, 4),
    max_length=st.integers(4, 6),
    min_item_count=st.integers(1, 4),
    collapse_repeats=st.sampled_from([True, False, "auto"]),
    max_user_events=st.sampled_from([0, 3, 10, 100]),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(EVENT, min_size=1, max_size=60), CONFIG, st.booleans(), st.sampled_from([(0, 25), (100, 7), (100, 61)]))
def test_any_log_gives_the_sessions_and_counts_of_the_plain_way(events, config, by_session, memory):
    budget, size = memory
    expected, counts, rare, vocabulary = reference(events, config, by_session)
    batches = batches_of(events, size, by_session)
    if not expected:
        with pytest.raises(EventsMissing, match=f"nothing is left of {len(events)} events"):
            sessionise(batches, config, by_session, budget)
        return
    found = sessionise(batches, config, by_session, budget)
    assert sorted(as_lists(found)) == sorted(expected)
    assert found.counts.removed() == counts
    assert found.counts.events == len(events)
    assert found.rare == rare
    assert found.vocabulary.ids == vocabulary
    assert np.all(np.diff(found.corpus.starts) >= 0)
    assert found.vocabulary.counts.tolist() == [sum(s[2].count(i) for s in expected) for i in vocabulary]
    lost = counts["bot_events"] + counts["repeats"] + counts["rare_events"] + counts["short_events"]
    assert len(found.corpus.tokens) + lost == len(events)


def one_each(sessions, gap=60):
    """Users one after another, an hour apart; one event a second, so no session is cut."""
    return [
        (u, u, (u * gap * MINUTE) + n * 1_000_000, item, 1.0, False)
        for u, items in enumerate(sessions)
        for n, item in enumerate(items)
    ]


def plain(**config):
    return SessionsConfig(**{"min_item_count": 1} | config)


def test_a_pause_of_exactly_the_gap_does_not_cut_and_a_longer_one_does():
    for pause, sessions in ((30 * MINUTE, 1), (30 * MINUTE + 1, 2)):
        events = [(1, 0, t, i, 1.0, False) for i, t in enumerate([0, 1, 1 + pause, 2 + pause])]
        assert len(sessionise(batches_of(events), plain(), False, 10).corpus) == sessions


def test_events_of_one_time_stay_in_input_order_across_batches_and_on_disk():
    events = [(1, 0, 5, i % 50, 1.0, False) for i in np.random.default_rng(1).permutation(500).tolist()]
    for budget in (0, 100):
        found = sessionise(batches_of(events, 150), plain(collapse_repeats=False), False, budget)
        assert [s[2] for s in as_lists(found)] == [tuple(f"i{e[3]}" for e in events)]


REAL = [[1, 1, 2, 3, 4, 5], [2, 3, 4, 5, 5, 1], [5, 4, 3, 2, 1, 2]]


def at_pauses(events, repeat, other):
    """The same events with these microseconds before a repeat, and before any other event."""
    found, at = [], 0
    for before, event in zip([None, *events[:-1]], events, strict=True):
        new = before is None or event[0] != before[0]
        at += 10 * 60 * MINUTE if new else repeat if event[3] == before[3] else other
        found.append((*event[:2], at, *event[3:]))
    return found


@pytest.mark.parametrize(
    ("sessions", "pauses", "kind"),
    [
        (REAL, (MINUTE, MINUTE), "real"),
        (REAL, (0, 0), "real"),
        (REAL, (20 * MINUTE, MINUTE), "real"),
        (REAL, (1_000_000, MINUTE), "soon"),
        (REAL, (0, 1), "real"),
        ([*REAL, *[[1, 2, 3, 4, 5]] * 40], (MINUTE, MINUTE), "few"),
        ([[1, 1, 1, 1, 2]], (MINUTE, MINUTE), "flood"),
        ([[1, 2, 3]], (MINUTE, MINUTE), "few"),
    ],
)
def test_repeats_stay_where_they_are_part_of_what_people_do(sessions, pauses, kind):
    events = at_pauses(one_each(sessions), *pauses)
    found, plainly = (
        sessionise(batches_of(events), plain(collapse_repeats=how), False, 10) for how in ("auto", kind != "real")
    )
    assert found.repeats.kind == kind
    assert found.repeats.kept == (kind == "real")
    assert as_lists(found) == as_lists(plainly)
    assert found.counts == plainly.counts
    repeated = sum(a == b for s in sessions for a, b in pairwise(s))
    assert (found.repeats.count, found.repeats.next_events) == (repeated, sum(len(s) - 1 for s in sessions))
    assert plainly.repeats.share == found.repeats.share


def test_a_log_without_weights_and_conversions_has_none():
    corpus = sessionise(batches_of(one_each([[1, 2]]), extras=False), plain(), False, 10).corpus
    assert corpus.weights is None
    assert corpus.converted is None


def test_sessions_come_in_order_of_their_start_whatever_the_order_of_the_files():
    events = one_each([[u % 7, u % 5 + 10, u % 3 + 20] for u in range(300)])
    found = [sessionise(batches_of(e, 31), plain(), False, 10) for e in (events, events[450:] + events[:450])]
    assert as_lists(found[0]) == as_lists(found[1])
    assert [s[0] for s in as_lists(found[0])] == [u * 60 * MINUTE for u in range(300)]


@pytest.mark.parametrize(("min_length", "max_length"), [(2, 2), (2, 3), (5, 6), (3, 100)])
def test_long_sessions_are_split_in_order_without_losing_a_token(min_length, max_length):
    lengths = [7, 7, 13, 29, 10, 101, 11]
    sessions = [[n % 9 for n in range(length)] for length in lengths]
    found = sessionise(
        batches_of(one_each(sessions), 50), plain(min_length=min_length, max_length=max_length), False, 10
    )
    assert found.corpus.lengths().max() <= max_length
    assert min(found.corpus.lengths()) >= min(min_length, max_length // 2)
    kept = [tuple(f"i{i}" for i in s) for s in sessions if len(s) >= min_length]
    joined = [sum((s[2] for s in pieces), ()) for _, pieces in groupby(as_lists(found), key=lambda s: s[0])]
    assert joined == kept
    assert found.counts.split_sessions == sum(len(s) > max_length for s in kept)


def test_one_giant_user_among_small_ones_is_sorted_like_any_other():
    rng = np.random.default_rng(3)
    size = 300_000
    users = np.where(rng.random(size) < 0.9, 5, rng.integers(0, 1000, size))
    hashed = hashes(range(1000))[users]
    items = rng.integers(0, 100, size)
    batch = EventBatch(
        users=hashed,
        item_keys=hashes(range(100))[items],
        items=pa.array(np.array([f"i{i}" for i in range(100)])[items]),
        times=rng.integers(0, 10**6, size) * 1_000_000,
    )
    order = np.lexsort((np.arange(size), batch.times, hashed))
    cut = np.flatnonzero((np.diff(hashed[order]) != 0) | (np.diff(batch.times[order]) > 30 * MINUTE)) + 1
    expected = sorted(tuple(part.tolist()) for part in np.split(items[order], cut) if len(part) > 1)
    config = plain(max_user_events=0, collapse_repeats=False, max_length=10**6)
    found = sessionise([batch], config, False, 100)
    assert sorted(tuple(int(i[1:]) for i in s[2]) for s in as_lists(found)) == expected


def test_users_above_the_ceiling_are_left_out_and_counted():
    found = sessionise(batches_of(one_each([[1, 2], [1, 2, 1, 2], [2, 1, 2]])), plain(max_user_events=3), False, 10)
    assert (found.counts.bot_users, found.counts.bot_events, len(found.corpus)) == (1, 4, 2)


def test_nothing_left_says_which_rule_took_it():
    with pytest.raises(EventsMissing, match=r"nothing is left of 2 events.*2 are of items that occur fewer than"):
        sessionise(batches_of(one_each([[1, 2]])), SessionsConfig(), False, 10)
    with pytest.raises(EventsMissing, match="no event came through"):
        sessionise([], SessionsConfig(), False, 10)


@pytest.mark.parametrize(
    ("sessions", "rules", "what", "advice"),
    [
        ([[1]] * 9, {}, r"all are of one item\.", "--item"),
        ([[1, 1, 1]] * 9, {}, r"all are of one item\.", "--item"),
        ([[1]], {}, r"all are of one item\.", "--item"),
        ([[1], [2]] * 5, {}, r"each of the 10 sessions has one event, and 2 are needed", "--user.*--session"),
        ([[1] * 4, [2] * 3, [3]], {"collapse_repeats": True}, r"holds one item only \(5 events repeat", "--item"),
        ([[1, 2, 3]] * 4, {"min_length": 5}, r"4 sessions has 3 events at most, and 5 are needed", "--min-length"),
        ([[1, 2, 3]], {"min_length": 5}, r"the only session has 3 events at most", "--min-length"),
        ([[1, 2, 1, 2]] * 2, {"max_user_events": 3}, r"8 are of 2 users with more than 3 events each", "--session"),
        ([[1, 2, 1, 2]], {"max_user_events": 3}, r"4 are of one user with more than 3 events", "--max-user-events"),
        ([[1, 2], [3, 4]], {"min_item_count": 2}, r"4 are of items that occur fewer than 2 times", "--min-item-count"),
        ([[1, 9], [2, 9]] * 3, {"min_item_count": 4}, r"once 6 events of rare items are gone", "--min-item-count"),
        ([[1, 2, 3, 9], [1, 2, 3]] * 2, {"min_length": 4, "min_item_count": 3}, r"once 2 events", "--min-length"),
    ],
)
def test_what_is_left_of_nothing_is_said_by_its_cause(sessions, rules, what, advice):
    with pytest.raises(EventsMissing, match=what) as left:
        sessionise(batches_of(one_each(sessions)), plain(**rules), False, 10)
    assert re.search(advice, left.value.advice)
    assert ("--min-item-count" in left.value.advice) == ("min_item_count" in rules)
    assert str(left.value) == f"{left.value.short}. {left.value.advice}"


def test_item_codes_number_items_by_first_appearance_however_many_there_are():
    rng = np.random.default_rng(2)
    keys = np.unique(rng.integers(0, 2**64, 150_000, dtype=np.uint64))
    rng.shuffle(keys)
    keys[5] = 0
    drawn = rng.integers(0, len(keys), 400_000)
    codes = ItemCodes()
    got = np.concatenate([codes.encode(keys[p], pa.array(p.astype(str))) for p in np.array_split(drawn, 7)])
    _, first, inverse = np.unique(drawn, return_index=True, return_inverse=True)
    assert got.tolist() == np.argsort(np.argsort(first))[inverse].tolist()
    assert codes.ids() == [str(i) for i in drawn[np.sort(first)]]
    assert len(codes) == len(first)


def test_shards_clean_up_their_files_and_say_when_the_disk_does_not_take_them(tmp_path):
    columns = {"users": hashes(range(100)), "times": np.arange(100), "items": np.arange(100, dtype=np.int32)}
    with Shards(0, tmp_path) as shards:
        shards.add(**columns)
        assert sum(file.stat().st_size for file in shards.folder.iterdir()) == 100 * 20
        assert sorted(np.concatenate([shards.shard(i).items for i in range(SHARDS)]).tolist()) == list(range(100))
        next(tmp_path.iterdir()).rename(tmp_path / "gone")
        with pytest.raises(EventsError, match="cannot be kept on disk"):
            shards.add(**columns)
        (tmp_path / "gone").rename(shards.folder)
    assert list(tmp_path.iterdir()) == []
