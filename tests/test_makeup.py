"""What vectors are made of, from the log to the screen and over HTTP: trained with attributes, published, asked."""

import json

import numpy as np
import pytest
from support.factories import quick_config, write_log
from support.live import serving
from support.trained import train

from cli.main import main
from index.artifact.registry import Registry
from index.errors import ArtifactCorrupt, ItemUnknown
from index.model import Model
from index.why.makeup import Attribute, Makeup, Share, sentence
from training.objective.settings import ObjectiveConfig
from training.pipeline.run import run
from training.progress import LogReporter


@pytest.fixture(scope="module", params=["sgns", "spectral"])
def models(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    config = quick_config(write_log(folder / "log" / "log.csv"), blend=False)
    trainer = config.trainer.model_copy(update={"engine": request.param})
    objective = ObjectiveConfig(attributes=("category",))
    run(config.model_copy(update={"trainer": trainer, "objective": objective}), folder, LogReporter(), force=True)
    return folder


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Trained without."""
    return train(tmp_path_factory.mktemp("plain"))


def test_the_artifact_holds_the_vectors_of_attributes_and_what_items_are_made_of(models):
    model = Model(Registry(models).open())
    makeup, n, dims = model.makeup, len(model.vocabulary), model.inputs.shape[1]
    assert makeup.attributes == (Attribute("category", ("a", "b")),)
    assert makeup.vectors.shape == (2, dims)
    np.testing.assert_allclose(makeup.weights.sum(axis=1), np.ones(n), rtol=1e-5)
    own, category = model.made_of("a3")
    assert (own.attribute, own.values) == (None, ())
    assert (category.attribute, category.values) == ("category", ("a",))
    assert own.share + category.share == pytest.approx(1)
    with pytest.raises(ItemUnknown):
        model.made_of("nobody")


def test_explain_says_it_in_words(models, capsys):
    assert main(["explain", "a3", "--models", str(models)]) == 0
    assert capsys.readouterr().out.startswith("Title of a3: its vector is ")
    assert main(["explain", "a3", "b4", "--models", str(models)]) == 0
    printed = capsys.readouterr().out
    assert "The first's vector is" in printed
    assert "% category (a)." in printed
    assert "% category (b)." in printed
    assert main(["explain", "a3", "--json", "--models", str(models)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [part["attribute"] for part in found["made_of"]] == [None, "category"]


def test_so_it_does_over_http(models, tmp_path):
    with serving(models, database=f"sqlite:///{tmp_path / 'test.db'}") as client:
        body = client.get("/explain", params={"item": "a3", "candidate": "b4"}).json()
    assert body["made_of"]["item"][1]["values"] == ["a"]
    assert body["made_of"]["candidate"][1]["values"] == ["b"]
    assert sum(part["share"] for part in body["made_of"]["item"]) == pytest.approx(1, abs=1e-5)
    assert any(said.startswith("The second's vector is") for said in body["sentences"])


def test_a_model_without_attributes_says_so(plain, capsys, tmp_path):
    model = Model(Registry(plain).open())
    assert model.made_of("a3") == ()
    assert model.explain("a3", "a4").made_of == {}
    assert main(["explain", "a3", "--models", str(plain)]) == 0
    assert "without objective.attributes" in capsys.readouterr().out
    with serving(plain, database=f"sqlite:///{tmp_path / 'test.db'}") as client:
        assert client.get("/explain", params={"item": "a3", "candidate": "a4"}).json()["made_of"] == {}


def test_arrays_of_another_model_are_refused(models, monkeypatch):
    artifact = Registry(models).open()
    real = artifact.array
    monkeypatch.setattr(artifact, "array", lambda name: real(name)[1:] if name == "attributes_weights" else real(name))
    with pytest.raises(ArtifactCorrupt, match="train again"):
        Model(artifact)


def test_shares_are_of_the_values_that_an_item_has():
    attributes = (Attribute("brand", ("x", "y")), Attribute("price", ("below 5", "5 and more"), (5.0,)))
    weights = np.array([[0.5, 0.496, 0.004], [0.25, 0.75, 0]], np.float32)
    begins, values = np.array([0, 2, 3, 4, 4]), np.array([0, 1, 3, 1], np.int32)
    makeup = Makeup(attributes, begins, values, weights, np.zeros((4, 2), np.float32))
    assert makeup.of(1) == (Share(None, (), 0.25), Share("brand", ("y",), 0.75))
    said = sentence("The first's", makeup.of(0))
    assert said == "The first's vector is 50 % its own, 50 % brand (x, y), less than 1 % price (5 and more)."
    unused = (Share(None, (), 1.0), Share("brand", ("x",), 0.0))
    assert sentence("its", unused) == "its vector is all its own: attributes made none better on this log."
    assert sentence("its", unused[:1]) == "its vector is all its own: it has none of the attributes."
