"""Search as one types."""

import numpy as np
import pytest

from index.explorer.suggestions import Suggestions, apart

TITLES = [
    "Wolf of Highways - Jonas",
    "Lonesome Garden - The Glacier & the Moon",
    "Loft in Kreuzberg, Berlin",
    "Studio in Kraków",
    "Café de la Paix",
    "Страна чудес",
    "東京タワー",
    "Garden of Wolves - Wolfgang",
    None,
    "  ",
]
IDS = [f"t{number:06d}" for number in range(len(TITLES))]


@pytest.fixture(scope="module")
def titles():
    return Suggestions.of(IDS, TITLES)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("wol", [0, 7]),  # the most frequent first
        ("wolf", [0, 7]),
        ("garden", [1, 7]),
        ("garden wolv", [7]),  # each word, in any order
        ("wolf jo", [0]),
        ("moon the", [1]),
        ("krak", [3]),
        ("KRAKÓW", [3]),
        ("cafe", [4]),
        ("стра", [5]),
        ("東京", [6]),
        ("t000008", [8]),  # by its id, without a title
        ("t00000", list(range(10))),
        ("berlin studio", []),
        ("", []),
        (" - ", []),
    ],
)
def test_beginnings_of_words(titles, typed, found):
    assert titles.find(typed, 20) == found


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("garden lonesmoe", [1]),  # swapped
        ("lonsome", [1]),  # missing
        ("lonnesome", [1]),  # too many
        ("kreuzbegr", [2]),
        ("kreutzb", [2]),  # not at the end yet
        ("higwa", [0]),
        ("xyzxyz", []),
        ("zz", []),  # two letters are never forgiven
    ],
)
def test_typos_are_forgiven(titles, typed, found):
    assert titles.find(typed, 20) == found


def test_no_more_than_asked_for(titles):
    assert titles.find("t", 3) == [0, 1, 2]


def test_hostile_text_is_found_or_not_and_breaks_nothing(titles):
    for typed in ("\ud800", "\x00", "a" * 10_000, "* ? [", "\u202e" * 50, "é" * 500, " ".join(["wolf"] * 500)):
        assert isinstance(titles.find(typed, 5), list)


def test_an_empty_catalogue():
    assert Suggestions.of([], []).find("a", 5) == []


def test_distance_is_that_to_a_beginning():
    assert apart("gard", "garden", 2) == 0
    assert apart("grad", "garden", 2) == 1
    assert apart("gird", "garden", 2) == 1
    assert apart("xxxx", "garden", 2) == 3


def test_all_that_begin_so_are_found():
    rng = np.random.default_rng(1)
    names = ["".join(rng.choice(list("abc"), size=rng.integers(1, 6))) for _ in range(300)]
    some = Suggestions.of([f"#{n}" for n in range(300)], names)
    for typed in ("a", "ab", "abc", "ccc", "bac"):
        expected = [place for place, name in enumerate(names) if name.startswith(typed)]
        assert expected == [] or some.find(typed, 300) == expected
