"""A warm start: the next model goes on from the one that serves, and is measured as if it did not."""

import csv
import json
import logging
import shutil
from datetime import UTC, datetime

import numpy as np
import pytest
from pydantic import ValidationError
from support.factories import corpus_of, quick_config, two_groups, write_log

from index.artifact.registry import Registry
from index.model import Model
from index.ranking.readings import normalised
from training.config import EvaluationConfig, TrainConfig, TrainerConfig
from training.pipeline.prepare import identity_of
from training.pipeline.run import run
from training.pipeline.train import starting_point
from training.progress import LogReporter
from training.trainers.sgns.train import train
from training.trainers.trainer import fresh_inputs
from training.trainers.warm import warm_start
from training.workspace import Workspace


def skipgram(log, seed=1, **evaluation):
    return by("sgns", quick_config(log, seed, **evaluation))


def by(engine, config):
    return config.model_copy(update={"trainer": config.trainer.model_copy(update={"engine": engine})})


def cosines(one, other):
    """Of each item that both have, between its input vectors."""
    both = [item for item in one if item in other]
    a, b = (normalised(np.array([m[item] for item in both], dtype=np.float32)) for m in (one, other))
    return np.einsum("ij,ij->i", a, b)


def vectors(models, version=None):
    artifact = Registry(models).open(version)
    return dict(zip(artifact.json("vocabulary")["ids"], artifact.array("inputs"), strict=True))


def warm(config, **trainer):
    return config.model_copy(update={"trainer": config.trainer.model_copy(update={"warm_start": True} | trainer)})


def more(log, rows=6):
    """A few sessions of another day, with an item nobody has seen."""
    with log.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for i in range(rows):
            writer.writerows([f"late {i}", item, 1_800_000_000 + 10 * i] for item in ("a1", "c1", "a2", "c1"))


@pytest.fixture
def world(tmp_path):
    """(log, models, first version); the log has grown a little since."""
    log = write_log(tmp_path / "log" / "events.csv")
    outcome = run(skipgram(log, blend=False), tmp_path / "models", LogReporter(), force=True)
    more(log)
    return log, tmp_path / "models", outcome.version


@pytest.fixture
def said(caplog):
    caplog.set_level(logging.INFO, logger="item2vec")
    return lambda: [r.getMessage() for r in caplog.records]


def test_known_items_keep_their_vectors_and_new_ones_begin_as_ever(world):
    _, models, version = world
    old = vectors(models)
    ids = ["b3", "new", "a1", "c1"]
    found = warm_start(Registry(models), ids, dims=16, seed=5, engine="sgns")
    assert (found.version, found.known) == (version, 2)
    assert np.array_equal(found.start.next.inputs[[0, 2]], [old["b3"], old["a1"]])
    assert np.array_equal(found.start.next.inputs[[1, 3]], fresh_inputs(4, 16, seed=5)[[1, 3]])
    assert not found.start.next.outputs[[1, 3]].any()
    assert found.start.next.outputs[[0, 2]].any(axis=1).all()


def test_a_fresh_item_is_what_the_trainer_would_have_begun_with():
    corpus = corpus_of([[0, 0]], items=3)  # nothing to learn
    found = train(corpus, TrainerConfig(dims=10, workers=1), 9, lambda _: None)
    assert np.array_equal(found.inputs, fresh_inputs(3, 10, seed=9))


def test_without_anything_to_go_on_from_it_says_why(world, tmp_path):
    _, models, version = world
    assert warm_start(Registry(tmp_path / "none"), ["a1"], 16, 1, "sgns") == "no model is active"
    assert warm_start(Registry(models), ["a1"], 32, 1, "sgns") == f"version {version} has 16 dims, this training 32"
    assert "none of the items" in warm_start(Registry(models), ["x", "y"], 16, 1, "sgns")
    (models / "versions" / version / "inputs.npy").write_bytes(b"short")
    reason = warm_start(Registry(models), ["a1"], 16, 1, "sgns")
    assert reason == "the current model cannot be read: artifact_corrupt"


def test_a_warm_model_stays_near_the_one_before_and_a_fresh_one_does_not(world):
    log, models, first = world
    config = skipgram(log, seed=2, blend=False)
    old = vectors(models)
    manifest = run(warm(config, learning_rate=0.3), models, LogReporter(), force=True).manifest
    near = vectors(models)
    Registry(models).activate(first)
    afresh = run(config, models, LogReporter(), force=True).manifest
    far = vectors(models)
    assert (manifest.training.started_from, afresh.training.started_from) == (first, None)
    assert np.median(cosines(old, near)) > 0.8
    assert abs(np.median(cosines(old, far))) < 0.5
    for model in (near, far):
        assert np.linalg.norm(model["c1"]) > 0.5  # 12 events are enough to go somewhere
    assert cosines({"c1": near["c1"]}, {"c1": near["a1"]}) > cosines({"c1": near["c1"]}, {"c1": near["b1"]})


def test_a_lower_learning_rate_stays_nearer(world):
    log, models, first = world
    old, medians = vectors(models), []
    for rate in (1.0, 0.05):
        Registry(models).activate(first)
        run(warm(skipgram(log, seed=2, blend=False), learning_rate=rate), models, LogReporter(), force=True)
        medians.append(np.median(cosines(old, vectors(models))))
    assert medians[1] > max(0.98, medians[0])


def test_gensim_starts_warm_as_well(world):
    log, models, _ = world
    old = vectors(models)
    config = warm(skipgram(log, seed=2, blend=False), engine="gensim", learning_rate=0.01)
    run(config, models, LogReporter(), force=True)
    assert np.median(cosines(old, vectors(models))) > 0.98


def test_the_closed_form_is_turned_onto_what_serves_for_next_and_for_similar(world, said):
    log, models, _ = world
    config = by("spectral", skipgram(log, blend=False))
    first = run(config, models, LogReporter(), force=True)
    more(log)
    other = config.model_copy(update={"seed": 2})
    afresh = run(other, models, LogReporter(), force=True)
    Registry(models).activate(first.version)
    turned = run(warm(other), models, LogReporter(), force=True)
    assert (afresh.manifest.training.started_from, turned.manifest.training.started_from) == (None, first.version)
    assert turned.manifest.training.learning_rate is None
    old, fresh, near = (vectors(models, found.version) for found in (first, afresh, turned))
    assert np.median(cosines(old, near)) > np.median(cosines(old, fresh)) + 0.2
    models_ = [Model(Registry(models).open(found.version)) for found in (first, afresh, turned)]
    alike = [dict(zip(model.vocabulary.ids, model.vectors, strict=True)) for model in models_]
    assert np.median(cosines(alike[0], alike[2])) > np.median(cosines(alike[0], alike[1])) + 0.2
    # Turned, nothing else: the same lists.
    for one, two in zip(models_[1].stored.values(), models_[2].stored.values(), strict=True):
        np.testing.assert_allclose(one.scores, two.scores, rtol=1e-3, atol=1e-3)


def test_what_is_measured_is_trained_from_scratch(world, said):
    """The current model has seen the test part: with or without a warm start the figures are the same."""
    log, models, first = world
    reports = []
    for config in (skipgram(log), warm(skipgram(log))):
        Registry(models).activate(first)
        reports.append(run(config, models, LogReporter(), force=True).manifest)
    one, other = (manifest.metrics.tasks for manifest in reports)
    assert one == other
    assert [manifest.training.started_from for manifest in reports] == [None, first]
    assert [line for line in said() if line.startswith('step="warm start"')] == [
        f'step="warm start" version={first} items=20 new=1'
    ]


def test_a_model_that_is_measured_itself_cannot_start_warm():
    with pytest.raises(ValidationError, match="warm_start needs"):
        TrainConfig(trainer=TrainerConfig(warm_start=True), evaluation=EvaluationConfig(publish_all=False))


def test_the_first_model_of_all_starts_from_scratch_and_says_so(tmp_path, said):
    config = warm(skipgram(write_log(tmp_path / "log" / "events.csv"), blend=False))
    outcome = run(config, tmp_path / "models", LogReporter(), force=True)
    assert outcome.manifest.training.started_from is None
    assert 'step="warm start" taken=False reason="no model is active"' in said()


def test_other_dims_start_from_scratch_and_say_so(world, said):
    log, models, first = world
    outcome = run(warm(skipgram(log, blend=False), dims=8), models, LogReporter(), force=True)
    assert outcome.manifest.training.started_from is None
    assert f'reason="version {first} has 16 dims, this training 8"' in "\n".join(said())


class Killed(Exception):
    pass


class KilledAt(LogReporter):
    """Dies as the step begins."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    def step(self, name, total=None, unit=""):
        if name == self.name:
            raise Killed
        return super().step(name, total, unit)


def test_a_run_that_was_killed_goes_on_from_the_start_it_had(world, said):
    """Though meanwhile another model is current, and the one it began with is gone."""
    log, models, first = world
    config = warm(skipgram(log, seed=2, blend=False))
    undisturbed = shutil.copytree(models, models.parent / "undisturbed")
    run(config, undisturbed, LogReporter(), force=True)
    with pytest.raises(Killed):
        run(config, models, KilledAt("train"), force=True)
    other = run(skipgram(log, seed=3, blend=False), models, LogReporter(), force=True)
    shutil.rmtree(models / "versions" / first)
    outcome = run(config, models, LogReporter(), force=True)
    assert "warm-start" in outcome.resumed
    assert outcome.manifest.training.started_from == first != other.version
    assert len([line for line in said() if line.startswith('step="warm start"')]) == 2  # one of each run, none again
    one, two = vectors(models, outcome.version), vectors(undisturbed)
    assert all(np.array_equal(one[item], two[item]) for item in one)


def test_that_there_was_no_start_is_kept_as_well(tmp_path, world):
    log, models, _ = world
    empty = tmp_path / "empty"
    config = warm(skipgram(log, seed=2, blend=False))
    with Workspace(empty, identity_of(config)) as work:
        assert starting_point(Registry(empty), ["a1"], config, work) is None
    shutil.copytree(models, empty, dirs_exist_ok=True)
    with Workspace(empty, identity_of(config)) as work:
        assert starting_point(Registry(empty), ["a1"], config, work) is None
        start = json.loads((work.folder / "warm-start" / "start.json").read_text())
    assert start is None


def test_the_manifest_of_a_release_before_has_no_training_facts(world):
    manifest = Registry(world[1]).open().manifest
    fields = json.loads(manifest.to_json())
    assert fields["training"] == {"engine": "sgns", "learning_rate": 1.0, "restarts": 0, "started_from": None}
    assert manifest.created < datetime.now(UTC)
    old = manifest.__class__.model_validate({name: v for name, v in fields.items() if name != "training"})
    assert old.training is None
    assert json.loads(old.to_json())["training"] == {}


def test_two_groups_stay_apart_in_a_warm_start():
    corpus = two_groups()
    config = TrainerConfig(dims=16, epochs=5, workers=1)
    first = train(corpus, config, 1, lambda _: None)
    again = train(corpus, config, 2, lambda _: None, first)
    unit = normalised(again.inputs)
    scores = unit @ unit.T
    assert scores[:10, :10].mean() > scores[:10, 10:].mean() + 0.3
