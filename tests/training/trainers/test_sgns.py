"""What our trainer does with sessions: directions, windows, weights, repeated and frequent items."""

from dataclasses import replace

import numpy as np
import pytest
from support.factories import corpus_of, two_groups

from training.config import TrainerConfig
from training.trainers.sgns.log import keep_probabilities
from training.trainers.sgns.train import train
from training.trainers.trainer import fresh_inputs

CONFIG = TrainerConfig(dims=16, window=5, negatives=5, exponent=0.75, epochs=5, workers=1)
CLEAR = {"negatives": 1, "epochs": 30}  # little noise, and time to come near the optimum


def fit(corpus, seed=1, start=None, **settings):
    return train(corpus, CONFIG.model_copy(update=settings), seed, lambda _: None, start)


def same(one, other):
    return np.array_equal(one.inputs, other.inputs) and np.array_equal(one.outputs, other.outputs)


def weighted(corpus, *weights):
    """Every session's events with these weights, by position."""
    return replace(corpus, weights=np.tile(np.array(weights, dtype=np.float32), len(corpus)))


def follows(found, item, other):
    return float(found.inputs[item] @ found.outputs[other])


def test_one_thread_and_a_seed_repeat_a_run_bit_by_bit():
    corpus = two_groups()
    for settings in ({}, {"sample": 1e-2}, {"dynamic": False, "direction": "after"}, {"negatives": 20, "exponent": -1}):
        first = fit(corpus, **settings)
        assert same(first, fit(corpus, **settings))
        assert not np.array_equal(first.inputs, fit(corpus, seed=2, **settings).inputs)


def test_two_threads_learn_the_same_groups():
    found = fit(two_groups(4000), workers=2)
    scores = found.inputs @ found.outputs.T
    assert scores[:10, :10].mean() > scores[:10, 10:].mean() + 1


def test_after_learns_what_follows_and_not_what_came_before():
    chains = corpus_of([[i, i + 1, i + 2] for i in range(0, 30, 3)] * 40)
    after, both = (fit(chains, **CLEAR, direction=d, window=1, dynamic=False) for d in ("after", "both"))
    for middle in range(1, 30, 3):
        assert follows(after, middle, middle + 1) > 1
        assert follows(after, middle, middle - 1) < 0
        assert follows(both, middle, middle + 1) > 1
        assert follows(both, middle, middle - 1) > 1
    # The last of a session has nothing after it, and is no centre.
    assert np.array_equal(after.inputs[2::3], fresh_inputs(30, 16, seed=1)[2::3])


def test_a_window_reaches_as_far_as_it_says():
    sessions = corpus_of([[10 * i + j for j in range(4)] for i in range(5)] * 40, items=44)
    narrow, wide = (fit(sessions, **CLEAR, window=w, dynamic=False, direction="after") for w in (1, 2))
    for i in range(0, 50, 10):
        assert follows(narrow, i, i + 1) > 1
        assert follows(narrow, i, i + 2) < 0.5
        assert follows(wide, i, i + 2) > 1
        assert follows(wide, i, i + 3) < 0.5


def test_a_dynamic_window_makes_near_items_count_more():
    """Of three items to come, the next is met three times as often as the last: log 3 apart at the optimum."""
    sessions = corpus_of([[10 * i + j for j in range(4)] for i in range(5)] * 40, items=44)
    for dynamic, apart in ((True, np.log(3)), (False, 0.0)):
        found = fit(sessions, **CLEAR, window=3, dynamic=dynamic, direction="after")
        near, far = (np.mean([follows(found, i, i + d) for i in range(0, 50, 10)]) for d in (1, 3))
        assert near - far == pytest.approx(apart, abs=0.4)


@pytest.mark.parametrize("direction", ["both", "after"])
def test_a_window_larger_than_the_sessions_is_as_good_as_their_length(direction):
    corpus = two_groups(length=7)
    as_long = fit(corpus, window=7, dynamic=False, direction=direction)
    assert same(as_long, fit(corpus, window=6, dynamic=False, direction=direction))
    assert same(as_long, fit(corpus, window=10_000, dynamic=False, direction=direction))
    assert not same(as_long, fit(corpus, window=5, dynamic=False, direction=direction))
    assert np.isfinite(fit(corpus, window=10_000, direction=direction).inputs).all()


def test_an_item_twice_in_the_window_is_learnt_twice():
    """Both occurrences are in one chunk; the second must add to what the first wrote. Noise is item 2, all but ever."""
    rest = [[2, 2]] * 500  # an item says nothing about itself, so these only make item 2 frequent
    options = {"direction": "after", "epochs": 1, "exponent": 3.0, "window": 8, "dynamic": False, "learning_rate": 0.1}
    once, twice, more = (fit(corpus_of([[0] + [1] * n, *rest], items=3), **options) for n in (1, 2, 8))
    lengths = [float(np.linalg.norm(found.outputs[1])) for found in (once, twice, more)]
    assert lengths[1] > 1.7 * lengths[0]
    assert lengths[2] > 4 * lengths[0]


def test_an_item_says_nothing_about_itself():
    found = fit(corpus_of([[3] * 1000, [3, 3, 3]], items=5))
    assert np.array_equal(found.inputs, fresh_inputs(5, 16, seed=1))
    assert not found.outputs.any()


def test_events_of_weight_zero_teach_nothing():
    corpus = two_groups(100)
    nothing = fit(replace(corpus, weights=np.zeros(len(corpus.tokens), dtype=np.float32)))
    assert np.array_equal(nothing.inputs, fresh_inputs(20, 16, seed=1))
    assert not nothing.outputs.any()
    half = fit(replace(corpus, weights=(corpus.tokens < 10).astype(np.float32)))
    assert np.array_equal(half.inputs[10:], fresh_inputs(20, 16, seed=1)[10:])
    assert np.linalg.norm(half.inputs[:10], axis=1).min() > 0.5
    scores = half.inputs @ half.outputs.T
    assert scores[:10, :10].mean() > scores[:10, 10:].mean()


def test_a_higher_weight_pulls_harder():
    """Five times the weight is as good as five times as often: log 5 apart at the optimum."""
    corpus = corpus_of([[0, 1], [0, 2]] * 400, items=3)
    found = fit(replace(corpus, weights=np.tile([5, 5, 1, 1], 400).astype(np.float32)), **CLEAR)
    plain = fit(corpus, **CLEAR)
    assert follows(found, 0, 1) - follows(found, 0, 2) == pytest.approx(np.log(5), abs=0.4)
    assert follows(plain, 0, 1) - follows(plain, 0, 2) == pytest.approx(0, abs=0.4)


def test_only_the_proportion_of_weights_counts():
    corpus = two_groups(100)
    plain = fit(weighted(corpus, *[1.0] * 6))
    for weight in (1e-20, 64.0, 2.0**100):
        assert same(plain, fit(weighted(corpus, *[weight] * 6)))
    assert same(plain, fit(corpus))


def test_frequent_items_are_left_out_by_the_square_root_of_their_share():
    shares = keep_probabilities(np.array([90, 10, 0], dtype=np.int64), 0.1)
    assert shares.tolist() == pytest.approx([np.sqrt(0.1 / 0.9) + 0.1 / 0.9, 1.0, 1.0])
    assert keep_probabilities(np.array([90, 10]), 0.0).size == 0


def test_items_left_out_make_room_for_what_is_further_away():
    """Item 20 stands between all others, so next to each is only item 20; where it is left out, they meet."""
    groups, rng = two_groups(600), np.random.default_rng(1)
    whole = [[x for item in groups.session(i).tolist() for x in (20, item)] for i in range(len(groups))]
    # Of different lengths: groups that take turns in step with the centres that share noise would be told apart by it.
    sessions = [session[: 2 * int(rng.integers(2, 7))] for session in whole]
    apart = []
    for sample in (0.0, 1e-3):
        found = fit(corpus_of(sessions, items=21), sample=sample, window=1, epochs=10)
        scores = found.inputs[:20] @ found.outputs[:20].T
        apart.append(scores[:10, :10].mean() - scores[:10, 10:].mean())
    assert abs(apart[0]) < 0.2
    assert apart[1] > 1
    assert np.array_equal(fit(groups, sample=1e-12).inputs, fresh_inputs(20, 16, seed=1))  # nothing is left


def test_padding_never_reaches_the_result():
    for dims in (2, 15, 16, 17, 100):
        found = fit(two_groups(50), dims=dims)
        assert found.inputs.shape == found.outputs.shape == (20, dims)
        assert found.inputs.flags.c_contiguous
        assert np.isfinite(found.inputs).all()
