"""Who can write to the database has data read, and nothing run: no pickle, no path, no setting that names a file."""

import base64
import json
import pickle
import subprocess
import sys
from contextlib import contextmanager, nullcontext

import httpx
import pytest
from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, MetaData, Table, Text, insert, text
from support.databases import KINDS, fresh
from support.jobworld import World, two_groups_stored
from support.live import serving

from store import jobs, tables
from store.database import now, transaction
from store.keys import create_key

# Tables in which the library of an earlier release kept pickles, with those of their columns that it unpickled.
FORMER = {
    "workflow_status": ("workflow_uuid", "name", "authenticated_roles", "output", "error", "inputs"),
    "operation_outputs": ("workflow_uuid", "output", "error"),
    "notifications": ("destination_uuid", "topic", "message"),
    "workflow_events": ("workflow_uuid", "key", "value"),
    "workflow_events_history": ("workflow_uuid", "key", "value"),
    "streams": ("workflow_uuid", "key", "value"),
    "event_dispatch_kv": ("service_name", "workflow_fn_name", "key", "value"),
}


class Bomb:
    """Unpickled, it makes a file."""

    def __init__(self, marker):
        self._marker = marker

    def __reduce__(self):
        return open, (str(self._marker), "w")


def forms(marker):
    """The same pickle as text, in all the ways in which libraries keep one in a column."""
    raw = pickle.dumps(Bomb(marker), protocol=0)
    return {
        "base64": base64.b64encode(raw).decode(),
        "text": raw.decode("ascii"),
        "hex": raw.hex(),
        "jsonpickle": json.dumps({"py/reduce": [{"py/function": "builtins.open"}, {"py/tuple": [str(marker), "w"]}]}),
    }


@pytest.fixture(scope="module", params=KINDS)
def world(request, tmp_path_factory):
    """With one worker; and a pickle in every column that can hold a text, of all tables there are and have been."""
    root = tmp_path_factory.mktemp("hostile")
    given = contextmanager(fresh)("postgresql", request) if request.param == "postgresql" else nullcontext()
    with given as url:
        made = World(root, url, with_log=False)
        plant(made, root / "marker")
        made.worker()
        yield made
        made.close()


def plant(world, marker):
    payloads = forms(marker)
    for name, table in tables.metadata.tables.items():
        rows = [filled(table, form, payload) for form, payload in payloads.items()]
        with transaction(world.engine) as connection:
            connection.execute(insert(table), rows[:1] if name == "counters" else rows)
    former = MetaData(schema="dbos" if world.engine.dialect.name == "postgresql" else None)
    with transaction(world.engine) as connection:
        if former.schema:
            connection.execute(text("CREATE SCHEMA dbos"))
        for name, columns in FORMER.items():
            table = Table(name, former, *(Column(column, Text) for column in columns))
            table.create(connection)
            connection.execute(insert(table), [dict.fromkeys(columns, payload) for payload in payloads.values()])


def filled(table, form, payload):
    """A row of the payload. What has to be unique has the form besides; numbers are numbers."""
    row = {}
    for column in table.columns:
        if isinstance(column.type, Boolean):
            row[column.name] = False
        elif isinstance(column.type, Integer):
            row[column.name] = now() if isinstance(column.type, BigInteger) else 1
        elif isinstance(column.type, Float):
            row[column.name] = 1.0
        else:
            row[column.name] = payload
    row.pop("seq", None)
    if table.name == "keys":
        row["secret_hash"] = payload.encode().hex()
        row["revoked"] = None
    if table.name == "jobs":
        # As JSON the payload is an object too. One of them is queued, and a worker will take it.
        as_json = json.loads(payload) if form == "jsonpickle" else {form: payload}
        failure = {"code": payload, "detail": payload, "py/object": "os.system"}
        queued = form == "jsonpickle"
        row |= {
            "state": "queued" if queued else "failed",
            "active": "retrain" if queued else None,
            "overrides": as_json,
            "result": None,
            "error": None if queued else failure,
            "worker": None if queued else payload,
            "cancel": False,
        }
    if table.name == "items":
        row["metadata"] = {form: payload}
    return row


def test_the_pickles_would_run_if_anybody_read_them(tmp_path):
    for form, payload in forms(tmp_path / "marker").items():
        if form != "jsonpickle":
            how = {"base64": "base64.b64decode(p)", "text": "p.encode()", "hex": "bytes.fromhex(p)"}[form]
            program = f"import base64, pickle; p = {payload!r}; pickle.loads({how})"
            subprocess.run([sys.executable, "-c", program], check=True)
            assert (tmp_path / "marker").exists()
            (tmp_path / "marker").unlink()


# In this order: each leaves the world to the next.


def test_a_job_made_of_a_pickle_fails_and_the_next_one_trains(world):
    marker = world.root / "marker"
    bad = forms(marker)["jsonpickle"]
    (job,) = [found for found in all_jobs(world) if found.job_id == bad]
    job = world.ended(job)
    assert (job.state, job.error.code) == ("failed", "config_invalid")
    world.store(two_groups_stored())
    job = world.ended(world.enqueue())
    assert job.state == "succeeded", job
    assert not marker.exists()


def test_the_service_reads_the_rows_and_runs_nothing(world):
    headers = {"X-API-Key": create_key(world.engine, "test", ["admin"])}
    with serving(world.models, database=world.url) as client:
        paths = ("/similar/a1", "/items", "/events/rejects", "/jobs", "/models", "/metrics")
        answers = {path: client.get(path, headers=headers) for path in paths}
        assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(paths, 200)
        user = httpx.QueryParams({"u": forms(world.root / "marker")["text"]})
        assert client.get(f"/users/{str(user)[2:]}/recommendations", headers=headers).status_code < 500
        assert len(answers["/events/rejects"].json()["rejects"]) == 4
    assert not (world.root / "marker").exists()


def test_a_row_cannot_have_the_worker_read_a_file(world):
    secret = world.root / "secret.csv"
    secret.write_text("user_id,item_id,timestamp\nu,i,1700000000\n")
    for events in ({"paths": [str(secret)]}, {"items": str(secret)}):
        job = world.ended(world.enqueue(events=events))
        assert (job.state, job.error.code) == ("failed", "config_invalid")
        assert "may not set events" in job.error.detail


def test_the_id_of_a_job_does_not_lead_out_of_its_folder(world):
    job_id = "../../../outside"
    row = {"job_id": job_id, "state": "queued", "active": "retrain", "overrides": {}, "force": False, "cancel": False}
    with transaction(world.engine) as connection:
        values = row | {"fingerprint": "", "requested_by": "x", "created": now()}
        connection.execute(insert(tables.jobs).values(values))
    (job,) = [found for found in all_jobs(world) if found.job_id == job_id]
    job = world.ended(job)
    assert (job.state, job.error.code) == ("failed", "config_invalid")
    assert not list(world.root.rglob("outside"))
    assert not (world.root.parent / "outside").exists()


def all_jobs(world):
    return jobs.listed(world.engine, 200)[0]
