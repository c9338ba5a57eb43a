"""Bounds of what a process works on: cost, places, time; each kind of work by itself."""

import inspect
import json
import socket
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from support.live import serving, until

from app.main import ROUTES
from benchmarks.http.world import publish
from store.database import connect
from store.keys import create_key
from store.upkeep.migrate import migrate

EVENT = [{"user_id": "u", "item_id": "item-000001"}]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pools") / "models"
    publish(folder, 1500)
    return folder


@pytest.fixture
def own(trained, tmp_path):
    """Settings of a service with a database of its own, and the lock that the test may take of it."""
    file = tmp_path / "own.db"
    engine = connect(f"sqlite:///{file}")
    migrate(engine)
    engine.dispose()
    lock = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    yield {"models": trained, "database": f"sqlite:///{file}"}, lock
    lock.close()


def metric(client, line):
    found = [x for x in client.get("/metrics").text.splitlines() if x.startswith(line + " ")]
    return float(found[0].rsplit(" ", 1)[1]) if found else 0.0


def ids(number):
    return [f"item-{n:06d}" for n in range(number)]


def test_a_batch_that_asks_for_too_much_is_refused_with_the_reason(own):
    with serving(**own[0], max_results=1000) as client:
        assert client.post("/similar", json={"items": ids(100), "k": 10}).status_code == 200
        found = client.post("/similar", json={"items": ids(101), "k": 10})
        assert (found.status_code, found.json()["code"]) == (422, "too_many_results")
        assert "1,010" in found.json()["detail"]


def test_the_largest_batch_that_is_allowed_is_allowed_alone_whatever_the_queue(own):
    with serving(**own[0], search_queue=1) as client:
        found = client.post("/similar", json={"items": ids(20), "k": 500, "diversity": 0.5})
        assert found.status_code == 200
        assert [len(entry["items"]) for entry in found.json()["results"]] == [500] * 20
        assert metric(client, 'item2vec_pool_cost_total{pool="search"}') == 500 + 20 * (50 + 2500)
        assert metric(client, 'item2vec_pool_wait_seconds_count{pool="search"}') == 1


def test_a_batch_is_worked_in_pieces_and_gives_what_each_item_gives_alone(own):
    with serving(**own[0], search_threads=1) as client:
        asked = {"k": 300, "diversity": 0.3}
        bodies = [{"items": ids(30)[n:], **asked} for n in range(3)]
        with ThreadPoolExecutor(3) as threads:
            found = list(threads.map(lambda body: client.post("/similar", json=body).json(), bodies))
        for body, reply in zip(bodies, found, strict=True):
            assert [entry["item_id"] for entry in reply["results"]] == body["items"]
        alone = client.get("/similar/item-000007", params=asked).json()["items"]
        assert [entry["items"] for entry in found[1]["results"] if entry["item_id"] == "item-000007"] == [alone]


def test_a_full_pool_says_when_to_come_back_and_other_pools_answer(own):
    settings, lock = own
    with serving(**settings, write_threads=1, write_queue=8) as client:
        lock.execute("BEGIN IMMEDIATE")
        pool = client.app.state.service.pools.write
        base = str(client.base_url)
        with ThreadPoolExecutor(8) as threads:
            # From two addresses: one alone may not fill it.
            transports = [httpx.HTTPTransport(local_address=f"127.0.0.{n}") for n in (2, 3, 4, 5)]
            clients = [httpx.Client(base_url=base, transport=transport, timeout=60) for transport in transports]
            first = [threads.submit(each.post, "/events", json=EVENT) for each in clients for _ in range(2)]
            until(lambda: (pool.running, pool.waiting) == (1, 7))
            refused = client.post("/events", json=EVENT)
            assert (refused.status_code, refused.json()["code"]) == (503, "busy")
            assert int(refused.headers["retry-after"]) >= 1
            for path in ("/similar/item-000001?explain=true", "/jobs", "/models", "/items"):
                assert client.get(path).status_code == 200, path
            assert metric(client, 'item2vec_pool_refused_total{pool="write",reason="full"}') == 1
            lock.execute("ROLLBACK")
            assert [answer.result().status_code for answer in first] == [200] * 8
            for each in clients:
                each.close()
        assert client.post("/events", json=EVENT).status_code == 200


def test_what_costs_as_much_as_many_requests_counts_as_many_in_the_rates(own):
    with serving(**own[0], rate_per_address=20) as client:
        for _ in range(5):
            assert client.get("/similar/item-000001?explain=true").status_code == 200
        assert client.post("/similar", json={"items": ids(60), "k": 500}).status_code == 200
        refused = client.get("/similar/item-000001")
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_exceeded")
        assert 1 <= int(refused.headers["retry-after"]) <= 3  # what is owed is never more than the burst


def test_one_client_cannot_take_a_pool_from_all_others(own):
    settings, lock = own
    engine = connect(settings["database"])
    tokens = [create_key(engine, name, ("write",)) for name in ("greedy", "other")]
    engine.dispose()
    with serving(**settings, write_threads=1, write_queue=8) as client:
        pool = client.app.state.service.pools.write
        lock.execute("BEGIN IMMEDIATE")

        def post(token):
            return client.post("/events", json=EVENT, headers={"X-API-Key": token})

        with ThreadPoolExecutor(8) as threads:
            first = [threads.submit(post, tokens[0]) for _ in range(3)]
            until(lambda: pool.running + pool.waiting == 3)
            assert post(tokens[0]).json()["code"] == "busy"
            second = threads.submit(post, tokens[1])
            until(lambda: pool.running + pool.waiting == 4)
            lock.execute("ROLLBACK")
            assert [answer.result().status_code for answer in (*first, second)] == [200] * 4


def test_a_request_that_takes_too_long_is_answered_and_its_place_is_free_again(own):
    settings, lock = own
    with serving(**settings, request_seconds=0.3) as client:
        lock.execute("BEGIN IMMEDIATE")
        found = client.post("/events", json=EVENT)
        assert (found.status_code, found.json()["code"]) == (503, "time_exceeded")
        assert "retry-after" in found.headers
        lock.execute("ROLLBACK")
        until(lambda: client.app.state.service.pools.write.running == 0)
        assert metric(client, 'item2vec_pool_refused_total{pool="write",reason="time"}') == 1


def test_a_pool_in_which_nothing_moves_makes_the_process_not_ready_but_alive(own):
    settings, lock = own
    with serving(**settings, write_threads=1, stuck_seconds=0.3) as client, ThreadPoolExecutor(2) as threads:
        lock.execute("BEGIN IMMEDIATE")
        hanging = [threads.submit(client.post, "/events", json=EVENT) for _ in range(2)]
        until(lambda: client.get("/readyz").status_code == 503)
        ready = client.get("/readyz").json()
        assert (ready["ready"], ready["reason"], ready["stuck"]) == (False, "stuck", ["write"])
        assert client.get("/healthz").json()["status"] == "ok"
        assert client.get("/similar/item-000001?explain=true").status_code == 200
        assert metric(client, 'item2vec_pool_stuck{pool="write"}') == 1
        lock.execute("ROLLBACK")
        assert [answer.result().status_code for answer in hanging] == [200] * 2
        assert client.get("/readyz").json()["reason"] is None


def test_an_answer_counts_until_its_client_has_read_it_and_no_longer_than_a_request(own):
    with serving(**own[0], search_queue=1000, request_seconds=1, max_results=10**6) as client:
        content = json.dumps({"items": ids(200), "k": 500}).encode()
        head = f"POST /similar HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n"
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect((client.base_url.host, client.base_url.port))
            connection.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + content)
            pool = client.app.state.service.pools.search
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
            until(lambda: pool.running == 0)
            assert client.get("/explain?item=item-000001&candidate=item-000002").json()["code"] == "busy"
            until(lambda: client.get("/explain?item=item-000001&candidate=item-000002").status_code == 200)
            received = 0
            while part := connection.recv(1 << 20):
                received += len(part)
            assert received < 200 * 500 * 60, "it broke off"


def test_a_large_answer_comes_whole(own):
    with serving(**own[0], max_results=10**6) as client:
        found = client.post("/similar", json={"items": ids(200), "k": 500})
        assert int(found.headers["content-length"]) == len(found.content) > 1 << 20
        assert [entry["item_id"] for entry in found.json()["results"]] == ids(200)


def test_nothing_is_held_any_more_when_all_have_their_answers(own):
    """Counted right however thread and request interleave: each lets go once."""
    with serving(**own[0]) as client, ThreadPoolExecutor(8) as threads:
        path = "/explain?item=item-000001&candidate=item-000002"
        found = threads.map(lambda _: client.get(path).status_code, range(600))
        assert set(found) == {200}
        pool = client.app.state.service.pools.search
        until(lambda: (pool.running, pool.waiting, pool._cost, dict(pool._held)) == (0, 0, 0, {}))


def test_no_route_works_in_the_threads_that_all_plain_functions_share():
    plain = [
        route.path
        for module in ROUTES
        for route in module.router.routes
        if not inspect.iscoroutinefunction(route.endpoint)
    ]
    assert plain == []
