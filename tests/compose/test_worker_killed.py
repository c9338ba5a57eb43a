"""kill -9 of the worker in every step of a retraining; and two workers at once."""

import re
import time
from datetime import datetime

import pytest
from compose import shop
from compose.load import loading, untouched
from compose.stack import following, until

pytestmark = pytest.mark.compose

STEP = re.compile(r"\bstep=(?:\"([^\"]+)\"|(\S+))")
NOTES = {"resumed", "diverged", "warm start"}  # lines that end no step


def step_of(line: str) -> str | None:
    """The step whose end the line tells."""
    found = STEP.search(line)
    name = (found.group(1) or found.group(2)) if found else None
    return None if name in NOTES else name


def new(stack, before) -> list[str]:
    return [version for version in stack.versions() if version not in before]


def begun(lines, job: str, step: str | None) -> None:
    """Returns in the moment the worker says that the step before has ended; None: that it has the job."""
    for line in lines:
        if f"job={job}" in line and (step_of(line) == step if step else "taken" in line):
            return
    raise AssertionError(f"the worker's log ended before {step or 'the job'}")


def test_a_retraining_goes_on_whichever_step_its_worker_was_killed_in(stack, killer, figures):
    worker = stack.container("worker")
    whole = stack.ended(stack.retrain(seed=100, **shop.QUICK))
    assert whole["state"] == "succeeded", whole
    steps = [name for line in stack.lines(whole["job_id"]) if (name := step_of(line))]
    assert steps[0] == "export"
    assert steps[-1] == "publish"
    met: list[str] = []
    slowest = 0.0
    with loading(stack, "worker-killed", writers=0) as load:
        for number, (before, step) in enumerate(zip([None, *steps], [*steps, "the end"], strict=True)):
            versions = stack.versions()
            with following(worker) as lines:
                job = stack.retrain(seed=101 + number, **shop.QUICK)
                begun(lines, job, before)
                killer.kill(worker)
            killed = time.monotonic()
            ended = stack.ended(job)
            slowest = max(slowest, time.monotonic() - killed)
            assert ended["state"] == "succeeded", (step, ended)
            assert new(stack, versions) == [ended["result"]["version"]], step
            stack.serves(ended["result"]["version"])
            met.append(step)
            until(lambda: stack.healthy(worker), what="the worker")
    figures["worker_killed_steps"] = ", ".join(met)
    figures["worker_killed_slowest_seconds"] = f"{slowest:.0f}"
    figures["worker_whole_seconds"] = f"{_seconds(whole):.0f}"
    figures.load("worker_killed", load)
    untouched(load.reads)
    assert not stack.inside("worker", "ls -A /data/models/runs/stored").strip()
    assert not stack.inside("worker", "ls -A /data/models/versions | grep '^.writing' || true").strip()


def test_of_two_workers_one_runs_the_retraining_once(stack):
    stack.compose("up", "-d", "--no-build", "--no-recreate", "--scale", "worker=2", "worker")
    try:
        until(
            lambda: len(stack.containers("worker")) == 2 and all(map(stack.healthy, stack.containers("worker"))),
            what="two healthy workers",
        )
        versions = stack.versions()
        job = stack.retrain(seed=98, **shop.QUICK)
        ended = stack.ended(job)
        assert ended["state"] == "succeeded", ended
        assert new(stack, versions) == [ended["result"]["version"]]
        assert stack.logs("worker").count(f"job={job} training process=") == 1
    finally:
        stack.compose("up", "-d", "--no-build", "--no-recreate", "--scale", "worker=1", "worker")
        until(lambda: len(stack.containers("worker")) == 1, what="one worker")


def _seconds(job) -> float:
    return (datetime.fromisoformat(job["finished"]) - datetime.fromisoformat(job["started"])).total_seconds()
