"""The database hangs under a real server: answers from the model go on, writers are told to come again."""

import itertools
import threading
import time

import httpx
import pytest
from sqlalchemy import select
from support.outage import hanging
from support.server import Server

from benchmarks.http.world import publish
from index.artifact.registry import Registry
from store import tables
from store.database import transaction
from store.keys import create_key

POSTERS, READERS = 80, 4


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hanging") / "models"
    publish(folder, 50)
    publish(folder, 50)
    return folder


@pytest.fixture
def key(engine):
    return create_key(engine, "shop", ["admin"])


def asks(client):
    """What is answered by the model alone."""
    session = {"items": ["item-000001", "item-000002"], "k": 5}
    return [
        client.get("/similar/item-000001?k=5"),
        client.get("/similar/item-000001?k=5&explain=true"),
        client.post("/recommend", json=session),
        client.post("/recommend", json={**session, "explain": True}),
        client.get("/explain?item=item-000001&candidate=item-000002"),
        client.post("/similar", json={"items": ["item-000001"]}),
        client.get("/items?limit=5"),
        client.get("/models"),
        client.get("/readyz"),
        client.get("/healthz"),
    ]


def test_the_model_answers_while_the_database_hangs_and_nothing_acknowledged_is_lost(
    models, tmp_path, database, engine, key, request
):
    server = Server(models, tmp_path / "log.txt", database=database, access_log=False, rate_per_address=0)
    stop = threading.Event()
    numbers = itertools.count()
    lock = threading.Lock()
    acknowledged: set[str] = set()
    refused: list[httpx.Response] = []
    wrong: list[object] = []
    reads = [0] * READERS

    def client():
        return httpx.Client(base_url=server.url, timeout=60, headers={"X-API-Key": key})

    def post():
        with client() as own:
            while not stop.is_set():
                event = f"e{next(numbers)}"
                while not stop.is_set():
                    answer = own.post("/events", json=[{"event_id": event, "user_id": "u", "item_id": "i"}])
                    if answer.status_code == 200:
                        with lock:
                            acknowledged.add(event)
                        break
                    refused.append(answer)
                    time.sleep(0.2)
                time.sleep(0.02)

    def read(number):
        with client() as own:
            while not stop.is_set():
                wrong.extend(answer for answer in asks(own) if answer.status_code != 200)
                reads[number] += 1

    threads = [threading.Thread(target=post) for _ in range(POSTERS)]
    threads += [threading.Thread(target=read, args=(n,)) for n in range(READERS)]

    def until(check):
        deadline = time.monotonic() + 120
        while not check():
            assert time.monotonic() < deadline, (len(acknowledged), len(refused), reads, server.log.read_text()[-3000:])
            time.sleep(0.02)

    with server:
        for thread in threads:
            thread.start()
        try:
            until(lambda: len(acknowledged) > POSTERS)
            with hanging(database, lambda: request.getfixturevalue("postgres")):
                seen = len(refused), list(reads)
                # The lock is not given back before all of this has happened.
                until(lambda: len(refused) > seen[0] + 3 * POSTERS)
                until(lambda: all(now > before + 5 for now, before in zip(reads, seen[1], strict=True)))
                with client() as own:
                    assert own.get("/similar/item-000001", headers={"X-API-Key": "i2v_"}).status_code == 401
                    # The folder of the models is followed too.
                    registry = Registry(models)
                    other = next(v for v in registry.versions() if v != registry.current())
                    registry.activate(other)
                    until(lambda: own.get("/readyz").json()["model_version"] == other)
                    text = own.get("/metrics").text
                    failures = 'item2vec_store_failures_total{code="store_unavailable"}'
                    assert float(next(line for line in text.splitlines() if line.startswith(failures)).split()[1]) > 0
            during = len(acknowledged)
            until(lambda: len(acknowledged) > during + POSTERS)
            with client() as own:
                until(lambda: own.patch("/items/item-000003", json={"available": False}).status_code == 200)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    assert wrong == []
    assert {answer.status_code for answer in refused} == {503}
    assert {answer.json()["code"] for answer in refused} == {"store_unavailable"}
    assert all(1 <= int(answer.headers["retry-after"]) <= 9 for answer in refused)
    with transaction(engine, reading=True) as connection:
        stored = list(connection.scalars(select(tables.events.c.event_id)))
    assert acknowledged <= set(stored)
    assert len(stored) == len(set(stored))
    slowest = max(answer.elapsed.total_seconds() for answer in refused)
    print(f"acknowledged={len(acknowledged)} refused={len(refused)} reads={sum(reads)} slowest_refusal={slowest:.1f}")
