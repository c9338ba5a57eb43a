"""What comes over a socket and is no common request: each gets one answer, and the right one."""

import json
import re
import socket
import time
from http.client import HTTPResponse
from io import BytesIO

import pytest
from support.live import serving, until

from benchmarks.http.world import publish

SIMILAR, DOCUMENTED = "/similar/item-000007?k=2", "/similar?item_id=item-000007&k=2"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wire") / "models"
    publish(folder, 60)
    with serving(folder) as client:
        yield client


def talk(client, sent, wait=10.0):
    """All that comes back for these bytes until the service closes, or has been silent for `wait` seconds."""
    found = b""
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=10) as connection:
        connection.sendall(sent)
        connection.settimeout(wait)
        try:
            while part := connection.recv(65536):
                found += part
        except TimeoutError:
            pass
    return found


class Answers:
    """The answers in some bytes, one after the other."""

    def __init__(self, found):
        self._file = BytesIO(found)

    def makefile(self, *_):
        return self._file

    def next(self, method="GET"):
        """(status, headers in lower case, body)."""
        answer = HTTPResponse(self, method=method)
        self._file.close, close = (lambda: None), self._file.close
        answer.begin()
        body = answer.read()
        self._file.close = close
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, body

    def rest(self):
        return self._file.read()


def asked(client, target, head="Host: localhost", method="GET", version="1.1"):
    lines = f"{head}\r\n" if head else ""
    sent = f"{method} {target} HTTP/{version}\r\n{lines}Connection: close\r\n\r\n".encode("latin-1")
    answers = Answers(talk(client, sent))
    found = answers.next(method)
    assert answers.rest() == b""
    return found


READ = [
    SIMILAR, DOCUMENTED, "/similar/nobody", "/items", "/items/item-000007", "/items/nobody", "/models", "/nowhere",
    "/explain?item=item-000001&candidate=item-000002", "/analogy?positive=item-000001", "/healthz", "/jobs",
    "/openapi.json", "/similar/item-000007?k=0", "/jobs/x/stream",
]  # fmt: skip


@pytest.mark.parametrize("target", READ)
def test_head_is_get_without_the_body(shared, target):
    get, head = asked(shared, target), asked(shared, target, method="HEAD")
    other = {"date", "x-request-id"}
    essence = [{name: value for name, value in found[1].items() if name not in other} for found in (get, head)]
    if get[0] >= 400:  # the body has the id of the request
        assert abs(int(essence[0].pop("content-length")) - int(essence[1].pop("content-length"))) < 5
    assert head[0] == get[0]
    assert essence[0] == essence[1]
    assert get[2]
    assert head[2] == b""


def test_head_of_what_changes_is_not_allowed_and_allow_names_all_that_is(shared):
    for target, allowed in (
        ("/recommend", "POST"), ("/similar", "GET, POST, HEAD"), ("/items", "GET, PUT, HEAD"),
        ("/items/item-000007", "DELETE, GET, PATCH, HEAD"), ("/metrics", "GET, HEAD"),
    ):  # fmt: skip
        status, headers, _ = asked(shared, target, method="TRACE")
        assert (status, headers["allow"]) == (405, allowed), target
    assert asked(shared, "/recommend", method="HEAD")[0] == 405


def test_head_of_a_stream_ends_at_once(tmp_path):
    publish(tmp_path / "models", 20)
    with serving(tmp_path / "models") as client:
        job = client.post("/retrain").json()["job_id"]  # no worker takes it
        status, headers, body = asked(client, f"/jobs/{job}/stream", method="HEAD")
    assert (status, headers["content-type"][:17], body) == (200, "text/event-stream", b"")


@pytest.mark.parametrize("target", [SIMILAR, DOCUMENTED, "/healthz"])
@pytest.mark.parametrize(
    "head",
    [
        "", "Host: localhost\r\nHost: localhost", "Host: localhost\r\nhost: evil.example", "Host: a b",
        "Host: localhost/evil", "Host: me@localhost", "Host: localhost:80:80", "Host: [::1", "Host: localhost, evil",
    ],
)  # fmt: skip
def test_a_request_says_once_which_host_it_is_for(shared, target, head):
    status, headers, body = asked(shared, target, head)
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert json.loads(body)["code"] == "host_invalid"
    assert asked(shared, target, f"X-A: b\r\n{head or 'X-C: d'}\r\nHost: localhost")[0] == 400 or not head


def test_before_http_1_1_a_request_may_name_no_host(shared):
    for target in (SIMILAR, DOCUMENTED):
        assert asked(shared, target, "", version="1.0")[0] == 200
        assert asked(shared, target, "Host: localhost\r\nHost: localhost", version="1.0")[0] == 400


def test_the_host_of_a_whole_url_goes_before_the_header(shared):
    assert asked(shared, f"http://localhost{SIMILAR}")[0] == 200
    assert asked(shared, f"http://localhost{SIMILAR}", "Host: evil.example")[0] == 200
    assert asked(shared, f"http://evil.example{SIMILAR}")[0] == 421
    assert asked(shared, f"http://me@localhost{SIMILAR}")[0] == 400
    assert asked(shared, f"http://localhost{SIMILAR}", "")[0] == 400


NO_REQUESTS = [
    b"GET /healthz HTTP/0.9\r\nHost: localhost\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET /healthz\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"POST /recommend HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /recommend HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /heal\0thz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n",
    "GET /é HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
    b"BREW /coffee HTTP/1.1\r\nHost: localhost\r\n\r\n",
]


@pytest.mark.parametrize("sent", NO_REQUESTS)
def test_what_is_no_request_gets_one_problem_and_the_end(shared, sent):
    answers = Answers(talk(shared, sent))
    status, headers, body = answers.next()
    assert (status, headers["connection"], json.loads(body)["code"]) == (400, "close", "request_malformed")
    assert answers.rest() == b""


def test_rubbish_after_a_request_does_not_fall_into_its_answer(tmp_path):
    publish(tmp_path / "models", 20)
    with serving(tmp_path / "models") as client:
        job = client.post("/retrain").json()["job_id"]
        address = client.base_url.host, client.base_url.port
        with socket.create_connection(address, timeout=10) as connection:
            connection.sendall(f"GET /jobs/{job}/stream HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            found = b""
            while b"event: job" not in found:
                found += connection.recv(65536)
            connection.sendall(b"rubbish\r\n\r\n")
            while part := connection.recv(65536):
                found += part
    assert found.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("path", ["/events", "/items", "/recommend"])
def test_who_goes_in_the_middle_of_a_body_is_no_fault_of_the_service(shared, caplog, path):
    method = "PUT" if path == "/items" else "POST"
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    line = re.compile(rf'item2vec_request_seconds_count{{method="{method}",route="{path}",status="499"}} (\d+)')

    def gone():
        return sum(map(int, line.findall(shared.get("/metrics").text)))

    before = gone()
    with socket.create_connection((shared.base_url.host, shared.base_url.port), timeout=10) as connection:
        connection.sendall(head.encode() + b"[")
        time.sleep(0.1)
    until(lambda: gone() == before + 1)
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("after", [b"rubbish\r\n\r\n", b"GET /items HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3])
def test_who_goes_before_the_answer_leaves_no_stack_trace(shared, caplog, after):
    """uvicorn tells only the newest of several requests that the client is gone."""
    waiting = (
        b"POST /recommend HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 28\r\n\r\n"
    )
    body = b'{"items":["item-000001"]}   '
    for first in (b"GET /items?limit=500 HTTP/1.1\r\nHost: localhost\r\n\r\n", waiting + body):
        for _ in range(10):
            with socket.create_connection((shared.base_url.host, shared.base_url.port), timeout=10) as connection:
                connection.sendall(first + after)
    until(lambda: shared.get("/healthz").status_code == 200)
    time.sleep(0.2)
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("target", [SIMILAR, DOCUMENTED])
@pytest.mark.parametrize(
    "head",
    [
        "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA",
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Version: 13",
        "Range: bytes=0-1",
        "Expect: 100-continue",
        "Expect: 200-ok",
        "Transfer-Encoding: chunked\r\nX-A: b\r\n\r\n0",
        "TE: trailers\r\nAccept-Encoding: br\r\nAccept: text/x-nothing",
        "If-Match: \"x\"\r\nIf-Range: \"x\"\r\nIf-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT",
    ],
)  # fmt: skip
def test_what_is_not_spoken_here_is_answered_as_if_it_was_not_asked(shared, target, head):
    plain = asked(shared, target)
    first = f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n".encode()
    second = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    answers = Answers(talk(shared, first + (second if b"Upgrade" not in first else b""), 1.0))
    found = answers.next()
    assert (found[0], found[2]) == (200, plain[2])
    if b"Upgrade" not in first:
        assert answers.next()[2] == plain[2]
    assert answers.rest() == b""
