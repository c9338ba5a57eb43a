from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from support.factories import PER_GROUP, corpus_of, two_groups

from training.baselines import items
from training.baselines import seen as seen_module
from training.baselines.baseline import Baseline, Method, Scores
from training.baselines.families import FAMILIES, TASKS_OF
from training.baselines.seen import Seen
from training.baselines.sessions import SessionKnn, Votes, index_of
from training.corpus import Corpus
from training.counting import baskets as baskets_module
from training.counting.baskets import BASKET, baskets


def rows(*prefixes: list[int]) -> list[np.ndarray]:
    return [np.array(p, dtype=np.int32) for p in prefixes]


def candidates_of(family: str, corpus: Corpus) -> Iterator[Method]:
    """With scores that are dense, whichever form the family gives them in."""

    def dense(scores: Scores) -> Scores:
        return lambda prefixes: found if isinstance(found := scores(prefixes), np.ndarray) else found.toarray()

    methods = (candidate.method() for candidate in FAMILIES[family](Seen(corpus)))
    return (replace(method, scores=dense(method.scores)) for method in methods)


def pick(family: str, corpus: Corpus, **settings: object) -> Method:
    """The first candidate of the family with these settings."""
    wanted = settings.items()
    return next(r for r in candidates_of(family, corpus) if all(r.settings[name] == value for name, value in wanted))


def knn(corpus: Corpus, **changes: object) -> SessionKnn:
    """All weights 1, unless changed: a neighbour's vote is the number of items it shares."""
    sessions = baskets(corpus)
    ones = np.ones(2 * BASKET, dtype=np.float32)
    plain = Votes(ones[:20], ones[:20], ones[: 2 * BASKET - 1], ones[: len(sessions)], ones[: corpus.items])
    votes = plain._replace(**{name: changes.pop(name) for name in Votes._fields if name in changes})
    counts = {"recent": 100, "nearest": 100} | changes
    return SessionKnn(index_of(sessions), votes=votes, **counts)  # type: ignore[arg-type]


# One behaviour for all.

PERSONAL = [name for name in FAMILIES if name != "popularity"]


@pytest.mark.parametrize("family", PERSONAL)
def test_the_top_of_the_list_stays_in_the_prefix_group(family: str):
    for baseline in candidates_of(family, two_groups()):
        scores = baseline.scores(rows([3, 4], [15], [12, 19, 11]))
        scores[[0, 1, 2], [4, 15, 11]] = -np.inf
        top = np.argsort(-scores, axis=1)[:, : 1 if family == "own items" else 5] // PER_GROUP
        groups = [0, 1, 1]
        for query in (0, 2) if family == "own items" else (0, 1, 2):
            assert (top[query] == groups[query]).all(), baseline


@pytest.mark.parametrize("family", FAMILIES)
def test_scores_are_finite_float32_for_every_item_and_the_same_again(family: str):
    prefixes = rows([3, 4, 3], [15], list(range(10)) * 100)
    for first, second in zip(candidates_of(family, two_groups()), candidates_of(family, two_groups()), strict=True):
        scores = first.scores(prefixes)
        assert first.name == family
        assert scores.dtype == np.float32
        assert scores.shape == (3, 20)
        assert np.isfinite(scores).all()
        assert np.array_equal(scores, second.scores(prefixes))
        # Batched or one by one is the same to within float32: products add in another order.
        assert np.allclose(scores, np.vstack([first.scores([p]) for p in prefixes]), rtol=1e-5, atol=1e-7)
        assert first.scores([]).shape == (0, 20)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_empty_prefix_and_an_item_that_never_occurred_still_get_scores(family: str):
    corpus = two_groups(60)
    seen = replace(corpus, items=corpus.items + 1)  # the last item is in no session
    for baseline in candidates_of(family, seen):
        empty, never, known = baseline.scores(rows([], [corpus.items], [3]))
        assert np.isfinite([empty, never, known]).all(), baseline
        assert empty[-1] <= empty[:-1].min(), baseline
        if family != "own items":  # which echoes it
            assert np.array_equal(never, empty), baseline
        assert known[-1] <= known[:-1].min() + 1e-6, baseline


@pytest.mark.parametrize("family", FAMILIES)
def test_items_with_the_same_past_get_the_same_score(family: str):
    for baseline in candidates_of(family, corpus_of([[0, 1], [0, 2], [3, 4]])):
        scores = baseline.scores(rows([0]))[0]
        assert scores[1] == pytest.approx(scores[2]), baseline


@pytest.mark.parametrize("family", ["AR", "item-kNN", "SR", "symSR"])
def test_counts_are_sparse_and_nothing_scores_below_what_is_not_counted(family: str):
    for baseline in FAMILIES[family](Seen(corpus_of([[0, 1], [0, 2], [3, 4]], items=200))):
        scores = baseline.fit()(rows([0], [3, 4, 3], [], [150]))
        assert isinstance(scores, csr_matrix)
        assert scores.dtype == np.float32
        assert scores.nnz <= 6
        assert (scores.data > 0).all()


def test_every_family_has_tasks_and_candidates_that_differ_in_their_settings():
    assert set(TASKS_OF) == set(FAMILIES)
    for family, candidates in FAMILIES.items():
        settings = [str(r.settings) for r in candidates(Seen(two_groups(50)))]
        assert len(set(settings)) == len(settings) > 0
        assert set(TASKS_OF[family]) <= {"T1", "T2"}


# Each by hand.


def test_popularity_counts():
    baseline = pick("popularity", corpus_of([[0, 1], [1, 2, 1]], items=4))
    assert baseline.scores(rows([0], [2])).tolist() == [[1, 3, 1, 0]] * 2


def test_own_items_come_newest_first_then_the_popular():
    baseline = pick("own items", corpus_of([[4, 3], [4, 2], [4, 3]]))
    assert np.argsort(-baseline.scores(rows([0, 1, 0]))[0], kind="stable").tolist() == [0, 1, 4, 3, 2]


def test_association_rules_count_sessions_not_pairs():
    baseline = pick("AR", corpus_of([[0, 1, 0, 1], [1, 0, 2]]), recency="last item")
    assert baseline.scores(rows([0], [2, 0])).tolist() == [[0, 2, 1]] * 2


def test_recency_weighs_the_last_items_by_rank():
    corpus = corpus_of([[0, 1], [2, 3]])
    assert pick("AR", corpus, recency="1/rank").scores(rows([0, 2, 2])).tolist() == [[0, np.float32(1 / 3), 0, 1.5]]
    assert pick("AR", corpus, recency="halving").scores(rows([0, 2])).tolist() == [[0, 0.5, 0, 1]]


def test_item_knn_is_the_cosine_of_session_vectors_shrunk():
    # 0 in four sessions, 1 in one of them, 2 in one other.
    baseline = pick("item-kNN", corpus_of([[0, 1], [0, 2], [0], [0]]), shrinkage=20, recency="last item")
    assert baseline.scores(rows([0]))[0] == pytest.approx([0, 1 / 22, 1 / 22])
    together = corpus_of([[0, 1], [0, 1], [0, 1], [0, 1]])
    assert pick("item-kNN", together, shrinkage=20).scores(rows([0]))[0] == pytest.approx([0, 4 / 24])


def test_sequential_rules_look_forward_and_symmetric_ones_both_ways():
    corpus = corpus_of([[0, 1, 2], [0, 1, 2]])
    wanted = {"steps": 20, "target_power": 0.0, "recency": "last item"}
    assert pick("SR", corpus, **wanted).scores(rows([1]))[0].tolist() == [0, 0, 2]
    assert pick("symSR", corpus, **wanted).scores(rows([1]))[0].tolist() == [2, 0, 2]
    assert pick("SR", corpus, **wanted).scores(rows([0]))[0].tolist() == [0, 2, 1]
    wanted["target_power"] = 0.25
    assert pick("SR", corpus, **wanted).scores(rows([0]))[0] == pytest.approx([0, 2 / 2**0.25, 1 / 2**0.25])


def test_ease_is_the_ridge_regression_of_each_item_on_the_others():
    corpus = two_groups(60)
    seen = np.zeros((60, 20))
    for i in range(60):
        seen[i, corpus.session(i)] = 1
    scores = pick("EASE", corpus, ridge=200, recency="last item").scores(rows(*([i] for i in range(20))))
    for item in range(20):
        others = np.delete(np.arange(20), item)
        x = seen[:, others]
        weights = np.linalg.solve(x.T @ x + 200 * np.eye(19), x.T @ seen[:, item])
        assert scores[others, item] == pytest.approx(weights, abs=1e-5)
        assert scores[item, item] == 0


def test_ease_is_left_out_for_large_catalogues(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(items, "EASE_ITEMS", 19)
    assert list(FAMILIES["EASE"](Seen(two_groups(10)))) == []


# Session neighbours by hand.


def test_neighbours_vote_with_their_similarity():
    # Shares 0 and 1 with the first, 1 with the second, nothing with the third.
    corpus = corpus_of([[0, 1, 2], [1, 3], [4, 5]])
    assert knn(corpus).scores(rows([0, 1])).tolist() == [[2, 3, 2, 1, 0, 0]]
    halved = np.array([0.5, 1, 1], dtype=np.float32)
    assert knn(corpus, sessions=halved).scores(rows([0, 1])).tolist() == [[1, 2, 1, 1, 0, 0]]


def test_only_the_most_similar_of_the_newest_sessions_vote():
    corpus = corpus_of([[0, 1, 2], [0, 3], [0, 4], [0, 5]])
    assert knn(corpus, recent=2).scores(rows([0]))[0].tolist() == [2, 0, 0, 0, 1, 1]
    assert knn(corpus, nearest=1).scores(rows([1, 0]))[0].tolist() == [2, 2, 2, 0, 0, 0]
    # All alike: the newest is the nearest.
    assert knn(corpus, nearest=1).scores(rows([0]))[0].tolist() == [1, 0, 0, 0, 0, 1]
    # The newest of the union, though item 1 occurs in the oldest session only.
    assert knn(corpus, recent=2).scores(rows([1, 0]))[0].tolist() == [2, 0, 0, 0, 1, 1]


def test_recency_weighs_shared_items_and_the_newest_of_them_weighs_the_vote():
    corpus = corpus_of([[0, 2], [1, 3]])
    recency = np.array([1, 0.5], dtype=np.float32)
    assert knn(corpus, recency=recency).scores(rows([0, 1]))[0].tolist() == [0.5, 1, 0.5, 1]
    matched = np.array([1, 0.25], dtype=np.float32)
    assert knn(corpus, recency=recency, matched=matched).scores(rows([0, 1]))[0].tolist() == [0.125, 1, 0.125, 1]
    # Distinct items count: the second 1 does not push 0 out.
    assert knn(corpus, recency=recency).scores(rows([0, 1, 1]))[0].tolist() == [0.5, 1, 0.5, 1]


def test_near_weighs_items_by_their_place_from_the_shared_item():
    near = np.zeros(2 * BASKET - 1, dtype=np.float32)
    near[BASKET - 2 : BASKET + 2] = 0.25, 1, 0.5, 0.125  # one before, itself, one and two after
    corpus = corpus_of([[0, 1, 2, 3, 4]])
    assert knn(corpus, near=near).scores(rows([1]))[0].tolist() == [0.25, 1, 0.5, 0.125, 0]


def test_own_items_keep_their_share_of_the_votes():
    baseline = Baseline("any", {}, lambda: knn(corpus_of([[0, 1, 2]])).scores, own=0.25)
    assert baseline.method().scores(rows([0, 0, 1]))[0].tolist() == [0.5, 0.5, 2]


def test_nothing_is_counted_before_a_candidate_is_fitted(monkeypatch: pytest.MonkeyPatch):
    def counted(*_: object) -> None:
        raise AssertionError("counted")

    for name in ("count_rules", "strongest", "baskets"):
        monkeypatch.setattr(seen_module, name, counted)
    for family in FAMILIES:
        assert list(FAMILIES[family](Seen(two_groups(50))))


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_neighbours_do_not_depend_on_threads(threads: int):
    prefixes = [np.random.default_rng(i).integers(0, 20, 1 + i % 7).astype(np.int32) for i in range(40)]
    ours = knn(two_groups(), recent=30, nearest=7, threads=threads).scores(prefixes)
    assert np.array_equal(ours, knn(two_groups(), recent=30, nearest=7, threads=1).scores(prefixes))


def test_neighbours_equal_plain_python():
    corpus = two_groups(200)
    sessions = [list(dict.fromkeys(corpus.session(i).tolist())) for i in range(len(corpus))]
    recency = (1 / np.arange(1, 5)).astype(np.float32)
    baseline = knn(corpus, recent=20, nearest=5, recency=recency)
    rng = np.random.default_rng(3)
    for _ in range(30):
        prefix = rng.integers(0, 20, 6).astype(np.int32)
        distinct = list(dict.fromkeys(prefix[::-1].tolist()))[:4]
        weight = {item: float(w) for item, w in zip(distinct, recency, strict=False)}
        sharing = [i for i, s in enumerate(sessions) if set(s) & set(weight)][-20:]
        similar = {i: sum(weight.get(t, 0) for t in sessions[i]) for i in sharing}
        expected = np.zeros(20)
        for i in sorted(sharing, key=lambda i: (-np.float32(similar[i]), -i))[:5]:
            expected[sessions[i]] += similar[i]
        assert baseline.scores([prefix])[0] == pytest.approx(expected, abs=1e-5)


# Long sessions and long logs.


def test_baskets_hold_each_item_once_and_long_ones_are_cut_evenly():
    long = list(range(2 * BASKET + 2))
    corpus = baskets(corpus_of([[2, 0, 2, 0, 1], long + long]))
    assert corpus.session(0).tolist() == [2, 0, 1]
    assert [len(corpus.session(i)) for i in range(len(corpus))] == [3, 667, 667, 668]
    assert np.concatenate([corpus.session(i) for i in (1, 2, 3)]).tolist() == long


@pytest.mark.parametrize("family", FAMILIES)
def test_sessions_of_thousands_of_events_are_scored(family: str):
    long = np.random.default_rng(1).integers(0, 50, 8000).tolist()
    for baseline in islice(candidates_of(family, corpus_of([long, [0, 1]])), 1):
        assert np.isfinite(baseline.scores(rows(long, [1]))).all()


@pytest.mark.parametrize("family", ["AR", "SR", "V-SKNN"])
def test_baselines_say_when_they_saw_only_the_newest_sessions(monkeypatch: pytest.MonkeyPatch, family: str):
    monkeypatch.setattr(baskets_module, "MOST_TOKENS", 4)
    baseline = next(candidates_of(family, corpus_of([[0, 1], [0, 2], [0, 3]])))
    assert baseline.settings["sessions"] == "newest 2 of 3"
    assert baseline.scores(rows([0]))[0, 1] == 0
