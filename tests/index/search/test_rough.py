"""The rough way is exact: its bound holds, and no row that can be among the best is missed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.search import exact
from index.search.allowed import Allowed
from index.search.rough import ROUNDING, Codes, Rough, contenders


def some_vectors(n, dims, seed, spread=1.0, same=False):
    """Rows of different lengths, in clusters; some are zero, and of some there are copies."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((5, dims))[rng.integers(5, size=n)] + 0.3 * rng.standard_normal((n, dims))
    vectors *= np.exp(spread * rng.standard_normal((n, 1)))
    vectors[rng.random(n) < 0.05] = 0
    if same and n:
        vectors[rng.integers(n, size=n // 3)] = vectors[rng.integers(n)]
    return vectors.astype(np.float32)


WORLDS = st.tuples(
    st.sampled_from([0, 1, 5, 70, 900, 4096, 5003, 20_000]),
    st.sampled_from([1, 3, 16, 64, 100]),
    st.integers(0, 2**16),
    st.sampled_from([0.0, 1.0, 3.0]),
    st.booleans(),
)


@settings(deadline=None, max_examples=80)
@given(world=WORLDS, queries=st.integers(1, 5))
def test_no_product_is_further_away_than_the_bound_says(world, queries):
    vectors = some_vectors(*world)
    asked = some_vectors(queries, world[1], world[2] + 1)
    rough, truth = Rough(Codes.of(vectors)), asked.astype(np.float64) @ vectors.T.astype(np.float64)
    products, errors = rough.products(asked)
    assert products.shape == truth.shape
    for query, line, error, right in zip(asked, products, errors, truth, strict=True):
        slack = ROUNDING * max(1.0, np.abs(right).max(initial=0))
        assert (np.abs(line - right) <= error + slack).all()
        whole, scale, same = rough.whole(query)
        assert (np.abs(whole * scale - right) <= same + slack).all()


@settings(deadline=None, max_examples=80)
@given(
    world=WORLDS, k=st.sampled_from([1, 10, 100, 2000]), share=st.sampled_from([0.0, 0.02, 0.4]), seed=st.integers(0, 9)
)
def test_the_best_of_the_allowed_rows_are_those_of_exact_search(world, k, share, seed):
    vectors = some_vectors(*world)
    rng = np.random.default_rng(seed)
    allowed = Allowed(rng.random(len(vectors)) < share)
    query = some_vectors(1, world[1], seed)
    gone = rng.integers(max(1, len(vectors)), size=3).astype(np.int32)
    few = allowed.few(vectors)
    if few is None:
        assert allowed.is_wide
        return
    rows, scores = few.search(query, k, gone)
    # One more than asked for: the last that is given may be as good as the first that is not.
    right, best = exact.search(query, vectors, k + 1, allowed.mask, [gone])
    there = int((right[0] >= 0).sum())
    found = min(k, there)
    assert len(rows) == found
    # Rounded in another order: of large values that cancel, what is left is off by their last digits.
    near = 1e-6 * max(10.0, float(np.abs(best[0, :found]).max(initial=0.0)))
    np.testing.assert_allclose(scores, best[0, :found], rtol=1e-5, atol=near)
    steps = np.abs(np.diff(best[0, :there], append=-np.inf, prepend=np.inf))
    clear = steps > 1e-4 * np.abs(best[0, :there]).max(initial=1)
    sure = (clear[1:] & clear[:-1])[:found]
    assert (rows == right[0, :found])[sure].all()
    assert (np.diff(scores) <= 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_rows_that_are_left_out_never_contend_and_all_that_tie_do(dtype):
    out = -np.inf if dtype == np.float32 else np.iinfo(dtype).min
    scores = np.full(10_000, out, dtype=dtype)
    assert len(contenders(scores, 5, 1.0)) == 0
    scores[[7, 9001]] = 3
    assert contenders(scores, 5, 1.0).tolist() == [7, 9001]
    scores[::100] = -50
    scores[5000:5010] = 3
    assert contenders(scores, 5, 0.4).tolist() == [7, *range(5000, 5010), 9001]
    assert set(contenders(scores, 5, 40.0).tolist()) > set(range(0, 5000, 100))
    assert contenders(scores, 20_000, 0.0).tolist() == np.flatnonzero(scores > out).tolist()


def test_what_a_change_does_not_touch_keeps_its_copy():
    vectors = some_vectors(100, 8, 1)
    allowed = Allowed(np.arange(100) % 4 == 0)
    few = allowed.few(vectors)
    rows = np.array([0, 1], dtype=np.int32)
    assert allowed.mended(rows, np.array([True, False])) is allowed
    other = allowed.mended(rows, np.array([False, True]))
    assert (other.mask[[0, 1, 4]].tolist(), allowed.mask[[0, 1]].tolist()) == ([False, True, True], [True, False])
    assert other.few(vectors).rows is few.rows
    assert allowed.few(vectors) is few


@settings(deadline=None, max_examples=60)
@given(
    moves=st.lists(st.sets(st.integers(0, 99), max_size=8), max_size=8),
    k=st.sampled_from([1, 5, 60]),
    seed=st.integers(0, 9),
)
def test_a_copy_that_follows_changes_finds_what_a_new_one_finds(moves, k, seed):
    vectors, query = some_vectors(100, 8, seed), some_vectors(1, 8, seed + 1)
    allowed = Allowed(np.arange(100) % 4 == 0)
    allowed.few(vectors)
    for move in moves:
        rows = np.array(sorted(move), dtype=np.int32)
        allowed = allowed.mended(rows, ~allowed.mask[rows])
        assert allowed.count == np.count_nonzero(allowed.mask)
        if (few := allowed.few(vectors)) is None:
            continue
        out = np.array([3, 4, 4], dtype=np.int32)
        found, right = few.search(query, k, out), Allowed(allowed.mask).few(vectors).search(query, k, out)
        assert found[0].tolist() == right[0].tolist()
        assert found[1].tolist() == right[1].tolist()
        plain = Allowed(allowed.mask).search(query, vectors, k, out)
        assert (found[0].tolist(), found[1].tolist()) == (plain[0].tolist(), plain[1].tolist())


def test_a_copy_is_made_anew_when_much_has_changed(monkeypatch):
    monkeypatch.setattr("index.search.allowed.MOST_MOVED", 2)
    vectors = some_vectors(100, 8, 1)
    allowed = Allowed(np.arange(100) % 4 == 0)
    allowed.few(vectors)
    made = allowed.mended(np.array([1, 2, 3], dtype=np.int32), np.array([True] * 3))
    assert not made.is_copied
    assert made.few(vectors).rows.tolist() == np.flatnonzero(made.mask).tolist()
