"""The disk is full under a training: it fails with a code of its own, what serves serves on, nothing half is left."""

import pytest
from support.disk import small_disk
from support.factories import vectors_only, write_log
from support.jobworld import World

from cli.main import main
from index.artifact.registry import Registry

MEGABYTES = 24
LEFT = (0, 150_000)  # for nothing; for some steps


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "models", MEGABYTES) as found:
        yield found


def half_done(models):
    return [path for mark in (".writing-*", ".step-*") for path in models.rglob(mark) if path.is_dir()]


def test_a_job_fails_with_disk_full_and_is_made_once_there_is_room(tmp_path, disk):
    world = World(tmp_path, f"sqlite:///{tmp_path / 'elsewhere.db'}")
    try:
        world.worker()
        first = world.ended(world.enqueue())
        assert first.state == "succeeded", first
        registry = Registry(world.models)
        for left in LEFT:
            disk.fill(left)
            job = world.ended(world.enqueue(seed=7))
            assert job.error is not None, job
            assert job.error.code == "disk_full", job.error
            assert "space" in job.error.detail
            assert registry.versions() == [first.result.version]
            assert registry.current() == first.result.version
            assert not half_done(world.models)
            disk.empty()
        again = world.ended(world.enqueue(seed=7))
        assert again.state == "succeeded", again
        assert registry.current() == again.result.version
        assert any("step=resumed" in line for line in world.lines(again))  # what was done while there was room is kept
    finally:
        world.close()


@pytest.mark.parametrize("left", LEFT)
def test_the_command_line_says_that_the_disk_is_full(tmp_path, disk, capsys, left):
    log = write_log(tmp_path / "log" / "events.csv")
    disk.fill(left)
    given = ["--config", str(vectors_only(tmp_path)), "--dims", "16", "--min-item-count", "2", "--quick", "--bootstrap"]
    assert main(["train", "--models", str(disk.folder), "--events", str(log), *given, "50"]) == 2
    said = capsys.readouterr().err
    assert "No space left on device" in said.splitlines()[-1]
    assert "free some space" in said
    assert not half_done(disk.folder)
