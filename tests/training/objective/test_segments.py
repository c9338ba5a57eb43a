"""Negatives from the centre's own segment: which are drawn, what is taken in the closed form, and what it is for."""

from collections import Counter

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.sparse import csr_array
from support.factories import corpus_of, two_groups
from support.gradients import HEAT, STEP, rows_of

from index.catalogue.catalogue import Catalogue
from index.errors import ConfigError
from index.ranking.readings import normalised
from training.config import TrainConfig, TrainerConfig
from training.eventsconfig import EventsConfig
from training.objective.lesson import segments_of, signals_of
from training.objective.segments import NONE, Segments
from training.objective.settings import ObjectiveConfig
from training.objective.signals import Signals
from training.trainers.sgns.memory import zeros
from training.trainers.sgns.steps import GROUP, State
from training.trainers.sgns.within import contrast_within, draw_within, within_of
from training.trainers.spectral.products import Matrix
from training.trainers.spectral.shift import Shift, product
from training.trainers.trainer import trainer_for

LABELS = Segments(np.array([0, 0, 1, NONE, 1, 1, 2, 0], dtype=np.int32))
COUNTS = np.array([4, 1, 9, 5, 1, 0, 7, 2], dtype=np.int64)
SIGNALS = Signals(segments=LABELS, segment_negatives=5)


def holding(counts):
    """A corpus in which items occur so often."""
    return corpus_of([np.repeat(np.arange(len(counts)), counts).tolist()], items=len(counts))


def rng_of(seed=7):
    return np.array([seed], dtype=np.uint64)


def test_segments_are_the_values_of_a_column():
    rows = [
        {"item_id": "a", "market": "Rome"},
        {"item_id": "b", "market": ""},
        {"item_id": "c", "market": ["x", 1]},
        {"item_id": "d", "market": "Rome"},
        {"item_id": "e"},
    ]
    catalogue = Catalogue.from_rows(rows)
    ids = ["c", "a", "b", "e", "d", "unknown"]
    assert Segments.of(catalogue, ids, "market").labels.tolist() == [0, 1, NONE, NONE, 1, NONE]
    with pytest.raises(ConfigError, match="no item of the log has 'town'"):
        Segments.of(catalogue, ids, "town")


def test_they_are_asked_for_by_a_column_and_a_number():
    with pytest.raises(ValidationError, match="segment_negatives needs segment"):
        ObjectiveConfig(segment_negatives=3)
    config = TrainConfig(objective=ObjectiveConfig(segment="town", segment_negatives=3))
    catalogue = Catalogue.from_rows([{"item_id": "a", "town": "x"}])
    found = segments_of(catalogue, ["a"], config)
    assert signals_of(config, found).segment_negatives == 3
    assert segments_of(catalogue, ["a"], TrainConfig(objective=ObjectiveConfig(segment="town"))) is None
    assert signals_of(TrainConfig()) == Signals()
    with pytest.raises(ValidationError, match="cannot be set with engine gensim"):
        TrainConfig(objective=config.objective, trainer=TrainerConfig(engine="gensim"), events=EventsConfig())


# --- skip-gram ---


@pytest.mark.parametrize("exponent", [-1.0, 0.0, 0.75])
def test_noise_is_drawn_from_the_segment_by_the_power_of_the_counts(exponent):
    within, rng = within_of(holding(COUNTS), exponent, SIGNALS), rng_of()
    # Item 5 is never there, 6 is alone in its segment, and 3 has none.
    assert within.labels.tolist() == [0, 0, 1, NONE, 1, NONE, NONE, 0]
    for segment, members in ((0, [0, 1, 7]), (1, [2, 4])):
        drawn = Counter(int(draw_within(rng, within, segment)) for _ in range(20_000))
        assert sorted(drawn) == members
        wanted = COUNTS[members] ** exponent
        shares = np.array([drawn[item] for item in members]) / 20_000
        assert shares == pytest.approx(wanted / wanted.sum(), abs=0.02)


def test_the_step_away_from_the_segment_is_its_gradient():
    dims, items = 16, len(COUNTS)
    state = State(zeros(items, dims), zeros(items, dims), np.full((2, items), HEAT, np.float32))
    inputs, outputs = rows_of(items, dims)
    for matrix, rows in zip(state[:2], (inputs, outputs), strict=True):
        matrix[:, :dims] = rows
    within = within_of(holding(COUNTS), 0.5, SIGNALS)
    group, counting = np.array([0, 7, 1, 2], dtype=np.int32), np.array([1, 0.5, 3, 9], dtype=np.float32)
    noise, rate = np.empty(within.pool, dtype=np.int32), np.float32(STEP * np.sqrt(HEAT))
    contrast_within(state, within, None, (0, group, counting, 3), noise, rate, rng_of())
    assert set(noise.tolist()) <= {0, 1, 7}
    expected = np.zeros_like(inputs), np.zeros_like(outputs)
    for centre, weight in ((0, 1.0), (7, 0.5), (1, 3.0)):  # the fourth is not waiting
        for other in noise:
            g = -weight / (1 + np.exp(-inputs[centre] @ outputs[other]))
            expected[0][centre] += g * outputs[other]
            expected[1][other] += g * inputs[centre]
    assert len(group) == GROUP
    for found, rows, wanted in zip(state[:2], (inputs, outputs), expected, strict=True):
        np.testing.assert_allclose((found[:, :dims] - rows) / STEP, wanted, rtol=0.05, atol=0.2)


def test_no_centre_goes_away_from_itself_where_the_segment_has_others():
    counts = np.full(40, 3, dtype=np.int64)
    one = Segments(np.zeros(40, dtype=np.int32))
    within = within_of(holding(counts), 0.5, Signals(segments=one, segment_negatives=5))
    state, rng = State(zeros(40, 16), zeros(40, 16), np.zeros((2, 40), np.float32)), rng_of()
    noise, seen = np.empty(within.pool, dtype=np.int32), Counter()
    for _ in range(300):
        of_one = 0, np.arange(4, dtype=np.int32), np.ones(4, np.float32), 3
        contrast_within(state, within, None, of_one, noise, np.float32(0), rng)
        seen.update(noise.tolist())
    assert max(seen[item] for item in range(3)) <= 2  # five draws that all are one of them come up once in 400,000
    assert min(seen[item] for item in range(3, 40)) > 50


def test_where_no_centre_waits_nothing_moves():
    within, state = within_of(holding(COUNTS), 0.5, SIGNALS), State(*(np.ones((8, 16), np.float32) for _ in range(3)))
    noise = np.full(within.pool, 9, dtype=np.int32)
    group, counting = np.zeros(GROUP, np.int32), np.ones(GROUP, np.float32)
    contrast_within(state, within, None, (NONE, group, counting, 0), noise, np.float32(1), rng_of())
    assert (noise == 9).all()
    assert all((part == 1).all() for part in state)


def test_nothing_is_drawn_where_no_segment_has_two_items():
    alone = Segments(np.arange(8, dtype=np.int32))
    assert within_of(holding(COUNTS), 0.5, Signals(segments=alone, segment_negatives=5)) is None
    assert within_of(holding(COUNTS), 0.5, Signals(segments=LABELS)) is None


# --- the closed form ---


def test_a_share_of_what_the_segment_has_in_common_is_taken():
    rng, n, labels = np.random.default_rng(1), 8, LABELS.labels
    plain = rng.random((n, n)) * (rng.random((n, n)) < 0.6)
    plain[0, 1] = -0.5  # what was disliked is no part of what they have in common
    sparse = csr_array(plain.astype(np.float32))
    matrix = Matrix(sparse.indptr.astype(np.int64), sparse.indices.astype(np.int32), sparse.data)
    expected = plain.copy()
    for segment in (0, 1, 2):
        rows = np.flatnonzero(labels == segment)
        block = np.maximum(plain[np.ix_(rows, rows)], 0)
        if block.sum():
            expected[np.ix_(rows, rows)] -= 0.4 * np.outer(block.sum(axis=1), block.sum(axis=0)) / block.sum()
    shift = Shift.of(matrix, LABELS, 0.4)
    x = rng.normal(size=(n, 20)).astype(np.float32)
    np.testing.assert_allclose(product(matrix, shift, x, 2), expected @ x, rtol=1e-4, atol=1e-5)
    back = csr_array(sparse.T)
    turned = Matrix(back.indptr.astype(np.int64), back.indices.astype(np.int32), back.data)
    np.testing.assert_allclose(product(turned, shift.transposed(), x, 2), expected.T @ x, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_change_no_bit(threads):
    signals = Signals(segments=Segments(np.arange(20, dtype=np.int32) // 10), segment_negatives=5)
    one, other = (
        trainer_for("spectral")(
            two_groups(200), TrainerConfig(dims=8, workers=workers), 1, lambda _: None, None, signals
        )
        for workers in (1, threads)
    )
    assert np.array_equal(one.inputs, other.inputs)
    assert np.array_equal(one.outputs, other.outputs)


# --- what it is for ---


TOWNS, HOMES = 10, 30


def rings():
    """Towns of homes on a ring. A search stays in its town, and in half of its steps goes on to one of the next three
    homes to the left or right, else to any."""
    rng = np.random.default_rng(1)
    sessions = []
    for i in range(1500):
        at, session = int(rng.integers(HOMES)), []
        for _ in range(7):
            session.append(HOMES * (i % TOWNS) + at)
            step = int(rng.integers(1, 4)) * (1 if rng.random() < 0.5 else -1)
            at = int(rng.integers(HOMES)) if rng.random() < 0.5 else (at + step) % HOMES
        sessions.append(session)
    return corpus_of(sessions, items=TOWNS * HOMES)


@pytest.mark.parametrize("engine", ["spectral", "sgns"])
def test_items_of_a_segment_are_told_apart_better(engine):
    corpus, place = rings(), np.arange(TOWNS * HOMES)
    segments = Segments((place // HOMES).astype(np.int32))
    config = TrainerConfig(engine=engine, dims=16, workers=1, spectral={"behind": 1})
    steps = np.abs(place[:, None] - place[None]) % HOMES
    steps = np.minimum(steps, HOMES - steps)
    same = segments.labels[:, None] == segments.labels[None]
    near, far = same & (steps > 0) & (steps <= 3), same & (steps > 3)

    def apart(scores):
        """How often a near home is before a far one of the same town."""
        return np.mean(
            [(line[n][:, None] > line[f][None]).mean() for line, n, f in zip(scores, near, far, strict=True)]
        )

    def trained(negatives):
        signals = Signals(segments=segments, segment_negatives=negatives)
        found = trainer_for(engine)(corpus, config, 1, lambda _: None, None, signals)
        unit = normalised(found.inputs)
        following = found.inputs @ found.outputs.T
        return apart(following), apart(unit @ unit.T), np.mean(following[same].mean() > following[~same])

    before, after = trained(0), trained(10)
    assert after[0] > before[0] + 0.03
    assert after[1] > before[1]
    assert after[2] > 0.9  # towns are still told apart


@pytest.mark.parametrize("engine", ["spectral", "sgns"])
def test_without_negatives_or_segments_nothing_changes(engine):
    corpus, config = two_groups(100), TrainerConfig(engine=engine, dims=8, epochs=2, workers=1)
    segments = Segments(np.arange(20, dtype=np.int32) // 10)
    plain = trainer_for(engine)(corpus, config, 1, lambda _: None)
    for signals in (Signals(segments=segments), Signals(segment_negatives=3)):
        found = trainer_for(engine)(corpus, config, 1, lambda _: None, None, signals)
        assert np.array_equal(found.inputs, plain.inputs)
        assert np.array_equal(found.outputs, plain.outputs)
