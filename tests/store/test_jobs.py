"""Retraining over HTTP: one at a time, repeatable by its key, to be followed and cancelled."""

import json
import threading

import pytest
from sqlalchemy import insert, update
from support.live import serving

from index.errors import JobEnded, JobRunning, KeyReused, RequestError
from store import jobs, tables
from store.database import now, transaction
from store.job import JobState


def set_job(engine, job, **values):
    with transaction(engine) as connection:
        connection.execute(update(tables.jobs).where(tables.jobs.c.job_id == job.job_id).values(**values))


def finish(engine, job, state="succeeded", **values):
    set_job(engine, job, state=state, active=None, finished=now(), **values)


def run(engine, job, **values):
    set_job(engine, job, **({"state": "running", "worker": "w", "started": now(), "heartbeat": now()} | values))


def write(engine, job, *texts):
    with transaction(engine) as connection:
        connection.execute(insert(tables.job_lines), [{"job_id": job.job_id, "at": 1, "text": t} for t in texts])


def ask(engine, key=None, who="anonymous", force=False, **overrides):
    return jobs.enqueue(engine, overrides, force, key, who)


def test_a_second_job_is_refused_while_one_is_under_way(engine):
    first = ask(engine)
    for state in (lambda: None, lambda: run(engine, first)):
        state()
        with pytest.raises(JobRunning) as refused:
            ask(engine)
        assert refused.value.extra == {"job": f"/jobs/{first.job_id}"}
        assert refused.value.headers == {"Location": f"/jobs/{first.job_id}"}
    finish(engine, first)
    assert ask(engine).job_id != first.job_id


def test_a_state_that_no_job_is_in_any_more_counts_none(engine):
    first = ask(engine)
    assert jobs.counts(engine) == dict.fromkeys(JobState, 0) | {"queued": 1}
    finish(engine, first)
    assert jobs.counts(engine) == dict.fromkeys(JobState, 0) | {"succeeded": 1}


def test_many_at_once_make_one_job(engine):
    found, refused = [], []

    def one():
        try:
            found.append(ask(engine).job_id)
        except JobRunning:
            refused.append(1)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(refused)) == (1, 7)


def test_the_same_key_gives_the_same_job_and_another_body_is_refused(engine):
    first = ask(engine, "k", trainer={"epochs": 3})
    assert ask(engine, "k", trainer={"epochs": 3}).job_id == first.job_id
    finish(engine, first)
    assert ask(engine, "k", trainer={"epochs": 3}).state == "succeeded"
    with pytest.raises(KeyReused):
        ask(engine, "k", trainer={"epochs": 4})
    with pytest.raises(KeyReused):
        ask(engine, "k", force=True, trainer={"epochs": 3})
    assert ask(engine, "k", "another caller").job_id != first.job_id


def test_the_same_key_many_times_at_once_gives_one_job(engine):
    found = []
    threads = [threading.Thread(target=lambda: found.append(ask(engine, "k").job_id)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_jobs_come_newest_first_in_pages(engine):
    made = []
    for _ in range(5):
        made.append(ask(engine))
        finish(engine, made[-1])
    found, cursor = jobs.listed(engine, 2)
    while cursor is not None:
        page, cursor = jobs.listed(engine, 2, cursor)
        found += page
    assert [job.job_id for job in found] == [job.job_id for job in reversed(made)]
    with pytest.raises(RequestError, match="cursor"):
        jobs.listed(engine, 2, "x")


def test_a_queued_job_is_cancelled_at_once_and_a_running_one_by_its_worker(engine):
    queued = ask(engine)
    assert jobs.cancel(engine, queued.job_id).state == "cancelled"
    running = ask(engine)
    run(engine, running)
    asked = jobs.cancel(engine, running.job_id)
    assert (asked.state, asked.cancel) == ("running", True)
    set_job(engine, running, heartbeat=now() - 31_000_000)  # its worker is dead
    assert jobs.cancel(engine, running.job_id).state == "cancelled"
    assert jobs.cancel(engine, running.job_id).state == "cancelled"
    done = ask(engine)
    finish(engine, done)
    with pytest.raises(JobEnded):
        jobs.cancel(engine, done.job_id)


@pytest.fixture
def client(tmp_path, database):
    with serving(tmp_path / "models", database=database) as made:
        yield made


@pytest.fixture
def store(client):
    return client.app.state.service.engine


def test_retrain_says_where_to_follow_it(client):
    answer = client.post("/retrain")
    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/jobs/{job['job_id']}"
    assert (job["state"], job["overrides"], job["requested_by"]) == ("queued", {}, "anonymous")
    assert "model_version" in job
    again = client.post("/retrain", json={})
    assert (again.status_code, again.json()["code"]) == (409, "job_running")
    assert again.json()["job"] == again.headers["location"] == answer.headers["location"]
    assert client.get(answer.headers["location"]).json() == job
    assert client.get("/jobs").json()["jobs"] == [job]
    assert client.delete(answer.headers["location"]).json()["state"] == "cancelled"
    other = client.post("/retrain", json={"overrides": {"trainer": {"epochs": 3}, "seed": 7}, "force": True}).json()
    assert (other["overrides"], other["force"]) == ({"trainer": {"epochs": 3}, "seed": 7}, True)


def test_a_cancel_that_comes_too_late_is_refused_and_says_why(client, store):
    place = client.post("/retrain").headers["location"]
    run(store, jobs.get(store, place.removeprefix("/jobs/")), step="activate")
    answer = client.delete(place)
    assert (answer.status_code, answer.json()["code"]) == (409, "job_ended")
    assert "POST /models/rollback" in answer.json()["detail"]
    job = client.get(place).json()
    assert (job["state"], job["step"], job["cancel"]) == ("running", "activate", False)


def test_a_key_repeats_a_request(client):
    first = client.post("/retrain", headers={"Idempotency-Key": "k"})
    assert client.post("/retrain", headers={"Idempotency-Key": "k"}).json() == first.json()
    other = client.post("/retrain", headers={"Idempotency-Key": "k"}, json={"force": True})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    for key in ("", "k" * 201):
        assert client.post("/retrain", headers={"Idempotency-Key": key}).status_code == 422


@pytest.mark.parametrize(
    "overrides",
    [
        {"events": {"paths": ["/etc/passwd"]}},
        {"gate": {"items_kept": 0}},
        {"trainer": {"epochs": {"a": 1}}},
        {"trainer": {"Epochs": 1}},
        {"trainer": {"a" * 41: 1}},
        {"trainer": {"epochs": "x" * 201}},
        {"trainer": {"epochs": None}},
        {"trainer": 3},
        {"seed": -1},
        {"seed": 1.5},
        {"nothing": {}},
        [],
    ],
)
def test_overrides_that_cannot_be_settings_are_refused_at_the_door(client, overrides):
    answer = client.post("/retrain", json={"overrides": overrides})
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")
    assert client.get("/jobs").json()["jobs"] == []


def test_numbers_must_be_finite(client):
    for text in ("1e999", "NaN", "-Infinity"):
        body = f'{{"overrides": {{"trainer": {{"learning_rate": {text}}}}}}}'
        answer = client.post("/retrain", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422


def test_what_became_of_a_job_is_told(client, store):
    job = jobs.get(store, client.post("/retrain").json()["job_id"])
    gate = {"accepted": False, "forced": False, "reasons": ["worse"], "figures": {"T1": [0.1, 0.2, 0.3]}}
    finish(store, job, "refused", result={"version": "20260101-000000", "gate": gate, "counts": {"events": 5}})
    told = client.get(f"/jobs/{job.job_id}").json()
    assert told["result"]["gate"] == gate | {"notes": [], "advice": None}  # as the release before wrote it
    assert told["error"] is None
    other = jobs.get(store, client.post("/retrain").json()["job_id"])
    finish(store, other, "failed", error={"code": "events_missing", "detail": "none"})
    assert client.get(f"/jobs/{other.job_id}").json()["error"] == {"code": "events_missing", "detail": "none"}
    assert client.delete(f"/jobs/{other.job_id}").json()["code"] == "job_ended"
    for answer in (client.get("/jobs/none"), client.delete("/jobs/none"), client.get("/jobs/none/stream")):
        assert (answer.status_code, answer.json()["code"]) == (404, "job_unknown")


def events_of(client, job, **headers):
    """(event, id, data) of a stream, as they come."""
    with client.stream("GET", f"/jobs/{job.job_id}/stream", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        found = {}
        for text in answer.iter_lines():
            name, _, value = text.partition(": ")
            if text:
                found[name] = value
            elif "event" in found:
                yield found["event"], found.get("id"), found["data"]
                found = {}
            else:
                found = {}


def test_a_stream_tells_changes_and_lines_and_ends_with_the_job(client, store):
    job = ask(store)
    stream = events_of(client, job)
    assert json.loads(next(stream)[2])["state"] == "queued"
    write(store, job, "step=read", "step=train")
    assert [next(stream)[2] for _ in range(2)] == ["step=read", "step=train"]
    run(store, job, step="train", progress=0.5)
    assert json.loads(next(stream)[2])["progress"] == 0.5
    write(store, job, "step=publish")
    finish(store, job)
    rest = list(stream)
    assert [event for event, _, _ in rest] == ["line", "job"]
    assert json.loads(rest[-1][2])["state"] == "succeeded"


def test_a_stream_goes_on_after_the_last_line_that_was_seen(client, store):
    job = ask(store)
    write(store, job, "one", "two", "three")
    finish(store, job)
    lines = [(number, text) for event, number, text in events_of(client, job) if event == "line"]
    assert [text for _, text in lines] == ["one", "two", "three"]
    seen = lines[1][0]
    rest = [text for event, _, text in events_of(client, job, **{"Last-Event-ID": seen}) if event == "line"]
    assert rest == ["three"]
    assert client.get(f"/jobs/{job.job_id}/stream", headers={"Last-Event-ID": "x"}).status_code == 422


def test_an_open_stream_holds_up_nobody(client, store):
    job = ask(store)
    streams = [events_of(client, job) for _ in range(12)]
    for stream in streams:
        next(stream)
    assert client.get("/jobs").status_code == 200
    write(store, job, "step=read")
    assert {next(stream)[2] for stream in streams} == {"step=read"}  # all of them are still open
    for stream in streams:
        stream.close()
