"""Whatever comes, changes and goes: lists of newcomers are those of a plain search over the items that are there."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from index.content.content import Lengths, Linear, Vectors
from index.content.lexicon import Lexicon, Rule, features_of
from index.content.near import Near
from index.content.newcomers import Change, Newcomers, merged

WORDS = [f"w{number}" for number in range(12)]
FIRST = 40


def content(seed=0):
    rng = np.random.default_rng(seed)
    lexicon = Lexicon({"title": Rule("words")}, [("title", word) for word in WORDS], np.ones(12, dtype=np.float32))
    weights = Vectors(*(rng.normal(size=(13, 6)).astype(np.float32) for _ in range(3)))
    return Linear("map", lexicon, weights, Lengths())


def nobody(most=10_000):
    return Newcomers.none(content(), lambda inputs, outputs, similar: outputs, FIRST, most)


changes = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.one_of(st.none(), st.lists(st.sampled_from([*WORDS, "unheard"]), min_size=1, max_size=3)),
        st.booleans(),
    ),
    max_size=12,
)


def change(number, words, shown):
    return Change(f"n{number}", None if words is None else {"title": " ".join(words)}, shown)


def plain(items, query, k):
    """(ids, scores) of those that are shown, by a search of all; ids in the order of their scores."""
    found = []
    for item, (words, shown) in items.items():
        columns = content().lexicon.columns({"title": " ".join(words)})
        if shown and len(columns):
            found.append((float(content().of_columns([columns]).similar[0] @ query), item))
    return sorted(found, reverse=True)[:k]


@settings(max_examples=60, deadline=None)
@given(st.lists(changes, max_size=6), st.integers(1, 12))
def test_lists_are_those_of_a_plain_search_after_any_changes(batches, k):
    near, query = Near(), np.random.default_rng(1).normal(size=6).astype(np.float32)
    state, items = nobody(), {}
    for batch in batches:
        state = state.following([change(*each) for each in batch])
        for number, words, shown in batch:
            items.pop(f"n{number}", None)
            if words is not None:
                items[f"n{number}"] = words, shown
        wanted = [round(score, 4) for score, _ in plain(items, query, k)]
        searched = state.best(state.similar, query, k)

        def search(most, since, state=state):
            return state.best(state.similar, query, most, since=since)

        for rows, scores in (searched, near.best("similar", 0, state, k, search)):
            assert np.round(scores, 4).tolist() == np.round(np.array(wanted, dtype=np.float32), 4).tolist()
            ids = [state.id_of(row) for row in rows.tolist()]
            assert len(set(ids)) == len(ids)
            assert all(items[item][1] for item in ids)


def test_a_state_that_was_taken_before_stays_as_it_was():
    before = nobody().following([change(1, ["w1"], True), change(2, ["w2"], True)])
    query = before.similar[0].copy()
    after = before.following([change(1, ["w3"], True), change(3, ["w1"], True), change(2, None, True)])
    old = [before.id_of(row) for row in before.best(before.similar, query, 9)[0].tolist()]
    new = [after.id_of(row) for row in after.best(after.similar, query, 9)[0].tolist()]
    assert sorted(old) == ["n1", "n2"]
    assert sorted(new) == ["n1", "n3"]
    assert before.find("n3") is None
    assert after.find("n2") is None


def test_many_changes_make_room_and_keep_what_is_there():
    state = nobody().following([change(n, [WORDS[n % 12]], True) for n in range(31)])
    first = state
    for _ in range(50):
        state = state.following([change(n, [WORDS[n % 12]], True) for n in range(31)])
    assert not state.follows(first)
    assert len(state) == 31
    query = first.similar[5]
    assert np.array_equal(state.best(state.similar, query, 31)[1], first.best(first.similar, query, 31)[1])


def test_there_are_no_more_than_may_be():
    state = nobody(most=5).following([change(n, ["w1"], True) for n in range(9)])
    assert len(state) == 5
    state = state.following([change(0, None, True), change(20, ["w2"], True)])
    assert len(state) == 5
    assert state.find("n20") is not None


def test_of_equal_scores_the_trained_item_comes_first():
    rows, scores = np.array([3, 1], dtype=np.int32), np.array([0.5, 0.25], dtype=np.float32)
    more, others = np.array([41], dtype=np.int32), np.array([0.5], dtype=np.float32)
    assert merged(rows, scores, more, others, 2)[0].tolist() == [3, 41]


def test_words_values_and_ranges_are_features():
    rules = {"title": Rule("words"), "tags": Rule("values"), "price": Rule("ranges", (2.0, 8.0))}
    fields = {"title": "Red HEART holder", "tags": ["a b", "c"], "price": 5, "other": "x"}
    assert list(features_of(fields, rules)) == [
        ("title", "red"),
        ("title", "heart"),
        ("title", "holder"),
        ("title", "red heart"),
        ("title", "heart holder"),
        ("tags", "a b"),
        ("tags", "c"),
        ("price", "2 to 8"),
    ]
    assert list(features_of({"price": 1}, rules)) == [("price", "below 2")]
    assert list(features_of({"price": 8}, rules)) == [("price", "from 8")]
    assert list(features_of({"price": "dear", "title": None, "tags": []}, rules)) == []


def test_several_queries_at_once_find_what_each_finds_alone():
    state = nobody().following([change(n, [WORDS[n % 12], WORDS[n % 5]], n % 7 > 0) for n in range(60)])
    queries = np.random.default_rng(3).normal(size=(5, 6)).astype(np.float32)
    for query, (rows, scores) in zip(queries, state.best_each(state.similar, queries, 8), strict=True):
        alone = state.best(state.similar, query, 8)
        assert rows.tolist() == alone[0].tolist()
        assert scores.tolist() == alone[1].tolist()


def test_two_states_may_follow_one():
    base = nobody().following([change(1, ["w1"], True), change(2, ["w2"], True)])
    one = base.following([change(1, ["w3"], True), change(3, ["w4"], True)])
    kept = one.similar[: one.used].copy()
    other = base.following([change(4, ["w5"], True), change(2, None, True)])
    query = base.similar[0].copy()
    assert np.array_equal(one.similar[: one.used], kept)
    assert sorted(one.id_of(row) for row in one.best(one.similar, query, 9)[0].tolist()) == ["n1", "n2", "n3"]
    assert sorted(other.id_of(row) for row in other.best(other.similar, query, 9)[0].tolist()) == ["n1", "n4"]
