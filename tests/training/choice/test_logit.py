"""The weights of the parts: found again where they are known, and at a maximum where they are not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.choice.blend import SURE, crossed, sharpened, thinned
from training.choice.logit import SPREAD, Table, _look, fit
from training.evaluation.metrics import gains

NAMES = ("vectors", "after", "popular", "own")


def simulated(weights, questions=2000, candidates=30, seed=1, missing=0.2, copies=()):
    """Choices by a logit of these weights; some candidates are padding, and some choices are not among them.

    copies: names of parts more, which say the same as the first with a little noise.
    """
    rng = np.random.default_rng(seed)
    parts = len(weights)
    values = rng.normal(size=(questions, candidates, parts)) * np.geomspace(0.5, 4, parts)
    rows = np.sort(rng.permuted(np.tile(np.arange(5 * candidates), (questions, 1)), axis=1)[:, :candidates], axis=1)
    lengths = rng.integers(2, candidates + 1, questions)
    padding = np.arange(candidates) >= lengths[:, None]
    score = values @ np.array(weights) + rng.gumbel(size=(questions, candidates))
    score[padding] = -np.inf
    chosen = score.argmax(axis=1)
    chosen[rng.random(questions) < missing] = -1
    more = [values[:, :, :1] + 0.01 * rng.normal(size=(questions, candidates, 1)) for _ in copies]
    values = np.concatenate([values, *more], axis=2)
    values[padding], rows[padding] = 0, -1
    return Table((*NAMES[:parts], *copies), rows.astype(np.int32), values.astype(np.float32), chosen)


@pytest.mark.parametrize("weights", [(1.0, 0.5, -0.2), (0.0, 0.0, 0.3), (-1.0, 2.0, 0.1, 0.0)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_known_weights_are_found_within_three_standard_errors(weights, seed):
    found = fit(simulated(weights, seed=seed))
    assert found.names == NAMES[: len(weights)]
    assert (np.abs(found.weights - weights) < 3 * found.errors).all(), (found.weights, found.errors)
    assert (found.errors < 0.1).all()


def test_errors_halve_with_four_times_the_questions():
    few, many = (fit(simulated((1.0, 0.5), questions)) for questions in (500, 2000))
    np.testing.assert_allclose(few.errors / many.errors, 2, rtol=0.2)


def test_the_gradient_is_that_of_finite_differences_and_vanishes_at_the_fit():
    table = simulated((1.0, 0.5, -0.2), questions=150)
    asked = table.where(table.chosen >= 0)
    x, there = asked.values, asked.rows >= 0

    def value(w):
        """By the formula, in float64."""
        scores = np.where(there, x.astype(np.float64) @ w, -np.inf)
        chosen = scores[np.arange(len(x)), asked.chosen]
        top = scores.max(axis=1)
        likely = chosen - top - np.log(np.exp(scores - top[:, None]).sum(axis=1))
        return likely.sum() - w @ w / (2 * SPREAD**2)

    step = 1e-5
    for w in (np.zeros(3), np.array([0.7, -0.3, 0.2])):
        found, slope, curve = _look(x, there, asked.chosen, w)
        assert found == pytest.approx(value(w), rel=1e-5)
        differences = [(value(w + step * e) - value(w - step * e)) / (2 * step) for e in np.eye(3)]
        np.testing.assert_allclose(slope, differences, rtol=1e-3, atol=1e-2)
        moved = [_look(x, there, asked.chosen, w + 1e-2 * e)[1] - slope for e in np.eye(3)]
        np.testing.assert_allclose(curve, -np.array(moved) / 1e-2, rtol=0.05, atol=0.5)
    deviation = np.sqrt(np.array([x[..., n][there].astype(np.float64).var() for n in range(3)]))
    w = fit(table).weights * deviation
    scaled = (x / deviation).astype(np.float32)
    _, slope, curve = _look(scaled, there, asked.chosen, w)
    assert slope @ np.linalg.solve(curve, slope) < 1e-4 * len(x)


def test_a_start_leads_to_the_same_weights():
    table = simulated((1.0, 0.5, -0.2))
    first = fit(table)
    np.testing.assert_allclose(fit(table, first).weights, first.weights, atol=0.01)
    half = fit(table.columns(("after", "vectors")), first)
    np.testing.assert_allclose(half.weights, fit(table.columns(("after", "vectors"))).weights, atol=0.01)


def test_where_nothing_that_came_was_a_candidate_nothing_has_a_weight():
    found = fit(simulated((1.0, 0.5), missing=2.0))
    assert found.as_dict() == {"vectors": 0.0, "after": 0.0}
    assert np.isinf(found.errors).all()


def test_a_part_that_is_the_same_for_all_disturbs_no_other():
    table = simulated((1.0, 0.5))
    flat = np.where(table.rows >= 0, np.float32(2.44), 0)[:, :, None].astype(np.float32)
    table = Table((*table.names, "flat"), table.rows, np.concatenate([table.values, flat], axis=2), table.chosen)
    found = fit(table)
    assert np.isfinite(found.weights).all()
    assert found.as_dict()["vectors"] == pytest.approx(1.0, abs=0.2)
    assert {"vectors", "after"} <= set(thinned(table).names)


def test_parts_that_say_nothing_are_left_out_and_those_that_do_are_not():
    kept = thinned(simulated((1.0, 0.0, -0.2, 0.0), seed=4))
    assert kept.names == ("vectors", "popular")
    assert (np.abs(kept.weights) >= SURE * kept.errors).all()


def test_of_parts_that_say_the_same_one_stays():
    kept = thinned(simulated((1.0, 0.5), copies=("alike",)))
    assert len(kept.names) == 2
    assert "after" in kept.names


def test_the_last_part_stays_though_it_says_nothing():
    assert len(thinned(simulated((0.0, 0.0))).names) == 1


def test_ranks_by_hand_go_by_row_in_a_tie_and_padding_is_behind_all():
    values = np.array([[[3], [1], [1], [0]], [[-5], [-9], [0], [0]], [[2], [2], [2], [0]]], dtype=np.float32)
    rows = np.array([[2, 5, 7, 9], [1, 3, -1, -1], [0, 1, 2, -1]], dtype=np.int32)

    def ranks(chosen, weight=1.0):
        return Table(("vectors",), rows, values, np.array(chosen)).ranks(np.array([weight])).tolist()

    assert ranks([0, 0, 0]) == [1, 1, 1]
    assert ranks([1, 1, 1]) == [2, 2, 2]
    assert ranks([2, -1, 2]) == [3, 0, 3]
    assert ranks([3, -1, -1]) == [4, 0, 0]
    assert ranks([0, 0, 2], -1.0) == [4, 2, 3]
    assert ranks([1, 1, 1], 0.0) == [2, 2, 2]


@given(st.integers(0, 99), st.permutations(range(3)))
@settings(max_examples=20, deadline=None)
def test_columns_and_questions_can_be_picked(seed, order):
    table = simulated((1.0, 0.5, -0.2), questions=40, seed=seed)
    names = [NAMES[n] for n in order]
    weights = np.array([1.0, -0.5, 0.25])
    picked = table.columns(names).ranks(weights[list(order)])
    assert np.mean(picked == table.ranks(weights)) > 0.99  # sums in another order
    half = np.arange(40) % 2 == 0
    assert np.array_equal(table.where(half).ranks(weights), table.ranks(weights)[half])


def test_sharpened_weights_never_rank_worse():
    for seed in range(3):
        table = simulated((1.0, 0.5, -0.2), questions=300, seed=seed)
        for weights in (np.ones(3), fit(table).weights):
            before, after = (gains(table.ranks(w), 20).mean() for w in (weights, sharpened(table, weights)))
            assert after >= before


def test_a_blend_is_worth_what_it_does_on_sessions_that_it_was_not_fitted_on():
    table = simulated((1.0, 0.5, -0.2), questions=1000)
    whole = fit(table)
    found = crossed(table, whole, np.arange(1000))
    assert found.gains.shape == (1000,)
    assert found.value == pytest.approx(found.gains.mean())
    seen = gains(table.ranks(whole.weights), 20)
    assert found.value == pytest.approx(seen.mean(), abs=0.02)
    assert found.weights.keys() == set(whole.names)
