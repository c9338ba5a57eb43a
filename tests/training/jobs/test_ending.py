"""The end of a job: cancelled means not current, and the loss of a worker or a database changes nothing of it."""

import signal
import time

import pytest
from sqlalchemy import update
from support.jobworld import (
    GUARD_SECONDS,
    LONG,
    QUICK,
    SLOW,
    World,
    in_training,
    kill,
    published_and_not_sealed,
    sealed_and_not_current,
    versions,
    wait_for,
)
from support.postgres import MISSING, binaries, cluster
from support.processes import gone

from index.artifact.registry import Registry
from index.errors import JobEnded
from store import jobs, tables
from store.database import now


def test_a_job_that_is_cancelled_near_its_end_is_either_cancelled_or_current(stored):
    stored.worker()
    serving = None
    for wait in (0.0, 0.3, 0.8):  # from the moment the version is there
        before = versions(stored)
        job = stored.enqueue(**QUICK)
        wait_for(lambda before=before: len(versions(stored)) > len(before))
        time.sleep(wait)
        try:
            jobs.cancel(stored.engine, job.job_id)
            told = "cancelled"
        except JobEnded:
            told = "succeeded"
        job = stored.ended(job)
        assert job.state == told
        if told == "succeeded":
            serving = job.result.version
            before = [*before, serving]
        assert (versions(stored), Registry(stored.models).current()) == (before, serving)


def test_what_is_published_when_its_job_is_cancelled_is_withdrawn_and_said(stored):
    worker = stored.worker()
    for killed in (False, True):
        job = stored.enqueue(**QUICK)
        with published_and_not_sealed(stored, job) as connection:
            (version,) = versions(stored)
            connection.execute(update(tables.jobs).where(tables.jobs.c.job_id == job.job_id).values(cancel=True))
            if killed:
                kill(worker)
        if killed:
            stored.worker()
        job = stored.ended(job)
        assert (job.state, job.result, job.error) == ("cancelled", None, None)
        assert (versions(stored), Registry(stored.models).current()) == ([], None)
        assert stored.lines(job)[-1] == f"step=withdraw version={version}"


def test_what_is_published_when_its_worker_is_killed_becomes_current(filled):
    worker = filled.worker()
    job = filled.enqueue(**QUICK)
    with published_and_not_sealed(filled, job):
        kill(worker)
    assert Registry(filled.models).current() is None
    filled.worker("b", stale_seconds=3.0)
    job = filled.ended(job)
    assert (job.state, versions(filled)) == ("succeeded", [job.result.version])
    assert Registry(filled.models).current() == job.result.version


def test_a_job_whose_worker_is_killed_after_publishing_can_be_cancelled_and_leaves_no_version(filled):
    worker = filled.worker()
    job = filled.enqueue(**QUICK)
    with published_and_not_sealed(filled, job):
        kill(worker)
    filled.set(job, heartbeat=now() - 60_000_000)
    assert jobs.cancel(filled.engine, job.job_id).state == "cancelled"
    filled.worker("b")
    wait_for(lambda: versions(filled) == [])
    assert Registry(filled.models).current() is None


def test_a_sealed_job_cannot_be_cancelled_whatever_becomes_of_its_worker(filled):
    worker = filled.worker()
    job = filled.enqueue(**QUICK)
    with sealed_and_not_current(filled, job):
        with pytest.raises(JobEnded, match="about to end"):
            jobs.cancel(filled.engine, job.job_id)
        activating = int(filled.said().rsplit("activating process=", 1)[1].split()[0])
        kill(worker)
        wait_for(lambda: gone(activating))
        filled.set(job, heartbeat=now() - 60_000_000)
        with pytest.raises(JobEnded):
            jobs.cancel(filled.engine, job.job_id)
    assert Registry(filled.models).current() is None
    filled.worker("b", stale_seconds=3.0)
    job = filled.ended(job)
    assert (job.state, job.worker, versions(filled)) == ("succeeded", "b", [job.result.version])
    assert Registry(filled.models).current() == job.result.version
    assert "training process=" not in filled.said("b")


def test_a_worker_that_was_frozen_after_sealing_changes_nothing_when_it_wakes(world):
    both = {name: world.worker(name, stale_seconds=3.0) for name in ("a", "b")}
    job = world.enqueue(**QUICK)
    with sealed_and_not_current(world, job):
        frozen = world.job(job).worker
        both[frozen].send_signal(signal.SIGSTOP)
        other = world.until(job, lambda found: found.worker != frozen).worker
        wait_for(lambda: "activating process=" in world.said(other))
    job = world.ended(job)
    assert (job.state, job.worker, versions(world)) == ("succeeded", other, [job.result.version])
    both[frozen].send_signal(signal.SIGCONT)
    wait_for(lambda: "another worker's now" in world.said(frozen))
    assert Registry(world.models).current() == job.result.version
    assert Registry(world.models).served_before() == []


@pytest.fixture
def own(tmp_path):
    """A PostgreSQL of the test's own, and a world on it."""
    if binaries() is None:
        pytest.skip(MISSING)
    with cluster(durable=True) as postgres:
        world = World(tmp_path, postgres.create("world"))
        try:
            yield postgres, world
        finally:
            world.close()


def test_a_job_outlives_the_loss_of_its_database(own):
    postgres, world = own
    job = world.enqueue(**SLOW)
    world.worker()
    world.until(job, in_training)
    training = world.training()
    postgres.stop("immediate")
    wait_for(lambda: gone(training))  # its end cannot be written yet
    postgres.start()
    job = world.ended(job)
    assert job.state == "succeeded", job
    assert versions(world) == [job.result.version]
    assert "without the database" in world.said()
    assert world.said().count("training process=") == 1


def test_a_training_goes_on_while_its_database_is_frozen_and_tells_of_it_afterwards(own):
    postgres, world = own
    world.worker()
    job = world.until(world.enqueue(**LONG), in_training)
    training = world.training()
    postgres.freeze()
    try:
        wait_for(lambda: "without the database" in world.said())
    finally:
        postgres.thaw()
    assert not gone(training)
    frozen = world.until(job, lambda found: found.heartbeat > job.heartbeat)
    assert (frozen.state, frozen.worker, world.said().count("training process=")) == ("running", "a", 1)
    jobs.cancel(world.engine, job.job_id)
    assert world.ended(job).state == "cancelled"
    wait_for(lambda: gone(training))


def test_a_job_outlives_the_loss_of_its_database_between_publishing_and_sealing(own):
    postgres, world = own
    job = world.enqueue(**QUICK)
    world.worker()
    world.until(job, lambda found: found.step is not None and found.step != "export")
    postgres.stop("immediate")
    wait_for(lambda: "before its version serves" in world.said())
    assert len(versions(world)) == 1
    assert Registry(world.models).current() is None
    postgres.start()
    job = world.ended(job)
    assert (job.state, versions(world)) == ("succeeded", [job.result.version])
    assert Registry(world.models).current() == job.result.version


def test_a_worker_stops_although_its_database_is_away(own):
    postgres, world = own
    worker = world.worker()
    world.until(world.enqueue(**SLOW), in_training)
    postgres.stop("immediate")
    wait_for(lambda: "without the database" in world.said())
    worker.terminate()
    assert worker.wait(GUARD_SECONDS) == 0
    assert gone(world.training())
    postgres.start()
