"""Noise is drawn as often as it should be, and never what does not occur."""

import numba as nb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.trainers.sgns.noise import alias_table, below, draw, uniform


@nb.njit
def draws(alias, times, seed):
    rng, found = np.array([seed], dtype=np.uint64), np.zeros(alias.share.size, dtype=np.int64)
    for _ in range(times):
        found[draw(rng, alias)] += 1
    return found


@nb.njit
def numbers(bound, times):
    state = np.array([88172645463325252], dtype=np.uint64)
    whole, parts = np.zeros(bound, dtype=np.int64), np.empty(times, dtype=np.float32)
    for i in range(times):
        whole[below(state, bound)] += 1
        parts[i] = uniform(state)
    return whole, parts


def chances(share, other):
    """What the table says of each item: its own entry's share, and what other entries leave to it."""
    found = share.astype(np.float64)
    np.add.at(found, other, 1.0 - share.astype(np.float64))
    return found / len(share)


def wanted(counts, exponent):
    seen = counts > 0
    powers = np.where(seen, np.maximum(counts, 1).astype(np.float64) ** exponent, 0.0)
    return powers / powers.sum()


@pytest.mark.parametrize("exponent", [-1.0, -0.5, 0.0, 0.5, 0.75, 1.0, 2.0])
def test_items_are_drawn_with_probability_count_to_the_exponent(exponent):
    counts = np.array([1000, 1, 30, 0, 7, 500, 2, 90], dtype=np.int64)
    times = 400_000
    found, expected = draws(alias_table(counts, exponent), times, 3), wanted(counts, exponent) * times
    # Five standard deviations of a binomial: one test in 250,000 would fail by chance, and the seed is fixed.
    assert (np.abs(found - expected) <= 5 * np.sqrt(expected) + 1e-9).all(), (found, expected)
    assert found[3] == 0


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 5) | st.integers(0, 2**40), min_size=1, max_size=200).filter(any),
    st.floats(-3, 3, allow_nan=False),
)
def test_the_table_says_what_the_counts_say(counts, exponent):
    counts = np.array(counts, dtype=np.int64)
    share, other = alias_table(counts, exponent)
    assert ((share >= 0) & (share <= 1)).all()
    assert (counts[other] > 0)[share < 1].all()
    assert (share[counts == 0] == 0).all()
    # A share is a float32: each is off by at most 2^-24, and those of all entries may meet in one item.
    assert chances(share, other) == pytest.approx(wanted(counts, exponent), rel=1e-5, abs=1e-7)


def test_items_that_never_occur_are_never_drawn():
    counts = np.zeros(1000, dtype=np.int64)
    counts[::7] = np.arange(1, 144)
    for exponent in (-3.0, 0.0, 0.75, 3.0):
        found = draws(alias_table(counts, exponent), 200_000, 5)
        assert (found[counts == 0] == 0).all()


def test_not_even_the_lowest_number_draws_an_item_that_never_occurs():
    """Once in 2^24 draws the number is 0, which is as low as the item's share."""

    def before(bits):
        """The state from which xorshift64 goes to these bits: its three steps, backwards."""
        for shift in (-17, 7, -13):
            found = bits
            for _ in range(64 // abs(shift) + 1):
                found = bits ^ ((found << -shift) & (2**64 - 1) if shift < 0 else found >> shift)
            bits = found
        return bits

    alias = alias_table(np.array([0, 3, 0, 5], dtype=np.int64), 0.75)
    for entry in range(4):
        state = np.array([before((entry << 62) | (1 << 30))], dtype=np.uint64)
        assert draw(state, alias) in (1, 3)
        assert int(state[0]) == (entry << 62) | (1 << 30)


def test_one_item_alone_is_always_drawn():
    for counts in (np.array([4]), np.array([0, 4, 0])):
        found = draws(alias_table(counts.astype(np.int64), 0.75), 1000, 7)
        assert found.tolist() == np.where(counts > 0, 1000, 0).tolist()


def test_extreme_counts_neither_overflow_nor_vanish():
    counts = np.array([1, 10**9, 10**12], dtype=np.int64)
    for exponent, first in ((3.0, 2), (-3.0, 0)):
        found = chances(*alias_table(counts, exponent))
        assert found.argmax() == first
        assert found[first] == pytest.approx(1.0)


def test_random_numbers_cover_their_range_evenly():
    whole, parts = numbers(7, 70_000)
    assert np.abs(whole - 10_000).max() < 500
    assert 0 <= parts.min() < 0.001
    assert 0.999 < parts.max() < 1
    assert parts.mean() == pytest.approx(0.5, abs=0.005)
