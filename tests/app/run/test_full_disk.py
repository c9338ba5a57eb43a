"""The disk is full under the service: events are refused with a code of its own, all else goes on."""

import httpx
import pytest
from sqlalchemy import select
from support.disk import small_disk
from support.server import Server

from benchmarks.http.world import publish
from store import tables
from store.database import connect, transaction


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "small", 8) as found:
        yield found


def events(number, rows=200):
    return [{"event_id": f"{number}.{row}", "user_id": "u" * 200, "item_id": "item-000001"} for row in range(rows)]


def gauge(text, name):
    return float(next(line for line in text.splitlines() if line.startswith(name)).split()[1])


def test_events_are_refused_with_disk_full_and_taken_again_once_there_is_room(tmp_path, disk):
    models = tmp_path / "models"
    publish(models, 50)
    url = f"sqlite:///{disk.folder / 'item2vec.db'}"
    acknowledged = []
    with Server(models, tmp_path / "log.txt", database=url, access_log=False) as server:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            disk.fill(left=300_000)
            for number in range(1000):
                answer = client.post("/events", json=events(number))
                if answer.status_code != 200:
                    break
                acknowledged.append(number)
            assert (answer.status_code, answer.json()["code"]) == (503, "disk_full")
            assert int(answer.headers["retry-after"]) >= 1
            assert "space" in answer.json()["detail"]
            assert client.post("/events", json=events(number)).json()["code"] == "disk_full"
            assert client.get("/similar/item-000001").status_code == 200
            assert client.get("/jobs").status_code == 200
            text = client.get("/metrics").text
            assert gauge(text, 'item2vec_store_failures_total{code="disk_full"}') >= 2
            assert gauge(text, 'item2vec_store_failures_total{code="store_unavailable"}') == 0
            assert gauge(text, 'item2vec_disk_free_bytes{place="database"}') < 1_000_000
            assert gauge(text, 'item2vec_disk_size_bytes{place="database"}') == 8 << 20
            assert gauge(text, 'item2vec_disk_free_bytes{place="models"}') > 0
            disk.empty()
            assert client.post("/events", json=events(number)).json()["accepted"] == 200
        assert "database has no room" in server.log.read_text()
    engine = connect(url)
    with transaction(engine, reading=True) as connection:
        stored = list(connection.scalars(select(tables.events.c.event_id)))
    engine.dispose()
    assert sorted(stored) == sorted(row["event_id"] for n in (*acknowledged, number) for row in events(n))


def test_a_model_cannot_be_made_current_on_a_full_disk_and_the_old_one_serves(tmp_path, disk):
    models = disk.folder / "models"
    first, second = (publish(models, 50) for _ in range(2))
    url = f"sqlite:///{tmp_path / 'item2vec.db'}"
    with Server(models, tmp_path / "log.txt", database=url, access_log=False) as server:
        before = httpx.get(f"{server.url}/readyz").json()["model_version"]
        disk.fill(left=0)
        answer = httpx.post(f"{server.url}/models/rollback", timeout=60)
        assert (answer.status_code, answer.json()["code"]) == (503, "disk_full")
        assert httpx.get(f"{server.url}/readyz").json()["model_version"] == before
        disk.empty()
        assert httpx.post(f"{server.url}/models/rollback", timeout=60).status_code == 200
    assert first is None or first != second
