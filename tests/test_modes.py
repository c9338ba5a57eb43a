"""What people did is for the eyes of the service alone: no other user of the machine can read a file of it."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from support.factories import write_log
from support.jobworld import GUARD_SECONDS, TOML
from support.server import free_port

QUICK = {"trainer": {"engine": "spectral"}, "evaluation": {"blend": False}}


def modes(folder):
    """Path below the folder -> its rights, of all that is there now."""
    found = {}
    for place, folders, files in os.walk(folder):  # passes over a folder that has gone meanwhile
        for path in (Path(place, name) for name in (*folders, *files)):
            try:
                found[path.relative_to(folder)] = stat.S_IMODE(path.lstat().st_mode)
            except FileNotFoundError:
                continue
    return found


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """The rights of all that was ever there while `item2vec serve` made a model, started where all files are open."""
    root = tmp_path_factory.mktemp("modes")
    models, port = root / "models", free_port()
    log = write_log(root / "log" / "events.csv")
    log.write_text(log.read_text() + "someone,a1,never\n")
    (root / "train.toml").write_text(f'[events]\npaths = ["{log}"]\n' + TOML.format(epochs=5))
    (models / "runs" / "of a former release").mkdir(parents=True)
    (models / "runs").chmod(0o750)
    command = [sys.executable, "-m", "item2vec", "serve", "--models", str(models), "--port", str(port)]
    with (root / "said").open("w") as said:
        serve = subprocess.Popen([*command, "--config", str(root / "train.toml")], stderr=said, stdout=said, umask=0)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
    try:
        deadline, job, found = time.monotonic() + GUARD_SECONDS, None, {}
        while job is None or job["state"] in ("queued", "running"):
            assert time.monotonic() < deadline, (root / "said").read_text()
            time.sleep(0.05)
            found |= modes(models)
            try:
                if job is None:
                    event = {"user_id": "u", "item_id": "a1", "time": 1_700_000_000}
                    assert client.post("/events", json=[event]).status_code in (200, 202)
                    job = client.post("/retrain", json={"overrides": QUICK}).json()
                job = client.get(f"/jobs/{job['job_id']}").json()
            except httpx.TransportError:
                continue
        assert job["state"] == "succeeded", job
        return found | modes(models)
    finally:
        client.close()
        serve.terminate()
        serve.wait()


def test_no_other_user_can_read_anything(seen):
    assert len(seen) > 40
    assert {path: oct(mode) for path, mode in seen.items() if mode & 0o007} == {}


def test_events_jobs_and_rejects_are_the_owners_alone(seen):
    folders = {path: mode for path, mode in seen.items() if path.parts[0] == "runs" and len(path.parts) == 2}
    names = {path.name: mode for path, mode in folders.items() if not path.name.startswith(".")}
    assert {"stored", "of a former release"} < names.keys()
    assert set(names.values()) == {0o700}
    jobs = {mode for path, mode in seen.items() if path.parts[:2] == ("runs", "stored") and len(path.parts) == 3}
    assert jobs == {0o700}
    databases = {path.name: mode for path, mode in seen.items() if path.name.startswith("item2vec.db")}
    assert {"item2vec.db", "item2vec.db-wal", "item2vec.db-shm"} <= databases.keys()
    assert set(databases.values()) == {0o600}
    assert {mode for path, mode in seen.items() if path.name == "rejects.parquet"} == {0o600}


def test_the_group_can_read_what_is_published(seen):
    """A container of the same group copies it elsewhere."""
    published = {path: mode for path, mode in seen.items() if path.parts[0] == "versions" and len(path.parts) == 3}
    assert len(published) > 10
    assert {path for path, mode in published.items() if not mode & 0o040} == set()
