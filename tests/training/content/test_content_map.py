"""Items that were never seen, by what the catalogue says of them: each way of giving them vectors finds their theme."""

import numpy as np
import pytest
from support.themes import THEMES, train_themes

from index.artifact.registry import Registry
from index.errors import ItemUnknown, ItemUntrained
from index.model import Model

METHODS = ("map", "nearest", "mean")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """By method; only the first has chosen and measured."""
    return {
        method: Model(Registry(train_themes(tmp_path_factory.mktemp(method), method, blend=method == "map")).open())
        for method in METHODS
    }


def theme(item):
    return item.removeprefix("new-").split("-")[0]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("score", ["similar", "next"])
def test_an_item_that_was_never_seen_is_answered_from_its_theme(models, method, score):
    found = models[method].neighbours("new-garden", 10, score)
    assert len(found) == 10
    assert [theme(each.item) for each in found] == ["garden"] * 10


@pytest.mark.parametrize("method", METHODS)
def test_it_is_found_by_those_it_resembles_and_by_no_others(models, method):
    model = models[method]
    for item in ("garden-box-red", "music-clock-blue"):
        listed = [each.item for each in model.neighbours(item, 100, "similar")]
        assert f"new-{theme(item)}" in listed[:21]
        assert listed.index(f"new-{theme(item)}") < min(
            listed.index(f"new-{other}") for other in THEMES if f"new-{other}" in listed and other != theme(item)
        )


def test_what_is_not_available_is_answered_and_never_listed(models):
    model = models["map"]
    assert {theme(each.item) for each in model.similar("new-winter", 5)} == {"winter"}
    listed = {each.item for item in model.vocabulary.ids for each in model.similar(item, 50)}
    assert "new-winter" not in listed
    assert "new-garden" in listed


def test_a_session_may_hold_new_items(models):
    model = models["map"]
    alone = model.recommend(["new-music"], 5)
    beside = model.recommend(["garden-box-red", "new-music"], 5)
    assert {theme(each.item) for each in alone} == {"music"}
    assert "new-music" not in {each.item for each in [*alone, *beside]}
    assert "music" in {theme(each.item) for each in beside}


def test_an_item_of_which_nothing_is_known_gets_no_vector(models):
    with pytest.raises(ItemUntrained):
        models["map"].similar("odd")
    with pytest.raises(ItemUnknown):
        models["map"].similar("nobody")


def test_the_report_says_how_hidden_items_are_answered_and_found(models):
    manifest = models["map"].manifest
    cold = manifest.metrics.cold
    rows = {row.method: row for row in cold.rows}
    assert cold.items == 12
    assert cold.rows[0].method == "map" == manifest.content.method
    assert rows.keys() == {*METHODS, "popularity", "had they been trained on"}
    assert rows["popularity"].found_hr20 == 0
    assert rows["map"].asked_hr20 > 2 * rows["popularity"].asked_hr20
    assert rows["map"].found_hr20 > 0.5
    assert models["nearest"].manifest.metrics.cold is None


def test_vectors_have_the_length_of_trained_ones(models):
    model = models["map"]
    lengths = model.unseen.content.lengths
    made = model.unseen.content.of_columns(
        [model.unseen.content.lexicon.columns(model.catalogue.metadata("new-garden"))]
    )
    assert np.linalg.norm(made.similar[0]) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(made.inputs[0]) == pytest.approx(lengths.inputs, rel=1e-4)
    usual = np.median(np.linalg.norm(model.inputs, axis=1))
    assert lengths.inputs == pytest.approx(float(usual), rel=1e-3)


def test_lists_that_are_made_ahead_are_those_that_are_asked_for(models, monkeypatch):
    monkeypatch.setattr("index.content.near.AT_ONCE", 0)  # as if there were a hundred thousand
    model = models["map"]
    asked = [model.unseen.nearest(row, 5, "similar", model.newcomers) for row in range(30)]
    model.unseen.near._kept.clear()
    assert not model.unseen.near.is_ready("similar", 3, model.newcomers)
    assert model.unseen.prepare(model.newcomers, 60) == len(model.vocabulary)
    assert model.unseen.near.is_ready("similar", 3, model.newcomers)
    ahead = [model.unseen.nearest(row, 5, "similar", model.newcomers) for row in range(30)]
    assert [rows.tolist() for rows, _ in ahead] == [rows.tolist() for rows, _ in asked]
    assert [scores.tolist() for _, scores in ahead] == [scores.tolist() for _, scores in asked]
