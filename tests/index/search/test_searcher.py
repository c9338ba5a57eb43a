"""The searcher and its referee: filtered k equals exact k, ties by row, the same answers from every thread."""

from concurrent.futures import ThreadPoolExecutor

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import ArtifactCorrupt
from index.search import exact
from index.search.searcher import Searcher


def flat(vectors):
    return Searcher(None, vectors)


def hnsw(vectors):
    index = faiss.IndexHNSWFlat(vectors.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efSearch = 64
    index.add(vectors)
    return Searcher(index, vectors)


KINDS = pytest.mark.parametrize("kind", [flat, hnsw])


def by_hand(query, vectors, k, allowed, excluded):
    """(row, score) of the k best, by sorting Python tuples: the referee of the referee."""
    pairs = [
        (-float(query @ vectors[row]), row) for row in range(len(vectors)) if allowed[row] and row not in set(excluded)
    ]
    return [(row, -score) for score, row in sorted(pairs)[:k]]


def clustered(n, dims, seed, clusters=50):
    """Unit vectors around `clusters` centres; row i belongs to cluster i % clusters."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((clusters, dims))
    vectors = centres[np.arange(n) % clusters] + 0.5 * rng.standard_normal((n, dims))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def graph():
    return hnsw(clustered(5000, 16, seed=0))


@KINDS
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_filtered_k_equals_exact_k(kind, data):
    n, dims, q = data.draw(st.tuples(st.integers(1, 40), st.integers(1, 4), st.integers(1, 4)))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**16)))
    # Small integers: products are exact in float32, and most scores tie.
    vectors = rng.integers(-2, 3, (n, dims)).astype(np.float32)
    queries = rng.integers(-2, 3, (q, dims)).astype(np.float32)
    k = data.draw(st.integers(1, 50))
    allowed = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    exclude = [np.array(data.draw(st.lists(st.integers(-1, n - 1), max_size=5)), dtype=np.int32) for _ in range(q)]

    for rows, scores in (
        kind(vectors).search(queries, k, allowed, exclude),
        exact.search(queries, vectors, k, allowed, exclude),
    ):
        assert rows.shape == scores.shape == (q, k)
        assert (rows.dtype, scores.dtype) == (np.int32, np.float32)
        for i in range(q):
            expected = by_hand(queries[i], vectors, k, allowed, exclude[i])
            found = len(expected)
            assert list(zip(rows[i, :found].tolist(), scores[i, :found].tolist(), strict=True)) == expected
            assert (rows[i, found:] == -1).all()
            assert (scores[i, found:] == -np.inf).all()


@pytest.mark.parametrize("share", [0.02, 0.1, 0.9])
def test_exact_search_agrees_whether_allowed_rows_are_copied_out_or_not(share):
    vectors = np.random.default_rng(0).integers(-3, 4, (3000, 6)).astype(np.float32)
    allowed = np.random.default_rng(1).random(3000) < share
    # 3,000 x 3,000 scores do not fit one block, unless the filter shrinks them.
    rows, _ = exact.search(vectors, vectors, 7, allowed, np.arange(3000, dtype=np.int32))
    for i in range(0, 3000, 271):
        assert rows[i].tolist() == [row for row, _ in by_hand(vectors[i], vectors, 7, allowed, [i])]


def test_ties_at_the_last_place_go_to_the_lowest_rows():
    rows, scores = exact.top_k(np.array([[1, 2, 1, 1, 3, 1]], dtype=np.float32), 4)
    assert rows.tolist() == [[4, 1, 0, 2]]
    assert scores.tolist() == [[3, 2, 1, 1]]


@given(
    n=st.integers(exact.LARGE, 3 * exact.LARGE),
    k=st.sampled_from([1, 7, 100, 1000]),
    different=st.sampled_from([2, 50, 100_000]),
    left=st.sampled_from([0.0, 0.001, 0.3, 1.0]),
    risen=st.booleans(),
    seed=st.integers(0, 2**16),
)
@settings(deadline=None, max_examples=60)
def test_of_many_columns_the_best_are_those_of_a_stable_sort(n, k, different, left, risen, seed):
    """Ties, -inf, and rows whose best lie all in the columns that are sampled, or all outside of them."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, different, (3, n)).astype(np.float32)
    if risen:
        sampled = np.arange(n) % exact.STRIDE < exact.STRIDE // exact.SAMPLE
        scores[0, sampled] += different
        scores[1, ~sampled] += different
    scores[rng.random(scores.shape) >= left] = -np.inf
    rows, best = exact.top_k(scores, k)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    expected = np.take_along_axis(scores, order, axis=1)
    assert (best == expected).all()
    assert (rows == np.where(expected == -np.inf, -1, order)).all()


@KINDS
def test_too_few_items_give_padded_rows(kind):
    vectors = np.eye(3, dtype=np.float32)
    rows, scores = kind(vectors).search(vectors[:1], 5)
    assert rows.tolist() == [[0, 1, 2, -1, -1]]
    assert scores.tolist() == [[1, 0, 0, -np.inf, -np.inf]]


@KINDS
def test_no_allowed_item_and_no_query_are_not_errors(kind):
    searcher = kind(np.eye(3, dtype=np.float32))
    rows, _ = searcher.search(np.eye(3, dtype=np.float32), 2, allowed=np.zeros(3, dtype=bool))
    assert (rows == -1).all()
    assert searcher.search(np.empty((0, 3), dtype=np.float32), 2)[0].shape == (0, 2)


def test_wide_filter_on_a_graph_is_respected_and_near_exact(graph):
    queries = clustered(100, 16, seed=0)
    allowed = np.random.default_rng(2).random(5000) < 0.5
    nearest, _ = exact.search(queries, graph.vectors, 3, allowed)
    exclude = list(nearest)
    truth, _ = exact.search(queries, graph.vectors, 10, allowed, exclude)
    # The graph has its own copy of the vectors: beside zeros, scores above zero show that nothing was scanned.
    rows, scores = Searcher(graph.graph, np.zeros_like(graph.vectors)).search(queries, 10, allowed, exclude)
    assert (rows >= 0).all()
    assert (scores > 0).all()
    assert allowed[rows].all()
    assert all(not set(found) & set(out) for found, out in zip(rows.tolist(), nearest.tolist(), strict=True))
    assert (np.diff(scores, axis=1) <= 0).all()
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(rows.tolist(), truth.tolist(), strict=True)])
    assert recall >= 0.95


def test_filter_that_hides_the_whole_neighbourhood_is_answered_exactly(graph):
    queries = clustered(50, 16, seed=0)[:1]
    allowed = np.arange(5000) % 50 >= 30  # the query's cluster and 29 others are out of stock
    rows, scores = graph.search(queries, 200, allowed)
    truth, expected = exact.search(queries, graph.vectors, 200, allowed)
    assert rows.tolist() == truth.tolist()
    np.testing.assert_allclose(scores, expected, rtol=1e-5)


def test_answer_does_not_depend_on_the_other_queries_of_the_batch(graph):
    queries = clustered(40, 16, seed=0)
    exclude = [np.arange(3 * i) for i in range(40)]
    together, _ = graph.search(queries, 10, exclude=exclude)
    alone = [graph.search(queries[i : i + 1], 10, exclude=exclude[i : i + 1])[0][0] for i in range(40)]
    assert together.tolist() == [rows.tolist() for rows in alone]


@KINDS
def test_concurrent_searches_give_the_same_answers(kind):
    searcher = kind(clustered(3000, 16, seed=1))
    allowed = np.random.default_rng(3).random(3000) < 0.6

    def ask(i):
        k = 5 + i % 3 * 20
        return searcher.search(searcher.vectors[i : i + 4], k, allowed, np.arange(i, i + 4)[:, None])[0].tolist()

    alone = [ask(i) for i in range(60)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(60))) == alone


def test_search_puts_the_callers_faiss_threads_back(graph):
    before = faiss.omp_get_max_threads()
    graph.search(graph.vectors[:2], 5)
    assert faiss.omp_get_max_threads() == before


def test_index_and_vectors_of_different_artifacts_are_refused():
    index = faiss.IndexHNSWFlat(3, 4, faiss.METRIC_INNER_PRODUCT)
    with pytest.raises(ArtifactCorrupt, match=r"0 x 3.*2 x 3"):
        Searcher(index, np.ones((2, 3), dtype=np.float32))
