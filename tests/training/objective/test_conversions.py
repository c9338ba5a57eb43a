"""A converted item is a context of all that its session held: the pairs by hand, their gradient, and what it is for."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from support.factories import corpus_of
from support.gradients import added, gradients_of

from index.errors import TrainingFailed
from training.config import TrainConfig, TrainerConfig
from training.counting.blocks import UNIT, Reach
from training.counting.conversions import conversion_counts, with_conversions
from training.counting.pairs import PairCounts
from training.eventsconfig import EventsConfig
from training.objective.conversions import conversions_of
from training.objective.lesson import lesson_of
from training.objective.settings import ObjectiveConfig
from training.objective.signals import Signals
from training.trainers.sgns.beyond import beyond_of, conversions
from training.trainers.sgns.steps import CONTEXTS
from training.trainers.trainer import trainer_for

ITEMS = 12


def converted(sessions, where, weights=None, items=ITEMS):
    """where: which events are conversions, as a flat list of 0 and 1."""
    corpus = replace(corpus_of(sessions, items=items), converted=np.array(where, dtype=np.bool_))
    return corpus if weights is None else replace(corpus, weights=np.array(weights, dtype=np.float32))


def dense(counts):
    found = np.zeros((len(counts), len(counts)))
    rows = np.repeat(np.arange(len(counts)), np.diff(counts.offsets))
    found[rows, counts.items] = counts.counts
    return found


def test_an_item_is_converted_once_in_a_session_and_weighs_its_heaviest():
    corpus = converted([[3, 1, 3], [2, 4], [1, 0]], [1, 0, 1, 0, 0, 1, 1], [2, 1, 5, 1, 1, 1, 3])
    found = conversions_of(corpus)
    assert found.offsets.tolist() == [0, 1, 1, 3]
    assert found.items.tolist() == [3, 0, 1]
    assert found.weights.tolist() == [5, 3, 1]
    assert len(conversions_of(corpus_of([[1, 2]]))) == 0


def test_every_event_of_the_session_counts_once_with_each_conversion():
    corpus = converted([[0, 1, 2, 0, 3], [0, 1]], [0, 0, 0, 0, 1, 0, 0])
    expected = np.zeros((ITEMS, ITEMS))
    expected[0, 3], expected[1, 3], expected[2, 3] = 2, 1, 1
    counts = conversion_counts(corpus, conversions_of(corpus), 0.5)
    assert np.array_equal(dense(counts), expected * UNIT / 2)
    near = PairCounts.of(corpus, Reach.of(1))
    both = with_conversions(near, corpus, 0.5)
    assert np.array_equal(dense(both), dense(near) + expected * UNIT / 2)
    plain = corpus_of([[0, 1]], items=ITEMS)
    assert with_conversions(PairCounts.of(plain, Reach.of(1)), plain, 1.0).counts.tolist() == [UNIT]


@st.composite
def worlds(draw):
    sessions = draw(st.lists(st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=9), min_size=1, max_size=12))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    size = sum(map(len, sessions))
    return converted(
        sessions, rng.random(size) < 0.3, rng.choice([0, 0.3, 1, 5], size) if draw(st.booleans()) else None
    )


@given(worlds(), st.sampled_from([0.3, 1.0, 7.0]), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_counts_are_those_of_the_definition_and_add_up(corpus, context, threads):
    weights = np.ones(len(corpus.tokens)) if corpus.weights is None else corpus.weights.astype(np.float64)
    expected = np.zeros((ITEMS, ITEMS))
    for i in range(len(corpus)):
        span = slice(corpus.offsets[i], corpus.offsets[i + 1])
        best: dict[int, float] = {}
        for item, yes, weight in zip(corpus.tokens[span], corpus.converted[span], weights[span], strict=True):
            if yes:
                best[item] = max(best.get(item, 0), weight)
        for item, weight in zip(corpus.tokens[span], weights[span], strict=True):
            for other, heaviest in best.items():
                if other != item:
                    expected[item, other] += np.rint(UNIT * context * np.sqrt(weight) * np.sqrt(heaviest))
    found = dense(conversion_counts(corpus, conversions_of(corpus), context, threads))
    assert np.abs(found - expected).max() <= 1  # a product of roots may be rounded at a half either way
    half = len(corpus) // 2
    parts = [corpus.take(np.arange(half)), corpus.take(np.arange(half, len(corpus)))]
    added_up = sum(dense(conversion_counts(part, conversions_of(part), context)) for part in parts)
    assert np.array_equal(added_up, found)


def test_the_step_towards_a_conversion_is_its_gradient():
    corpus = converted([[0, 1, 2, 3, 4], [5, 6, 7]], [0, 0, 0, 0, 1, 0, 1, 1])
    far = [(0, 4), (1, 4), (2, 4), (3, 4), (5, 6), (5, 7), (6, 7), (7, 6)]
    near = [(c, c + d) for c in range(5) for d in (-1, 1) if 0 <= c + d < 5]
    near += [(5, 6), (6, 5), (6, 7), (7, 6)]
    pairs = [(a, b, 1.0, 1) for a, b in near] + [(a, b, 0.7, 1) for a, b in far]
    found = gradients_of(corpus, Signals(conversion_context=0.7), window=1)
    for one, other in zip(found, added(pairs, ITEMS), strict=True):
        np.testing.assert_allclose(one, other, rtol=0.02, atol=0.01)


def test_of_many_conversions_some_are_drawn_and_count_for_all():
    many = 20
    corpus = converted([list(range(many))], [1] * many, items=many)
    beyond, out = beyond_of(corpus, Signals(conversion_context=0.5)), np.empty(CONTEXTS, dtype=np.int32)
    rng, seen = np.array([7], dtype=np.uint64), np.zeros(many)
    for _ in range(4000):
        count, each = conversions(beyond, 0, 3, out, rng)
        assert count == CONTEXTS
        seen[out] += each
    assert seen[3] == 0
    assert seen[np.arange(many) != 3] / 4000 == pytest.approx(0.5, rel=0.2)
    assert seen.sum() / 4000 == pytest.approx(0.5 * (many - 1), rel=1e-4)


def booked_world():
    """Searches through one of two towns of ten homes, each ending with a home that is booked there: 8 or 9 steps from
    where it began."""
    rng = np.random.default_rng(1)
    sessions, where = [], []
    for i in range(400):
        town = 12 * (i % 2)
        sessions.append([*(town + rng.permutation(10)[:8]).tolist(), town + 10 + int(rng.random() < 0.3)])
        where += [0] * 8 + [1]
    return converted(sessions, where, items=24)


@pytest.mark.parametrize("engine", ["spectral", "sgns"])
def test_a_booked_item_rises_for_all_that_led_to_it(engine):
    corpus = booked_world()
    config = TrainerConfig(engine=engine, dims=8, window=2, epochs=10, workers=1)

    def lead(context):
        """How far the booked home is above the others of its town, from each of them, in deviations."""
        found = trainer_for(engine)(corpus, config, 1, lambda _: None, None, Signals(conversion_context=context))
        scores = (found.inputs @ found.outputs.T)[:10]
        scores = (scores - scores.mean(axis=1, keepdims=True)) / scores.std(axis=1, keepdims=True)
        return scores[:, 10].mean() - scores[:, :10][~np.eye(10, dtype=bool)].mean()

    assert lead(1.0) > lead(0.0) + 0.3


@pytest.mark.parametrize("engine", ["spectral", "sgns"])
def test_nothing_is_the_same_to_the_bit(engine):
    corpus = booked_world()
    config = TrainerConfig(engine=engine, dims=8, epochs=2, workers=1)
    plain = trainer_for(engine)(replace(corpus, converted=None), config, 1, lambda _: None)
    for same, signals in ((corpus, Signals()), (replace(corpus, converted=None), Signals(conversion_context=3))):
        found = trainer_for(engine)(same, config, 1, lambda _: None, None, signals)
        assert np.array_equal(found.inputs, plain.inputs)
        assert np.array_equal(found.outputs, plain.outputs)


def test_sessions_that_convert_count_so_many_times():
    config = TrainConfig(
        events=EventsConfig(event_type="e", conversion_types=("book",)), objective=ObjectiveConfig(conversion_weight=5)
    )
    corpus = converted([[0, 1], [2, 3]], [0, 0, 0, 1])
    assert lesson_of(corpus, config).corpus.weights.tolist() == [1, 1, 5, 5]
    weighed = replace(corpus, weights=np.array([1, 2, 3, 4], dtype=np.float32))
    assert lesson_of(weighed, config).corpus.weights.tolist() == [1, 2, 15, 20]
    counts = PairCounts.of(corpus, Reach.of(1), weights=lesson_of(corpus, config).corpus.weights)
    assert counts.counts.tolist() == [UNIT, 5 * UNIT]
    assert lesson_of(corpus, TrainConfig()).corpus is corpus


def test_what_converts_must_be_said_and_gensim_refuses():
    for setting in ({"conversion_context": 1}, {"conversion_weight": 5}):
        with pytest.raises(ValidationError, match=r"need events\.conversion_types"):
            TrainConfig(objective=ObjectiveConfig(**setting))
        events = EventsConfig(event_type="e", conversion_types=("book",))
        with pytest.raises(ValidationError, match="cannot be set with engine gensim"):
            TrainConfig(objective=ObjectiveConfig(**setting), events=events, trainer=TrainerConfig(engine="gensim"))
    with pytest.raises(TrainingFailed, match="from the order of items alone"):
        trainer_for("gensim")(
            booked_world(), TrainerConfig(engine="gensim"), 1, lambda _: None, None, Signals(conversion_context=1)
        )
