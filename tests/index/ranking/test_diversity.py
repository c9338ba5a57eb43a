import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.ranking.diversity import diversify

# Rows 0, 1 and 2 are the same item three times over, 3 and 4 are unlike all others.
VECTORS = np.array([[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
ROWS = np.array([0, 1, 2, 3, 4], dtype=np.int32)
SCORES = np.array([1.0, 0.9, 0.8, 0.5, 0.0], dtype=np.float32)


def by_hand(rows, scores, vectors, k, diversity):
    """Carbonell and Goldstein's formula for every candidate and every pick, from nothing kept."""
    scores = scores.astype(np.float64)
    spread = scores.max() - scores.min()
    relevance = (scores - scores.min()) / spread if spread else np.zeros_like(scores)
    picked = [0]
    while len(picked) < min(k, len(rows)):
        values = {
            i: (1 - diversity) * relevance[i]
            - diversity * max(float(vectors[rows[i]] @ vectors[rows[j]]) for j in picked)
            for i in range(len(rows))
            if i not in picked
        }
        picked.append(max(values, key=lambda i: (values[i], -i)))
    return rows[picked]


def pool(seed, size, dims=8):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(size * 2, dims)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = rng.permutation(size * 2)[:size].astype(np.int32)
    return rows, np.sort(rng.normal(size=size).astype(np.float32))[::-1], vectors


def test_no_diversity_gives_the_first_unchanged():
    rows, scores = diversify(ROWS, SCORES, VECTORS, 3, 0.0)
    assert rows.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(scores, SCORES[:3])


def test_copies_of_the_best_give_way_to_other_items():
    # After row 0: 1 -> 0.5 * 0.9 - 0.5 * 1 = -0.05, 3 -> 0.5 * 0.5 - 0 = 0.25, 4 -> 0. After 3: 4 leads with 0.
    rows, scores = diversify(ROWS, SCORES, VECTORS, 4, 0.5)
    assert rows.tolist() == [0, 3, 4, 1]
    np.testing.assert_array_equal(scores, np.array([1.0, 0.5, 0.0, 0.9], dtype=np.float32))


def test_a_little_diversity_changes_little():
    assert diversify(ROWS, SCORES, VECTORS, 3, 0.05)[0].tolist() == [0, 1, 2]


def test_the_best_stays_first_at_full_diversity():
    rows, _ = diversify(ROWS, SCORES, VECTORS, 5, 1.0)
    assert rows.tolist() == [0, 3, 4, 1, 2]


def test_equal_items_come_in_the_order_of_the_pool():
    same = np.ones(5, dtype=np.float32)
    assert diversify(ROWS[::-1].copy(), same, VECTORS, 5, 0.5)[0].tolist() == [4, 3, 2, 1, 0]


def test_padding_is_never_picked():
    rows = np.array([3, 0, -1, -1], dtype=np.int32)
    scores = np.array([2.0, 1.0, -np.inf, -np.inf], dtype=np.float32)
    for diversity in (0.0, 0.5, 1.0):
        found, values = diversify(rows, scores, VECTORS, 4, diversity)
        assert found.tolist() == [3, 0]
        assert values.tolist() == [2.0, 1.0]


@pytest.mark.parametrize("diversity", [0.0, 0.5])
def test_an_empty_pool_gives_an_empty_list(diversity):
    rows, scores = diversify(ROWS[:0], SCORES[:0], VECTORS, 10, diversity)
    assert len(rows) == len(scores) == 0
    assert (rows.dtype, scores.dtype) == (np.int32, np.float32)


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(1, 40), st.integers(1, 50), st.sampled_from([0.1, 0.37, 0.5, 0.9, 1.0]))
def test_it_is_the_formula_of_the_paper(seed, size, k, diversity):
    rows, scores, vectors = pool(seed, size)
    found, values = diversify(rows, scores, vectors, k, diversity)
    assert found.tolist() == by_hand(rows, scores, vectors, k, diversity).tolist()
    given_score = dict(zip(rows.tolist(), scores.tolist(), strict=True))
    assert values.tolist() == [given_score[row] for row in found.tolist()]


def test_more_diversity_makes_the_list_less_alike():
    rows, scores, vectors = pool(3, 300)
    alike = []
    for diversity in (0.0, 0.2, 0.5, 1.0):
        found = vectors[diversify(rows, scores, vectors, 20, diversity)[0]]
        alike.append(float((found @ found.T - 2 * np.eye(20)).max(axis=1).mean()))
    assert alike == sorted(alike, reverse=True)


def test_five_hundred_of_a_thousand_are_picked_each_once_and_begin_like_a_shorter_list():
    rows, scores, vectors = pool(5, 1000, dims=100)
    found, _ = diversify(rows, scores, vectors, 500, 0.5)
    assert len(set(found.tolist())) == 500
    assert found[:20].tolist() == diversify(rows, scores, vectors, 20, 0.5)[0].tolist()
