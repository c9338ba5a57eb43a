"""Jobs as a worker takes them: what it trains on, what it says, and what it refuses."""

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.jobworld import (
    LATER,
    LONG,
    QUICK,
    SLOW,
    WORSE,
    in_training,
    two_groups_stored,
    versions,
    wait_for,
)
from support.processes import gone

from index.artifact.registry import Registry
from index.errors import ConfigError
from store import jobs
from training.jobs.worker import Schedule, take_name

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


def test_what_a_log_says_beyond_order_may_be_overridden(shared):
    given = {"objective": {"walks": 1, "walk_length": 3}, "sessions": {"half_life_days": 400}, **QUICK}
    job = shared.ended(shared.enqueue(**given))
    assert job.state == "succeeded", job
    config = Registry(shared.models).open().manifest.config
    assert config["objective"]["walks"] == 1
    assert config["sessions"]["half_life_days"] == 400
    assert config["sessions"]["min_item_count"] == 2  # as the worker's file has it


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ({"events": {"paths": ["/etc/passwd"]}}, "a job may not set events.paths"),
        ({"events": {"type_weights": {"buy": 2}, "items": "/etc/passwd"}}, "a job may not set events.items"),
        ({"events": ["/etc/passwd"]}, "a job may not set events."),
        ({"gate": {"log_kept": 0}}, "a job may not set gate"),
        ({"events": {"type_weights": {"buy": 2}}}, "type_weights need event_type"),
        ({"objective": {"conversion_context": 1}}, "need events.conversion_types"),
    ],
)
def test_what_a_job_may_not_set_or_what_lacks_its_other_half_fails_it(shared, overrides, told):
    job = shared.ended(shared.enqueue(**overrides))
    assert (job.state, job.error.code) == ("failed", "config_invalid")
    assert told in job.error.detail


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
