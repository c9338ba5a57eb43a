"""Vectors from elsewhere become a version: with a log explained, measured and gated like ours, without one served."""

import csv
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from support.factories import IDS, PER_GROUP, quick_config, write_log

from index.artifact.registry import Registry
from index.diff import diff
from index.errors import ConfigError, EventsMissing, ItemUntrained, UpdateImpossible, VectorsError
from index.model import Model
from store.database import connect
from store.upkeep.migrate import migrate
from training.config import TrainConfig
from training.jobs.planning import plan_of
from training.objective.settings import ObjectiveConfig
from training.pipeline.imported import Import, import_vectors, settled
from training.pipeline.run import run
from training.pipeline.updating.base import base_of
from training.progress import LogReporter
from training.trainers.warm import warm_start
from training.vectors.source import VectorsFile

DIMS = 8


def near(ids, seed: int = 1, length: float = 1.0) -> np.ndarray:
    """Vectors in which the items of a group are near each other."""
    rng = np.random.default_rng(seed)
    groups = np.array([[4.0, 0], [0, 4.0]])[[int(item[0] == "b") for item in ids]]
    return length * np.hstack([groups, rng.normal(size=(len(ids), DIMS - 2))]).astype(np.float32)


def saved(folder: Path, ids, vectors) -> VectorsFile:
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "vectors.npy", vectors)
    np.save(folder / "ids.npy", np.array(ids))
    return VectorsFile(folder)


def config_of(log: Path | None, **evaluation) -> TrainConfig:
    config = quick_config(log or Path("none"), **evaluation)
    if log is None:
        config = config.model_copy(update={"events": config.events.model_copy(update={"paths": (), "items": None})})
    return config


def given(what: Import | VectorsFile, log: Path | None, models: Path, force: bool = False, **evaluation):
    what = what if isinstance(what, Import) else Import(what)
    return import_vectors(what, config_of(log, **evaluation), models, LogReporter(), force)


def opened(models: Path, version: str | None = None) -> Model:
    return Model(Registry(models).open(version))


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return write_log(tmp_path_factory.mktemp("log") / "log.csv")


EXTRA = ["a-never-seen", "b-never-seen"]
LACKING = ["a3", "b7"]


@pytest.fixture(scope="module")
def world(log, tmp_path_factory):
    """With a log: two of its items have no vector, two vectors are of items that it does not have."""
    folder = tmp_path_factory.mktemp("given")
    ids = [item for item in reversed(IDS + EXTRA) if item not in LACKING]
    outcome = given(saved(folder / "v", ids, near(ids)), log, folder / "models", baselines=True)
    return folder / "models", outcome


def test_the_vectors_serve_as_they_came(world):
    model = opened(world[0])
    ids = [item for item in reversed(IDS + EXTRA) if item not in LACKING]
    expected = dict(zip(ids, near(ids), strict=True))
    assert sorted(model.vocabulary.ids) == sorted(ids)
    for row, item in enumerate(model.vocabulary.ids):
        np.testing.assert_array_equal(model.inputs[row], expected[item])
    best = max((i for i in ids if i != "a1"), key=lambda i: expected[i] @ expected["a1"] / np.linalg.norm(expected[i]))
    assert model.similar("a1", 1)[0].item == best
    # What nobody has ever seen has neighbours too: it has a vector.
    assert {found.item[0] for found in model.similar("a-never-seen", 5)} == {"a"}


def test_the_log_counts_explains_and_measures(world):
    models, outcome = world
    model, report = opened(models), outcome.report
    counts = dict(zip(model.vocabulary.ids, model.vocabulary.counts.tolist(), strict=True))
    assert counts["a1"] > 50
    assert counts["a-never-seen"] == 0
    assert list(counts.values()) == sorted(counts.values(), reverse=True)
    assert model.explain("a1", "a2").pair.sessions > 20
    assert [row.method for row in report.tasks.T1][:3] == ["item2vec", "vectors alone", "popularity"]
    assert "EASE" in [row.method for row in report.tasks.T2]
    assert report.tasks.T1[0].ndcg10.mean > report.tasks.row("T1", "popularity").ndcg10.mean
    assert report.tasks.T3 is not None
    assert report.split.unknown_targets > 0
    assert report.split.items == len(counts)  # all that serve are ranked
    assert "may have been made with the events of the test part" in report.advice
    assert report.chosen.trace["imported: vectors in-in"]
    assert outcome.gate.accepted
    assert outcome.current


def test_both_ways_of_not_meeting_are_counted(world):
    models, outcome = world
    facts, removed = outcome.manifest.imported, outcome.manifest.data.removed
    assert (facts.in_log, facts.log_only, facts.vectors_only) == (18, 2, 2)
    assert facts.log_only_events == removed["no_vector_events"] > 50
    assert removed["no_vector_items"] == 2
    assert (facts.kind, facts.matrices, facts.metric, facts.vectors) == ("numpy array", 1, "cosine", 20)
    assert "weighed on validation" in facts.next
    model = opened(models)
    assert set(model.rare) == set(LACKING)
    with pytest.raises(ItemUntrained, match="is not among the imported vectors"):
        model.similar("a3")
    with pytest.raises(ItemUntrained, match="not among the imported vectors"):
        model.similar("new")  # of the metadata


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("item/{}", "without what stands before the last / or :"),
        ("{} ", "without the blanks at their ends"),
        ("{}.0", "write both alike|is --item the right column"),
        ("00{}", "is --item the right column"),
        ("item-{}", "without the letters in front of the number"),
        ("{}x{}", "is --item the right column"),
    ],
)
def test_items_that_do_not_meet_at_all_are_told_with_examples_of_each_side(log, tmp_path, written, why):
    ids = [written.format(item, item) for item in IDS]
    said = rf"'{re.escape(ids[0])}'.* the log has items such as '[ab]\d'.*none is in both.*{why}"
    with pytest.raises(VectorsError, match=said):
        given(saved(tmp_path / "v", ids, near(IDS)), log, tmp_path / "models")


def test_upper_case_and_items_that_are_never_together_are_told(log, tmp_path):
    with pytest.raises(VectorsError, match="if case did not count"):
        given(saved(tmp_path / "v", [item.upper() for item in IDS], near(IDS)), log, tmp_path / "models")
    seldom = write_log(tmp_path / "log" / "log.csv")
    with seldom.open("a", encoding="utf-8") as file:
        file.write("user 1,z,1700000003\r\nuser 2,z,1700090003\r\n")
    with pytest.raises(VectorsError, match="1 items of the log, but no session holds two"):
        given(saved(tmp_path / "w", ["z", "x"], near(["z", "x"])), seldom, tmp_path / "models")


def test_items_too_rare_for_a_training_have_their_vectors(tmp_path):
    log = write_log(tmp_path / "log.csv")
    with log.open("a", encoding="utf-8") as file:
        file.write("user 1,a-rare,1700000003\r\n")
    ids = [*IDS, "a-rare"]
    given(saved(tmp_path / "v", ids, near(ids)), log, tmp_path / "models", blend=False)
    model = opened(tmp_path / "models")
    assert model.rare == {}
    assert {found.item[0] for found in model.similar("a-rare", 5)} == {"a"}


def test_without_a_log_they_serve_and_next_is_similar(tmp_path):
    outcome = given(saved(tmp_path / "v", IDS, near(IDS)), None, tmp_path / "models")
    assert (outcome.report, outcome.current) == (None, True)
    assert "nothing was measured" in " ".join(outcome.gate.notes)
    model = opened(tmp_path / "models")
    assert model.vocabulary.ids == IDS  # in the order of the file
    for item in IDS:
        similar, following = ([found.item for found in ask(item, 5)] for ask in (model.similar, model.next))
        assert similar == following
    assert {found.item[0] for found in model.recommend(["a1", "a2"], 5)} == {"a"}
    manifest = model.manifest
    assert (manifest.metrics, manifest.data.sessions, manifest.data.last_event) == (None, 0, None)
    assert manifest.imported.next == "the same as similar: there was no log"
    assert (manifest.imported.in_log, manifest.training.engine) == (None, "imported")
    assert model.explain("a1", "a2").pair.sessions == 0


def test_where_lengths_count_similar_is_the_inner_product(log, tmp_path):
    vectors = near(IDS) * np.linspace(1, 5, len(IDS), dtype=np.float32)[:, None]
    file = saved(tmp_path / "v", IDS, vectors)
    expected = IDS[int(np.argsort(-(vectors @ vectors[2]))[0])]
    for name, logs in (("with", log), ("without", None)):
        models = tmp_path / name
        outcome = given(Import(file, metric="dot"), logs, models, blend=logs is not None)
        model = opened(models)
        found = model.similar(IDS[2], 1)[0]
        assert found.item == expected
        row, other = model.vocabulary.row(IDS[2]), model.vocabulary.row(expected)
        assert found.score == pytest.approx(float(model.inputs[row] @ model.inputs[other]), rel=1e-5)
        assert outcome.manifest.imported.metric == "dot"
        assert outcome.manifest.recommender["similar_reading"] == "dot"


@pytest.mark.parametrize(("metric", "reading"), [("cosine", "dot"), ("dot", "sum")])
def test_a_metric_and_another_reading_contradict_each_other(tmp_path, metric, reading):
    config = config_of(None)
    other = config.recommender.model_copy(update={"similar_reading": reading})
    with pytest.raises(ConfigError, match="give one of them"):
        settled(
            Import(saved(tmp_path, IDS, near(IDS)), metric=metric), config.model_copy(update={"recommender": other})
        )


def test_two_matrices_are_asked_and_answer(tmp_path):
    inputs, outputs = near(IDS, 1), near(IDS, 2)
    order = np.random.default_rng(0).permutation(len(IDS))
    pair = saved(tmp_path / "o", [IDS[i] for i in order], outputs[order])
    outcome = given(Import(saved(tmp_path / "i", IDS, inputs), pair), None, tmp_path / "models")
    model = opened(tmp_path / "models")
    assert outcome.manifest.imported.matrices == 2
    np.testing.assert_array_equal(model.artifact.array("outputs"), outputs)
    unit = outputs / np.linalg.norm(outputs, axis=1, keepdims=True)
    after = unit @ inputs[0]
    after[0] = -np.inf
    assert model.next("a0", 1)[0].item == IDS[int(after.argmax())]
    for ids, rows, said in ((IDS[1:], outputs[1:], "same items"), (IDS, outputs[:, 1:], "vectors of 7 numbers")):
        other = saved(tmp_path / f"o{len(ids)}", ids, rows)
        with pytest.raises(VectorsError, match=said):
            given(Import(VectorsFile(tmp_path / "i"), other), None, tmp_path / "models")


def test_zero_vectors_are_kept_counted_and_like_nothing(log, tmp_path):
    vectors = near(IDS)
    vectors[4] = 0
    outcome = given(saved(tmp_path / "v", IDS, vectors), log, tmp_path / "models")
    assert outcome.manifest.imported.zero == 1
    assert opened(tmp_path / "models").similar(IDS[4], 1)[0].score == 0


@pytest.fixture(scope="module")
def trained(log, tmp_path_factory):
    """A model of our own serves, which was measured."""
    folder = tmp_path_factory.mktemp("trained")
    run(quick_config(log, blend=False), folder / "models", LogReporter())
    return folder / "models"


def test_what_is_measured_stands_before_the_gate_beside_the_model_that_serves(log, trained, tmp_path):
    models = shutil.copytree(trained, tmp_path / "models")
    noise = np.random.default_rng(5).normal(size=(len(IDS), DIMS)).astype(np.float32)
    config = config_of(log, blend=False)
    alone = {"item": {"vectors": 1.0}, "session": {"vectors": 1.0}, "counts": {}}
    poor = config.model_copy(update={"recommender": config.recommender.model_copy(update=alone)})
    serving = Registry(models).current()
    outcome = import_vectors(Import(saved(tmp_path / "n", IDS, noise)), poor, models, LogReporter())
    assert not outcome.gate.accepted
    assert any(f"worse than {serving}" in reason for reason in outcome.gate.reasons)
    assert Registry(models).current() == serving
    few = saved(tmp_path / "few", IDS[:3] + [f"a-other{n}" for n in range(9)], near(IDS[:12]))
    refused = given(few, log, models, blend=False)
    assert any("of the newest events could be answered" in reason for reason in refused.gate.reasons)
    good = given(saved(tmp_path / "v", IDS, near(IDS)), log, models)
    assert good.gate.accepted, good.gate.reasons
    assert good.gate.figures["T1_prefixes_shared"][0] >= 100
    assert any("may flatter" in note for note in good.gate.notes)


def test_what_is_not_measured_replaces_a_measured_model_only_by_force(trained, tmp_path):
    models = shutil.copytree(trained, tmp_path / "models")
    serving, file = Registry(models).current(), saved(tmp_path / "v", IDS, near(IDS))
    outcome = given(file, None, models)
    assert (outcome.gate.accepted, outcome.current, Registry(models).current()) == (False, False, serving)
    assert any("nothing was measured" in reason for reason in outcome.gate.reasons)
    assert given(file, None, models, force=True).current
    # Nothing that was measured serves now: other vectors of the same items take their place.
    again = given(saved(tmp_path / "w", IDS, near(IDS, 2)), None, models)
    assert again.current, again.gate.reasons
    fewer = given(saved(tmp_path / "x", IDS[:3], near(IDS[:3])), None, models)
    assert any("of the 20 items that serve would be left" in reason for reason in fewer.gate.reasons)


def test_a_training_does_not_replace_vectors_that_it_cannot_be_compared_with(log, tmp_path):
    models = tmp_path / "models"
    version = given(saved(tmp_path / "v", IDS, near(IDS)), None, models).version
    outcome = run(quick_config(log, blend=False), models, LogReporter())
    assert outcome.gate.reasons == [f"version {version} has imported vectors, and nothing could be compared with them"]
    assert Registry(models).current() == version
    assert run(quick_config(log, seed=2, blend=False), models, LogReporter(), force=True).current


def test_a_training_replaces_imported_vectors_where_it_is_no_worse_and_says_so(log, tmp_path):
    models, ids = tmp_path / "models", IDS + EXTRA
    version = given(saved(tmp_path / "v", ids, near(ids)), log, models).version
    outcome = run(quick_config(log), models, LogReporter())
    assert f"version {version} has imported vectors; this one has vectors of its own" in outcome.gate.notes
    assert outcome.gate.figures[f"T1_against_{version}"]
    found = diff(opened(models, version), opened(models, outcome.version))
    assert (found.items.gained, found.items.lost) == (0, 2)


def test_imported_vectors_are_neither_updated_nor_a_beginning(world, tmp_path):
    registry = Registry(world[0])
    with pytest.raises(UpdateImpossible, match="has imported vectors, which new events do not change"):
        base_of(registry, {})
    assert "has imported vectors" in warm_start(registry, IDS, DIMS, 1, "sgns")
    database = connect(f"sqlite:///{tmp_path / 'd.db'}")
    migrate(database)
    plan = plan_of(registry, database, TrainConfig(), whole=False, now=datetime.now(UTC))
    assert (plan.update, plan.why) == (None, "the model that serves has imported vectors")
    database.dispose()


def test_an_import_that_was_killed_resumes(log, tmp_path, monkeypatch):
    file = saved(tmp_path / "v", IDS, near(IDS))
    with monkeypatch.context() as patched:
        patched.setattr("training.pipeline.imported.assemble", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            given(file, log, tmp_path / "models", blend=False)
    outcome = given(file, log, tmp_path / "models", blend=False)
    assert {"vectors", "sessions", "gather", "evaluate"} <= set(outcome.resumed)
    assert given(saved(tmp_path / "v", IDS, near(IDS, 9)), log, tmp_path / "models", blend=False).resumed == ()


def test_a_log_that_cannot_be_read_leaves_everything_as_it_was(tmp_path):
    (tmp_path / "log.csv").write_text("user_id,item_id,timestamp\n")
    with pytest.raises(EventsMissing):
        given(saved(tmp_path / "v", IDS, near(IDS)), tmp_path / "log.csv", tmp_path / "models")
    assert Registry(tmp_path / "models").versions() == []


def test_split_by_last_item_and_a_column_of_sessions(tmp_path):
    log = write_log(tmp_path / "log.csv")
    rows = [line.split(",") for line in log.read_text(encoding="utf-8").splitlines()]
    with log.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[*rows[0], "s"], *([*row, int(row[2]) // 3600] for row in rows[1:])])
    config = config_of(log, split="last", blend=False)
    config = config.model_copy(update={"events": config.events.model_copy(update={"session": "s"})})
    ids = IDS[: PER_GROUP + 5] + EXTRA
    outcome = import_vectors(Import(saved(tmp_path / "v", ids, near(ids))), config, tmp_path / "m", LogReporter())
    assert outcome.report.split.kind == "last"
    assert outcome.manifest.data.items == len(ids)


@pytest.mark.parametrize(
    ("name", "objective"),
    [
        ("conversion_context", {"conversion_context": 1.0}),
        ("conversion_weight", {"conversion_weight": 5.0}),
        ("dislike_weight", {"dislike_weight": 0.3}),
        ("attributes", {"attributes": ("category",)}),
        ("segment_negatives", {"segment": "category", "segment_negatives": 3}),
        ("walks", {"walks": 5}),
    ],
)
def test_what_vectors_would_learn_is_refused_for_those_that_are_given(tmp_path, name, objective):
    config = config_of(None).model_copy(update={"objective": ObjectiveConfig(**objective)})
    with pytest.raises(ConfigError, match=rf"objective\.{name}: imported vectors .* leave it out"):
        import_vectors(Import(saved(tmp_path, IDS, near(IDS))), config, tmp_path / "models", LogReporter())


def test_dislikes_are_left_out_of_the_sessions_and_move_no_imported_vector(log, tmp_path, caplog):
    def published(name: str, rows: list[str], **events) -> Model:
        path = tmp_path / name / "log.csv"
        path.parent.mkdir()
        path.write_text("\n".join(["user_id,item_id,timestamp,kind", *rows]))
        shutil.copy(log.parent / "items.csv", path.parent)
        config = config_of(path, blend=False)
        config = config.model_copy(update={"events": config.events.model_copy(update=events)})
        file = saved(tmp_path / name / "v", ids, near(ids))
        import_vectors(Import(file), config, tmp_path / name / "models", LogReporter())
        return opened(tmp_path / name / "models")

    ids = [item for item in IDS if item not in LACKING]  # so that the items' rows are not those of the log
    views = [f"{line.strip()},view" for line in log.read_text(encoding="utf-8").splitlines()[1:]]
    skips = [view.replace("view", "skip") for view in views[::3]]
    plain = published("plain", views)
    with caplog.at_level("INFO"):
        said = published("said", [*views, *skips], event_type="kind", dislike_types=("skip",), type_weights={"view": 2})
    assert "imported vectors stay as they are" in caplog.text
    np.testing.assert_array_equal(said.inputs, plain.inputs)
    for one, other in zip(said.evidence.tokens(), plain.evidence.tokens(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert said.vocabulary.ids == plain.vocabulary.ids
    assert said.vocabulary.counts.tolist() == plain.vocabulary.counts.tolist()
    assert said.evidence.dislikes is None
    assert said.manifest.config["objective"]["dislike_weight"] == 0
