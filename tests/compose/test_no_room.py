"""Disk and memory run out under a training: it fails and says why, and nobody else notices."""

import re
import time
from collections.abc import Iterator

import pytest
from compose import shop
from compose.load import loading, untouched
from compose.stack import HERE, Stack, docker, inspect, until

pytestmark = pytest.mark.compose

LEFT = (0, 100_000, 1_000_000)  # bytes left on the volume: enough for nothing, for the export, for half the steps
SPARE_MB = 60  # above what the worker itself holds; a training needs more for its imports alone


def test_a_training_that_reaches_the_memory_limit_fails_and_the_api_does_not_notice(stack, figures):
    worker = stack.container("worker")
    limit, restarts = inspect(worker, "HostConfig", "Memory"), inspect(worker, "RestartCount")
    before = stack.versions()
    at_rest = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", worker)
    figures["worker_at_rest_mb"] = f"{_megabytes(at_rest):.0f}"
    api = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", stack.containers("api")[0])
    figures["api_at_rest_mb"] = f"{_megabytes(api):.0f}"
    with loading(stack, "no-memory") as load:
        time.sleep(2)
        _limit(worker, _held(stack) + SPARE_MB * 2**20)
        try:
            job = stack.ended(stack.retrain(seed=97, **shop.QUICK))
        finally:
            _limit(worker, limit)
        time.sleep(2)
    figures.load("no_memory", load)
    assert job["state"] == "failed", job
    assert job["error"]["code"] == "training_killed"
    assert "memory" in job["error"]["detail"]
    assert inspect(worker, "RestartCount") == restarts, "the worker itself was killed"
    untouched(load.reads)
    untouched(load.writes)
    assert stack.versions() == before
    again = stack.ended(stack.retrain(seed=97, **shop.QUICK))
    assert again["state"] == "succeeded", again


@pytest.fixture
def small(images) -> Iterator[Stack]:
    """A stack whose artifacts lie on a volume of 64 MB, with a model."""
    found = Stack("item2vec-test-small", more=(HERE / "small-volume.yml",))
    found.down(volumes=True)
    try:
        found.up()
        found.alive()
        found.post_events(shop.events(2000))
        job = found.ended(found.retrain(**shop.QUICK))
        assert job["state"] == "succeeded", job
        found.ready()
        yield found
    finally:
        found.down(volumes=True)


def test_a_full_volume_fails_the_training_with_a_reason_and_the_old_model_serves(small, figures):
    (version,) = small.versions()
    with loading(small, "volume-full") as load:
        for number, left in enumerate(LEFT):
            _fill(small, left)
            job = small.ended(small.retrain(seed=50 + number, **shop.QUICK))
            _empty(small)
            assert job["state"] == "failed", (left, job)
            assert job["error"]["code"] == "disk_full", (left, job)
            assert "space" in job["error"]["detail"], (left, job)
            figures[f"volume_full_{left}"] = f"{job['error']['code']}: {job['error']['detail']}"
            assert small.versions() == [version]
    figures.load("volume_full", load)
    untouched(load.reads)
    untouched(load.writes)
    assert load.versions == {version}
    again = small.ended(small.retrain(seed=60, **shop.QUICK))
    assert again["state"] == "succeeded", again
    assert not small.inside("worker", "ls -A /data/models/versions | grep '^.writing' || true").strip()


def _fill(stack: Stack, left: int) -> None:
    """All but so many bytes."""
    stack.inside(
        "worker",
        "free=$(df -B1 --output=avail /data | tail -1); "
        f"head -c $((free > {left} ? free - {left} : 0)) /dev/zero >/data/filler; true",
    )
    free = int(stack.inside("worker", "df -B1 --output=avail /data | tail -1"))
    assert free <= left + 65_536, free


def _empty(stack: Stack) -> None:
    stack.inside("worker", "rm -f /data/filler")
    until(lambda: int(stack.inside("worker", "df -B1 --output=avail /data | tail -1")) > 10_000_000, what="room")


def _held(stack: Stack) -> int:
    """Bytes that the worker's processes hold and cannot give back; pages of files, which they can, count as at rest."""
    said = stack.inside("worker", "cat /proc/[0-9]*/smaps_rollup 2>/dev/null | grep -E '^Anonymous:' || true")
    return sum(int(line.split()[1]) for line in said.splitlines()) * 1024


def _limit(container: str, limit: int) -> None:
    docker("update", "--memory", str(limit), "--memory-swap", str(limit), container)


def _megabytes(text: str) -> float:
    found = re.match(r"\s*([0-9.]+)([KMG])iB", text)
    assert found is not None, text
    return float(found.group(1)) * {"K": 2**-10, "M": 1.0, "G": 2**10}[found.group(2)]
