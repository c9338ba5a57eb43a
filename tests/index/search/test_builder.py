"""The index is chosen by size and keeps the recall it promises."""

import faiss
import numpy as np
import pytest

from index.search import exact
from index.search.builder import GRAPHS, build, neighbours
from index.search.graph import FIRST, order_of
from index.search.indexfile import stored_vectors
from index.search.recall import recall_of
from index.search.searcher import Searcher


def clustered(n, dims, seed, clusters=300):
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((clusters, dims))
    vectors = centres[rng.integers(clusters, size=n)] + 0.5 * rng.standard_normal((n, dims))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def popularity_at_full_size(vectors, deviation):
    """One column more, which says nothing to queries that weigh it low, and everything to the items' products."""
    column = np.random.default_rng(1).normal(0, deviation, (len(vectors), 1))
    return np.hstack([vectors, column]).astype(np.float32)


SMALL = clustered(2500, 16, seed=0)


@pytest.fixture(scope="module")
def small():
    """A flat and an HNSW index over the same 2,500 vectors."""
    vectors = SMALL
    return {kind: build(vectors, below, 0.9, seed=1, threads=2) for kind, below in (("flat", 2500), ("hnsw", 2499))}


def test_flat_up_to_the_threshold_and_hnsw_above(small):
    flat, hnsw = small["flat"], small["hnsw"]
    assert (flat.kind, flat.parameters, flat.recall_at_10) == ("flat", {}, 1.0)
    assert hnsw.kind == "hnsw"
    assert set(hnsw.parameters) == {"M", "efConstruction", "efSearch"}
    assert hnsw.graph.hnsw.efSearch == hnsw.parameters["efSearch"]


def test_recorded_recall_reaches_what_was_asked_and_holds_for_other_queries():
    # Enough items that the graph is asked on the way, and some queries' best are added first.
    vectors = clustered(40_000, 32, seed=0)
    built = build(vectors, 20_000, 0.99, seed=1, threads=2)
    assert built.trials[0].items < len(vectors)
    assert built.kind == "hnsw"
    assert built.recall_at_10 >= 0.99
    queries = clustered(300, 32, seed=0)
    _, scores = Searcher(built.graph, vectors).search(queries, 10)
    assert recall_of(scores, exact.search(queries, vectors, 10)[1]) >= 0.97


def test_norms_that_differ_keep_their_recall():
    vectors = clustered(6000, 16, seed=0) * np.random.default_rng(1).lognormal(0, 0.8, (6000, 1)).astype(np.float32)
    built = build(vectors, 100, 0.95, seed=1, threads=2, queries=clustered(300, 16, seed=0))
    assert built.kind == "hnsw"
    assert built.recall_at_10 >= 0.95


def test_where_a_part_misses_too_many_the_rest_is_not_built_and_the_log_says_so(caplog):
    vectors = popularity_at_full_size(clustered(40_000, 8, seed=0), 3)
    queries = np.hstack([clustered(1000, 8, seed=0), np.full((1000, 1), 0.03, dtype=np.float32)])
    shares = []
    with caplog.at_level("WARNING"):
        built = build(vectors, 100, 0.95, 1, 2, queries, shares.append)
    assert (built.kind, built.graph, built.recall_at_10) == ("flat", None, 1.0)
    assert [trial.shape for trial in built.trials] == list(GRAPHS)
    assert all(trial.items == FIRST and trial.recall_at_10 < 0.95 for trial in built.trials)
    assert "given up links=32 items=20000 of=40000" in caplog.text
    assert "searching exactly instead" in caplog.text
    # Half of what was left is all that either graph was given.
    assert shares == sorted(shares)
    assert max(shares[:-1]) < 0.75
    assert shares[-1] == 1


def test_a_part_holds_what_it_is_asked_for_and_every_item_comes_once():
    first = np.array([5, 49_999, 7])
    order = order_of(50_000, first, np.random.default_rng(1))
    assert set(first) <= set(order[:FIRST])
    assert np.array_equal(np.sort(order), np.arange(50_000))
    assert np.array_equal(np.sort(order_of(4, first[:0], np.random.default_rng(1))), np.arange(4))


@pytest.mark.parametrize(("below", "min_recall"), [(6000, 0.9), (100, 0.9), (100, 1.01)])
def test_progress_rises_to_the_end_whatever_is_decided(below, min_recall):
    shares = []
    built = build(clustered(6000, 8, seed=0), below, min_recall, seed=1, threads=2, progress=shares.append)
    assert built.kind == ("hnsw" if below < 6000 and min_recall < 1 else "flat")
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(shares) == (1 if below == 6000 else 3 if min_recall < 1 else 5)


def test_the_graphs_rows_are_the_vectors_rows():
    vectors = clustered(6000, 8, seed=0)
    built = build(vectors, 100, 0.9, seed=1, threads=2)
    assert np.array_equal(stored_vectors(built.graph), vectors)
    rows, scores = built.graph.search(vectors[:50], 1)[::-1]
    assert np.allclose(np.einsum("ij,ij->i", vectors[rows[:, 0]], vectors[:50]), scores[:, 0], atol=1e-5)


def test_recall_out_of_reach_falls_back_to_flat():
    built = build(clustered(1500, 8, seed=0), 100, 1.01, seed=1, threads=2)
    assert (built.kind, built.graph, built.recall_at_10) == ("flat", None, 1.0)


def test_one_thread_and_one_seed_repeat_the_graph():
    vectors = clustered(1500, 8, seed=0)
    one, two = (build(vectors, 10, 0.9, seed=5, threads=1) for _ in range(2))
    assert (faiss.serialize_index(one.graph) == faiss.serialize_index(two.graph)).all()


def test_recall_counts_ties_and_only_what_exists():
    truth = np.array([[3, 2, 2], [1, -np.inf, -np.inf]], dtype=np.float32)
    assert recall_of(truth, truth) == 1
    assert recall_of(np.array([[2, 2, 2], [1, -np.inf, -np.inf]], dtype=np.float32), truth) == 1
    assert recall_of(np.array([[3, 2, 1], [0, -np.inf, -np.inf]], dtype=np.float32), truth) == 0.5
    assert recall_of(truth[:0], truth[:0]) == 1


@pytest.mark.parametrize("kind", ["flat", "hnsw"])
def test_neighbours_are_the_best_others(small, kind):
    built = small[kind]
    vectors = SMALL
    seen = []
    rows, scores = neighbours(built, vectors, 20, threads=2, progress=seen.append)
    assert seen == [1024 / 2500, 2048 / 2500, 1]
    assert not (rows == np.arange(2500)[:, None]).any()
    truth, expected = exact.search(vectors, vectors, 20, exclude=np.arange(2500))
    if kind == "flat":
        assert rows.tolist() == truth.tolist()
    assert recall_of(scores, expected) >= 0.95


def test_neighbours_of_a_tiny_catalogue_are_padded():
    vectors = np.eye(3, dtype=np.float32)
    rows, scores = neighbours(build(vectors, 10, 0.9, seed=1, threads=1), vectors, 4, threads=1)
    assert rows.tolist() == [[1, 2, -1, -1], [0, 2, -1, -1], [0, 1, -1, -1]]
    assert (scores[:, 2:] == -np.inf).all()


def test_neighbours_of_some_are_those_of_all(small):
    asked = np.array([7, 3, 2000], dtype=np.int32)
    every, some = (neighbours(small["flat"], SMALL, 20, 2, asked=which) for which in (None, asked))
    assert np.array_equal(some[0], every[0][asked])
    assert np.array_equal(some[1], every[1][asked])


@pytest.mark.parametrize("kind", ["flat", "hnsw"])
def test_vectors_may_be_a_memory_map(small, kind, tmp_path):
    vectors = SMALL
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    few = np.arange(2500) % 100 == 0
    for allowed in (None, few, ~few):
        expected = Searcher(small[kind].graph, vectors).search(vectors[:9], 10, allowed)
        rows, scores = Searcher(small[kind].graph, mapped).search(mapped[:9], 10, allowed)
        assert (rows.tolist(), scores.tolist()) == (expected[0].tolist(), expected[1].tolist())
