"""Dense scores, scores of chosen candidates and the index path must be one and the same formula."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.ranking.readings import normalised, queries_of, similar_vectors, targets_of
from index.ranking.recommender import Recommender
from index.ranking.rules import Rules
from index.ranking.scorer import NextScorer, Query, RecommenderConfig
from index.search.builder import build
from index.search.searcher import Searcher

ITEMS, DIMS = 30, 6
READINGS = ("in-in", "in-out", "in-out-cosine", "symmetric", "sum")


def matrices(seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(ITEMS, DIMS)).astype(np.float32), rng.normal(size=(ITEMS, DIMS)).astype(np.float32)


def some_rules(seed=0):
    rng = np.random.default_rng(seed)
    dense = rng.random((ITEMS, ITEMS)).astype(np.float32) * (rng.random((ITEMS, ITEMS)) < 0.2)
    np.fill_diagonal(dense, 0)
    rows = [np.flatnonzero(row) for row in dense]
    rows = [r[np.argsort(-dense[i][r], kind="stable")] for i, r in enumerate(rows)]
    return Rules(
        np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64),
        np.concatenate(rows).astype(np.int32),
        np.concatenate([dense[i][r] for i, r in enumerate(rows)]).astype(np.float32),
    )


def scorer(seed=0, rules=True, **config):
    inputs, outputs = matrices(seed)
    counts = np.random.default_rng(seed).integers(1, 100, ITEMS)
    return NextScorer(inputs, outputs, counts, some_rules(seed) if rules else None, RecommenderConfig(**config))


def z(values):
    return (values - values.mean()) / values.std()


@pytest.mark.parametrize("reading", READINGS)
def test_scores_are_the_formula_in_the_docstring(reading):
    found = scorer(next_reading=reading, session_popularity=0.3, session_counts=2.0, own_items=1.5, session_items=3)
    session = np.array([4, 7, 4, 9], dtype=np.int32)
    targets = targets_of(*matrices(), reading)
    queries = queries_of(*matrices(), reading, targets)
    weights = np.array([1 / 3, 1 / 2, 1])
    vectors = z(targets.astype(np.float64) @ (weights @ queries[session[-3:]]))
    counts = np.zeros(ITEMS)
    for row, weight in zip(session[-3:], weights, strict=True):
        items, values = found.rules.row(int(row))
        counts[items] += values * weight
    own = np.zeros(ITEMS)
    own[[9, 4, 7]] = [1, 1 / 2, 1 / 3]
    log = np.log(np.random.default_rng(0).integers(1, 100, ITEMS))
    expected = vectors + 0.3 * z(log) + 2.0 * z(counts) + 1.5 * own
    expected[9] = -np.inf
    scores = Recommender(found).scores([session], one_item=False)[0]
    np.testing.assert_allclose(scores, expected, rtol=2e-4, atol=2e-4)


@given(
    session=st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=12),
    reading=st.sampled_from(READINGS),
    decay=st.sampled_from(["last", "rank", "exponential"]),
    counts=st.sampled_from([0.0, 0.5, 3.0]),
    popularity=st.sampled_from([0.0, 0.4]),
    own=st.sampled_from([0.0, 2.0]),
    one_item=st.booleans(),
    exclude_seen=st.booleans(),
    seed=st.integers(0, 5),
)
@settings(max_examples=60, deadline=None)
def test_candidates_get_the_same_list_as_scoring_everything(
    session, reading, decay, counts, popularity, own, one_item, exclude_seen, seed
):
    weights = {
        f"{what}_{name}": v
        for what in ("item", "session")
        for name, v in (("counts", counts), ("popularity", popularity))
    }
    found = scorer(seed, next_reading=reading, session_decay=decay, own_items=own, **weights)
    vectors = found.next_vectors()
    searcher = Searcher(build(vectors, ITEMS, 0.99, 1, 1).index, vectors)
    rows = np.array(session, dtype=np.int32)
    # All items fit among the candidates here, so the lists must agree to the last place.
    recommenders = (Recommender(found), Recommender(found, searcher, dense_items=0))
    dense, fast = (
        each.next_of(rows[-1:], 5) if one_item else each.recommend([rows], 5, exclude_seen) for each in recommenders
    )
    np.testing.assert_allclose(fast[1], dense[1], rtol=1e-3, atol=1e-3)
    same = np.abs(np.diff(dense[1][0], append=-9)) > 1e-3
    assert (fast[0][0] == dense[0][0])[same & np.roll(same, 1)].all()


def test_the_last_item_never_comes_back_and_seen_ones_only_when_allowed():
    recommender = Recommender(scorer(own_items=50.0))
    session = np.array([3, 5, 8], dtype=np.int32)
    rows = recommender.recommend([session], ITEMS)[0][0]
    assert 8 not in rows
    assert rows[:2].tolist() == [5, 3]
    rows = recommender.recommend([session], ITEMS, exclude_seen=True)[0][0]
    assert not {3, 5, 8} & set(rows.tolist())


def test_weights_of_the_caller_multiply_the_session_rule():
    found = scorer(session_decay="exponential", half_life=1.0, session_items=2)
    query = found.session(np.array([1, 2, 3], dtype=np.int32), np.array([9, 2, -1], dtype=np.float32))
    assert query.rows.tolist() == [2, 3]
    assert query.weights.tolist() == [1.0, -1.0]


def test_a_query_without_counts_still_gets_an_answer():
    empty = Rules(np.zeros(ITEMS + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
    found = scorer()
    found.rules = empty
    assert np.isfinite(found.dense([Query(np.array([1], np.int32), np.ones(1, np.float32))], True)).all()


def test_another_reading_needs_another_scorer():
    with pytest.raises(ValueError, match="next_reading"):
        scorer(next_reading="in-in").with_config(RecommenderConfig(next_reading="in-out"))


def test_a_zero_vector_stays_zero_when_normalised():
    assert normalised(np.array([[0, 0], [3, 4]], dtype=np.float32)).tolist() == [
        [0, 0],
        [np.float32(0.6), np.float32(0.8)],
    ]


def test_similar_vectors_are_units_of_either_reading():
    inputs, outputs = matrices()
    for reading in ("in", "sum"):
        norms = np.linalg.norm(similar_vectors(inputs, outputs, reading), axis=1)
        np.testing.assert_allclose(norms, 1, rtol=1e-5)
