"""A file of the model that serves is cut under the map: reading what is gone ends the process, and it comes back."""

import os
import signal
import subprocess
import sys
import time

import httpx
import pytest
from support.server import Server, free_port

from benchmarks.http.world import publish

ASKED = "/similar/item-000001?k=5"
REFUSED = "item2vec_models_refused_total "


@pytest.fixture
def models(tmp_path):
    """Two versions, of which the second serves."""
    folder = tmp_path / "models"
    versions = [publish(folder, 50, seed) for seed in (1, 2)]
    return folder, *versions


def cut(models, version):
    os.truncate(models / "versions" / version / "similar_rows.npy", 0)


def ask(url):
    try:
        return httpx.get(url, timeout=5)
    except httpx.HTTPError:
        return None


def until(check):
    deadline = time.monotonic() + 60
    while not (found := check()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def refused_count(url):
    text = httpx.get(f"{url}/metrics").text
    return float(next(line for line in text.splitlines() if line.startswith(REFUSED)).split()[1])


def test_the_process_comes_back_with_the_version_before(models, tmp_path):
    folder, before, current = models
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "item2vec", "serve", "--models", str(folder), "--port", str(port)]
    environment = {**os.environ, "ITEM2VEC_WATCH_SECONDS": "60"}  # nobody looks before somebody asks
    with (tmp_path / "said").open("w") as said:
        serve = subprocess.Popen(command, stderr=said, stdout=said, env=environment)
    try:
        until(lambda: (found := ask(url + ASKED)) and found.status_code == 200)
        assert httpx.get(url + ASKED).headers["x-model-version"] == current
        cut(folder, current)
        assert ask(url + ASKED) is None
        found = until(lambda: (found := ask(url + ASKED)) and found.status_code == 200 and found)
        assert found.headers["x-model-version"] == before
        ready = httpx.get(f"{url}/readyz").json()
        assert ready["model_version"] == before
        assert "similar_rows.npy" in ready["refused"][current]
        assert refused_count(url) == 1
        text = (tmp_path / "said").read_text()
        assert "part=api ended signal=SIGBUS" in text
        assert f"model refused version={current}" in text
        assert f"model served in place of the current one version={before}" in text
        assert serve.poll() is None
        serve.send_signal(signal.SIGTERM)
        assert serve.wait(60) == 0
    finally:
        serve.kill()
        serve.wait()


def test_one_of_several_processes_comes_back_too(models, tmp_path):
    folder, before, current = models
    with Server(folder, tmp_path / "log.txt", workers=2, watch_seconds=60, access_log=False) as server:
        cut(folder, current)
        first = server.pid
        # Each connection may be another process: both die, both come back.
        versions = []
        until(
            lambda: (
                versions.append((found := ask(server.url + ASKED)) and found.headers["x-model-version"])
                or (versions[-20:] == [before] * 20)
            )
        )
        assert None in versions
        assert server.pid == first


def test_a_cut_file_is_found_by_looking_and_the_version_is_left_before_anybody_asks(models, tmp_path):
    folder, before, current = models
    with Server(folder, tmp_path / "log.txt", watch_seconds=0.05, access_log=False) as server:
        cut(folder, current)
        ready = until(lambda: (found := httpx.get(f"{server.url}/readyz").json())["model_version"] == before and found)
        assert "similar_rows.npy" in ready["refused"][current]
        assert httpx.get(server.url + ASKED).headers["x-model-version"] == before
        assert refused_count(server.url) == 1
        assert "SIGBUS" not in server.log.read_text()


def test_a_folder_that_is_away_for_a_while_changes_nothing(models, tmp_path):
    folder, _, current = models
    database = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    with Server(folder, tmp_path / "log.txt", watch_seconds=0.05, access_log=False, database=database) as server:
        folder.rename(tmp_path / "away")
        time.sleep(0.5)
        assert httpx.get(server.url + ASKED).headers["x-model-version"] == current
        (tmp_path / "away").rename(folder)
        newest = publish(folder, 50, 3)
        until(lambda: httpx.get(server.url + ASKED).headers["x-model-version"] == newest)
