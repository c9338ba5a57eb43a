"""Whole trainings before the gate: what lost its catalogue or its log does not replace the model that serves."""

import csv
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.factories import quick_config, write_log

from index.artifact.registry import Registry
from training.config import TrainConfig
from training.evaluation.rival import expected_of
from training.pipeline.run import run
from training.pipeline.updating.base import base_of
from training.pipeline.updating.update import update
from training.progress import LogReporter

RARE = 160  # items, each in one session of every fiftieth hour


@dataclass
class World:
    """A model that serves, and the log it was trained on: twenty items, and many that are seldom seen."""

    log: Path
    models: Path
    config: TrainConfig
    first: str

    def train(self, config: TrainConfig, force: bool = False):
        return run(config, self.models, LogReporter(), force)

    def current(self):
        return Registry(self.models).current()

    def copied(self, folder: Path) -> "World":
        shutil.copytree(self.models, folder / "models")
        return World(self.log, folder / "models", self.config, self.first)


def rows_of(log):
    with log.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def settings(log: Path) -> TrainConfig:
    config = quick_config(log, blend=False, baselines=False)
    trainer = config.trainer.model_copy(update={"engine": "spectral", "dims": 8})
    return config.model_copy(update={"trainer": trainer})


def with_sessions(config: TrainConfig, **rules) -> TrainConfig:
    return config.model_copy(update={"sessions": config.sessions.model_copy(update=rules)})


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    log = write_log(folder / "log" / "events.csv", sessions=400)
    header, *rows = rows_of(log)
    start = min(int(row[2]) for row in rows)
    for n in range(RARE):
        for place in range(6):
            at = start + (n * 6 + place) % 400 * 3600 + 1800
            rows += [[f"seldom {n}", f"r{n}", str(at)], [f"seldom {n}", f"a{n % 10}", str(at + 5)]]
    write(log, [header, *rows])
    config = settings(log)
    first = run(config, folder / "models", LogReporter())
    assert first.gate.accepted
    assert first.gate.notes == []
    assert set(first.gate.figures) == {"T1_against_popularity", "T2_against_popularity"}
    return World(log, folder / "models", config, first.version)


def test_a_setting_that_guts_the_catalogue_is_refused(world):
    refused = world.train(with_sessions(world.config, min_item_count=50)).gate
    assert not refused.accepted
    said = " ".join(refused.reasons)
    assert "20 of the 180 items that serve would be left" in said
    assert "of the newest events could be answered" in said
    assert refused.figures["items_kept"] == [0.1111, 20, 180]
    assert "--force" in refused.advice
    assert world.current() == world.first
    assert Registry(world.models).manifests()[-1].gate == refused


def test_a_half_empty_log_is_refused_and_said_before_the_training(world, tmp_path, caplog):
    header, *rows = rows_of(world.log)
    users = sorted({row[0] for row in rows})
    kept = set(users[: len(users) // 2])
    log = write(tmp_path / "events.csv", [header, *(row for row in rows if row[0] in kept)])
    with caplog.at_level(logging.INFO):
        refused = world.train(with_files(world.config, log)).gate
    assert not refused.accepted
    assert any("are left (gate.log_kept asks for 60 %)" in reason for reason in refused.reasons)
    steps = [record.getMessage() for record in caplog.records if record.getMessage().startswith("step=")]
    names = [text.split()[0] for text in steps]
    warned = next(i for i, text in enumerate(steps) if text.startswith("step=warning gate="))
    assert "gate.log_kept" in steps[warned]
    assert warned < next(n for n, name in enumerate(names) if "train" in name)
    assert world.current() == world.first


def with_files(config: TrainConfig, *logs: Path) -> TrainConfig:
    return config.model_copy(
        update={"events": config.events.model_copy(update={"paths": tuple(str(log) for log in logs)})}
    )


def test_sessions_that_are_cut_otherwise_cannot_be_compared_and_are_refused_for_that(world):
    (reason,) = world.train(with_sessions(world.config, max_length=3)).gate.reasons
    assert reason.startswith("not comparable with the model that serves")


def test_what_is_meant_is_said_in_the_settings_or_forced(world, tmp_path):
    there = world.copied(tmp_path)
    gutted = with_sessions(world.config, min_item_count=50)
    loose = gutted.gate.model_copy(
        update={"items_kept": 0.1, "events_answered": 0.5, "log_kept": 0.3, "compared": False}
    )
    allowed = there.train(gutted.model_copy(update={"gate": loose})).gate
    assert not any("gate." in reason for reason in allowed.reasons)  # it may still be worse
    Registry(there.models).activate(world.first)
    forced = there.train(gutted, force=True)
    assert forced.gate.forced
    assert forced.gate.reasons
    assert Registry(there.models).open().manifest.gate == forced.gate
    assert there.current() == forced.version


def test_an_update_stands_before_the_same_gate_and_the_next_whole_training_has_a_rival(world, tmp_path):
    there = world.copied(tmp_path)
    header, *rows = rows_of(world.log)
    later = 500 * 3600
    more = [[f"late {user}", item, str(int(at) + later)] for user, item, at in rows[: 60 * 6]]
    new = write(tmp_path / "new.csv", [header, *more])
    updated = update(base_of(Registry(there.models), {"paths": (str(new),)}), there.models, LogReporter(), later=True)
    assert updated.gate.accepted
    assert updated.gate.figures["items_kept"] == [1.0, 180, 180]
    assert updated.gate.figures["days_back"][0] < 0
    assert expected_of(updated.manifest) == 0
    whole = there.train(with_files(world.config, world.log, new)).gate
    # The update has seen all of the test part; the model that it began with has not.
    assert f"T1_against_{world.first}" in whole.figures


def test_the_gate_of_an_update_may_be_loosened_by_whoever_calls_it(world):
    base = base_of(Registry(world.models), {}, gate={"days_back": 30.0})
    assert base.config.gate.days_back == 30
    assert base.config.gate.items_kept == world.config.gate.items_kept


def test_a_model_of_a_damaged_one_is_let_through_with_a_word(world, tmp_path):
    there = world.copied(tmp_path)
    (there.models / "versions" / world.first / "inputs.npy").write_bytes(b"torn")
    gate = there.train(world.config).gate
    assert gate.accepted
    assert "cannot be read" in gate.notes[0]


def test_how_many_questions_two_models_share_is_foretold_from_the_split(world):
    manifest = Registry(world.models).open().manifest
    report = manifest.metrics
    assert expected_of(manifest) == report.prefixes
    drawn = report.model_copy(update={"split": report.split.model_copy(update={"kind": "session"})})
    assert expected_of(manifest.model_copy(update={"metrics": drawn})) == report.prefixes // 10
    ends = report.model_copy(update={"split": report.split.model_copy(update={"kind": "last"})})
    assert expected_of(manifest.model_copy(update={"metrics": ends})) == 0
    assert expected_of(manifest.model_copy(update={"metrics": None})) == 0
