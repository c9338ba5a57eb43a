"""Whatever the settings and the sessions, training ends in finite vectors or says that it diverged."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.factories import corpus_of

from index.errors import TrainingDiverged
from index.why.makeup import Attribute
from training.config import TrainerConfig
from training.objective.attributes import Attributes
from training.objective.dislikes import Dislikes
from training.objective.segments import Segments
from training.objective.signals import PLAIN, Signals
from training.trainers.sgns.train import train
from training.trainers.trainer import LONGEST, Embeddings

# A log with an infinite weight is refused where it is read; here it must do no harm either.
WEIGHTS = (0.0, 1e-30, 1.0, 7.0, 1e30, float(np.finfo(np.float32).max), np.inf)


@st.composite
def corpora(draw):
    """Up to some thousand tokens of 2 to 3,000 items, often of few, and sometimes one item a thousand times."""
    items = draw(st.integers(2, 20) | st.integers(21, 3000))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    sessions = []
    for kind in draw(st.lists(st.sampled_from(("any", "few", "one", "two", "short")), min_size=1, max_size=6)):
        length = draw(st.integers(2, 300))
        if kind == "one":
            sessions.append([int(rng.integers(items))] * 1000)
        elif kind == "two":
            sessions.append([0, items - 1] * length)
        elif kind == "short":
            sessions += [rng.integers(0, items, 2).tolist() for _ in range(50)]
        else:
            sessions.append(rng.integers(0, items if kind == "any" else min(items, 5), length).tolist())
    corpus = corpus_of(sessions, items=items)
    if draw(st.booleans()):
        some = draw(st.lists(st.sampled_from(WEIGHTS), min_size=1, max_size=4))
        corpus = replace(corpus, weights=rng.choice(some, len(corpus.tokens)).astype(np.float32))
    return corpus


@st.composite
def configs(draw):
    first = 10.0 ** draw(st.floats(-3, 2))
    return TrainerConfig(
        dims=draw(st.integers(8, 64) | st.integers(65, 512)),
        window=draw(st.integers(1, 10) | st.integers(11, 1000)),
        dynamic=draw(st.booleans()),
        direction=draw(st.sampled_from(("both", "after"))),
        negatives=draw(st.integers(1, 50)),
        exponent=draw(st.floats(-3, 3)),
        sample=draw(st.just(0.0) | st.floats(0, 1e-2)),
        epochs=draw(st.integers(1, 4)),
        learning_rate=first,
        min_learning_rate=draw(st.none() | st.just(first) | st.just(0.0)),
        workers=draw(st.integers(1, 2)),
    )


def shared(rng, items, columns):
    """Attributes of five values each, of which an item has none to three."""
    lengths = rng.integers(0, 4, items * columns)
    column = np.repeat(np.arange(items * columns) % columns, lengths)
    values = 5 * column + rng.integers(0, 5, len(column))
    begins = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    named = tuple(Attribute(f"column {n}", tuple("abcde")) for n in range(columns))
    return Attributes(named, begins, values.astype(np.int32))


@st.composite
def said(draw, corpus):
    """(the corpus with what it says beyond order, the signals): any of it, or nothing."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size, count = len(corpus.tokens), draw(st.sampled_from((0, 1, 50)))
    sessions = np.sort(rng.integers(0, len(corpus), count))
    positions = (rng.random(count) * (corpus.lengths()[sessions] + 1)).astype(np.int32)
    no = Dislikes(sessions, positions, rng.integers(0, corpus.items, count).astype(np.int32))
    often = draw(st.sampled_from((0.0, 0.02, 0.5, 1.0)))
    segments = Segments(rng.integers(-1, draw(st.integers(1, 5)), corpus.items).astype(np.int32))
    signals = Signals(
        conversion_context=draw(st.sampled_from((0.0, 0.1, 1.0, 100.0))),
        dislike_weight=draw(st.sampled_from((0.0, 0.1, 1.0, 100.0))),
        segments=segments,
        segment_negatives=draw(st.sampled_from((0, 1, 10, 100))),
    )
    if draw(st.integers(0, 3)) == 0 and count:  # beside all the others: each set of them is another pass to compile
        given = {"attributes": shared(rng, corpus.items, draw(st.integers(1, 3))), "segment_negatives": 3}
        signals = replace(signals, dislike_weight=1.0, **given)
    return replace(corpus, converted=rng.random(size) < often, dislikes=no), signals


def check(corpus, config, start=None, signals=PLAIN):
    told: list[float] = []
    try:
        found = train(corpus, config, 1, told.append, start, signals)
    except TrainingDiverged as error:
        found, message = None, str(error)
    if found is None:
        assert "smaller learning rate" in message
        return
    for matrix in (found.inputs, found.outputs):
        assert matrix.shape == (corpus.items, config.dims)
        assert matrix.dtype == np.float32
        assert np.isfinite(matrix).all()
        assert np.linalg.norm(matrix, axis=1).max() <= LONGEST * 1.001
    assert told == sorted(told)
    assert told[-1] == 1.0


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(corpora(), configs())
def test_training_ends_in_finite_vectors_or_says_that_it_diverged(corpus, config):
    check(corpus, config)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(corpora(), configs(), st.data())
def test_so_it_does_where_the_log_says_more_than_order(corpus, config, data):
    corpus, signals = data.draw(said(corpus))
    check(corpus, config, None, signals)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(corpora(), configs(), st.floats(-30, 18))
def test_so_it_does_from_any_start(corpus, config, magnitude):
    rng = np.random.default_rng(1)
    shape = corpus.items, config.dims
    inputs, outputs = ((rng.normal(size=shape) * 10.0**magnitude).astype(np.float32) for _ in range(2))
    check(corpus, config, Embeddings(inputs, outputs))


@pytest.mark.parametrize(("items", "rate"), [(100_000, 1.0), (1_000_000, 0.5), (1_000_000, 100.0)])
def test_so_it_does_with_many_items(items, rate):
    rng = np.random.default_rng(1)
    sessions = [rng.integers(0, items, 20).tolist() for _ in range(200)] + [[items - 1, 0] * 50]
    config = TrainerConfig(dims=8, epochs=2, learning_rate=rate, negatives=20, window=10, exponent=-1, sample=1e-4)
    check(corpus_of(sessions, items=items), config)


@pytest.mark.parametrize("rate", [1e-3, 1.0, 10.0, 100.0])
def test_so_it_does_with_one_item_a_thousand_times_among_others(rate):
    sessions = [[7] * 1000, [7, 1] * 500, [1, 2, 3, 7] * 20]
    for settings_ in ({"window": 1000}, {"negatives": 50, "dynamic": False}, {"exponent": -3.0, "direction": "after"}):
        check(
            corpus_of(sessions, items=10), TrainerConfig(dims=8, workers=1, epochs=3, learning_rate=rate, **settings_)
        )
