"""Candidates by what the user did: checked against the definition, worked one pair at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import ConfigError
from index.ranking.rank import (
    ACTIONS,
    SIMILARITIES,
    WEIGHTS,
    Event,
    checked_weights,
    events_of,
    rank,
    similarities,
)
from index.vocabulary import Vocabulary

ITEMS = 12
IDS = [f"i{n}" for n in range(ITEMS)]
VOCABULARY = Vocabulary(IDS, np.arange(ITEMS, 0, -1))
VECTORS = np.random.default_rng(3).normal(size=(ITEMS, 5)).astype(np.float32)
MARKETS = [["x"], "y", None, ["x", "y"], 5, "5", [], "x", "y", "z", "z", None]


def markets(rows):
    return [MARKETS[row] for row in rows]


def cosine(a, b):
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def unit(row):
    return VECTORS[row].astype(np.float64) / np.linalg.norm(VECTORS[row].astype(np.float64))


def of_market(value):
    values = value if isinstance(value, list) else [] if value is None else [value]
    return {str(one) for one in values} or {None}


def by_definition(candidate, events, with_markets):
    """The largest cosine to the mean of a market's unit vectors."""
    if not events:
        return None
    places = [(row, of_market(MARKETS[row]) if with_markets else {None}) for row in events]
    every = set.union(*(names for _, names in places))
    return max(cosine(unit(candidate), np.mean([unit(r) for r, names in places if m in names], axis=0)) for m in every)


rows_of = st.lists(st.integers(0, ITEMS - 1), max_size=6)


@settings(deadline=None, max_examples=60)
@given(st.lists(rows_of, min_size=6, max_size=6), st.booleans(), rows_of)
def test_every_similarity_and_score_is_as_defined(kinds, with_markets, candidates):
    done = {name: [Event(IDS[row]) for row in rows] for name, rows in zip(ACTIONS, kinds, strict=True)}
    found = rank(
        VOCABULARY, VECTORS, [IDS[row] for row in candidates], done, WEIGHTS, markets if with_markets else None
    )
    assert sorted(one.item for one in found.items) == sorted(IDS[row] for row in candidates)
    scores = [one.score for one in found.items]
    for one in found.items:
        row = IDS.index(one.item)
        wanted = {name: by_definition(row, rows, with_markets) for name, rows in zip(ACTIONS, kinds, strict=True)}
        wanted["last_long_click"] = by_definition(row, kinds[ACTIONS.index("long_clicked")][-1:], with_markets)
        assert one.similarities == {name: value and pytest.approx(value, abs=1e-4) for name, value in wanted.items()}
        there = {name: value for name, value in wanted.items() if value is not None}
        if not there:
            assert one.score is None
        else:
            total = sum(WEIGHTS[name] * value for name, value in there.items())
            assert one.score == pytest.approx(total / sum(abs(WEIGHTS[name]) for name in there), abs=1e-4)
    assert scores == sorted(scores, key=lambda score: -9 if score is None else score, reverse=True)


def test_a_candidate_scores_the_same_whoever_else_is_asked_about():
    done = {"clicked": [Event("i1"), Event("i7")], "skipped": [Event("i3")]}
    whole = {one.item: one.score for one in rank(VOCABULARY, VECTORS, IDS, done, WEIGHTS, markets).items}
    alone = {item: rank(VOCABULARY, VECTORS, [item], done, WEIGHTS, markets).items[0].score for item in IDS}
    assert whole == alone


def test_what_is_unknown_is_listed_and_comes_last():
    done = {"clicked": [Event("i1"), Event("gone")], "skipped": [Event("lost")]}
    found = rank(VOCABULARY, VECTORS, ["new", "i5", "newer", "i2"], done)
    assert {one.item for one in found.items[:2]} == {"i5", "i2"}
    assert [one.item for one in found.items[2:]] == ["new", "newer"]
    assert found.items[2].score is None
    assert set(found.items[2].similarities.values()) == {None}
    assert found.unknown == ["gone", "lost", "new", "newer"]


def test_without_anything_known_of_the_user_the_order_stays():
    found = rank(VOCABULARY, VECTORS, ["i5", "i2", "i9"], {"clicked": [Event("gone")]})
    assert [(one.item, one.score) for one in found.items] == [("i5", None), ("i2", None), ("i9", None)]


def test_what_is_too_long_ago_does_not_count_and_is_counted():
    done = {"clicked": [Event("i1", 10.0), Event("i2", 20.0)], "skipped": [Event("i3"), Event("gone", 1.0)]}
    found = rank(VOCABULARY, VECTORS, ["i5"], done, since=15.0)
    assert found.old == {"clicked": 1, "skipped": 1}
    assert found.items[0].similarities["clicked"] == pytest.approx(cosine(VECTORS[5], VECTORS[2]), abs=1e-5)
    assert found.unknown == []


def test_two_places_keep_a_centroid_each():
    """One centroid of all lies between them, and is near neither."""
    vectors = np.array([[1, 0], [0.9, 0.1], [-1, 0.1], [-0.9, 0]], dtype=np.float32)
    rows = np.arange(4, dtype=np.int32)
    events = [np.array([0, 2], dtype=np.int32)]
    together = similarities(vectors, rows, events)
    apart = similarities(vectors, rows, events, lambda rows: ["here" if row < 2 else "there" for row in rows])
    assert apart.min() > 0.98
    assert together.max() < 0.5


def test_names_that_there_are_not_are_refused():
    with pytest.raises(ConfigError, match="'viewed' is none of clicked"):
        events_of({"viewed": []})
    with pytest.raises(ConfigError, match="'viewed' is none of clicked"):
        checked_weights({"viewed": 1.0})
    assert events_of({"clicked": ["a", ("b", 5.0)]}) == {"clicked": [Event("a"), Event("b", 5.0)]}
    assert checked_weights({"skipped": -2.0}) == {**WEIGHTS, "skipped": -2.0}
    assert set(WEIGHTS) == set(SIMILARITIES)
