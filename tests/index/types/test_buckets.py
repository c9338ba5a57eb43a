"""Attributes -> a name that can be read, and a key for paths."""

import re

from hypothesis import given
from hypothesis import strategies as st

from index.types.buckets import Buckets, key_of

CITIES = ["Paris", "Rome"] * 50


def test_texts_are_buckets_of_their_own_and_many_numbers_are_cut_into_quantiles():
    prices = [float(n) for n in range(100)]
    buckets = Buckets.of(["city", "price"], [CITIES, prices], 5)
    assert buckets.label(["Paris", 0.0]) == "city=Paris · price=1/5"
    assert buckets.label(["Rome", 55]) == "city=Rome · price=3/5"
    assert buckets.label(["Rome", "1e9"]) == "city=Rome · price=5/5"
    shares = [sum(buckets.label([None, p]).endswith(f"{n}/5") for p in prices) for n in range(1, 6)]
    assert shares == [20] * 5


def test_a_few_different_numbers_are_grades():
    buckets = Buckets.of(["rooms"], [[1, 2, 3, 2.0] * 20], 5)
    assert buckets.label([2]) == buckets.label([2.0]) == "rooms=2"


def test_what_is_missing_is_said_and_without_any_value_there_is_no_type():
    buckets = Buckets.of(["city", "price"], [CITIES, list(range(100))], 4)
    assert buckets.label([None, 3]) == "city=? · price=1/4"
    assert buckets.label(["Paris", "cheap"]) == "city=Paris · price=?"
    assert buckets.label([None, float("nan")]) is None
    assert buckets.label(["  ", None]) is None


def test_of_a_list_the_first_counts():
    buckets = Buckets.of(["genre"], [[["Rock", "Pop"], ["Pop"], None]], 5)
    assert buckets.label([["Rock", "Pop"]]) == "genre=Rock"
    assert buckets.label([[]]) is None


def test_a_column_that_is_mostly_one_number_has_fewer_buckets():
    buckets = Buckets.of(["stars"], [[0.0] * 900 + [float(n) for n in range(100)]], 5)
    assert buckets.label([0]) == "stars=1/2"
    assert buckets.label([50]) == "stars=2/2"


@given(st.text(max_size=80))
def test_a_key_is_safe_in_a_path_and_the_same_for_the_same_name(label):
    assert re.fullmatch(r"[a-z0-9-]+", key_of(label))
    assert key_of(label) == key_of(label)


def test_names_that_look_alike_have_other_keys():
    assert key_of("city=Paris") != key_of("city=paris")
    assert key_of("日本") != key_of("中国")
    assert key_of("city=Paris · room=entire").startswith("city-paris-room-entire-")
