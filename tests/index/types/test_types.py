"""What users of a type go for: shares by hand, exact lists, files that cannot be."""

import json
from dataclasses import replace

import numpy as np
import pytest

from index.catalogue.catalogue import Catalogue
from index.errors import TypeUnknown
from index.types.buckets import Buckets
from index.types.file import faults, packed, unpacked
from index.types.types import Kinds, Pairs, Types, Weights

ITEMS, USERS = Buckets(("city",), (None,)), Buckets(("country",), (None,))


def types_of(prior=None, sharpness=1.0):
    """Three cities on the axes; users of fr at the first, of it between the first two. Six rows, one without a type."""
    vectors = np.eye(3, dtype=np.float32)
    users = np.array([[1, 0, 0], [0.6, 0.8, 0]], dtype=np.float32)
    return Types(
        items=Kinds(ITEMS, ["city=Paris", "city=Rome", "city=Oslo"], vectors, np.array([60, 30, 10])),
        rows=np.array([0, 1, 0, 2, -1, 1], dtype=np.int32),
        users=Kinds(USERS, ["country=fr", "country=it"], users, np.array([70, 30])),
        pairs=Pairs(np.array([0, 1, 3]), np.array([0, 0, 1], dtype=np.int32), np.array([5, 1, 9])),
        weights=Weights(sharpness, prior),
    )


COUNTS = np.array([50, 40, 30, 20, 10, 5])
ALL = np.ones(6, dtype=np.bool_)


def test_shares_are_popularity_turned_towards_what_is_near():
    assert types_of(sharpness=0).shares(0) == pytest.approx([0.6, 0.3, 0.1])
    # Users in the mean are at 0.7 (1, 0, 0) + 0.3 (0.6, 0.8, 0) = (0.88, 0.24, 0).
    odds = np.array([60 * np.exp(2 * (0.6 - 0.88)), 30 * np.exp(2 * (0.8 - 0.24)), 10])
    assert types_of(sharpness=2).shares(1) == pytest.approx(odds / odds.sum())


def test_a_type_without_a_vector_is_as_near_to_all():
    types = types_of()
    vectors = np.array([[1, 0, 0], [0, 0, 0]], dtype=np.float32)
    assert replace(types, users=replace(types.users, vectors=vectors)).affinities(1).tolist() == [0, 0, 0]


def test_what_was_counted_stands_beside_the_estimate():
    # 10 events of popularity, and those of the type: 1 in Paris, 9 in Rome.
    assert types_of(prior=10, sharpness=0).shares(1) == pytest.approx([7 / 20, 12 / 20, 1 / 20])


def test_a_list_is_exact_and_each_type_stands_in_order_of_popularity():
    types = types_of(prior=10, sharpness=0)
    rows, shares = types.best(types.shares(1), COUNTS, ALL, 10)
    expected = {0: 0.35 * 50 / 80, 2: 0.35 * 30 / 80, 1: 0.6 * 40 / 45, 5: 0.6 * 5 / 45, 3: 0.05}
    assert rows.tolist() == sorted(expected, key=lambda row: -expected[row])
    assert shares == pytest.approx([expected[row] for row in rows.tolist()])
    for k in range(1, 6):
        assert types.best(types.shares(1), COUNTS, ALL, k)[0].tolist() == rows.tolist()[:k]
    shut = ALL.copy()
    shut[rows[0]] = False
    assert types.best(types.shares(1), COUNTS, shut, 2)[0].tolist() == rows.tolist()[1:3]


def test_of_equals_the_earlier_row_comes_first():
    types = replace(types_of(sharpness=0), rows=np.zeros(6, dtype=np.int32))
    rows, _ = types.best(np.array([1.0, 0, 0]), np.full(6, 7), ALL, 3)
    assert rows.tolist() == [0, 1, 2]


def test_items_of_a_type_come_before_those_of_near_ones_and_far_ones_do_not_come():
    # What all have in common, the first axis, makes none of them near.
    vectors = np.array([[0.6, 0.8, 0], [0.6, 0.79, 0.13], [0.6, -0.8, 0]], dtype=np.float32)
    types = types_of()
    types = replace(types, items=replace(types.items, vectors=vectors, counts=np.array([25, 25, 50])))
    ranks = types.ranks_near(1)
    assert ranks.tolist() == [1, 0, -1]
    assert types.first(ranks, ALL, 10).tolist() == [1, 5, 0, 2]
    assert types.first(ranks, ALL, 3).tolist() == [1, 5, 0]


def test_a_type_is_found_by_key_by_name_and_by_values():
    types = types_of()
    assert types.user(types.users.keys[1]) == types.user("country=it") == 1
    assert types.user_with({"country": "it", "more": 1}) == 1
    assert types.user_with({"country": "de"}) is None
    with pytest.raises(TypeUnknown, match=r"no user type is called 'x'; there are country-fr-\w+, country-it-\w+$"):
        types.user("x")
    with pytest.raises(TypeUnknown, match="knows no types of users"):
        replace(types, users=None).user("country=it")


def test_another_vocabulary_has_its_own_rows():
    catalogue = Catalogue.from_fields({"a": {"city": "Oslo"}, "b": {"city": "Bergen"}, "c": {"title": "x"}})
    assert types_of().over(["b", "a", "c", "unheard"], catalogue).rows.tolist() == [-1, 2, -1, -1]


def test_files_give_back_what_was_written():
    for types in (types_of(prior=10), replace(types_of(), users=None, pairs=None)):
        content, arrays = packed(types)
        again = unpacked(json.loads(json.dumps(content)), arrays)
        assert again.weights == types.weights
        assert again.items.labels == types.items.labels
        assert again.items.buckets == types.items.buckets
        assert (again.users is None) == (types.users is None)
        assert faults(again, 6) == []
    assert again.rows is types.rows


@pytest.mark.parametrize(
    ("file", "spoilt"),
    [
        ("types_rows", lambda t: replace(t, rows=t.rows + 1)),
        ("types_rows", lambda t: replace(t, rows=t.rows[:-1])),
        ("types_items_vectors", lambda t: replace(t, items=replace(t.items, vectors=t.items.vectors[:2]))),
        ("types_users_vectors", lambda t: replace(t, users=replace(t.users, vectors=t.users.vectors * np.nan))),
        ("types_users_counts", lambda t: replace(t, users=replace(t.users, counts=-t.users.counts))),
        ("types_pairs_offsets", lambda t: replace(t, pairs=replace(t.pairs, offsets=t.pairs.offsets[:-1]))),
        ("types_pairs_items", lambda t: replace(t, pairs=replace(t.pairs, items=t.pairs.items + 9))),
    ],
)
def test_files_that_cannot_be_types_are_named(file, spoilt):
    assert [name for name, _ in faults(spoilt(types_of()), 6)] == [file]
