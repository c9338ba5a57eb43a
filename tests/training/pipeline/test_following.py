"""What comes next after each item: from candidates the same lists as from all items."""

import numpy as np
import pytest
from support.factories import two_groups

from index.ranking.scorer import NextScorer
from index.ranking.settings import COUNTS, RecommenderConfig
from index.search.builder import build, neighbours
from index.search.recall import recall_of
from training.choice.materials import Counted, Materials
from training.pipeline import following
from training.pipeline.following import following_all
from training.pipeline.lists import Wanted
from training.trainers.spaces import Spaces
from training.trainers.trainer import Embeddings

ITEMS, DIMS, K = 300, 8, 10
BLEND = RecommenderConfig(
    next_reading="in-out",
    counts=COUNTS,
    item={"vectors": 0.4, "alike": 0.2, "after": 1.5, "both": 0.5, "popular": 0.3},
)


def scorer_of(config=BLEND, seed=1, items=ITEMS):
    """Clustered vectors, and counts of some pairs within the clusters."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(30, DIMS))
    vectors = (centres[np.arange(items) % 30] + 0.2 * rng.normal(size=(items, DIMS))).astype(np.float32)
    corpus = two_groups(200)
    rows = np.argsort(np.argsort(-corpus.counts())).astype(np.int32)  # as in a vocabulary, the most frequent first
    spread = corpus.__class__(**{**corpus.__dict__, "tokens": rows[corpus.tokens], "items": items})
    embeddings = Embeddings(vectors, vectors)
    materials = Materials(Spaces(embeddings, embeddings), Counted(spread, 1))
    return materials.scorer(config), materials.similar(config)


def similar_of(vectors, k=50):
    return neighbours(build(vectors, len(vectors), 0.99, 1, 1), vectors, k, 1)[0]


def silent(_):
    pass


def test_candidates_find_what_scoring_all_finds(monkeypatch):
    scorer, vectors = scorer_of()
    near = similar_of(vectors)
    rows, scores = following_all(scorer, near, Wanted(K, 2, 0.9, 1), silent)
    monkeypatch.setattr(following, "EXACT_BELOW", 0)
    asked, of_all = [], following._of_all
    monkeypatch.setattr(following, "_of_all", lambda *given: asked.append(len(given[1])) or of_all(*given))
    found_rows, found = following_all(scorer, near, Wanted(K, 2, 0.9, 1), silent)
    assert asked == [following.SAMPLE]  # nothing but the sample was scored in full
    assert recall_of(found, scores) >= 0.9
    same = found_rows == rows
    np.testing.assert_allclose(found[same], scores[same], rtol=1e-4, atol=1e-4)
    assert same.mean() > 0.8


def test_where_candidates_miss_too_much_all_items_are_scored(monkeypatch):
    scorer, vectors = scorer_of()
    near = similar_of(vectors, 2)
    monkeypatch.setattr(following, "POPULAR", 1)
    rows, scores = following_all(scorer, near, Wanted(K, 2, 0.99, 1), silent)
    monkeypatch.setattr(following, "EXACT_BELOW", 0)
    found_rows, found = following_all(scorer, near, Wanted(K, 2, 0.99, 1), silent)
    assert np.array_equal(found_rows, rows)
    assert np.array_equal(found, scores)
    missed = following_all(scorer, near, Wanted(K, 2, 0.0, 1), silent)[1]
    assert recall_of(missed, scores) < 0.99


@pytest.mark.parametrize("exact_below", [0, 10_000])
def test_lists_are_in_order_without_the_item_itself_and_padded_where_there_are_no_others(monkeypatch, exact_below):
    monkeypatch.setattr(following, "EXACT_BELOW", exact_below)
    monkeypatch.setattr(following, "BLOCK", 7)
    shares = []
    scorer, vectors = scorer_of(items=120)
    rows, scores = following_all(scorer, similar_of(vectors, 5), Wanted(130, 2, 0.0, 1), shares.append)
    assert rows.shape == scores.shape == (120, 130)
    assert (rows.dtype, scores.dtype) == (np.int32, np.float32)
    assert not (rows == np.arange(120)[:, None]).any()
    assert (scores[:, :-1] >= scores[:, 1:]).all()
    assert ((rows == -1) == (scores == -np.inf)).all()
    assert (rows[:, 119:] == -1).all()
    for row in rows:
        real = row[row >= 0]
        assert len(np.unique(real)) == len(real)
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_scorer_of_counts_alone_lists_what_was_counted(monkeypatch):
    monkeypatch.setattr(following, "EXACT_BELOW", 0)
    scorer, vectors = scorer_of(RecommenderConfig(counts=COUNTS, item={"after": 1.0}))
    assert isinstance(scorer, NextScorer)
    rows, scores = following_all(scorer, similar_of(vectors), Wanted(K, 1, 0.0, 1), silent)
    for item in range(0, ITEMS, 7):
        after = scorer.rules["after"].row(item)[0][:K]
        assert rows[item, : len(after)].tolist() == after.tolist()
        assert (scores[item, len(after) :] == 0).all()
