"""Caps and the share of new items: exactly k, by the order of scores, checked against all items sorted."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import ConfigError
from index.ranking.diversity import diversify
from index.ranking.mix import LeftOut, Mix, mixed
from index.ranking.readings import normalised
from index.ranking.recommender import Recommender, Wish
from index.ranking.rules import Rules
from index.ranking.scorer import NextScorer
from index.ranking.settings import RecommenderConfig

ITEMS = 60
VECTORS = normalised(np.random.default_rng(5).normal(size=(ITEMS, 6)).astype(np.float32))
NO_RULES = Rules(np.zeros(ITEMS + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
RECOMMENDER = Recommender(
    NextScorer.of(
        VECTORS,
        VECTORS,
        VECTORS,
        np.arange(ITEMS, 0, -1),
        RecommenderConfig(item={"vectors": 1.0}, session={"vectors": 1.0, "popular": 0.3, "own": 0.5}),
        {"after": NO_RULES},
    )
)
rows = st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=12)


class Table:
    """field -> what each item has there; counts how often whole columns were looked at."""

    def __init__(self, **columns):
        self.columns = columns

    def values(self, field, rows):
        return [self.columns[field][row] for row in rows]

    def having(self, field, texts):
        return np.array([bool(elements(value) & set(texts)) for value in self.columns[field]])


def elements(value):
    return {str(one) for one in (value if isinstance(value, list) else [] if value is None else [value])}


def table(seed, brands, artists):
    rng = np.random.default_rng(seed)
    brand = [None if rng.random() < 0.1 else f"b{rng.integers(brands)}" for _ in range(ITEMS)]
    artist = [[f"a{n}" for n in rng.integers(artists, size=rng.integers(0, 3))] for _ in range(ITEMS)]
    return Table(brand=brand, artist=artist)


def scores_of(wish):
    """Of all items, -inf for what may not come."""
    allowed = np.ones(ITEMS, dtype=bool) if wish.allowed is None else wish.allowed
    found, scores = RECOMMENDER.among([Wish(wish.session, ITEMS, allowed, wish.exclude_seen)])[0]
    line = np.full(ITEMS, -np.inf, dtype=np.float32)
    line[found] = scores
    return line


def greedy(order, columns, max_per, most, taken, counts):
    """The definition: down the list, whatever no full cap is in the way of."""
    for row in order:
        if len(taken) == most:
            return
        own = [(field, name) for field, _ in max_per for name in elements(columns[field][row])]
        if row not in taken and all(counts[field, name] < dict(max_per)[field] for field, name in own):
            taken.append(row)
            counts.update(own)


@settings(deadline=None, max_examples=120)
@given(
    st.integers(0, 5), st.integers(1, 12), st.integers(1, 20), rows, st.integers(1, 40),
    st.dictionaries(st.sampled_from(["brand", "artist"]), st.integers(1, 4)),
    st.sampled_from([None, 0.0, 0.25, 0.5, 0.9, 1.0]), st.booleans(), st.integers(0, 40),
)  # fmt: skip
def test_any_mix_is_what_going_down_the_sorted_items_gives(
    seed, brands, artists, session, k, max_per, discovery, exclude_seen, hidden
):
    fields = table(seed, brands, artists)
    allowed = np.ones(ITEMS, dtype=bool)
    allowed[np.random.default_rng(seed).choice(ITEMS, hidden, replace=False)] = False
    session = np.array(session, dtype=np.int32)
    mix = Mix(tuple(max_per.items()), discovery)
    wish = Wish(session, k, allowed, exclude_seen)
    found = mixed(RECOMMENDER, wish, mix, fields, VECTORS)

    line = scores_of(Wish(session, ITEMS, allowed, exclude_seen if discovery is None else False))
    order = [row for row in np.argsort(-line, kind="stable").tolist() if line[row] > -np.inf]
    taken, counts = [], Counter()
    if discovery is None:
        greedy(order, fields.columns, mix.max_per, k, taken, counts)
    else:
        new = [row for row in order if row not in session]
        greedy(new, fields.columns, mix.max_per, mix.new_of(k), taken, counts)
        greedy([row for row in order if row in session], fields.columns, mix.max_per, k, taken, counts)
        greedy(new, fields.columns, mix.max_per, k, taken, counts)
    assert found.rows == sorted(taken, key=order.index)
    np.testing.assert_allclose(found.scores, line[found.rows], atol=1e-5)
    for field, most in max_per.items():
        names = Counter(name for row in found.rows for name in elements(fields.columns[field][row]))
        assert max(names.values(), default=0) <= most
    missing = set(order[:k]) - set(found.rows)
    assert sum(found.left_out.max_per.values()) + found.left_out.discovery == len(missing)
    assert found.left_out.diversity == 0
    if len(found.rows) < min(k, len(order)):
        assert found.passed


@settings(deadline=None, max_examples=40)
@given(rows, st.integers(1, 30), st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0]))
def test_the_share_of_new_items_is_what_was_asked_for_where_there_are_enough_of_both(session, k, discovery):
    session = np.array(session, dtype=np.int32)
    found = mixed(RECOMMENDER, Wish(session, k), Mix((), discovery), Table(), VECTORS)
    assert len(found.rows) == k
    known = len(set(found.rows) & set(session.tolist()))
    there = len(set(session[:-1].tolist()) - {session[-1]})  # the last item does not come back
    assert known == min(k - Mix((), discovery).new_of(k), there)


def test_with_a_cap_that_is_never_full_a_diverse_list_is_that_of_diversify():
    fields = Table(brand=[f"b{n}" for n in range(ITEMS)])
    for k in (1, 5, 12):
        wish = Wish(np.array([3, 8], dtype=np.int32), k, exclude_seen=True)
        found = mixed(RECOMMENDER, wish, Mix((("brand", 1),)), fields, VECTORS, diversity=0.6)
        pool = RECOMMENDER.among([Wish(wish.session, 5 * k, exclude_seen=True)])[0]
        assert found.rows == diversify(*pool, VECTORS, k, 0.6)[0].tolist()


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 5), st.integers(1, 8), st.integers(1, 3), st.integers(1, 40), st.sampled_from([None, 0.5]),
    st.floats(0.05, 1),
)  # fmt: skip
def test_caps_and_exact_k_hold_with_diversity_too(seed, brands, most, k, discovery, diversity):
    fields = table(seed, brands, 5)
    session = np.arange(6, dtype=np.int32)
    found = mixed(RECOMMENDER, Wish(session, k), Mix((("brand", most),), discovery), fields, VECTORS, diversity)
    brand = fields.columns["brand"]
    counts = Counter(brand[row] for row in found.rows if brand[row] is not None)
    assert max(counts.values(), default=0) <= most
    assert len(set(found.rows)) == len(found.rows)
    # What may come at all: everything but the last item, and without discovery the last item does not return either.
    may = set(range(ITEMS)) - {5}
    possible = sum(min(most, n) for name, n in Counter(brand[row] for row in may).items() if name is not None)
    possible += sum(brand[row] is None for row in may)
    assert len(found.rows) == min(k, possible)


def test_nothing_that_scores_less_than_asked_for_comes():
    fields = Table(brand=["one"] * 30 + ["two"] * 30)
    found = mixed(
        RECOMMENDER, Wish(np.array([3], dtype=np.int32), 20), Mix((("brand", 2),)), fields, VECTORS, min_score=0.5
    )
    assert found.below
    assert all(score >= 0.5 for score in found.scores)


def test_what_was_left_out_is_counted_by_its_cause():
    session = np.array([0, 1, 2], dtype=np.int32)
    line = scores_of(Wish(session, ITEMS))
    best = np.argsort(-line, kind="stable")[:6].tolist()
    fields = Table(brand=["same" if row in best else f"b{row}" for row in range(ITEMS)])
    found = mixed(RECOMMENDER, Wish(session, 6), Mix((("brand", 2),)), fields, VECTORS)
    assert found.left_out == LeftOut({"brand": 4}, 0, 0)
    assert found.rows[:2] == best[:2]


def test_numbers_that_cannot_be_are_refused():
    with pytest.raises(ConfigError, match="at least 1"):
        Mix.of({"brand": 0}, None, False)
    with pytest.raises(ConfigError, match="0 to 1"):
        Mix.of({}, 1.5, False)
    with pytest.raises(ConfigError, match="leave exclude_seen out"):
        Mix.of({}, 0.5, True)
    assert not Mix.of({}, None, True)
