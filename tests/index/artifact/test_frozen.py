"""Artifacts of every schema that was released open for ever."""

import json
from pathlib import Path

import numpy as np
import pytest

from index.artifact.directory import Artifact
from index.model import Model

FROZEN = sorted((Path(__file__).resolve().parents[2] / "data" / "artifacts").iterdir())


@pytest.mark.parametrize("path", FROZEN, ids=lambda p: p.name)
def test_a_frozen_artifact_still_answers_every_question(path):
    model = Model(Artifact.open(path))
    assert len(model.vocabulary) == 20
    assert {found.item[0] for found in model.neighbours("a1", 5)} == {"a"}
    assert "b5" in [found.item for found in model.neighbours("b4", 3, "next")]
    assert "a4" in [found.item for found in model.recommend(["a1", "a2", "a3"], 3)]
    assert len(model.neighbours("a1", 19, "next")) == 19
    explanation = model.explain("a1", "a2")
    assert explanation.pair is not None
    assert explanation.pair.lift > 1
    assert model.catalogue.title("a1") == "Title of a1"
    assert model.manifest.metrics.tasks.T1[0].method == "item2vec"


@pytest.mark.parametrize("path", FROZEN, ids=lambda p: p.name)
def test_a_frozen_artifact_scores_as_the_release_that_made_it(path):
    model = Model(Artifact.open(path))
    stored = model.stored["next"]
    dense = model.recommender.scores([np.array([row], dtype=np.int32) for row in range(20)], one_item=True)
    for row, (items, scores) in enumerate(zip(stored.rows, stored.scores, strict=True)):
        np.testing.assert_allclose(dense[row, items[items >= 0]], scores[items >= 0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("path", FROZEN, ids=lambda p: p.name)
def test_the_manifest_of_a_frozen_artifact_is_written_back_as_it_was(path):
    written = json.loads((path / "manifest.json").read_bytes())
    again = json.loads(Artifact.open(path).manifest.to_json())
    assert again["metrics"] == written["metrics"]
    # Not noted then.
    data = {**written["data"], "findings": []}
    added = {"training": {}, "gate": {**written["gate"], "notes": []}, "data": data}
    assert {**again, "checksum": ""} == {**written, **added, "checksum": ""}
