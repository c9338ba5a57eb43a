"""Every figure can be checked by hand."""

from math import log2

import numpy as np
import pytest

from training.evaluation.metrics import Bootstrap, coverage, gains, gini, hits, reciprocal_ranks

RANKS = np.array([1, 2, 10, 11, 0], dtype=np.int32)


def test_hits_count_the_first_k_places_and_never_a_target_that_was_not_ranked():
    assert hits(RANKS, 10).tolist() == [1, 1, 1, 0, 0]
    assert hits(RANKS, 1).tolist() == [1, 0, 0, 0, 0]


def test_reciprocal_ranks_are_one_over_the_rank_within_k():
    assert reciprocal_ranks(RANKS, 10).tolist() == [1, 0.5, 0.1, 0, 0]


def test_gains_fall_with_the_logarithm_of_the_rank():
    assert gains(RANKS, 10).tolist() == pytest.approx([1, 1 / log2(3), 1 / log2(11), 0, 0])


def test_coverage_is_the_share_of_items_in_any_list():
    lists = np.array([[0, 1, -1], [1, 1, 3]], dtype=np.int32)
    assert coverage(lists, 4) == 0.75
    assert coverage(np.full((2, 3), -1, dtype=np.int32), 4) == 0.0
    assert coverage(np.empty((0, 3), dtype=np.int32), 0) == 0.0


def test_gini_is_0_for_equal_shares_and_nears_1_when_one_takes_all():
    assert gini(np.array([[0, 1], [2, 3]], dtype=np.int32), 4) == 0.0
    assert gini(np.array([[0, 0], [0, -1]], dtype=np.int32), 4) == 0.75
    assert gini(np.full((2, 2), -1, dtype=np.int32), 4) == 0.0
    # Shares 1, 3: the mean absolute difference over all ordered pairs is 1, over twice the mean of 2.
    assert gini(np.array([[0, 1], [1, 1]], dtype=np.int32), 2) == 0.25


def test_gini_agrees_with_the_mean_difference_of_all_pairs():
    lists = np.random.default_rng(1).integers(-1, 30, (50, 10)).astype(np.int32)
    counts = np.bincount(lists[lists >= 0], minlength=40)
    slow = np.abs(counts[:, None] - counts[None, :]).mean() / (2 * counts.mean())
    assert gini(lists, 40) == pytest.approx(slow)


def interval(sessions, values, resamples=400):
    return Bootstrap(np.array(sessions, dtype=np.int64), resamples, np.random.default_rng(1)).interval(np.array(values))


def test_an_interval_is_the_mean_between_two_quantiles():
    mean, low, high = interval(range(100), [1.0] * 50 + [0.0] * 50)
    assert mean == 0.5
    # The standard error of a share of one half among 100 is 0.05.
    assert (low, high) == pytest.approx((0.4, 0.6), abs=0.02)


def test_without_spread_or_without_prefixes_the_interval_is_a_point():
    assert interval([0, 1, 2], [0.25] * 3) == (0.25, 0.25, 0.25)
    assert interval([], []) == (0.0, 0.0, 0.0)
    assert interval([7, 7, 7, 7], [1.0, 0.0, 1.0, 0.0]) == (0.5, 0.5, 0.5)  # one session: nothing to resample


def test_prefixes_of_one_session_are_drawn_together():
    alone = interval(range(200), [1.0, 0.0] * 100)
    together = interval([i // 20 for i in range(200)], ([1.0] * 20 + [0.0] * 20) * 5)
    assert together[2] - together[1] > 3 * (alone[2] - alone[1])


def test_two_methods_are_resampled_alike_so_that_their_difference_can_be_judged():
    bootstrap = Bootstrap(np.arange(30), 50, np.random.default_rng(1))
    values = np.random.default_rng(2).random(30)
    assert np.allclose(bootstrap.means(values + 1) - bootstrap.means(values), 1.0)
    assert not np.array_equal(
        bootstrap.means(values), Bootstrap(np.arange(30), 50, np.random.default_rng(2)).means(values)
    )
