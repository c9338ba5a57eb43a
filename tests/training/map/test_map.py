"""The map: what belongs together lies together, it repeats, and the next one is like the last one."""

from dataclasses import replace

import numpy as np
import pytest

from index.catalogue.catalogue import Catalogue
from index.explorer.itemmap import SIDE
from index.parts import Neighbours
from index.vocabulary import Vocabulary
from training.map import make
from training.map.graph import graph_of
from training.map.layout import laid_out
from training.map.make import EarlierMap, map_of
from training.map.referee import kept
from training.map.spread import spread

GROUPS, EACH, DIMS, K = 8, 30, 16, 20


def world(seed=1, groups=GROUPS, drop=0):
    """Unit vectors around one direction for each group, and their neighbours."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(groups, DIMS))
    vectors = np.repeat(middles, EACH, axis=0) + 0.5 * rng.normal(size=(groups * EACH, DIMS))
    return neighbours_of((vectors / np.linalg.norm(vectors, axis=1, keepdims=True))[drop:].astype(np.float32))


def neighbours_of(vectors):
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    rows = np.argsort(-scores, axis=1, kind="stable")[:, :K].astype(np.int32)
    found = np.take_along_axis(scores, rows, axis=1).astype(np.float32)
    return vectors, Neighbours(np.where(np.isfinite(found), rows, -1), found)


def ids_of(count):
    return [f"i{number}" for number in range(count)]


def made(vectors, similar, ids=None, titles=None, **how):
    ids = ids or ids_of(len(vectors))
    rows = [
        {"item_id": item, "title": (titles or {}).get(item, item), "category": f"group {int(item[1:]) // EACH}"}
        for item in ids
    ]
    vocabulary = Vocabulary(ids, np.arange(len(ids), 0, -1))
    return map_of(similar, vectors, vocabulary, Catalogue.from_rows(rows), seed=1, **how)


@pytest.fixture(scope="module")
def first():
    vectors, similar = world()
    return vectors, similar, made(vectors, similar)


def test_groups_lie_apart_and_most_neighbours_are_near(first):
    _, similar, found = first
    groups = found.places.astype(float).reshape(GROUPS, EACH, 2)
    middles = np.median(groups, axis=1)
    inside = np.median(np.linalg.norm(groups - middles[:, None], axis=2))
    between = np.linalg.norm(middles[:, None] - middles[None], axis=2)[~np.eye(GROUPS, dtype=bool)].min()
    assert between > 2 * inside
    assert found.kept == pytest.approx(kept(found.places.astype(np.float32), similar, 1), abs=1e-4)
    assert found.kept > 0.4
    assert found.places.dtype == np.uint16
    left, low, right, high = found.view
    assert 0 <= left < right <= SIDE
    assert 0 <= low < high <= SIDE


def test_the_same_bits_on_any_number_of_threads(first):
    vectors, similar, found = first
    again = made(vectors, similar, threads=1)
    assert np.array_equal(again.places, found.places)
    assert again == replace(found, places=again.places)


def test_a_category_is_named_where_it_lies(first):
    found = first[2]
    groups = found.places.astype(float).reshape(GROUPS, EACH, 2)
    named = {region.name: region for region in found.regions if region.level == 0}
    assert len(named) >= GROUPS - 1
    for name, region in named.items():
        middle = np.median(groups[int(name.split()[1])], axis=0)
        assert np.hypot(*(middle - (region.x, region.y))) < 0.1 * SIDE


def test_a_near_name_is_what_the_titles_of_a_place_have_in_common():
    vectors, similar = world()
    titles = {f"i{n}": f"The {n // EACH}th band - Song {n}" for n in range(len(vectors))}
    found = made(vectors, similar, titles=titles)
    near = {region.name for region in found.regions if region.level == 1}
    assert near
    assert near <= {f"The {n}th band" for n in range(GROUPS)}


def test_the_next_map_begins_with_the_last_one_and_is_turned_onto_it(first):
    vectors, _, found = first
    gone = EACH // 2  # and what is left has other vectors, turned and shaken, and other rows
    rng = np.random.default_rng(5)
    turn = np.linalg.qr(rng.normal(size=(DIMS, DIMS)))[0]
    shaken = (vectors[gone:] + 0.1 * rng.normal(size=vectors[gone:].shape)) @ turn
    shaken = (shaken / np.linalg.norm(shaken, axis=1, keepdims=True)).astype(np.float32)
    rows = np.arange(gone, len(vectors))
    rows[:5] = -1  # as if new
    earlier = EarlierMap("20260101-000000", rows, found.places)
    later_vectors, similar = neighbours_of(shaken)
    ids = ids_of(len(vectors))[gone:]
    later = made(later_vectors, similar, ids, earlier=earlier)
    fresh = made(later_vectors, similar, ids)

    def moved(one):
        return np.median(np.linalg.norm(one.places[5:].astype(float) - found.places[gone + 5 :], axis=1)) / SIDE

    assert later.began_with == "20260101-000000"
    assert fresh.began_with is None
    assert moved(later) < 0.1
    assert moved(later) < moved(fresh) / 2
    assert later.kept > fresh.kept - 0.1
    # A new item begins among its neighbours, and stays there.
    own = later.places[5 : EACH - gone].astype(float)
    assert np.linalg.norm(later.places[0] - np.median(own, axis=0)) < 0.25 * SIDE


def test_an_earlier_map_of_other_items_is_no_beginning(first):
    vectors, similar, found = first
    rows = np.full(len(vectors), -1)
    rows[0] = 0
    other = made(vectors, similar, earlier=EarlierMap("v", rows, found.places))
    assert other.began_with is None
    assert np.array_equal(other.places, found.places)


def test_points_on_each_other_are_pushed_apart():
    places = np.repeat(np.array([[0, 0], [10, 10]], np.float32), 20, axis=0)
    found = spread(places, 0.3)
    apart = np.linalg.norm(found[:, None] - found[None], axis=2)[np.triu_indices(40, 1)]
    assert apart.min() > 0.1
    assert np.linalg.norm(found[:20].mean(axis=0) - found[20:].mean(axis=0)) > 8


@pytest.mark.parametrize("count", [1, 2, 3, 12])
def test_a_handful_of_items_has_a_map(count):
    vectors, _ = world(groups=1)
    vectors, similar = neighbours_of(vectors[:count])
    found = made(vectors, similar)
    assert found.places.shape == (count, 2)


def test_lists_with_gaps_and_products_that_are_no_cosines():
    vectors, similar = world(groups=2)
    rows, scores = similar.rows.copy(), similar.scores * 7
    rows[:, 5:], scores[:, 5:] = -1, -np.inf
    rows[0], scores[0] = -1, -np.inf
    graph = graph_of(Neighbours(rows, scores))
    assert np.isfinite(graph.strengths).all()
    assert (graph.strengths > 0).all()
    assert (graph.strengths <= 1 + 1e-6).all()
    assert np.isfinite(laid_out(graph, vectors[:, :2], seed=1)).all()


def test_a_large_catalogue_begins_with_its_most_frequent_items(first, monkeypatch):
    vectors, _, found = first
    order = np.random.default_rng(2).permutation(len(vectors))
    shuffled, similar = neighbours_of(vectors[order])
    monkeypatch.setattr(make, "LANDMARKS", 150)
    ids = [f"i{row}" for row in order]
    large = made(shuffled, similar, ids)
    assert large.kept > found.kept - 0.1
