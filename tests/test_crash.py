"""kill -9 at any moment leaves the old model or the new one current, never a broken one; the run goes on afterwards."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.factories import quick_config, write_log

from index.artifact.registry import Registry
from index.errors import RunUnderWay
from index.model import Model
from training.pipeline.prepare import identity_of
from training.pipeline.run import run
from training.progress import LogReporter
from training.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
STEPS = ("read", "items", "train for validation", "choose", "train for test", "evaluate")
STEPS += ("train", "index", "gate")


@pytest.fixture
def world(tmp_path):
    """(log, models, version that serves)."""
    log = write_log(tmp_path / "log" / "events.csv")
    outcome = run(quick_config(log, blend=False), tmp_path / "models", LogReporter(), force=True)
    return log, tmp_path / "models", outcome.version


def start(log, models, seed):
    """A training in a process of its own; what it says is in a file, `said`."""
    command = [sys.executable, "-m", "item2vec", "train", "--events", str(log), "--models", str(models), "--force"]
    command += ["--items", str(log.parent / "items.csv"), "--min-item-count", "2", "--no-baselines"]
    command += ["--dims", "16", "--epochs", "5", "--workers", "1", "--prefixes", "300", "--bootstrap", "50"]
    command += ["--seed", str(seed)]
    with said(models).open("w") as file:
        return subprocess.Popen(command, cwd=ROOT, stderr=file, stdout=subprocess.DEVNULL)


def said(models):
    return models.parent / "said.log"


def finish(process, models):
    assert process.wait() == 0, said(models).read_text()


def resumed(models):
    lines = [line for line in said(models).read_text().splitlines() if "step=resumed" in line]
    return set(lines[0].split("steps=")[1].split(",")) if lines else set()


def check_serving(models, allowed):
    """The current version is whole, answers, and is one of those it may be."""
    registry = Registry(models)
    current = registry.current()
    assert current in allowed or current in registry.versions()
    model = Model(registry.open())
    assert {r.item[0] for r in model.neighbours("a1", 3) if r.item != "new"} == {"a"}
    return current


def test_killed_at_twenty_random_moments_the_old_or_the_new_model_serves(world):
    log, models, old = world
    rng = random.Random(7)
    started = time.monotonic()
    finish(start(log, models, seed=100), models)
    whole = time.monotonic() - started
    seed, published = 101, {old, Registry(models).current()}
    for _ in range(20):
        process = start(log, models, seed)
        try:
            process.wait(rng.uniform(0.2, 1.05) * whole)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        finished = process.wait() == 0
        published.add(check_serving(models, published))
        if finished:
            seed += 1  # another run from the start; otherwise the same one goes on where it was
    finish(start(log, models, seed), models)
    assert not list((models / "versions").glob(".writing-*"))


def test_killed_after_each_step_the_run_goes_on_at_that_step(world):
    log, models, old = world
    for step in STEPS:
        process = start(log, models, seed=500)
        marks = (f'step="{step}"', f"step={step} ")
        while process.poll() is None and not any(mark in said(models).read_text() for mark in marks):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert "Traceback" not in said(models).read_text()
        assert check_serving(models, {old}) == old
    finish(start(log, models, seed=500), models)
    assert Registry(models).current() != old
    assert {"sessions", "choose", "train-for-test", "evaluate", "train"} <= resumed(models)


def test_two_runs_of_the_same_settings_do_not_tread_on_each_other(world):
    log, models, _ = world
    config = quick_config(log, seed=900)
    identity = identity_of(config)
    with Workspace(models, identity), pytest.raises(RunUnderWay):
        run(config, models, LogReporter())
