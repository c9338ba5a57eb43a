"""The service as processes: it starts, or says why not; it comes back when killed; it ends when told to."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from support.processes import gone
from support.server import Server, free_port

from app.run.serve import listen, prepare
from app.settings import Settings
from cli.main import parse
from cli.serve import settings_of
from index.errors import ConfigError
from store.database import connect
from store.keys import create_key
from store.upkeep.migrate import migrate


def serving(folder, *arguments):
    """`item2vec serve` on a folder; what it says is in the file `said`."""
    command = [sys.executable, "-m", "item2vec", "serve", "--models", folder / "models", *arguments]
    with (folder / "said").open("w") as said:
        return subprocess.Popen(list(map(str, command)), stderr=said, stdout=said)


def wait_for(url, seconds=40):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            return httpx.get(url, timeout=5)
        except httpx.HTTPError:
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")


def children(process):
    return [int(p) for p in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def name_of(process):
    return Path(f"/proc/{process}/cmdline").read_text().split("\0")[3]


def all_end(processes, seconds=10):
    deadline = time.monotonic() + seconds
    while not all(map(gone, processes)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return all(map(gone, processes))


def test_a_port_in_use_is_said_and_not_tried_again(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match="in use"):
            listen("127.0.0.1", port)
        assert serving(tmp_path, "--port", port).wait(30) == 2
    assert (tmp_path / "said").read_text().count("is in use") == 1


def test_an_open_address_needs_keys_or_a_word(tmp_path):
    open_to_all = Settings(models=tmp_path / "models", host="0.0.0.0")
    with pytest.raises(ConfigError, match="item2vec keys create"):
        prepare(open_to_all)
    prepare(open_to_all.model_copy(update={"insecure": True}))
    prepare(open_to_all.model_copy(update={"host": "127.0.0.1"}))
    engine = connect(open_to_all.database_url)
    create_key(engine, "one", ["admin"])
    engine.dispose()
    prepare(open_to_all)


def test_serve_keeps_both_parts_running_and_ends_them(tmp_path):
    port = free_port()
    serve = serving(tmp_path, "--port", port)
    url = f"http://127.0.0.1:{port}"
    try:
        assert wait_for(f"{url}/healthz").status_code == 200
        parts = {name_of(p): p for p in children(serve.pid)}
        assert set(parts) == {"api", "worker"}
        os.kill(parts["api"], signal.SIGKILL)
        assert all_end([parts["api"]])
        assert wait_for(f"{url}/healthz").status_code == 200
        # The worker does what the API is asked for.
        job = httpx.post(f"{url}/retrain").json()
        deadline = time.monotonic() + 20
        while job["state"] != "failed" and time.monotonic() < deadline:
            time.sleep(0.1)
            job = httpx.get(f"{url}/jobs/{job['job_id']}").json()
        assert job["error"]["code"] == "events_missing"
        parts = children(serve.pid)
        serve.terminate()
        assert serve.wait(15) == 0
        assert all(map(gone, parts))
    finally:
        serve.kill()
        serve.wait()


def test_the_parts_end_with_a_killed_serve(tmp_path):
    port = free_port()
    serve = serving(tmp_path, "--port", port, "--workers", 2)
    wait_for(f"http://127.0.0.1:{port}/healthz")
    parts = children(serve.pid)
    every = parts + [p for part in parts for p in children(part)]
    assert len(every) >= 4
    serve.kill()
    serve.wait()
    assert all_end(every)


def test_an_api_does_not_wait_for_an_open_stream_to_end(tmp_path):
    # More than `stop` waits for: were the stream left open, the test would fail there.
    server = Server(tmp_path / "models", tmp_path / "log", drain_seconds=600)
    server.start(ready=False)
    job = httpx.post(f"{server.url}/retrain").json()
    with httpx.stream("GET", f"{server.url}/jobs/{job['job_id']}/stream") as stream:
        lines = stream.iter_lines()
        while not next(lines).startswith("data"):
            pass
        os.kill(server.pid, signal.SIGTERM)
        list(lines)
    assert server.stop() == 0, server.log.read_text()


def test_an_api_that_leaves_says_so_and_goes_on_answering(tmp_path):
    server = Server(tmp_path / "models", tmp_path / "log", leave_seconds=2)
    server.start(ready=False)
    assert httpx.get(f"{server.url}/healthz").json()["status"] == "ok"
    os.kill(server.pid, signal.SIGTERM)
    deadline = time.monotonic() + 2
    while httpx.get(f"{server.url}/healthz").status_code != 503:  # each on a connection of its own, as from a proxy
        assert time.monotonic() < deadline
    assert httpx.get(f"{server.url}/healthz").json()["status"] == "leaving"
    assert httpx.get(f"{server.url}/models").status_code == 200
    assert server.stop() == 0, server.log.read_text()


def test_flags_go_before_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("ITEM2VEC_PORT", "1")
    monkeypatch.setenv("ITEM2VEC_HOST", "::1")
    options = parse(["api", "--port", "2", "--models", str(tmp_path), "--config", "t.toml"])
    found = settings_of(options)
    assert (found.port, found.host, found.models, found.train_config) == (2, "::1", tmp_path, Path("t.toml"))
    assert not found.insecure


def test_keys_are_made_listed_and_revoked_on_the_command_line(tmp_path, capsys):
    def run(*arguments):
        options = parse(["keys", *arguments, "--models", str(tmp_path)])
        assert options.run(options) == 0
        return capsys.readouterr().out

    assert "no keys" in run("list")
    token = run("create", "--name", "shop", "--scope", "read", "--scope", "write").strip()
    (line,) = run("list").splitlines()
    key_id = line.split()[0]
    assert key_id in token
    assert token not in line
    assert "read,write" in line
    assert "valid" in line
    run("revoke", key_id)
    assert "revoked" in run("list")


def test_the_database_is_there_before_the_first_request(tmp_path):
    settings = Settings(models=tmp_path / "new" / "models")
    prepare(settings)
    engine = connect(settings.database_url)
    migrate(engine)
    engine.dispose()


def test_silent_connections_take_nobodys_place(tmp_path):
    """More than the process may have open files: the usual limits, an eighth of them."""
    server = Server(tmp_path / "models", tmp_path / "log", files=(128, 256))
    server.start(ready=False)
    with ExitStack() as open_ones:
        for number in range(300):
            # Of three addresses, so that none has too many for itself.
            source = (f"127.0.0.{2 + number % 3}", 0)
            found = socket.create_connection(("127.0.0.1", server.port), timeout=10, source_address=source)
            open_ones.enter_context(found)
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        limits = Path(f"/proc/{server.pid}/limits").read_text()
        assert re.search(r"Max open files +256 +256", limits)  # as many as it may have
    assert server.stop() == 0
    assert "out of system resource" not in server.log.read_text()
