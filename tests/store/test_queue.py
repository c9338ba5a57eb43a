"""The worker's side of the jobs: each has one owner, and a dead owner's is taken over."""

import threading
import time
from contextlib import suppress

import pytest
import sqlalchemy as sa
from sqlalchemy import select, update

from index.errors import JobEnded, StoreUnavailable
from store import jobs, tables
from store.database import connect, now, transaction
from store.job import Ending, JobState, Result
from store.queue import LOOKS, Lost, Queue

STALE = 0.6


def ask(engine):
    return jobs.enqueue(engine, {"trainer": {"epochs": 3}}, False, None, "anonymous")


def set_job(engine, job, **values):
    with transaction(engine) as connection:
        connection.execute(update(tables.jobs).where(tables.jobs.c.job_id == job.job_id).values(**values))


def claimed(queue):
    """What it claims once it had the time to see that a heartbeat stays old."""
    assert queue.claim() is None
    time.sleep(STALE / LOOKS)
    return queue.claim()


def test_a_queued_job_becomes_its_first_claimers(engine):
    assert Queue(engine, "a").claim() is None
    asked = ask(engine)
    job = Queue(engine, "a").claim()
    assert job == jobs.get(engine, asked.job_id)
    assert (job.state, job.worker, job.overrides) == (JobState.RUNNING, "a", {"trainer": {"epochs": 3}})
    assert job.started == job.heartbeat
    assert Queue(engine, "b").claim() is None


def test_a_worker_that_starts_again_claims_its_own_job_and_the_start_stays(engine):
    ask(engine)
    first = Queue(engine, "a").claim()
    again = Queue(engine, "a").claim()
    assert (again.job_id, again.started) == (first.job_id, first.started)
    assert again.heartbeat >= first.heartbeat


def test_of_many_workers_one_claims_a_job(database, engine):
    for _ in range(5):
        ask(engine)
        engines = [connect(database) for _ in range(4)]
        claims = []
        ready = threading.Barrier(4)

        def claim(i, engines=engines, claims=claims, ready=ready):
            ready.wait()
            claims.append(Queue(engines[i], str(i)).claim())

        threads = [threading.Thread(target=claim, args=[i]) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (job,) = [job for job in claims if job is not None]
        Queue(engine, job.worker).finish(job.job_id, Ending(JobState.CANCELLED))
        for other in engines:
            other.dispose()


def test_a_job_whose_worker_stays_silent_is_taken_over_and_the_silent_one_loses_it(engine):
    ask(engine)
    old, new = Queue(engine, "old", STALE), Queue(engine, "new", STALE)
    job = old.claim()
    time.sleep(STALE)
    taken = claimed(new)
    assert (taken.job_id, taken.worker, taken.started) == (job.job_id, "new", job.started)
    for write in (
        lambda: old.beat(job.job_id, "train", None, None, ()),
        lambda: old.finish(job.job_id, Ending(JobState.CANCELLED)),
    ):
        with pytest.raises(Lost):
            write()
    assert old.claim() is None
    assert jobs.get(engine, job.job_id).worker == "new"


def test_a_heartbeat_that_is_old_after_an_outage_is_not_that_of_a_dead_worker(engine):
    ask(engine)
    old, new = Queue(engine, "old", STALE), Queue(engine, "new", STALE)
    job = old.claim()
    for _ in range(3):
        set_job(engine, job, heartbeat=now() - 10_000_000)
        assert new.claim() is None
        time.sleep(STALE / LOOKS)
        old.beat(job.job_id, "train", None, None, ())  # it is back as well
        assert new.claim() is None


def test_a_dead_worker_whose_clock_was_ahead_is_noticed_too(engine):
    ask(engine)
    job = Queue(engine, "old", STALE).claim()
    set_job(engine, job, heartbeat=now() + 3_600_000_000)
    found = claimed(Queue(engine, "new", STALE))
    assert (found.job_id, found.worker) == (job.job_id, "new")


def test_a_job_that_a_worker_of_the_release_before_left_is_adopted(engine):
    job = ask(engine)
    set_job(engine, job, state="running", worker="old", started=5, heartbeat=7, step="train", progress=0.5)
    taken = claimed(Queue(engine, "new", STALE))
    assert (taken.job_id, taken.worker, taken.started, taken.step) == (job.job_id, "new", 5, "train")


def test_a_released_job_is_free_at_once(engine):
    ask(engine)
    queue = Queue(engine, "a")
    job = queue.claim()
    queue.release()
    assert (jobs.get(engine, job.job_id).state, jobs.get(engine, job.job_id).worker) == ("running", None)
    assert Queue(engine, "b").claim().job_id == job.job_id


def test_a_beat_says_how_far_the_job_is_and_adds_lines(engine):
    ask(engine)
    queue = Queue(engine, "a")
    job = queue.claim()
    queue.beat(job.job_id, "read", 0.5, 3.0, ["one\0", "tw\ud800o"])
    queue.beat(job.job_id, "read", 0.6, 2.0, ())
    found = jobs.get(engine, job.job_id)
    assert (found.step, found.progress, found.eta_seconds) == ("read", 0.6, 2.0)
    assert [line.text for line in jobs.lines(engine, job.job_id)] == ["one ", "tw?o"]
    assert not queue.cancelled(job.job_id)
    jobs.cancel(engine, job.job_id)
    assert queue.cancelled(job.job_id)


def test_a_sealed_job_cannot_be_cancelled_and_a_cancelled_one_not_sealed(engine):
    ask(engine)
    queue = Queue(engine, "a")
    job = queue.claim()
    assert not job.sealed
    assert queue.seal(job.job_id)
    for change in (lambda: None, queue.release, lambda: set_job(engine, job, worker="a", heartbeat=5)):
        change()
        with pytest.raises(JobEnded, match="about to end"):
            jobs.cancel(engine, job.job_id)
    queue.beat(job.job_id, None, None, None, ())
    queue.beat(job.job_id, "train", 0.5, None, ())
    found = jobs.get(engine, job.job_id)
    assert (found.sealed, found.cancel, found.step) == (True, False, "activate")
    assert Queue(engine, "a").claim().sealed
    assert queue.seal(job.job_id)  # by who resumes it
    queue.finish(job.job_id, Ending.trained(Result("20260101-000000", None, {})))
    assert not jobs.get(engine, job.job_id).sealed

    ask(engine)
    job = queue.claim()
    jobs.cancel(engine, job.job_id)
    assert not queue.seal(job.job_id)
    with pytest.raises(Lost):
        Queue(engine, "b").seal(job.job_id)


def test_of_a_cancel_and_a_seal_at_the_same_moment_one_wins(database, engine):
    other = connect(database)
    queue = Queue(engine, "a")
    for _ in range(15):
        ask(engine)
        job = queue.claim()
        ready, cancelled = threading.Barrier(2), []

        def cancel(job=job, ready=ready, cancelled=cancelled):
            ready.wait()
            with suppress(JobEnded):
                cancelled.append(jobs.cancel(other, job.job_id).cancel)

        thread = threading.Thread(target=cancel)
        thread.start()
        ready.wait()
        sealed = queue.seal(job.job_id)
        thread.join()
        assert cancelled == ([] if sealed else [True])
        queue.finish(job.job_id, Ending.failed("training_failed", "for the next one"))
    other.dispose()


def test_an_ended_job_says_how_and_is_nobodys_to_claim(engine):
    queue = Queue(engine, "a")
    gate = {"accepted": False, "forced": False, "reasons": ["worse"]}
    result = Result("20260101-000000", gate, {"events": 5})
    endings = [Ending.trained(result), Ending.failed("events_missing", "none"), Ending(JobState.CANCELLED)]
    for ending in endings:
        ask(engine)
        job = queue.claim()
        assert queue.state(job.job_id) == JobState.RUNNING
        queue.finish(job.job_id, ending)
        found = jobs.get(engine, job.job_id)
        assert Ending(found.state, found.result, found.error) == ending
        assert queue.claim() is None
        assert queue.state(job.job_id).ended
        with pytest.raises(Lost):
            queue.finish(job.job_id, ending)
    unsaid = select(tables.jobs.c.job_id).where(tables.jobs.c.result.is_(sa.null()), tables.jobs.c.error.is_(sa.null()))
    with transaction(engine, reading=True) as connection:
        assert list(connection.scalars(unsaid)) == [job.job_id]  # NULL, and not JSON's null


def test_a_scheduled_retraining_is_queued_once_and_never_beside_another(engine):
    queue = Queue(engine, "a")
    running = ask(engine)
    assert not queue.schedule("schedule-1")
    jobs.cancel(engine, running.job_id)
    assert queue.schedule("schedule-2")
    job = queue.claim()
    assert job.requested_by == "schedule"
    queue.finish(job.job_id, Ending(JobState.CANCELLED))
    assert not queue.schedule("schedule-2")


def test_a_database_without_tables_is_unavailable_and_may_get_them(bare_database):
    engine = connect(bare_database)
    with pytest.raises(StoreUnavailable):
        Queue(engine, "a").claim()
    engine.dispose()
