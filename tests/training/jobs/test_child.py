"""The end of a training: one version, activated once, only when it is said, and never over somebody's own choice."""

import shutil
from datetime import UTC, datetime

import numpy as np
import pytest
from support.factories import quick_config, write_log

from index.artifact.manifest import Data, Manifest
from index.artifact.registry import Registry
from index.errors import RunUnderWay, TrainingFailed
from training.jobs import child
from training.jobs.folder import JobFolder, Request
from training.pipeline.run import identity_of
from training.workspace import Workspace

BEFORE, ANOTHER = "20260101-000000", "20260102-000000"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Models with a job that has trained and published, and its folder as it was left."""
    root = tmp_path_factory.mktemp("trained")
    models = root / "models"
    registry = Registry(models)
    for version in (BEFORE, ANOTHER):
        publish(registry, version)
    registry.activate(BEFORE)
    log = write_log(root / "log" / "events.csv")
    request = Request(config=quick_config(log, blend=False), models=models, force=True, kept=False)
    folder = JobFolder(models, "job")
    folder.path.mkdir(parents=True)
    folder.save(request)
    result = train(folder)
    assert registry.current() == result.version
    return models, result


@pytest.fixture
def published(trained, tmp_path):
    """The same, as if the job had been killed after publishing and before activating."""
    models, result = trained
    folder = JobFolder(shutil.copytree(models, tmp_path / "models"), "job")
    folder.save(folder.request().model_copy(update={"models": folder.models}))
    (folder.path / "result.json").unlink()
    assert Registry(folder.models).rollback() == BEFORE
    return folder, result


def publish(registry, version):
    with registry.writer(version) as writer:
        writer.array("counts", np.arange(4))
        data = Data(fingerprint="ab12", events=10, sessions=3, items=4, tokens=9)
        made = {"config": {}, "recommender": {}, "seed": 1, "libraries": {}, "trained_on": "all", "index": {}}
        now = datetime(2026, 1, 1, tzinfo=UTC)
        writer.commit(Manifest(version=version, created=now, data=data, metrics={}, timings={}, **made))


def train(folder):
    """As a worker has it done where nobody cancels the job."""
    with (folder.path / "said").open("a") as out:
        reporter = child.PipeReporter(out)
        result = child.train(folder, reporter)
        assert child.activate(folder, reporter) == result
        return result


def test_a_job_killed_between_publishing_and_activating_activates_when_it_is_resumed(published):
    folder, result = published
    assert train(folder) == result
    registry = Registry(folder.models)
    assert registry.versions() == [BEFORE, ANOTHER, result.version]
    assert registry.current() == result.version
    assert registry.rollback() == BEFORE


def test_a_training_publishes_and_leaves_current_what_is(published):
    folder, result = published
    with (folder.path / "said").open("a") as out:
        assert child.train(folder, child.PipeReporter(out)) == result
    assert Registry(folder.models).current() == BEFORE


def test_what_a_job_published_can_be_withdrawn_and_then_nothing_activates_it(published):
    folder, result = published
    registry = Registry(folder.models)
    assert folder.withdraw() == result.version
    assert folder.withdraw() is None
    assert (registry.versions(), registry.current()) == ([BEFORE, ANOTHER], BEFORE)
    with (folder.path / "said").open("a") as out, pytest.raises(TrainingFailed, match="gone"):
        child.activate(folder, child.PipeReporter(out))


def test_a_version_that_somebody_has_let_serve_is_not_withdrawn(published):
    folder, result = published
    registry = Registry(folder.models)
    for choice in (result.version, ANOTHER):
        registry.activate(choice)
        assert folder.withdraw() is None
        assert registry.current() == choice
    assert registry.rollback() == result.version


def test_a_version_that_somebody_activated_before_the_job_was_resumed_stays(published):
    folder, result = published
    registry = Registry(folder.models)
    registry.activate(ANOTHER)
    assert train(folder) == result
    assert registry.current() == ANOTHER


def test_a_job_killed_after_activating_is_resumed_without_effect(published):
    folder, result = published
    registry = Registry(folder.models)
    registry.activate(result.version)
    assert train(folder) == result
    assert registry.current() == result.version
    assert registry.rollback() == BEFORE


def test_a_version_that_was_rolled_back_once_the_job_was_done_stays_so(published):
    folder, result = published
    registry = Registry(folder.models)
    train(folder)
    assert registry.rollback() == BEFORE
    assert train(folder) == result
    assert registry.current() == BEFORE


def test_a_job_of_the_release_before_that_was_killed_after_publishing_activates(published):
    folder, result = published
    (folder.path / "serving.json").unlink()
    assert train(folder) == result
    assert Registry(folder.models).current() == result.version


def test_a_version_that_somebody_activates_while_the_job_publishes_stays(published):
    class Beginning(JobFolder):
        def serving(self, registry):
            before = super().serving(registry)
            registry.activate(ANOTHER)
            return before

    folder, result = published
    (folder.path / "moment.json").unlink()
    (folder.path / "serving.json").unlink()
    again = train(Beginning(folder.models, "job"))
    assert again.version != result.version
    registry = Registry(folder.models)
    assert registry.current() == ANOTHER
    assert again.version in registry.versions()


def test_a_training_waits_for_the_same_one_and_takes_over_what_that_published(published, monkeypatch):
    """Also where that one publishes and ends in the moment between a look for its version and the next attempt."""
    folder, result = published
    request = folder.request()
    note = (folder.path / "moment.json").read_bytes()
    (folder.path / "moment.json").unlink()
    other = Workspace(request.models, identity_of(request.config)).__enter__()
    looks, waits = [], []

    def publish_and_end():
        if not (folder.path / "moment.json").exists():
            (folder.path / "moment.json").write_bytes(note)
            other.__exit__()

    def look(self, real=JobFolder.published):
        looks.append(real(self))
        if len(looks) == 2:
            publish_and_end()
        return looks[-1]

    def wait(_seconds):
        waits.append(1)
        if len(waits) == 2:
            publish_and_end()

    monkeypatch.setattr(JobFolder, "published", look)
    monkeypatch.setattr(child.time, "sleep", wait)
    assert train(folder) == result
    assert Registry(folder.models).current() == result.version


def test_a_training_does_not_wait_for_the_same_one_for_ever(published, monkeypatch):
    folder, _ = published
    request = folder.request()
    (folder.path / "moment.json").unlink()
    monkeypatch.setattr(child, "LOCK_SECONDS", 0.0)
    with Workspace(request.models, identity_of(request.config)), pytest.raises(RunUnderWay):
        train(folder)
