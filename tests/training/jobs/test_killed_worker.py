"""Jobs are durable: whatever is killed and whenever, the job ends once, and one version is published."""

import re
import signal

from support.jobworld import GUARD_SECONDS, SLOW, in_training, two_groups_stored, versions, wait_for
from support.processes import gone

from index.artifact.registry import Registry
from store import jobs
from store.database import now


def test_a_killed_worker_takes_its_training_along_and_the_next_resumes_it(world):
    job = world.enqueue(**SLOW)
    world.store(two_groups_stored(50))
    first = world.worker()
    world.until(job, lambda found: found.step == "train for test")
    training = world.training()
    first.kill()
    first.wait()
    wait_for(lambda: gone(training))
    world.worker()
    job = world.ended(job)
    assert job.state == "succeeded", job
    assert versions(world) == [job.result.version]
    assert sum("step=export" in line for line in world.lines(job)) == 1
    assert any("step=resumed" in line and "choose" in line for line in world.lines(job))


def test_a_worker_may_be_killed_after_every_step_and_one_version_is_published(world):
    world.store(two_groups_stored(50))
    job = world.enqueue()
    worker = world.worker()
    killed_after: list[str] = []

    def reached():
        """A step that no worker was killed after yet."""
        steps = re.findall(r'job=\S+ (?:step=)?("[^"]+"|\S+)', world.said())
        return next((step for step in steps if step not in (*killed_after, "training")), None)

    while not world.job(job).ended:
        wait_for(lambda: reached() is not None or world.job(job).ended)
        step = reached()
        if step is None:
            break
        worker.kill()
        worker.wait()
        killed_after.append(step)
        worker = world.worker()
    job = world.ended(job)
    assert job.state == "succeeded", job
    assert versions(world) == [job.result.version]
    assert Registry(world.models).current() == job.result.version
    assert killed_after[:3] == ["taken", "export", "read"]
    # A step that ended in the moment of a kill is not told: it is among those that the next worker took over.
    resumed = {step for steps in re.findall(r"step=resumed steps=(\S+)", world.said()) for step in steps.split(",")}
    met = {step.strip('"').replace(" ", "-") for step in killed_after} | resumed
    assert {"choose", "train-for-test", "evaluate", "train", "gate", "publish"} <= met
    assert len(killed_after) > 8
    wait_for(lambda: not list((world.models / "runs" / "stored").iterdir()))


def test_two_workers_run_a_job_once_and_the_other_takes_over_a_dead_ones(world):
    both = {name: world.worker(name, stale_seconds=3.0) for name in ("a", "b")}
    job = world.enqueue(**SLOW)
    job = world.until(job, in_training)
    assert sum("training process=" in world.said(name) for name in both) == 1
    both[job.worker].kill()
    other = world.ended(job)
    assert other.state == "succeeded", other
    assert other.worker != job.worker
    assert versions(world) == [other.result.version]


def test_a_worker_that_was_frozen_loses_its_job_and_the_job_publishes_once(world):
    both = {name: world.worker(name, stale_seconds=3.0) for name in ("a", "b")}
    job = world.enqueue(**SLOW)
    frozen = world.until(job, in_training).worker
    training = world.training(frozen)
    both[frozen].send_signal(signal.SIGSTOP)
    other = world.ended(job)  # of the two trainings, one waits for the end of the other
    assert other.state == "succeeded", other
    assert other.worker != frozen
    both[frozen].send_signal(signal.SIGCONT)
    wait_for(lambda: "another worker's now" in world.said(frozen))
    assert gone(training)
    assert versions(world) == [other.result.version]
    assert both[frozen].poll() is None


def test_a_job_that_a_worker_of_the_release_before_left_is_adopted(world):
    """Which kept notes of its own in a second database: nobody reads them any more."""
    (world.models / "item2vec-jobs.db").write_bytes(b"not a database")
    job = world.enqueue()
    world.set(job, state="running", worker="old", started=now(), heartbeat=now() - 60_000_000, step="train")
    world.worker("new", stale_seconds=3.0)
    job = world.ended(job)
    assert (job.state, job.worker) == ("succeeded", "new")
    assert versions(world) == [job.result.version]


def test_a_stopped_worker_gives_its_job_back_at_once(world):
    job = world.enqueue(**SLOW)
    first = world.worker("a")
    world.until(job, in_training)
    first.terminate()
    assert first.wait(GUARD_SECONDS) == 0
    assert (world.job(job).state, world.job(job).worker) == ("running", None)
    assert gone(world.training())
    world.worker("b")
    world.until(job, lambda found: found.worker == "b")
    jobs.cancel(world.engine, job.job_id)
    assert world.ended(job).state == "cancelled"
