"""Expensive requests, and clients that go away: others are answered, the work stops, the process ends when told to."""

import json
import os
import signal
import socket
import sqlite3
import time

import httpx
import pytest
from support.server import Server

from benchmarks.http.world import publish

BATCHES = 40
GUARD_SECONDS = 30.0  # against hanging only: without the bounds it is minutes


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("overload") / "models"
    publish(folder, 3000)
    return folder


@pytest.fixture
def server(models, tmp_path):
    quiet = {"database": f"sqlite:///{tmp_path / 'own.db'}", "access_log": False, "rate_per_address": 0}
    # All are admitted: what is tested is that they do no harm.
    with Server(models, tmp_path / "log.txt", search_queue=10**9, drain_seconds=1, **quiet) as made:
        yield made


def batch(port, client):
    """A connection from an address of its own, on which some two seconds of work were asked for."""
    content = json.dumps({"items": [f"item-{n:06d}" for n in range(100)], "k": 500, "diversity": 0.5}).encode()
    connection = socket.create_connection(("127.0.0.1", port), 10, source_address=(f"127.0.1.{client + 1}", 0))
    head = "POST /similar HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
    return connection


def pool_of(server, name="search"):
    """(running, waiting)"""
    lines = dict(line.rsplit(" ", 1) for line in httpx.get(f"{server.url}/metrics").text.splitlines())
    return tuple(int(float(lines[f'item2vec_pool_{what}{{pool="{name}"}}'])) for what in ("running", "waiting"))


def until(check):
    deadline = time.monotonic() + GUARD_SECONDS
    while not check():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.05)


def ends(server):
    """Whether the process ends in its limit."""
    os.kill(server.pid, signal.SIGTERM)
    assert server._process is not None
    return server._process.wait(timeout=60)


def test_others_are_answered_while_expensive_batches_run_and_the_work_stops_with_its_clients(server):
    held = [batch(server.port, client) for client in range(BATCHES)]
    until(lambda: sum(pool_of(server)) == BATCHES)
    # In the same pool, and in others.
    asked = {"user_id": "u", "item_id": "item-000001"}
    assert httpx.post(f"{server.url}/events", json=[asked], timeout=60).status_code == 200
    for path in ("/explain?item=item-000001&candidate=item-000002", "/items?q=12", "/jobs", "/models", "/readyz"):
        assert httpx.get(server.url + path, timeout=60).status_code == 200, path
    assert sum(pool_of(server)) > BATCHES / 2, "they are under way all the same"
    for connection in held:
        connection.close()
    until(lambda: pool_of(server) == (0, 0))
    assert 'item2vec_pool_refused_total{pool="search",reason="gone"}' in httpx.get(f"{server.url}/metrics").text
    assert ends(server) == 0


def test_a_process_ends_in_its_limit_although_expensive_batches_run(server):
    held = [batch(server.port, client) for client in range(BATCHES)]
    until(lambda: sum(pool_of(server)) == BATCHES)
    assert ends(server) == 0, server.log.read_text()[-3000:]
    for connection in held:
        connection.close()


def test_a_process_ends_in_its_limit_although_a_thread_hangs(server, tmp_path):
    """In one call, which no flag can end: a writer that waits for a lock of the database, as long as SQLite lets it."""
    other = sqlite3.connect(tmp_path / "own.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    body = b'[{"user_id":"u","item_id":"i"}]'
    head = f"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        until(lambda: pool_of(server, "write")[0] == 1)
        assert ends(server) == 0
    other.close()


def test_the_process_is_alive_while_its_first_model_loads_and_says_what_it_waits_for(models, tmp_path):
    """A disk that takes its time: who reads the file gets no byte until the test writes some."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "versions").symlink_to(models / "versions")
    content = (models / "current.json").read_bytes()
    current = folder / "current.json"
    os.mkfifo(current)
    server = Server(folder, tmp_path / "log.txt", access_log=False)
    server.start(ready=False)
    try:
        assert httpx.get(f"{server.url}/healthz").json()["status"] == "loading"
        ready = httpx.get(f"{server.url}/readyz")
        assert (ready.status_code, ready.json()["reason"]) == (503, "loading")
        assert ready.json()["next_step"] is None
        for answer in (
            httpx.get(f"{server.url}/similar/item-000001"),
            httpx.post(f"{server.url}/recommend", json={"items": ["item-000001"]}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (503, "model_loading")
            assert int(answer.headers["retry-after"]) >= 1
        # What needs no model is answered.
        stored = httpx.post(f"{server.url}/events", json=[{"user_id": "u", "item_id": "item-000001"}])
        assert stored.status_code == 200, stored.text
        pipe = os.open(current, os.O_WRONLY)
        (tmp_path / "whole").write_bytes(content)
        (tmp_path / "whole").replace(current)
        os.write(pipe, content)
        os.close(pipe)
        until(lambda: httpx.get(f"{server.url}/readyz").status_code == 200)
        assert httpx.get(f"{server.url}/healthz").json()["status"] == "ok"
        assert httpx.get(f"{server.url}/similar/item-000001").status_code == 200
    finally:
        server.stop()
