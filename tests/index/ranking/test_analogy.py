import numpy as np
import pytest

from index.ranking.analogy import analogy
from index.search.exact import search

# Two properties, one axis each: king, man, woman, queen and a bystander.
VECTORS = np.array([[1, 1, 0], [1, 0, 0], [-1, 0, 0], [-1, 1, 0], [0, 0, 1]], dtype=np.float32)
KING, MAN, WOMAN, QUEEN, BYSTANDER = range(5)
NONE = np.array([], dtype=np.int32)


def rows(*items):
    return np.array(items, dtype=np.int32)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_king_less_man_plus_woman_is_queen():
    query = analogy(unit(VECTORS), rows(KING, WOMAN), rows(MAN))
    found, _ = search(query[None, :], unit(VECTORS), 1, exclude=[rows(KING, WOMAN, MAN)])
    assert found[0].tolist() == [QUEEN]


def test_the_query_is_the_unit_sum_of_unit_vectors():
    # (1, 1)/sqrt(2) + (-1, 0) - (1, 0) = (0.7071 - 2, 0.7071)
    by_hand = np.array([0.70710678 - 2, 0.70710678, 0])
    query = analogy(VECTORS, rows(KING, WOMAN), rows(MAN))
    np.testing.assert_allclose(query, by_hand / np.linalg.norm(by_hand), rtol=1e-6)
    assert query.dtype == np.float32
    assert query.shape == (3,)


def test_the_length_of_the_vectors_does_not_matter():
    longer = VECTORS * np.array([[1], [100], [3], [1], [7]], dtype=np.float32)
    given = rows(KING, WOMAN), rows(MAN)
    np.testing.assert_allclose(analogy(longer, *given), analogy(VECTORS, *given), rtol=1e-5)


def test_one_item_alone_asks_for_what_is_like_it():
    np.testing.assert_allclose(analogy(VECTORS, rows(KING), NONE), unit(VECTORS)[KING], rtol=1e-6)


def test_one_item_taken_away_alone_asks_for_its_opposite():
    np.testing.assert_allclose(analogy(VECTORS, NONE, rows(MAN)), [-1, 0, 0], rtol=1e-6)


def test_an_item_given_twice_counts_twice():
    query = analogy(VECTORS, rows(MAN, MAN, BYSTANDER), NONE)
    np.testing.assert_allclose(query, np.array([2, 0, 1]) / np.sqrt(5), rtol=1e-6)


@pytest.mark.parametrize(
    ("positive", "negative"), [((KING,), (KING,)), ((), ()), ((MAN, WOMAN), ()), ((KING, QUEEN), (QUEEN, KING))]
)
def test_items_that_cancel_each_other_out_are_refused(positive, negative):
    with pytest.raises(ValueError, match="cancel each other out"):
        analogy(VECTORS, rows(*positive), rows(*negative))


def test_what_rounding_leaves_of_items_that_cancel_out_is_no_direction():
    vectors = np.random.default_rng(1).normal(size=(20, 100)).astype(np.float32)
    order = np.arange(20, dtype=np.int32)
    with pytest.raises(ValueError, match="cancel each other out"):
        analogy(vectors, order, order[::-1].copy())


def test_an_item_without_a_direction_adds_nothing():
    vectors = np.vstack([VECTORS, np.zeros((1, 3), dtype=np.float32)])
    np.testing.assert_array_equal(analogy(vectors, rows(KING, 5), NONE), analogy(VECTORS, rows(KING), NONE))
