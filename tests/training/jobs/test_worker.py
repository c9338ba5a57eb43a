"""Jobs are durable: whatever is killed and whenever, the job ends once, and one version is published."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.factories import quick_config, write_log
from support.jobworld import World, two_groups_stored
from support.postgres import MISSING, binaries, cluster

from index.artifact.registry import Registry
from index.errors import ConfigError
from store import jobs
from store.queue import JobTable, Lost
from store.reflected import StoreUnavailable, Tables, connect, system_url
from training.jobs import child
from training.jobs.folder import JobFolder, Request
from training.jobs.worker import Schedule, take_name

SLOW = {"trainer": {"epochs": 1000}}  # seconds in each of three steps
# Vectors as they were drawn, and nothing counted beside them.
WORSE = {
    "trainer": {"epochs": 1, "learning_rate": 1e-6, "min_learning_rate": 1e-6},
    "recommender": {"item_counts": 0.0, "session_counts": 0.0},
    "evaluation": {"blend": False},
}


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
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


def in_training(job):
    return job.step is not None and job.step.startswith("train")


# In this order: each leaves the shared world to the next.


def test_without_any_events_the_job_fails_and_says_what_to_do(shared):
    job = shared.ended(shared.enqueue())
    assert (job.state, job.error["code"]) == ("failed", "events_missing")
    assert "POST /events" in job.error["detail"]


def test_stored_events_alone_make_a_model(shared):
    shared.store(two_groups_stored())
    for item in ("a1", "a2", "a3", "b1", "b2", "b3"):
        shared.store_item(item, title=f"Title of {item}", category=item[0])
    job = shared.ended(shared.enqueue())
    assert job.state == "succeeded", job
    assert versions(shared) == [job.result["version"]]
    assert job.result["gate"]["accepted"]
    assert job.result["counts"]["events"] == 1800
    steps = [line.split()[0].split("=")[1].strip('"') for line in shared.lines(job)]
    assert (steps[0], steps[1], steps[-1]) == ("export", "read", "publish")
    deadline = time.monotonic() + 5
    while list((shared.models / "runs" / "stored").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not list((shared.models / "runs" / "stored").iterdir())


def test_an_unknown_setting_fails_the_job_and_is_named(shared):
    job = shared.ended(shared.enqueue(trainer={"epochs": 0, "dimensions": 3}))
    assert (job.state, job.error["code"]) == ("failed", "config_invalid")
    assert "trainer.epochs" in job.error["detail"]
    assert "trainer.dimensions" in job.error["detail"]


def test_a_model_the_gate_refuses_is_kept_but_not_current(shared):
    before = Registry(shared.models).current()
    job = shared.ended(shared.enqueue(**WORSE))
    assert job.state == "refused", job
    assert job.result["gate"]["reasons"]
    assert job.result["version"] in versions(shared)
    assert Registry(shared.models).current() == before


def test_a_running_job_is_cancelled_within_five_seconds(shared):
    before = versions(shared)
    job = shared.enqueue(**SLOW)
    shared.until(job, in_training)
    training = shared.training()
    started = time.monotonic()
    jobs.cancel(shared.engine, job.job_id)
    job = shared.ended(job, 5.0)
    assert (job.state, job.error) == ("cancelled", None)
    assert time.monotonic() - started < 5
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
    assert (job.state, job.error["code"]) == ("failed", "training_killed")
    assert "memory" in job.error["detail"]
    assert shared.processes[0].poll() is None


def test_a_killed_worker_takes_its_training_along_and_the_next_goes_on(world):
    job = world.enqueue(**SLOW)
    world.store(two_groups_stored(50))
    first = world.worker()
    world.until(job, lambda found: found.step == "train for test")
    training = world.training()
    first.kill()
    first.wait()
    deadline = time.monotonic() + 2
    while not gone(training) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert gone(training)
    world.worker()
    job = world.ended(job)
    assert job.state == "succeeded", job
    assert versions(world) == [job.result["version"]]
    assert sum("step=export" in line for line in world.lines(job)) == 1
    assert any("step=resumed" in line and "choose" in line for line in world.lines(job))


def test_two_workers_run_a_job_once_and_the_other_takes_over_a_dead_ones(world):
    both = {name: world.worker(name, stale_seconds=3.0) for name in ("a", "b")}
    job = world.enqueue(**SLOW)
    job = world.until(job, in_training)
    assert sum("training process=" in world.said(name) for name in both) == 1
    both[job.worker].kill()
    other = world.ended(job, 60)
    assert other.state == "succeeded", other
    assert other.worker != job.worker
    assert versions(world) == [other.result["version"]]


def test_a_stopped_worker_gives_its_job_back_at_once(world):
    job = world.enqueue(**SLOW)
    first = world.worker("a")
    world.until(job, in_training)
    started = time.monotonic()
    first.terminate()
    assert first.wait() == 0
    assert time.monotonic() - started < 5
    assert (world.job(job).state, world.job(job).worker) == ("running", None)
    assert gone(world.training())
    world.worker("b")
    world.until(job, lambda found: found.worker == "b", 10)
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
            postgres.stop("immediate")
            time.sleep(2)
            postgres.start()
            job = world.ended(job, 60)
            assert job.state == "succeeded", job
            assert versions(world) == [job.result["version"]]
            assert "without the database" in world.said()
        finally:
            world.close()


def test_a_training_that_died_while_publishing_publishes_once(tmp_path):
    log = write_log(tmp_path / "log" / "events.csv")
    request = Request(config=quick_config(log, blend=False), models=tmp_path / "models", force=True, kept=False)
    folder = JobFolder(request.models, "job")
    folder.path.mkdir(parents=True)
    folder.save(request)
    registry = Registry(request.models)
    with (tmp_path / "said").open("w") as out:
        first = child.train(folder, request, child.PipeReporter(out))
        (request.models / "current.json").unlink()  # as if it had died before it activated
        assert child.train(folder, request, child.PipeReporter(out)) == first
    assert registry.versions() == [first["version"]]
    assert registry.current() == first["version"]


def test_only_who_owns_a_row_writes_to_it(world):
    engine = connect(world.url)
    table = JobTable(engine, Tables(engine), stale_seconds=0.2)
    job = world.enqueue()
    assert table.queued() == [job.job_id]
    assert table.claim(job.job_id, "a") is not None
    assert table.claim(job.job_id, "b") is None
    assert table.claim(job.job_id, "a") is not None
    table.beat(job.job_id, "a", "read", 0.5, 3.0, ["one\0", "two"])
    assert world.lines(job) == ["one ", "two"]
    time.sleep(0.3)
    assert table.claim(job.job_id, "b") is not None
    with pytest.raises(Lost):
        table.beat(job.job_id, "a", "read", 0.6, 3.0)
    with pytest.raises(Lost):
        table.finish(job.job_id, "a", "succeeded", {}, None)
    table.release("b")
    assert table.claim(job.job_id, "c") is not None
    table.finish(job.job_id, "c", "failed", None, {"code": "x", "detail": "y"})
    assert world.job(job).result is None
    assert table.claim(job.job_id, "c") is None
    engine.dispose()


def test_a_scheduled_retraining_is_queued_once_and_never_beside_another(world):
    engine = connect(world.url)
    table = JobTable(engine, Tables(engine))
    running = world.enqueue()
    assert not table.enqueue_scheduled("schedule-1")
    jobs.cancel(world.engine, running.job_id)
    assert table.enqueue_scheduled("schedule-2")
    (queued,) = table.queued()
    jobs.cancel(world.engine, queued)
    assert not table.enqueue_scheduled("schedule-2")
    assert jobs.get(world.engine, queued).requested_by == "schedule"
    engine.dispose()


def test_a_schedule_is_in_utc_and_missed_times_count_once():
    start = datetime(2026, 1, 1, 2, 30, tzinfo=UTC)
    schedule = Schedule("0 3 * * *", start)
    assert schedule.due(start) is None
    assert schedule.due(start + timedelta(days=2, hours=1)) == datetime(2026, 1, 1, 3, tzinfo=UTC)
    assert schedule.next == datetime(2026, 1, 4, 3, tzinfo=UTC)
    with pytest.raises(ConfigError, match="cron"):
        Schedule("every night", start)


def test_two_living_workers_never_have_one_name(tmp_path):
    name, lock = take_name(tmp_path, None)
    assert take_name(tmp_path, None)[0] == f"{name}-2"
    with pytest.raises(ConfigError, match="--name"):
        take_name(tmp_path, name)
    os.close(lock)
    assert take_name(tmp_path, name)[0] == name


def test_a_worker_gives_a_sign_of_life_with_or_without_a_database(world):
    world.worker()
    lock = world.models / "runs" / ".worker-a.lock"
    deadline = time.monotonic() + 20
    while "worker ready" not in world.said() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.utime(lock, (1, 1))
    while lock.stat().st_mtime == 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert time.time() - lock.stat().st_mtime < 20


def test_a_database_without_tables_is_waited_for(tmp_path):
    engine = connect(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(StoreUnavailable, match="jobs"):
        JobTable(engine, Tables(engine)).queued()
    engine.dispose()


def test_dbos_has_a_place_of_its_own():
    assert system_url("sqlite:////data/item2vec.db") == "sqlite:////data/item2vec-jobs.db"
    assert system_url("postgresql+psycopg://u:p@h/d") == "postgresql://u:p@h/d"
