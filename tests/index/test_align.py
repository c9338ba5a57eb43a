"""Two models that differ by a rotation are the same model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.align import BLOCK, moved
from index.align import rotation as rotation_between


def vectors(items, dims, seed=1):
    return np.random.default_rng(seed).normal(size=(items, dims)).astype(np.float32)


def rotation(dims, seed=1):
    """Any orthogonal matrix, reflections among them."""
    found, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(dims, dims)))
    return found.astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 40), st.integers(0, 60), st.integers(0, 1000))
def test_a_model_that_was_only_rotated_has_not_moved(dims, more, seed):
    old = vectors(dims + more, dims, seed)
    new = old @ rotation(dims, seed)
    assert np.abs(moved(old, new)).max() < 1e-5


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 20), st.integers(0, 60), st.integers(0, 1000))
def test_the_rotation_between_two_models_undoes_a_turn_and_keeps_every_inner_product(dims, more, seed):
    old = vectors(dims + more, dims, seed)
    turn = rotation(dims, seed + 1)
    found = rotation_between(old, old @ turn)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, turn.T, atol=1e-3)
    np.testing.assert_allclose(found @ found.T, np.eye(dims), atol=1e-4)


def test_how_far_items_went_does_not_depend_on_how_a_model_is_turned():
    old, new = vectors(200, 16, 1), vectors(200, 16, 2)
    expected = moved(old, new)
    for seed in range(5):
        assert moved(old, new @ rotation(16, seed)) == pytest.approx(expected, abs=1e-4)
        assert moved(old @ rotation(16, seed), new) == pytest.approx(expected, abs=1e-4)


def test_no_other_rotation_comes_nearer():
    old, new = vectors(60, 5, 1), vectors(60, 5, 2)
    unit_old, unit_new = (m / np.linalg.norm(m, axis=1, keepdims=True) for m in (old, new))
    best = moved(old, new).sum()
    for seed in range(300):
        cosines = (unit_old * (unit_new @ rotation(5, seed))).sum(axis=1)
        assert (1 - cosines).sum() >= best - 1e-4


def test_an_item_that_went_elsewhere_is_found_though_all_were_turned():
    old = vectors(500, 16)
    new = old.copy()
    new[7] = -new[7]  # as far as can be
    new[11] = np.roll(new[11], 3)
    found = moved(old, new @ rotation(16, 5))
    assert np.argsort(-found)[:2].tolist() == [7, 11]
    assert found[7] > 1.9
    assert np.median(found) < 0.01


def test_lengths_do_not_count():
    old = vectors(50, 8)
    new = old * np.linspace(0.1, 30, 50, dtype=np.float32)[:, None]
    assert moved(old, new).max() < 1e-5


def test_vectors_of_zeros_and_no_vectors_at_all_are_compared_too():
    old = vectors(20, 4)
    old[3] = 0
    found = moved(old, vectors(20, 4))
    assert found[3] == 1
    assert np.isfinite(found).all()
    assert moved(np.empty((0, 4), np.float32), np.empty((0, 4), np.float32)).shape == (0,)


def test_blocks_are_as_good_as_the_whole():
    old = vectors(BLOCK + 5, 4)
    assert moved(old, old @ rotation(4)).shape == (BLOCK + 5,)
    assert moved(old, old @ rotation(4)).max() < 1e-5


def test_unrelated_models_are_as_near_as_the_documentation_says():
    """About sqrt(dims / items): docs/api.md gives it as what says nothing."""
    for items, dims in ((400, 20), (2000, 20), (1000, 100)):
        nearness = 1 - np.median(moved(vectors(items, dims, 1), vectors(items, dims, 2)))
        assert nearness == pytest.approx(np.sqrt(dims / items), rel=0.25)
