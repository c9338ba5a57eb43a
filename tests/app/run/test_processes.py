"""Several API processes over one folder and one database: what one is told, all do."""

import signal
import socket
import time
from pathlib import Path

import httpx
import pytest
from support.server import Server

from benchmarks.http.world import publish


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("processes") / "models"
    publish(folder, 100)
    return folder


def test_an_item_hidden_in_one_process_is_gone_from_all_within_a_second(models, tmp_path, database):
    quiet = {"database": database, "access_log": False, "rate_per_address": 0}
    servers = [Server(models, tmp_path / f"log{n}.txt", workers=n, **quiet) for n in (1, 2)]
    for server in servers:
        server.start()
    try:
        item = httpx.get(f"{servers[0].url}/similar/item-000001?k=1").json()["items"][0]["item_id"]
        hidden = httpx.patch(f"{servers[0].url}/items/{item}", json={"available": False})
        assert hidden.status_code == 200, hidden.text
        time.sleep(1.0)
        for server in servers:
            for _ in range(20):  # new connections, so that each of the processes answers some
                for path in ("/similar/item-000001?k=50", "/similar/item-000001?k=50&explain=true"):
                    assert f'"item_id":"{item}"' not in httpx.get(server.url + path).text
        text = "".join(httpx.get(f"{servers[1].url}/metrics").text for _ in range(3))
        assert "item2vec_request_seconds_bucket" in text
        assert "item2vec_model_age_seconds" in text
    finally:
        assert [server.stop() for server in servers] == [0, 0]


def test_a_request_that_is_under_way_is_answered_after_sigterm(models, tmp_path):
    with Server(models, tmp_path / "log.txt", access_log=False) as server:
        body = b'[{"user_id":"u","item_id":"i"}]'
        head = (
            b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(head % len(body) + body[:10])
            time.sleep(0.3)
            assert server._process is not None
            server._process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            with pytest.raises(OSError, match="refused"):
                socket.create_connection(("127.0.0.1", server.port), timeout=5)
            connection.sendall(body[10:])
            answer = b""
            while part := connection.recv(65536):
                answer += part
        assert answer.startswith(b"HTTP/1.1 200")
        assert b'"accepted":1' in answer
        assert server.stop() == 0


def test_processes_share_the_pages_of_one_artifact(models, tmp_path):
    """The vectors are mapped from the file, so they are in no process's own memory."""
    with Server(models, tmp_path / "log.txt", access_log=False) as server:
        maps = Path(f"/proc/{server.pid}/smaps").read_text()
    mapped = [line for line in maps.splitlines() if line.endswith(("/outputs.npy", "/targets.npy", "/similar.npy"))]
    assert len(mapped) >= 2
