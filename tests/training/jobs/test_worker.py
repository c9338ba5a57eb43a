"""Jobs are durable: whatever is killed and whenever, the job ends once, and one version is published."""

import os
import re
import signal
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from support.jobworld import GUARD_SECONDS, World, two_groups_stored, wait_for
from support.postgres import MISSING, binaries, cluster

from index.artifact.files import locked
from index.artifact.registry import Registry
from index.errors import ConfigError, JobEnded
from store import jobs, tables
from store.database import now, transaction
from training.jobs.worker import Schedule, take_name

LATER = 400 * 3_600_000_000  # microseconds: after all sessions of two_groups_stored
SLOW = {"trainer": {"engine": "sgns", "epochs": 1000, "negatives": 30}}  # seconds in each of three steps
LONG = {"trainer": {"engine": "sgns", "epochs": 1000, "negatives": 30, "dims": 512}}  # minutes: it does not end
QUICK = {"trainer": {"engine": "spectral"}, "evaluation": {"blend": False}}
# Vectors as they were drawn, and nothing counted beside them.
WORSE = {
    "trainer": {"engine": "sgns", "epochs": 1, "learning_rate": 1e-6, "min_learning_rate": 1e-6},
    "recommender": {"item": {"vectors": 1.0}, "session": {"vectors": 1.0}},
    "evaluation": {"blend": False},
}


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def stored(tmp_path, database):
    """A world on each kind of database, with stored events and no configured files."""
    made = World(tmp_path, database, with_log=False)
    made.store(two_groups_stored())
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A world without configured files, and one worker on it."""
    made = World(tmp_path_factory.mktemp("shared"), with_log=False)
    made.worker()
    yield made
    made.close()


def versions(world):
    return Registry(world.models).versions()


def gone(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def kill(process):
    process.kill()
    process.wait()


@contextmanager
def published_and_not_sealed(world, job):
    """The job's training has published and ended, and its worker waits for the row, which is ours for the block."""
    wait_for(lambda: f"job={job.job_id} training process=" in world.said())
    with transaction(world.engine) as connection:
        connection.execute(select(tables.jobs.c.job_id).with_for_update()).all()
        wait_for(lambda: gone(world.training()))
        yield connection


@contextmanager
def sealed_and_not_current(world, job):
    """The job is sealed, and the process that makes its version current waits for the registry."""
    world.models.mkdir(exist_ok=True)
    with locked(world.models / ".lock"):
        world.until(job, lambda found: found.sealed)
        wait_for(lambda: f"job={job.job_id} activating process=" in world.said(world.job(job).worker))
        yield


def in_training(job):
    return job.step is not None and job.step.startswith("train")


# In this order: each leaves the shared world to the next.


def test_without_any_events_the_job_fails_and_says_what_to_do(shared):
    job = shared.ended(shared.enqueue())
    assert (job.state, job.error.code) == ("failed", "events_missing")
    assert "POST /events" in job.error.detail


def test_stored_events_alone_make_a_model(shared):
    shared.store(two_groups_stored())
    for item in ("a1", "a2", "a3", "b1", "b2", "b3"):
        shared.store_item(item, title=f"Title of {item}", category=item[0])
    job = shared.ended(shared.enqueue())
    assert job.state == "succeeded", job
    assert versions(shared) == [job.result.version]
    assert 'whole="there is no model to update: no_model"' in shared.lines(job)[0]
    assert job.result.gate["accepted"]
    assert job.result.counts["events"] == 1800
    steps = [line.split()[0].split("=")[1].strip('"') for line in shared.lines(job)]
    assert (*steps[:2], *steps[-2:]) == ("export", "read", "publish", "activate")
    wait_for(lambda: not list((shared.models / "runs" / "stored").iterdir()))


def test_new_events_are_added_to_the_model_that_serves(shared):
    first = Registry(shared.models).open().manifest
    later = [row | {"user_id": f"late {row['user_id']}", "time": row["time"] + LATER} for row in two_groups_stored(20)]
    shared.store(later)
    job = shared.ended(shared.enqueue())
    assert job.state == "succeeded", job
    lines = shared.lines(job)
    assert f"update={first.version}" in lines[0]
    assert not any("step=evaluate" in line for line in lines)
    manifest = Registry(shared.models).open().manifest
    assert manifest.version == job.result.version
    assert (manifest.update.base, manifest.update.whole) == (first.version, first.version)
    assert manifest.data.events == first.data.events + len(later)
    assert manifest.stored.last == first.stored.last + len(later)
    wait_for(lambda: not list((shared.models / "runs" / "stored").iterdir()))


def test_new_events_that_make_no_session_lead_to_a_whole_training(shared):
    last = two_groups_stored(20)[-1]
    shared.store([last | {"user_id": f"alone {n}", "time": last["time"] + 2 * LATER} for n in range(3)])
    job = shared.ended(shared.enqueue())
    assert job.state == "succeeded", job
    assert any("step=plan whole=" in line and "makes no session" in line for line in shared.lines(job))
    manifest = Registry(shared.models).open().manifest
    assert manifest.update is None
    assert manifest.data.removed["short_sessions"] == 3


@pytest.mark.parametrize("overrides", [{"whole": True}, {"seed": 7}])
def test_a_whole_training_is_made_where_it_is_asked_for_or_the_settings_are_others(shared, overrides):
    job = shared.ended(shared.enqueue(**overrides))
    assert job.state == "succeeded", job
    why = "it was asked for" if "whole" in overrides else "the settings or the configured files are others"
    assert f'whole="{why}"' in shared.lines(job)[0]
    assert Registry(shared.models).open().manifest.update is None


def test_an_unknown_setting_fails_the_job_and_is_named(shared):
    job = shared.ended(shared.enqueue(trainer={"epochs": 0, "dimensions": 3}))
    assert (job.state, job.error.code) == ("failed", "config_invalid")
    assert "trainer.epochs" in job.error.detail
    assert "trainer.dimensions" in job.error.detail


def test_a_model_the_gate_refuses_is_kept_but_not_current(shared):
    before = Registry(shared.models).current()
    job = shared.ended(shared.enqueue(**WORSE))
    assert job.state == "refused", job
    assert job.result.gate["reasons"]
    assert job.result.version in versions(shared)
    assert Registry(shared.models).current() == before


def test_a_running_job_is_cancelled_before_its_training_ends(shared):
    before = versions(shared)
    job = shared.enqueue(**SLOW)
    shared.until(job, in_training)
    training = shared.training()
    jobs.cancel(shared.engine, job.job_id)
    job = shared.ended(job)
    assert (job.state, job.result, job.error) == ("cancelled", None, None)
    assert not any("publish" in line for line in shared.lines(job))
    assert gone(training)
    assert versions(shared) == before


def test_a_killed_training_fails_the_job_and_speaks_of_memory(shared):
    job = shared.enqueue(**SLOW)
    shared.until(job, in_training)
    training = shared.training()
    # Where memory is short the kernel takes the training first, not the worker.
    assert Path(f"/proc/{training}/oom_score_adj").read_text() == "1000\n"
    os.kill(training, signal.SIGKILL)
    job = shared.ended(job)
    assert (job.state, job.error.code) == ("failed", "training_killed")
    assert "memory" in job.error.detail
    assert shared.processes[0].poll() is None


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


def test_what_is_published_when_its_worker_is_killed_becomes_current(stored):
    worker = stored.worker()
    job = stored.enqueue(**QUICK)
    with published_and_not_sealed(stored, job):
        kill(worker)
    assert Registry(stored.models).current() is None
    stored.worker("b", stale_seconds=3.0)
    job = stored.ended(job)
    assert (job.state, versions(stored)) == ("succeeded", [job.result.version])
    assert Registry(stored.models).current() == job.result.version


def test_a_job_whose_worker_is_killed_after_publishing_can_be_cancelled_and_leaves_no_version(stored):
    worker = stored.worker()
    job = stored.enqueue(**QUICK)
    with published_and_not_sealed(stored, job):
        kill(worker)
    stored.set(job, heartbeat=now() - 60_000_000)
    assert jobs.cancel(stored.engine, job.job_id).state == "cancelled"
    stored.worker("b")
    wait_for(lambda: versions(stored) == [])
    assert Registry(stored.models).current() is None


def test_a_sealed_job_cannot_be_cancelled_whatever_becomes_of_its_worker(stored):
    worker = stored.worker()
    job = stored.enqueue(**QUICK)
    with sealed_and_not_current(stored, job):
        with pytest.raises(JobEnded, match="about to end"):
            jobs.cancel(stored.engine, job.job_id)
        activating = int(stored.said().rsplit("activating process=", 1)[1].split()[0])
        kill(worker)
        wait_for(lambda: gone(activating))
        stored.set(job, heartbeat=now() - 60_000_000)
        with pytest.raises(JobEnded):
            jobs.cancel(stored.engine, job.job_id)
    assert Registry(stored.models).current() is None
    stored.worker("b", stale_seconds=3.0)
    job = stored.ended(job)
    assert (job.state, job.worker, versions(stored)) == ("succeeded", "b", [job.result.version])
    assert Registry(stored.models).current() == job.result.version
    assert "training process=" not in stored.said("b")


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


@pytest.mark.skipif(binaries() is None, reason=MISSING)
def test_a_job_outlives_the_loss_of_its_database(tmp_path):
    with cluster(durable=True) as postgres:
        world = World(tmp_path, postgres.create("world"))
        try:
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
        finally:
            world.close()


@pytest.mark.skipif(binaries() is None, reason=MISSING)
def test_a_training_goes_on_while_its_database_is_frozen_and_tells_of_it_afterwards(tmp_path):
    with cluster() as postgres:
        world = World(tmp_path, postgres.create("world"))
        try:
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
        finally:
            world.close()


@pytest.mark.skipif(binaries() is None, reason=MISSING)
def test_a_job_outlives_the_loss_of_its_database_between_publishing_and_sealing(tmp_path):
    with cluster(durable=True) as postgres:
        world = World(tmp_path, postgres.create("world"))
        try:
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
        finally:
            world.close()


@pytest.mark.skipif(binaries() is None, reason=MISSING)
def test_a_worker_stops_although_its_database_is_away(tmp_path):
    with cluster() as postgres:
        world = World(tmp_path, postgres.create("world"))
        try:
            worker = world.worker()
            world.until(world.enqueue(**SLOW), in_training)
            postgres.stop("immediate")
            wait_for(lambda: "without the database" in world.said())
            worker.terminate()
            assert worker.wait(GUARD_SECONDS) == 0
            assert gone(world.training())
            postgres.start()
        finally:
            world.close()


def test_a_schedule_is_in_utc_and_missed_times_count_once():
    start = datetime(2026, 1, 1, 2, 30, tzinfo=UTC)
    schedule = Schedule("0 3 * * *", start)
    assert schedule.due(start) is None
    assert schedule.due(start + timedelta(days=2, hours=1)) == datetime(2026, 1, 1, 3, tzinfo=UTC)
    assert schedule.next == datetime(2026, 1, 4, 3, tzinfo=UTC)
    with pytest.raises(ConfigError, match="cron"):
        Schedule("every night", start)


def test_a_clock_that_was_ahead_and_is_put_back_delays_no_retraining():
    start = datetime(2026, 1, 1, 2, 30, tzinfo=UTC)
    schedule = Schedule("0 3 * * *", start)
    assert schedule.due(start + timedelta(days=3650)) is not None
    assert schedule.due(start) is None
    assert schedule.due(start + timedelta(hours=1)) == datetime(2026, 1, 1, 3, tzinfo=UTC)


def test_a_job_that_takes_too_long_fails_and_says_how_long_it_may(world):
    world.worker(job_hours=0.002)
    training = world.until(world.enqueue(**LONG), in_training) and world.training()
    job = world.ended(jobs.listed(world.engine, 1)[0][0])
    assert (job.state, job.error.code) == ("failed", "job_timed_out")
    assert "0.002 hours" in job.error.detail
    assert gone(training)
    assert versions(world) == []


def test_a_training_that_hangs_is_begun_once_more_and_then_fails(world):
    """SIGSTOP: it is there, and neither says anything nor uses CPU time."""
    world.worker(hang_minutes=0.1)
    job = world.enqueue(**SLOW)
    for times in (1, 2):
        wait_for(lambda times=times: world.said().count("training process=") == times)
        stopped = world.training()
        os.kill(stopped, signal.SIGSTOP)
        wait_for(lambda stopped=stopped: gone(stopped))
    job = world.ended(job)
    assert (job.state, job.error.code) == ("failed", "training_hung")
    assert sum("step=hung" in line for line in world.lines(job)) == 2
    assert versions(world) == []


def test_a_training_that_has_hung_once_is_begun_again_and_ends_well(world):
    world.worker(hang_minutes=0.1)
    job = world.enqueue(**QUICK)
    wait_for(lambda: "training process=" in world.said())
    os.kill(world.training(), signal.SIGSTOP)
    job = world.ended(job)
    assert job.state == "succeeded", job
    assert sum("step=hung" in line for line in world.lines(job)) == 1
    assert versions(world) == [job.result.version]


def test_two_living_workers_never_have_one_name(tmp_path):
    name, lock = take_name(tmp_path, None)
    assert take_name(tmp_path, None)[0] == f"{name}-2"
    with pytest.raises(ConfigError, match="--name"):
        take_name(tmp_path, name)
    os.close(lock)
    assert take_name(tmp_path, name)[0] == name


def test_a_worker_gives_signs_of_life(world):
    world.worker()
    lock = world.models / "runs" / ".worker-a.lock"
    wait_for(lambda: "worker ready" in world.said())
    os.utime(lock, (1, 1))
    wait_for(lambda: lock.stat().st_mtime != 1)


def test_a_worker_whose_work_hangs_gives_no_sign_of_life_until_the_work_goes_on(world):
    go_on = world.root / "go on"
    world.worker(after=go_on, hung_seconds=1.0)
    lock = world.models / "runs" / ".worker-a.lock"
    wait_for(lambda: "worker hangs" in world.said())
    os.utime(lock, (1, 1))
    said = world.said().count("worker hangs")
    wait_for(lambda: world.said().count("worker hangs") > said)
    assert lock.stat().st_mtime == 1
    go_on.touch()
    wait_for(lambda: lock.stat().st_mtime != 1)
