"""Events that say no: no items of a session, negatives of what is around them. By hand, by definition, by gradient."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from support.factories import corpus_of
from support.gradients import added, gradients_of

from index.errors import EventsMissing
from training.config import SessionsConfig, TrainConfig, TrainerConfig
from training.corpus import Corpus
from training.counting.baskets import baskets
from training.counting.blocks import UNIT, Reach
from training.counting.dislikes import disliked_counts
from training.evaluation.split import split_test
from training.events.reader import EventBatch
from training.eventsconfig import EventsConfig
from training.objective.dislikes import Dislikes
from training.objective.lesson import signals_of
from training.objective.signals import Signals
from training.sessions.cut import sessionise
from training.trainers.trainer import trainer_for

ITEMS = 12
MINUTE = 60_000_000


def said(corpus: Corpus, *no: tuple[int, int, int]) -> Corpus:
    """With dislikes: (session, events of it before, item), in order."""
    columns = zip(*no, strict=True) if no else ((), (), ())
    kinds = np.int64, np.int32, np.int32
    return replace(
        corpus, dislikes=Dislikes(*(np.array(c, dtype=kind) for c, kind in zip(columns, kinds, strict=True)))
    )


def listed(corpus: Corpus) -> list[tuple[int, int, int]]:
    return list(zip(*(values.tolist() for values in vars(corpus.dislikes).values()), strict=True))


def dense(counts):
    found = np.zeros((len(counts), len(counts)))
    rows = np.repeat(np.arange(len(counts)), np.diff(counts.offsets))
    found[rows, counts.items] = counts.counts
    return found


# --- from events to sessions ---


RULES = SessionsConfig(min_item_count=1, collapse_repeats=True)


def read(log: str, rules: SessionsConfig = RULES):
    """log: users by lines, events by words: an item, `-` before it where it is disliked; `|` is a pause of an hour."""
    rows = []
    for user, line in enumerate(log.split("\n")):
        time = 0
        for word in line.split():
            time += MINUTE if word != "|" else 60 * MINUTE
            if word != "|":
                rows.append((user, time, word.lstrip("-"), word.startswith("-")))
    users, times, items, no = zip(*rows, strict=True)
    batch = EventBatch(
        users=np.array([u * 2**60 + 1 for u in users], dtype=np.uint64),
        item_keys=np.array([hash(i) % 2**63 for i in items], dtype=np.uint64),
        items=pa.array(items),
        times=np.array(times, dtype=np.int64),
        disliked=np.array(no, dtype=np.bool_),
    )
    return sessionise([batch], rules, False, 100)


def shown(found) -> list[str]:
    """The sessions in the words of `read`."""
    ids, lines = found.vocabulary.ids, []
    for i in range(len(found.corpus)):
        words = [ids[t] for t in found.corpus.session(i)]
        for session, position, item in reversed(listed(found.corpus)):
            if session == i:
                words.insert(position, "-" + ids[item])
        lines.append(" ".join(words))
    return sorted(lines)


@pytest.mark.parametrize(
    ("log", "expected", "lost"),
    [
        ("a -b c b", ["a -b c b"], 0),
        ("-c a c -a", ["-c a c -a"], 0),
        ("a -a a b", ["a -a b"], 0),  # no is no repeat, and what is around it repeats
        ("a b | -b | a c", ["a b", "a c"], 1),
        ("a b | -c a c | -a", ["-c a c", "a b"], 1),
        ("-a\na b\n-b", ["a b"], 2),
        ("a b -z c", ["a b c"], 1),  # z is nowhere else
        ("a | -b c | a b", ["a b"], 1),  # a session of one item
    ],
)
def test_dislikes_lie_between_the_items_of_their_session(log, expected, lost):
    found = read(log)
    assert shown(found) == expected
    assert found.counts.removed()["lost_dislikes"] == lost


def test_a_session_goes_on_over_a_dislike():
    rules = SessionsConfig(min_item_count=1, gap_minutes=1.5, collapse_repeats=True)
    assert shown(read("a -c c", rules)) == ["a -c c"]
    assert shown(read("a b -c | -b a c", rules)) == ["-b a c", "a b -c"]


def test_a_session_that_is_cut_keeps_each_dislike_beside_its_items():
    rules = SessionsConfig(min_item_count=1, max_length=2, collapse_repeats=True)
    assert shown(read("-c a -b b -a c -b d -d", rules)) == ["-c a -b b -a", "c -b d -d"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=12), min_size=1, max_size=4),
    st.integers(1, 3),
    st.integers(2, 5),
    st.booleans(),
)
def test_the_items_are_those_of_the_log_without_dislikes(sessions, least, longest, collapse):
    rules = SessionsConfig(min_item_count=least, max_length=longest, collapse_repeats=collapse)
    with_no = "\n".join(" ".join(("-" if no else "") + item for item, no in line) for line in sessions if line)
    without = "\n".join(" ".join(word for word in line.split() if word[0] != "-") for line in with_no.split("\n"))
    if not without.split():
        return
    try:
        expected = read(without, rules)
    except EventsMissing:
        with pytest.raises(EventsMissing):
            read(with_no, rules)
        return
    found = read(with_no, rules)
    assert found.vocabulary.ids == expected.vocabulary.ids
    assert sorted(map(tuple, sessions_of(found))) == sorted(map(tuple, sessions_of(expected)))
    lengths = found.corpus.lengths()
    assert all(0 <= position <= lengths[session] for session, position, _ in listed(found.corpus))
    assert len(found.corpus.dislikes) + found.counts.lost_dislikes == sum(no for line in sessions for _, no in line)


def test_where_dislikes_leave_nothing_it_is_said_of_them():
    with pytest.raises(EventsMissing, match="3 are of dislike_types, and no session") as refused:
        read("-a -b\n-a\nb")
    assert "--dislike-types" in refused.value.advice


def sessions_of(found):
    return [[found.vocabulary.ids[t] for t in found.corpus.session(i)] for i in range(len(found.corpus))]


# --- in a corpus ---


def test_dislikes_go_with_their_sessions():
    corpus = said(corpus_of([[0, 1, 2], [3, 4], [5, 6, 7]]), (0, 0, 5), (0, 3, 4), (1, 1, 0), (2, 2, 1), (2, 2, 3))
    assert listed(corpus.take(np.array([2, 0]))) == [(0, 2, 1), (0, 2, 3), (1, 0, 5), (1, 3, 4)]
    keep = np.array([1, 0, 1, 1, 0, 0, 1, 1], dtype=np.bool_)
    assert listed(corpus.where(keep, 2)) == [(0, 0, 5), (0, 2, 4), (1, 1, 1), (1, 1, 3)]
    rows = np.arange(8, dtype=np.int32)
    rows[1] = -1
    assert listed(corpus.where(keep, 2).renumbered(rows, 8)) == [(0, 0, 5), (0, 2, 4), (1, 1, 3)]
    assert baskets(corpus).dislikes is None
    several = corpus.take(np.array([0, 1, 2, 0, 1, 2]))
    evaluation = {"split": "session", "test_share": 0.34}
    config = TrainConfig(sessions=SessionsConfig(min_item_count=1), evaluation=evaluation)
    split = split_test(several, [f"i{i}" for i in range(8)], config)
    assert len(split.train) == 4
    assert len(split.train.dislikes) > 0
    assert all(item < split.train.items for _, _, item in listed(split.train))


# --- counted, and taken away ---


def test_what_lies_around_a_dislike_counts_against_it_the_nearer_the_more():
    corpus = said(corpus_of([[0, 1, 2, 3], [4, 5]], items=ITEMS), (0, 2, 5), (0, 2, 1))
    expected = np.zeros((ITEMS, ITEMS))
    expected[[1, 2], 5] = 1
    expected[[0, 3], 5] = 1 / 2
    expected[2, 1], expected[[0, 3], 1] = 1, 1 / 2
    found = disliked_counts(corpus, Reach.of(2), 0.5)
    assert np.array_equal(dense(found), expected * UNIT / 2)
    heavy = replace(corpus, weights=np.array([1, 3, 0, 1, 1, 1], dtype=np.float32))
    assert dense(disliked_counts(heavy, Reach.of(1), 1.0))[1, 5] == 3 * UNIT
    assert not len(disliked_counts(corpus_of([[0, 1]]), Reach.of(2), 1.0).items)


@st.composite
def worlds(draw):
    sessions = draw(st.lists(st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=9), min_size=1, max_size=8))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    no = sorted(
        (s, int(rng.integers(len(sessions[s]) + 1)), int(rng.integers(ITEMS)))
        for s in rng.integers(0, len(sessions), draw(st.integers(0, 12))).tolist()
    )
    corpus = said(corpus_of(sessions, items=ITEMS), *no)
    if draw(st.booleans()):
        corpus = replace(corpus, weights=rng.choice([0, 0.3, 1, 5], len(corpus.tokens)).astype(np.float32))
    return corpus


def pairs_around(corpus: Corpus, window: int):
    """(event, disliked item, steps), the plain way."""
    for session, position, item in listed(corpus):
        begin, end = corpus.offsets[session], corpus.offsets[session + 1]
        for event in range(begin, end):
            d = begin + position - event if event < begin + position else event - begin - position + 1
            if d <= window and corpus.tokens[event] != item:
                yield int(event), item, int(d)


@given(worlds(), st.integers(1, 4), st.sampled_from([0.3, 1.0, 6.0]), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_counts_are_those_of_the_definition_and_add_up(corpus, window, weight, threads):
    reach, expected = Reach.of(window, "linear"), np.zeros((ITEMS, ITEMS))
    weights = np.ones(len(corpus.tokens)) if corpus.weights is None else corpus.weights.astype(np.float64)
    for event, item, d in pairs_around(corpus, window):
        expected[corpus.tokens[event], item] += np.rint(np.rint(weight * reach.ahead[d - 1]) * weights[event])
    assert np.array_equal(dense(disliked_counts(corpus, reach, weight, threads)), expected)
    half = len(corpus) // 2
    parts = [corpus.take(np.arange(half)), corpus.take(np.arange(half, len(corpus)))]
    assert np.array_equal(sum(dense(disliked_counts(part, reach, weight)) for part in parts), expected)


@given(worlds(), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_the_steps_away_from_dislikes_are_their_gradients(corpus, window):
    corpus = replace(corpus, weights=None)
    found = gradients_of(corpus, Signals(dislike_weight=0.6), window=window)
    near = [
        (int(corpus.session(i)[c]), int(corpus.session(i)[o]), 1.0, 1)
        for i in range(len(corpus))
        for c in range(len(corpus.session(i)))
        for o in range(max(0, c - window), min(len(corpus.session(i)), c + window + 1))
        if corpus.session(i)[c] != corpus.session(i)[o]
    ]
    away = [(int(corpus.tokens[event]), item, 0.6, 0) for event, item, _ in pairs_around(corpus, window)]
    for one, other in zip(found, added(near + away, ITEMS), strict=True):
        np.testing.assert_allclose(one, other, rtol=0.05, atol=0.1)


# --- what it is for ---


def rejecting_world():
    """Two towns of ten homes; who looks at one of 0 to 4 rejects 5, and who looks at one of 6 to 9 looks at 5 too."""
    rng = np.random.default_rng(1)
    sessions, no = [], []
    for i in range(600):
        town = 10 * (i % 2)
        if town == 0 and i % 4 == 0:
            sessions.append([*rng.permutation(5).tolist()[:4], 6 + int(rng.integers(4))])
            no.append((i, 2, 5))
        else:
            sessions.append((town + rng.permutation(10)[:6]).tolist())
    return said(corpus_of(sessions, items=20), *no)


@pytest.mark.parametrize("engine", ["spectral", "sgns"])
def test_disliked_pairs_fall(engine):
    corpus = rejecting_world()
    config = TrainerConfig(engine=engine, dims=8, window=3, epochs=10, workers=1)

    def scores(weight):
        found = trainer_for(engine)(corpus, config, 1, lambda _: None, None, Signals(dislike_weight=weight))
        each = found.inputs @ found.outputs.T
        return (each - each[:10].mean()) / each[:10].std()

    before, after = scores(0.0), scores(2.0)
    assert after[:5, 5].mean() < before[:5, 5].mean() - 0.1
    assert after[10:, 10:].mean() == pytest.approx(before[10:, 10:].mean(), abs=0.3)


@pytest.mark.parametrize("engine", ["spectral", "sgns"])
def test_without_a_weight_or_without_dislikes_nothing_changes(engine):
    corpus, config = rejecting_world(), TrainerConfig(engine=engine, dims=8, epochs=2, workers=1)
    plain = trainer_for(engine)(replace(corpus, dislikes=None), config, 1, lambda _: None)
    for same, weight in ((corpus, 0.0), (said(corpus), 3.0), (replace(corpus, dislikes=None), 3.0)):
        found = trainer_for(engine)(same, config, 1, lambda _: None, None, Signals(dislike_weight=weight))
        assert np.array_equal(found.inputs, plain.inputs)
        assert np.array_equal(found.outputs, plain.outputs)


def test_types_that_say_no_are_named_once_and_gensim_refuses():
    with pytest.raises(ValidationError, match="dislike_types need event_type"):
        EventsConfig(dislike_types=("skip",))
    assert EventsConfig(dislike_types=("skip",), type_weights={"buy": 2}, preset="gorse").weighed  # it knows the column
    with pytest.raises(ValidationError, match="'skip' cannot be both"):
        EventsConfig(event_type="e", dislike_types=("skip",), conversion_types=("skip", "buy"))
    events = EventsConfig(event_type="e", dislike_types=("skip",))
    with pytest.raises(ValidationError, match="cannot be set with engine gensim"):
        TrainConfig(events=events, trainer=TrainerConfig(engine="gensim"))
    assert signals_of(TrainConfig(events=events)).dislike_weight == 1
    left_out = TrainConfig(events=events, objective={"dislike_weight": 0}, trainer=TrainerConfig(engine="gensim"))
    assert signals_of(left_out) == Signals()
