"""The quick way gives the answers that the documented route would give, and only those."""

import json
import re
import socket
import threading
import time

import httpx
import pytest
from support.live import serving, until

from app.answers import rendering
from app.quick import protocol
from app.quick.similar import Quick
from benchmarks.http.world import publish
from store.database import connect
from store.keys import create_key, revoke_key
from store.upkeep.migrate import migrate

ITEMS = 400


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quick")
    publish(folder / "models", ITEMS)
    return folder / "models"


@pytest.fixture(scope="module")
def shared(models):
    with serving(models) as client:
        yield client


@pytest.fixture
def client(shared):
    shared.headers.clear()
    shared.headers["connection"] = "keep-alive"
    return shared


@pytest.fixture
def quick(monkeypatch):
    """Whether each request that was offered to the quick way was answered by it."""
    answered = []

    def spy(self, *given, answer=Quick.answer):
        found = answer(self, *given)
        answered.append(found is not None)
        return found

    monkeypatch.setattr(Quick, "answer", spy)
    return answered


def essence(answer):
    headers = {name: value for name, value in answer.headers.items() if name not in ("date", "x-request-id")}
    return answer.status_code, headers, answer.content


def both_ways(client, item_id, query):
    """GET /similar?item_id= is never answered by the quick way."""
    there = client.get(f"/similar?item_id={item_id}&{query}")
    return client.get(f"/similar/{item_id}?{query}"), there


TAKEN = ["", "k=1", "k=3", "k=100", "score=next", "k=7&score=next", "score=similar&k=10"]
FILTERED = ["category=c3", "category=c3&category=c4&k=7", "category=c11&k=100", "category=nobody", "category=c%31"]


def test_all_items_and_parameters_that_it_takes_give_the_same_bytes_and_headers(client, quick):
    for number in range(0, ITEMS, 2):
        for query in TAKEN[number % 2 :: 2] + FILTERED[number // 2 % len(FILTERED) :][:1]:
            there = client.get(f"/similar?item_id=item-{number:06d}&{query}")
            assert essence(client.get(f"/similar/item-{number:06d}?{query}")) == essence(there), (number, query)
    assert all(quick)
    assert len(quick) > ITEMS


def test_the_same_holds_while_the_catalogue_changes(models, quick, tmp_path):
    with serving(models, database=f"sqlite:///{tmp_path / 'own.db'}") as client:
        shelf = client.app.state.service.shelf
        for turn in range(6):
            view = shelf.view
            rows = [
                {"item_id": f"item-{n:06d}", "title": f'Né "{turn}"', "available": n % 3 != turn % 3} for n in range(9)
            ]
            client.put("/items", json=[{**row, "category": f"c{turn + i}"} for i, row in enumerate(rows)])
            client.delete(f"/items/item-{20 + turn:06d}")
            until(lambda view=view: shelf.view is not view)
            time.sleep(0.1)
            for number in (*range(0, 12), *range(20, 26), 300):
                for query in ("", "score=next&k=100", "category=c3", "category=c4&k=50"):
                    quickly, there = both_ways(client, f"item-{number:06d}", query)
                    if there.status_code == 404:
                        assert (quickly.status_code, quickly.json()["code"]) == (404, there.json()["code"])
                    else:
                        assert essence(quickly) == essence(there), (turn, number, query)
    assert quick.count(True) > 300


OTHERS = [
    "k=50", "k=501", "k=0", "k=", "k=%2B5", "k=05", "k=5.0", "k=x", "k=1&k=2", "score=other", "category=",
    "unknown=1", "k=5&filter=category:eq:c3", "k=5&exclude=item-000002", "min_score=0.5",
    "category=c3&k=5&x" + "x" * 300, "k=101", "explain=true", "diversity=0.5", "fallback=none", "?", "k=1#k=2",
]  # fmt: skip


@pytest.mark.parametrize("query", OTHERS)
def test_every_other_query_is_answered_as_the_documented_route_answers_it(client, query):
    quickly, there = both_ways(client, "item-000007", query)
    if there.status_code == 200:
        assert quickly.content == there.content
    else:
        wanted = [(e["field"], e["message"]) for e in there.json()["errors"]]
        assert [(e["field"], e["message"]) for e in quickly.json()["errors"]] == wanted
    assert quickly.status_code == there.status_code


def test_what_the_client_has_already_is_not_sent_again_either_way(client, quick):
    tag = client.get("/similar/item-000007").headers["etag"]
    for path in ("/similar/item-000007", "/similar?item_id=item-000007"):
        for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            found = client.get(path, headers={"If-None-Match": sent})
            assert (found.status_code, found.content, found.headers["etag"]) == (304, b"", tag)
        assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    assert all(quick)


@pytest.mark.parametrize("sent", ["a-b_C.1", None, "with space", "x" * 65])
def test_a_request_keeps_its_id_or_gets_one_of_its_own(client, quick, sent):
    headers = {} if sent is None else {"X-Request-Id": sent}
    found = {client.get("/similar/item-000007", headers=headers).headers["x-request-id"] for _ in range(3)}
    assert found == {"a-b_C.1"} if sent == "a-b_C.1" else len(found) == 3
    assert all(quick)


def test_an_id_may_be_written_with_percent_signs(client, quick):
    assert client.get("/similar/item%2D000007").content == client.get("/similar/item-000007").content
    assert client.get("/similar/item%00").status_code == 404
    assert quick == [True, True, False]


def talk(client, data, pieces=None, answers=1):
    """What comes back for these bytes, sent in pieces, until so many answers have come or the connection ends."""
    address = client.base_url.host, client.base_url.port
    found = b""
    with socket.create_connection(address, timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        step = pieces or len(data)
        for begin in range(0, len(data), step):
            connection.sendall(data[begin : begin + step])
            if pieces:
                time.sleep(0.002)
        while found.count(b"HTTP/1.1 ") < answers or not found.endswith((b"}", b"\r\n\r\n")):
            part = connection.recv(65536)
            if not part:
                break
            found += part
    return found


def request(number=7, more="", version="1.1", method="GET"):
    return f"{method} /similar/item-{number:06d}?k=2 HTTP/{version}\r\nHost: localhost\r\n{more}\r\n".encode()


def items_of(answer):
    return [int(found) for found in re.findall(rb'\{"item_id":"item-(\d+)","model_version', answer)]


@pytest.mark.parametrize("pieces", [None, 1, 7, 40])
def test_requests_in_pieces_and_several_at_once_are_answered_in_order(client, pieces):
    numbers = [7, 8, 9, 10]
    answer = talk(client, b"".join(map(request, numbers)), pieces, len(numbers))
    assert items_of(answer) == numbers


def test_quick_and_documented_requests_take_turns_on_one_connection(client, quick):
    body = b'{"items":["item-000001"],"k":1}'
    post = (
        b"POST /recommend HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % len(body)
    )
    address = client.base_url.host, client.base_url.port
    with socket.create_connection(address, timeout=10) as connection:
        for asked in (request(1), post + body, request(2), request(3, "Expect: nothing\r\n"), request(4)):
            connection.sendall(asked)
            found = connection.recv(65536)
            assert found.startswith(b"HTTP/1.1 200 OK"), found
        connection.sendall(post)
        time.sleep(0.05)
        connection.sendall(body + request(5))  # a body that ends in the same piece as a request begins
        found = b""
        while not items_of(found):
            found += connection.recv(65536)
    assert quick == [True, True, False, True]


@pytest.mark.parametrize(
    ("sent", "status", "closes", "body"),
    [
        (request(version="1.0"), b"200", True, True),
        (request(more="Connection: close\r\n"), b"200", True, True),
        (request(more="Connection: keep-alive\r\n"), b"200", False, True),
        (request(method="HEAD"), b"200", False, False),
        (request(more="Content-Length: 2\r\n") + b"{}", b"200", False, True),
        (request(more="Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n", b"200", False, True),
        (request(more="Origin: https://shop.example\r\n"), b"200", False, True),
        (request(more="Content-Length: x\r\n"), b"400", True, True),
        (request(more="Bad Header: 1\r\n"), b"400", True, True),
        (request().replace(b"\r\n", b"\n"), b"400", True, True),
        (request(more="X: " + "a" * 40_000 + "\r\n"), b"431", True, True),
        (b"GET /similar/item-000007?k=2#x HTTP/1.1\r\nHost: localhost\r\n\r\n", b"200", False, True),
        (b"GET /similar/item 000007 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400", True, True),
        (b"GET /similar/ HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404", False, True),
    ],
)
def test_other_ways_of_asking_are_answered_by_the_server_as_before(client, sent, status, closes, body):
    answer = talk(client, sent)
    assert answer[9:12] == status
    assert (b"connection: close" in answer.lower()) == closes
    assert bool(answer.partition(b"\r\n\r\n")[2]) == body


def test_who_reads_slowly_is_answered_all_the_same_and_in_order(client):
    numbers = [n % ITEMS for n in range(3000)]
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=30) as connection:

        def send():
            for number in numbers:
                connection.sendall(request(number).replace(b"k=2", b"k=30"))

        sender = threading.Thread(target=send)
        sender.start()
        time.sleep(0.5)
        connection.settimeout(2)
        parts = []
        try:
            while part := connection.recv(1 << 16):
                parts.append(part)
        except TimeoutError:
            pass  # nothing comes any more
        sender.join()
    assert items_of(b"".join(parts)) == numbers


def test_an_idle_connection_is_closed_after_a_while(models):
    with (
        serving(models, keep_alive=1) as client,
        socket.create_connection((client.base_url.host, client.base_url.port), timeout=10) as connection,
    ):
        started = time.monotonic()
        for _ in range(4):  # each request begins the time anew
            connection.sendall(request())
            assert connection.recv(65536)
            time.sleep(0.4)
        assert connection.recv(65536) == b""
        assert time.monotonic() - started > 2


@pytest.fixture
def keyed(models):
    """Keys are kept in a database of their own, since the service stays closed once it had some."""
    database = models.parent / "keys.db"
    engine = connect(f"sqlite:///{database}")
    migrate(engine)
    token = create_key(engine, "reader", ("read",))
    yield f"sqlite:///{database}", token, engine
    engine.dispose()


def test_a_revoked_key_is_refused_on_a_connection_whose_head_is_known(models, keyed, quick):
    url, token, engine = keyed
    with serving(models, database=url) as client:
        for header in ({"X-API-Key": token}, {"Authorization": f"Bearer {token}"}):
            assert [client.get("/similar/item-000007", headers=header).status_code for _ in range(3)] == [200] * 3
        assert all(quick)
        assert client.get("/similar/item-000007").status_code == 401
        assert client.get("/similar/item-000007", headers={"X-API-Key": token[:-1] + "x"}).status_code == 401
        revoke_key(engine, token[4:12])
        until(lambda: client.get("/similar/item-000007", headers={"X-API-Key": token}).status_code == 401)


def test_rates_are_those_of_all_other_routes_and_nothing_is_counted_twice(models, quick):
    with serving(models, rate_per_address=10) as client:
        found = [client.get("/similar/item-000007").status_code for _ in range(30)]
    assert found[:20] == [200] * 20  # twice the rate at once
    assert 429 in found[20:24]
    assert not all(quick)


def test_answers_are_measured_and_logged_as_all_others_are(models, capfd):
    with serving(models, access_log=True) as client:
        for query in ("k=1", "k=2"):
            client.get(f"/similar/item-000007?{query}", headers={"X-Request-Id": "mine"})
        client.get("/similar?item_id=item-000007")
        text = client.get("/metrics").text
    line = r'item2vec_request_seconds_count\{method="GET",[^}]*route="/similar/\{item_id\}",status="200"\} 2\.0'
    assert re.search(line, text)
    lines = [line for line in capfd.readouterr().err.splitlines() if "request_id=mine" in line]
    assert len(lines) == 2
    assert all("method=GET route=/similar/{item_id} status=200 ms=" in line for line in lines)


def test_where_the_server_is_another_one_all_is_answered_the_documented_way(models, quick, monkeypatch, caplog):
    monkeypatch.setattr(protocol, "CALLBACKS", (*protocol.CALLBACKS, "on_a_callback_of_ours"))
    with serving(models) as client:
        for _ in range(3):
            with httpx.Client(base_url=client.base_url) as other:
                assert len(other.get("/similar/item-000007").json()["items"]) == 10
    assert quick == []
    warned = [record.message for record in caplog.records if "on_a_callback_of_ours" in record.message]
    assert len(warned) == 1


def test_a_failure_of_the_quick_way_is_one_of_the_documented_route(client, monkeypatch, caplog):
    def fail(*_given):
        raise RuntimeError("broken")

    monkeypatch.setattr(rendering, "similar_bytes", fail)
    answer = client.get("/similar/item-000007")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    monkeypatch.undo()
    assert json.loads(client.get("/similar/item-000007").content)["items"]
