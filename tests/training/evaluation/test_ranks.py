"""A rank is the place in the list that would be shown: the sorted list is the referee."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from training.evaluation import ranks
from training.evaluation.ranks import (
    blended_ranks,
    rank_all,
    rank_each,
    rank_scored,
    rank_twice,
    ranks_of,
    sparse_ranks,
)

INF = np.inf


def slow(scores, targets):
    """Sort, ties by row, and look where the target is; 0 where it may not be shown."""
    found = []
    for row, target in zip(scores, targets, strict=True):
        order = sorted(range(len(row)), key=lambda b: (-row[b], b))
        found.append(0 if row[target] == -INF else order.index(target) + 1)
    return found


def matrix(rows):
    return np.array(rows, dtype=np.float32)


def rows(values):
    return np.array(values, dtype=np.int32)


def test_the_highest_score_is_rank_1_and_ties_go_by_row():
    scores = matrix([[0.5, 0.9, 0.5, 0.5], [0.0, -0.0, 0.0, 0.0], [-INF, 1, INF, INF]])
    assert [ranks_of(scores, rows([t] * 3)).tolist() for t in range(4)] == [
        [2, 1, 0], [1, 2, 3], [3, 3, 1], [4, 4, 2],
    ]  # fmt: skip


def test_a_target_that_may_not_be_shown_has_rank_0():
    assert ranks_of(matrix([[-INF, -INF, 0]]), rows([1])).tolist() == [0]
    assert ranks_of(matrix([[-INF]]), rows([0])).tolist() == [0]
    assert ranks_of(np.empty((0, 4), dtype=np.float32), rows([])).tolist() == []


def test_random_scores_with_many_ties_rank_as_the_sorted_list():
    rng = np.random.default_rng(1)
    scores = rng.integers(0, 6, (200, 25)).astype(np.float32) / 4
    scores[rng.random(scores.shape) < 0.2] = -INF
    targets = rng.integers(0, 25, 200).astype(np.int32)
    assert ranks_of(scores, targets).tolist() == slow(scores, targets)


def test_blends_rank_as_if_each_were_added_up_first():
    rng = np.random.default_rng(2)
    base = rng.integers(0, 4, (30, 12)).astype(np.float32)
    base[rng.random(base.shape) < 0.1] = -INF
    counts = rng.integers(0, 3, (30, 12)).astype(np.float32)
    popularity = rng.integers(0, 3, 12).astype(np.float32)
    targets = rng.integers(0, 12, 30).astype(np.int32)
    w, v = matrix([0, 0.5, 2]), matrix([0, 1])
    found = blended_ranks(base, counts, popularity, targets, w, v)
    assert found.shape == (30, 3, 2)
    for i in range(3):
        for j in range(2):
            assert found[:, i, j].tolist() == slow(base + w[i] * counts + v[j] * popularity, targets)
    none = np.empty((1, 0), dtype=np.float32)
    assert blended_ranks(base, none, none[0], targets, w[:1], v[:1])[:, 0, 0].tolist() == slow(base, targets)


@pytest.mark.parametrize("exclude_seen", [False, True])
@pytest.mark.parametrize("threads", [1, 3])
def test_rank_all_leaves_out_the_query_or_the_whole_prefix(monkeypatch, exclude_seen, threads):
    monkeypatch.setattr(ranks, "BLOCK_SCORES", 70)  # seven prefixes to a block
    rng = np.random.default_rng(3)
    fixed = rng.integers(0, 9, (10, 10)).astype(np.float32)
    prefixes = [rng.integers(0, 10, rng.integers(1, 4)).astype(np.int32) for _ in range(40)]
    targets = rng.integers(0, 10, 40).astype(np.int32)
    score = lambda part: np.stack([fixed[p[-1]] for p in part])  # noqa: E731
    found = rank_all(score, prefixes, targets, 10, exclude_seen, threads)
    expected = np.stack([fixed[p[-1]] for p in prefixes])
    for row, prefix in zip(expected, prefixes, strict=True):
        row[prefix if exclude_seen else prefix[-1:]] = -INF
    assert found.tolist() == slow(expected, targets)
    assert rank_all(lambda part: fixed, [], rows([]), 10).tolist() == []


@given(
    queries=st.integers(1, 12),
    items=st.integers(1, 25),
    share=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    stored_zeros=st.booleans(),
    seed=st.integers(0, 999),
)
@settings(max_examples=150, deadline=None)
def test_sparse_scores_rank_as_the_same_scores_made_dense(queries, items, share, stored_zeros, seed):
    """Many ties; zeros, some of them stored; items that are gone, the target among them."""
    rng = np.random.default_rng(seed)
    dense = rng.integers(1, 4, (queries, items)).astype(np.float32) * (rng.random((queries, items)) < share)
    sparse = csr_matrix(dense)
    if stored_zeros:
        sparse.data[rng.random(sparse.nnz) < 0.3] = 0
        dense = sparse.toarray()
    targets = rng.integers(0, items, queries).astype(np.int32)
    gone = [rng.integers(0, items, rng.integers(0, 4)).astype(np.int32) for _ in range(queries)]
    found = sparse_ranks(sparse, targets, gone)
    for row, out in zip(dense, gone, strict=True):
        row[out] = -INF
    assert found.dtype == np.int32
    assert found.tolist() == ranks_of(dense, targets).tolist()


@pytest.mark.parametrize("form", [np.array, csr_matrix])
@pytest.mark.parametrize("threads", [1, 3])
def test_ranking_twice_is_ranking_all_and_the_new_once_more_without_their_prefix(monkeypatch, form, threads):
    monkeypatch.setattr(ranks, "BLOCK_SCORES", 70)
    rng = np.random.default_rng(3)
    fixed = rng.integers(0, 9, (10, 10)).astype(np.float32) * (rng.random((10, 10)) < 0.6)
    prefixes = [rng.integers(0, 10, rng.integers(1, 4)).astype(np.int32) for _ in range(40)]
    targets = rng.integers(0, 10, 40).astype(np.int32)
    new = np.array([target not in prefix for prefix, target in zip(prefixes, targets, strict=True)])
    made = []

    def score(part):
        made.append(len(part))
        return form(np.stack([fixed[p[-1]] for p in part]))

    once = rank_all(score, prefixes, targets, 10, False, threads)
    without = rank_all(score, prefixes, targets, 10, True, threads)
    made.clear()
    found, again = rank_twice(score, prefixes, targets, 10, new, threads)
    assert sum(made) == 40  # scores are made once
    assert found.tolist() == once.tolist()
    assert again.tolist() == np.where(new, without, 0).tolist()
    found, again = rank_twice(score, prefixes, targets, 10, None, threads)
    assert (found.tolist(), again) == (once.tolist(), None)
    assert [r.tolist() for r in rank_twice(score, [], rows([]), 10, new[:0])] == [[], []]


@pytest.mark.parametrize("threads", [1, 2])
def test_rank_each_lowers_own_items_from_scores_that_are_made_once(monkeypatch, threads):
    monkeypatch.setattr(ranks, "BLOCK_SCORES", 20)
    rng = np.random.default_rng(1)
    fixed = rng.random((7, 10)).astype(np.float32)
    prefixes = [rng.integers(0, 10, 3).astype(np.int32) for _ in range(7)]
    targets, asked = rows(rng.integers(0, 10, 7)), []

    def score(part):
        asked.append(len(part))
        at = next(i for i, prefix in enumerate(prefixes) if prefix is part[0])
        return fixed[at : at + len(part)].copy()

    found = rank_each(score, (1.0, 0.3, 0.03), prefixes, targets, 10, threads)
    assert sum(asked) == 7
    for own, listed in zip((1.0, 0.3, 0.03), found, strict=True):
        lowered = fixed.copy()
        for row, prefix in zip(lowered, prefixes, strict=True):
            row[prefix] *= np.float32(own)
            row[prefix[-1]] = -np.inf
        assert listed.tolist() == ranks_of(lowered, targets).tolist()


@pytest.mark.parametrize("form", [np.array, csr_matrix])
def test_where_the_last_item_may_return_nothing_is_left_out_but_what_the_scores_leave_out(form):
    rng = np.random.default_rng(4)
    fixed = rng.integers(0, 5, (30, 10)).astype(np.float32)
    prefixes = [rng.integers(0, 10, 3).astype(np.int32) for _ in range(30)]
    targets = np.where(rng.random(30) < 0.4, [p[-1] for p in prefixes], rng.integers(0, 10, 30)).astype(np.int32)
    plain = slow(fixed, targets)
    score = lambda part: form(fixed[: len(part)].copy())  # noqa: E731
    assert rank_scored(score, prefixes, targets, 10).tolist() == plain
    new = np.ones(30, dtype=np.bool_)
    found, again = rank_twice(score, prefixes, targets, 10, new, last_may_return=True)
    assert found.tolist() == plain
    assert all(rank == 0 for rank, p, t in zip(again, prefixes, targets, strict=True) if t in p)
    if form is np.array:
        assert rank_each(score, (1.0,), prefixes, targets, 10, last_may_return=True)[0].tolist() == plain
        fixed[np.arange(30), [p[-1] for p in prefixes]] = -INF
        assert rank_scored(score, prefixes, targets, 10).tolist() == slow(fixed, targets)
