"""Bodies: nobody sends one who may not, and together they have a bound in bytes and in time."""

import json
import socket

import pytest
from pydantic import ValidationError
from support.live import serving, until

from app.schemas.answers import SimilarBatch
from app.schemas.recommend import RecommendRequest


def held(client, method, path, length, sent=b"", **headers):
    """A connection on which a body of this length is promised, and only its beginning sent."""
    connection = socket.create_connection((client.base_url.host, client.base_url.port), timeout=10)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{lines}"
    connection.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode() + sent)
    return connection


def answer_of(connection):
    with connection:
        found = connection.recv(65536)
        while not found.endswith(b"}") and (part := connection.recv(65536)):  # head and body are two pieces
            found += part
    head, _, body = found.partition(b"\r\n\r\n")
    return int(head[9:12]), json.loads(body), head.decode().lower()


LARGE = 900_000


@pytest.mark.parametrize(
    ("method", "path", "held_scope", "status", "code"),
    [
        ("POST", "/recommend", None, 401, "key_invalid"),
        ("POST", "/similar", None, 401, "key_invalid"),
        ("POST", "/events", None, 401, "key_invalid"),
        ("PUT", "/items", None, 401, "key_invalid"),
        ("PATCH", "/items/a1", "read", 403, "scope_missing"),
        ("POST", "/retrain", "read", 403, "scope_missing"),
        ("POST", "/events", "read", 403, "scope_missing"),
        ("POST", "/nowhere", None, 404, "route_unknown"),
    ],
)
def test_who_has_no_right_is_refused_before_a_byte_of_the_body(models, tokens, method, path, held_scope, status, code):
    keys = {"X-API-Key": tokens[held_scope]} if held_scope else {}
    with serving(models) as client:
        found = answer_of(held(client, method, path, LARGE, **keys))
        assert (found[0], found[1]["code"]) == (status, code)
        assert client.get("/similar/a1", headers={"X-API-Key": tokens["read"]}).status_code == 200


def test_a_body_that_does_not_come_is_not_waited_for(models):
    with serving(models, body_seconds=0.3) as client:
        for sent in (b"", b'{"items":['):
            status, problem, _ = answer_of(held(client, "POST", "/recommend", 500, sent))
            assert (status, problem["code"]) == (408, "body_too_slow")
        assert client.post("/recommend", json={"items": ["a1"]}).status_code == 200


def test_one_client_holds_a_quarter_of_what_all_may_hold_and_gets_it_back(models):
    with serving(models, bodies_mb=1) as client:
        waiting = [held(client, "POST", "/events", 200_000, b"[" + b" " * 120_000) for _ in range(2)]
        intake = client.app.outer._intake
        until(lambda: intake.bytes == 2 * 120_001)
        status, problem, head = answer_of(held(client, "POST", "/events", 50_000, b" " * 50_000))
        assert (status, problem["code"]) == (503, "busy")
        assert "retry-after: 1" in head
        for connection in waiting:
            connection.close()
        until(lambda: intake.bytes == 0)
        assert client.post("/events", json=[{"user_id": "u", "item_id": "a1"}] * 2000).status_code == 200


def test_only_routes_for_logs_and_catalogues_take_large_bodies(models):
    large = b" " * (1 << 20) + b'{"items":["a1"]}'
    json_type = {"Content-Type": "application/json"}
    with serving(models) as client:
        for path in ("/recommend", "/similar", "/retrain"):
            assert client.post(path, content=large, headers=json_type).status_code == 413, path
        rows = json.dumps([{"user_id": "u", "item_id": "a1"}]).encode()
        assert client.post("/events", content=b" " * (2 << 20) + rows, headers=json_type).status_code == 200


@pytest.mark.parametrize("path", ["/similar/a1", "/similar?item_id=a1", "/healthz", "/openapi.json"])
def test_a_page_whose_name_points_here_reads_nothing(models, path):
    with serving(models) as client:
        port = client.base_url.port
        for host in ("localhost", f"localhost:{port}", f"127.0.0.1:{port}", "[::1]", f"[::1]:{port}", "LOCALHOST"):
            assert client.get(path, headers={"Host": host}).status_code == 200, host
        for host in ("evil.example", f"evil.example:{port}", "", "localhost.evil.example", "127.0.0.1.evil.example"):
            found = client.get(path, headers={"Host": host})
            assert (found.status_code, found.json()["code"]) == (421, "host_refused"), host


def test_names_of_hosts_are_a_setting(models):
    with serving(models, allowed_hosts=("shop.example",)) as client:
        assert client.get("/similar/a1", headers={"Host": "Shop.example:80"}).status_code == 200
        assert client.get("/similar/a1").status_code == 421


def test_a_page_of_an_allowed_origin_may_read_every_answer_and_refusal(models, tokens):
    origin = {"Origin": "https://shop.example"}
    with serving(models, cors_origins=("https://shop.example",), rate_per_key=2) as client:
        key = {"X-API-Key": tokens["read"]}
        found = [client.get("/similar/a1", headers=origin | key) for _ in range(8)]
        found.append(client.get("/similar/a1", headers=origin))
        found.append(client.get("/similar/a1", headers=origin | {"X-API-Key": "wrong"}))
        assert [answer.status_code for answer in found[-2:]] == [401, 401]
        assert {200, 429} == {answer.status_code for answer in found[:-2]}
        assert {answer.headers.get("access-control-allow-origin") for answer in found} == {"https://shop.example"}
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key,content-type"}
        preflight = client.options("/recommend", headers=origin | asked)
        assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (
            200,
            "https://shop.example",
        )
        other = client.get("/similar/a1", headers=key | {"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/similar", {"items": [1] * 200_000}),
        ("/similar", {"items": [1] * 20_000}),
        ("/similar", {"items": ["a1"] * 150_000}),
        ("/similar", {"items": ["a1"]} | {f"k{n}": 1 for n in range(70_000)}),
        ("/recommend", {"items": [{f"k{n}": 1 for n in range(70_000)}]}),
        ("/recommend", {"items": ["a1"], "exclude": [1] * 200_000}),
        ("/recommend", {"items": ["a1"], "category": [["x"] * 100_000]}),
        ("/retrain", {f"k{n}": 1 for n in range(70_000)}),
    ],
)
def test_what_is_wrong_thousands_of_times_is_refused_once(models, path, body):
    with serving(models) as client:
        found = client.post(path, json=body)
        assert found.status_code in (413, 422), found.text[:300]
        assert len(found.content) < 20_000
        assert client.get("/similar/a1").status_code == 200


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        (SimilarBatch, {"items": [1] * 5000}),
        (SimilarBatch, {"items": ["a"]} | {f"k{n}": 1 for n in range(5000)}),
        (RecommendRequest, {"items": [{f"k{n}": 1 for n in range(5000)}]}),
    ],
)
def test_errors_are_few_however_much_is_wrong(schema, body):
    with pytest.raises(ValidationError) as found:
        schema.model_validate(body)
    assert found.value.error_count() <= 3


def test_a_body_that_is_read_in_pieces_is_read_the_same(models):
    json_type = {"Content-Type": "application/json"}
    with serving(models) as client:
        for path, body in [("/similar", {"items": ["a1", "b2"]}), ("/recommend", {"items": ["a1", {"item_id": "a2"}]})]:
            expected = client.post(path, json=body)
            padded = b" " * 100_000 + json.dumps(body).encode()
            found = client.post(path, content=padded, headers=json_type)
            assert (found.status_code, found.content) == (expected.status_code, expected.content)
            broken = client.post(path, content=padded[:-1], headers=json_type)
            assert (broken.status_code, broken.json()["code"]) == (422, "request_invalid")
        assert expected.status_code == 200
