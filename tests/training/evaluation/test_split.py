"""Nothing that is asked about was trained on, and every question is one a list can answer."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.factories import corpus_of, two_groups

from index.errors import ConfigError, EventsMissing
from training.config import EvaluationConfig, SessionsConfig, TrainConfig
from training.evaluation.records import session_keys
from training.evaluation.split import HeldOut, has_clock, kind_of, sample_prefixes, split_test, split_validation

KINDS = ("time", "session", "last")


def config(kind="time", share=0.25, **more):
    return EvaluationConfig(split=kind, test_share=share, validation_share=share, **more)


def settings_of(evaluation, least=1, seed=1):
    return TrainConfig(evaluation=evaluation, sessions=SessionsConfig(min_item_count=least), seed=seed)


def cut(corpus, evaluation, least=1, seed=1):
    return split_test(corpus, [str(row) for row in range(corpus.items)], settings_of(evaluation, least, seed))


def rows_of(split):
    """Row of the split's vocabulary -> row of the whole corpus's, which is what the items are called here."""
    return np.array(split.ids, dtype=np.int32)


def sessions_of(corpus, rows=None):
    names = np.arange(corpus.items) if rows is None else rows
    return [tuple(names[corpus.session(i)].tolist()) for i in range(len(corpus))]


def test_time_cuts_off_the_newest_sessions_and_validation_the_newest_of_the_rest():
    corpus = corpus_of([[1, 2, n] for n in range(8)], items=8)
    split = cut(corpus, config())
    assert split.kind == "time"
    assert split.train.starts.max() < split.held_out.corpus.starts.min()
    assert sessions_of(split.train, rows_of(split)) == [(1, 2, n) for n in range(6)]
    assert sessions_of(split.held_out.corpus, rows_of(split)) == [(1, 2)] * 2  # 6 and 7 are not in the training part
    assert split.unknown == 2
    fit = split_validation(split, settings_of(config(share=0.5)))
    assert sessions_of(fit.train, rows_of(fit)) == [(1, 2, n) for n in range(3)]


def test_test_from_cuts_at_a_moment_with_or_without_a_zone():
    corpus = corpus_of([[1, 2]] * 10)  # an hour apart, from 22:13:20
    for text in ("2023-11-15T03:13:20", "2023-11-15T03:13:20Z", "2023-11-15T05:13:20+02:00"):
        split = cut(corpus, config("auto", test_from=text))
        assert (split.kind, len(split.train), len(split.held_out.corpus)) == ("time", 5, 5)
    with pytest.raises(ConfigError, match="'soon' is neither a time such as 2024-03-01 nor one as in the log"):
        cut(corpus, config(test_from="soon"))
    with pytest.raises(EventsMissing, match="too few sessions to hold any out: 0 to train on"):
        cut(corpus, config(test_from="2000-01-01"))


def test_session_draws_the_same_sessions_for_a_seed_and_others_for_another():
    corpus = two_groups(100)
    drawn = [cut(corpus, config("session"), 1, seed).held_out.corpus.starts.tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 25


def test_auto_takes_time_where_starts_tell_sessions_apart_and_session_where_they_do_not():
    corpus = two_groups(100)
    positions = replace(corpus, starts=np.zeros(100, dtype=np.int64))
    assert has_clock(corpus)
    assert not has_clock(positions)
    assert kind_of(corpus, config("auto")) == "time"
    assert kind_of(positions, config("auto")) == "session"
    assert kind_of(positions, config("last")) == "last"


def test_last_holds_out_the_last_item_of_every_session_and_trains_on_the_rest():
    corpus = corpus_of([[1, 2, 3], [2, 1], [3, 1, 2, 1], [1, 2, 1]])
    split = cut(corpus, config("last"))
    assert sessions_of(split.train, rows_of(split)) == [(1, 2), (3, 1, 2), (1, 2)]
    prefixes = sample_prefixes(split.held_out, 100, np.random.default_rng(1))
    asked = [
        (tuple(rows_of(split)[p].tolist()), int(rows_of(split)[t]))
        for p, t in zip(prefixes.prefixes, prefixes.targets, strict=True)
    ]
    assert asked == [((1, 2), 3), ((2,), 1), ((3, 1, 2), 1), ((1, 2), 1)]


def test_targets_stay_targets_when_unknown_items_drop_out_before_them():
    train = [[1, 2, 3, 4]] * 6
    corpus = corpus_of([*train, [9, 1, 9, 2], [9, 9, 1], [1, 8], [8, 3, 4]], items=10)
    split = cut(corpus, config(share=0.4), 2, 1)
    assert sessions_of(split.held_out.corpus, rows_of(split)) == [(1, 2), (3, 4)]
    assert split.held_out.first_target.tolist() == [1, 1]
    assert split.unknown == 3  # 9 after 1, 9 after 9, 8 after 1; the first item of a session is no target
    last = cut(corpus_of([*train, [9, 1, 2, 9], [8, 1, 2, 3]], items=10), config("last"), 2, 1)
    held = last.held_out
    assert sessions_of(held.corpus, rows_of(last))[6:] == [(1, 2), (1, 2, 3)]
    assert held.first_target.tolist()[6:] == [2, 2]  # the first has no target left: 9 is unknown


SESSIONS = st.lists(st.lists(st.integers(0, 7), min_size=2, max_size=6), min_size=4, max_size=30)


@settings(max_examples=150, deadline=None)
@given(SESSIONS, st.sampled_from(KINDS), st.integers(1, 4), st.sampled_from([0.25, 0.5]))
def test_any_corpus_is_split_without_a_leak(sessions, kind, minimum, share):
    corpus = replace(corpus_of(sessions, items=8), weights=np.arange(sum(map(len, sessions)), dtype=np.float32))
    try:
        split = cut(corpus, config(kind, share), minimum, 3)
    except EventsMissing:
        return
    train, held = split.train, split.held_out.corpus
    number = {start: i for i, start in enumerate(corpus.starts.tolist())}
    trained, asked = ([number[s] for s in part.starts.tolist()] for part in (train, held))
    if kind != "last":
        assert not set(trained) & set(asked)
        assert len(set(trained) | set(asked)) <= len(corpus)
    # Rare in the training part means no row, however often the item is in the test part.
    pieces = [sessions[i][:-1] if kind == "last" else sessions[i] for i in range(len(sessions))]
    judged = [
        p
        for i, p in enumerate(pieces)
        if len(p) >= 2 and (kind == "last" or i not in held_out_of(corpus, split, share))
    ]
    counts = np.bincount([item for p in judged for item in p], minlength=8)
    assert rows_of(split).tolist() == np.flatnonzero(counts >= minimum).tolist()
    known = set(rows_of(split).tolist())
    for part, numbers in ((train, trained), (held, asked)):
        for i, n in enumerate(numbers):
            source = pieces[n] if part is train else sessions[n]
            assert rows_of(split)[part.session(i)].tolist() == [item for item in source if item in known]
            assert part.lengths()[i] >= 2
            begin = int(corpus.offsets[n])
            weights = [begin + k for k, item in enumerate(source) if item in known]
            assert part.weights[part.offsets[i] : part.offsets[i + 1]].tolist() == weights
    for i, n in enumerate(asked):
        first = len(sessions[n]) - 1 if kind == "last" else 1
        assert split.held_out.first_target[i] == max(1, sum(item in known for item in sessions[n][:first]))


def held_out_of(corpus, split, share):
    """Numbers of the sessions chosen for the test part, those among them that fell out again included."""
    count = round(len(corpus) * share)
    if split.kind == "time":
        return set(range(len(corpus) - count, len(corpus)))
    return set(np.random.default_rng(3).permutation(len(corpus))[:count].tolist())


@settings(max_examples=60, deadline=None)
@given(SESSIONS, st.integers(1, 200), st.randoms(use_true_random=False), st.booleans())
def test_prefixes_are_all_questions_there_are_or_a_sample_of_them(sessions, limit, random, last):
    first = np.array([random.randrange(1, len(s) + 1) for s in sessions], dtype=np.int64)
    every = [
        (n, at, tuple(s[:at]), s[at])
        for n, s in enumerate(sessions)
        for at in range(first[n], len(s))
        if last or s[at] != s[at - 1]
    ]
    found = sample_prefixes(HeldOut(corpus_of(sessions, items=8), first), limit, np.random.default_rng(limit), last)
    questions = [
        (int(s), int(at), tuple(p.tolist()), int(t))
        for s, at, p, t in zip(found.sessions, found.positions, found.prefixes, found.targets, strict=True)
    ]
    assert len(questions) == len(found) == min(limit, len(every))
    assert questions == [q for q in every if q in questions]
    assert len(set(questions)) == len(questions)
    assert found.of_last().tolist() == [p[-1] == t for _, _, p, t in questions]
    assert len(found.without_last()) == sum(p[-1] != t for _, _, p, t in questions)
    assert found.repeats().tolist() == [t in p for _, _, p, t in questions]
    assert [p.tolist() for p in found.asked("T1")] == [[p[-1]] for _, _, p, _ in questions]


def test_prefixes_drawn_by_key_stay_the_same_when_the_log_grows():
    """So that the models of two days are measured on the same questions."""
    rng = np.random.default_rng(1)
    sessions = [rng.integers(0, 8, 6).tolist() for _ in range(400)]
    ids = [f"i{n}" for n in range(8)]

    def drawn(first, last):
        corpus = corpus_of(sessions, items=8).take(np.arange(first, last))
        keys = session_keys(corpus, ids)
        held = HeldOut(corpus, np.ones(len(corpus), dtype=np.int64))
        found = sample_prefixes(held, 300, np.random.default_rng(first), True, keys)
        assert len(found) == 300
        return set(zip(keys[found.sessions].tolist(), found.positions.tolist(), strict=True))

    assert len(drawn(0, 380) & drawn(20, 400)) > 250
