"""Lists of an updated model: from those it had, as good as found anew, and found anew where they are not."""

import numpy as np
import pytest

from index.search.builder import build, neighbours
from index.search.recall import recall_of
from training.pipeline import alike
from training.pipeline.alike import similar_all
from training.pipeline.lists import Earlier, Wanted, best_of, updated

ITEMS, DIMS, K = 400, 8, 20


def unit(x):
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def moved(monkeypatch):
    """(vectors, earlier lists): thirty items are elsewhere now, the others nearly where they were."""
    monkeypatch.setattr(alike, "EXACT_BELOW", 0)
    rng = np.random.default_rng(1)
    before = unit(rng.normal(size=(40, DIMS))[np.arange(ITEMS) % 40] + 0.3 * rng.normal(size=(ITEMS, DIMS)))
    changed = np.arange(ITEMS) < 30
    now = unit(before + 0.01 * rng.normal(size=before.shape))
    now[changed] = unit(rng.normal(size=(30, DIMS)))
    lists = neighbours(build(before, ITEMS, 0.99, 1, 1), before, K, 1)[0]
    return now, Earlier(lists, lists, changed)


def lists_of(vectors, earlier, min_recall=0.9, threads=2):
    built = build(vectors, ITEMS, 0.99, 1, 1)
    return similar_all(built, vectors, Wanted(K, threads, min_recall, 1), lambda _: None, earlier)


def test_changed_items_are_searched_anew_and_come_into_the_lists_of_others(moved):
    vectors, earlier = moved
    wanted_rows, wanted = lists_of(vectors, None)
    rows, scores = lists_of(vectors, earlier)
    assert np.array_equal(rows[:30], wanted_rows[:30])
    assert recall_of(scores[:, :10], wanted[:, :10]) > 0.98
    came = (wanted_rows[30:, :5] < 30) & (wanted_rows[30:, :5] >= 0)
    assert came.any()  # a changed item among the best of one that is not
    assert np.mean(rows[30:, :5][came] == wanted_rows[30:, :5][came]) > 0.9
    assert (np.diff(scores, axis=1) <= 0).all()
    assert not (rows == np.arange(ITEMS)[:, None]).any()
    assert all(len(set(row.tolist())) == K for row in rows)


def test_lists_that_no_longer_hold_are_found_anew(moved):
    vectors, earlier = moved
    stale = Earlier(np.roll(earlier.similar, 7, axis=0), earlier.next, earlier.changed)
    assert np.array_equal(lists_of(vectors, stale, 0.99)[0], lists_of(vectors, None)[0])


def test_threads_change_nothing(moved):
    vectors, earlier = moved
    one, two = lists_of(vectors, earlier, threads=1), lists_of(vectors, earlier, threads=2)
    assert np.array_equal(one[0], two[0])
    assert np.array_equal(one[1], two[1])


def test_the_best_of_pairs_by_hand():
    pairs, values = np.array([1, 2, 3, 8]), np.array([0.5, 0.7, 0.5, 0.1], dtype=np.float32)
    rows, scores = best_of(3, 4, pairs, values, 2)
    assert rows.tolist() == [[2, 1], [-1, -1], [0, -1]]
    assert scores[0].tolist() == pytest.approx([0.7, 0.5])


@pytest.mark.parametrize("changed", [False, True])
def test_all_or_none_may_have_changed(changed):
    lists = np.array([[1, 2], [0, -1], [-1, -1]], dtype=np.int32)

    def anew(asked, _):
        return np.full((len(asked), 2), -1, np.int32), np.full((len(asked), 2), -np.inf, np.float32)

    def score(asked, pairs):
        return (pairs % 3).astype(np.float32)

    rows, _ = updated(lists, np.full(3, changed), anew, score, 2, 1, lambda _: None)
    assert rows.tolist() == ([[-1, -1]] * 3 if changed else [[2, 1], [0, -1], [-1, -1]])
