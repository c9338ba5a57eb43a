"""The proxy of the deployment, as it is shipped, in front of a real API: one client cannot take it from the others."""

import json
import os
import shutil
import socket
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from support.live import until
from support.server import Server, free_port

from store.database import connect
from store.keys import create_key
from store.upkeep.migrate import migrate

HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
SHIPPED = Path(__file__).resolve().parent.parent / "deploy" / "haproxy.cfg"
# What the limits are lowered to, so that few connections are many.
LIMITS = {"CONNECTIONS_PER_ADDRESS": "30", "REQUESTS_PER_ADDRESS": "10", "RATE_PER_ADDRESS": "30"}
READER, TRUSTED = "127.0.0.3", "127.0.0.4"
ATTACKERS = (f"127.0.1.{number}" for number in range(1, 255))

pytestmark = pytest.mark.skipif(HAPROXY is None, reason="no haproxy is installed (Debian: apt-get install haproxy)")


def placed(port, api):
    """The shipped file on other ports, with the API by its address and not by its name at Docker's."""
    text = SHIPPED.read_text(encoding="utf-8")
    for old, new in (
        ("bind :8000", f"bind 127.0.0.1:{port}"),
        (" resolvers engine resolve-prefer ipv4 init-addr none", ""),
        ("server-template api 10 api:8000", f"server api 127.0.0.1:{api}"),
        ("timeout http-request 10s", "timeout http-request 1s"),
        ("wait-for-body time 15s", "wait-for-body time 2s"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """(port of the proxy, a key)"""
    folder = tmp_path_factory.mktemp("proxy")
    (folder / "models").mkdir()
    engine = connect(f"sqlite:///{folder / 'models' / 'item2vec.db'}")
    migrate(engine)
    key = create_key(engine, "test", ["admin"])
    engine.dispose()
    port = free_port()
    limits = {"rate_per_address": 0, "connections_per_address": 0}
    server = Server(folder / "models", folder / "api.log", **limits)
    server.start(ready=False)
    (folder / "haproxy.cfg").write_text(placed(port, server.port))
    with (folder / "proxy.log").open("w") as said:
        command = [HAPROXY, "-db", "-f", str(folder / "haproxy.cfg")]
        environment = {**os.environ, **LIMITS, "TRUSTED_PROXIES": f"{TRUSTED} 10.1.2.0/24"}
        proxy = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
    try:
        until(lambda: asked(port, key).status_code == 200)
        yield port, key
    finally:
        proxy.kill()
        proxy.wait()
        server.kill()


def asked(port, key, address=READER, method="GET", path="/jobs", headers=None, **more):
    """The answer to a client of this address; 599 where there is none."""
    transport = httpx.HTTPTransport(local_address=address)
    with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        try:
            return client.request(method, path, headers={"X-API-Key": key, **(headers or {})}, **more)
        except httpx.HTTPError:
            return httpx.Response(599)


@pytest.fixture
def attacker():
    """An address that nobody had before: what is counted is not forgotten at once."""
    return next(ATTACKERS)


@pytest.fixture
def opened(service, attacker):
    """Opens connections from an address, sends, and closes them at the end."""
    with ExitStack() as stack:

        def open_one(sent=b"", address=attacker):
            found = socket.create_connection(("127.0.0.1", service[0]), timeout=10, source_address=(address, 0))
            stack.enter_context(found).sendall(sent)
            return found

        yield open_one


def request(*lines, method="POST", path="/events"):
    return "".join(f"{line}\r\n" for line in (f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "")).encode()


def rest(connection):
    """What comes until the other end closes."""
    found = b""
    try:
        while piece := connection.recv(65536):
            found += piece
    except ConnectionError:
        pass
    return found


KEYLESS = request("Content-Type: application/json", "Content-Length: 900000")
PRETENDED = request("Content-Type: application/json", "Content-Length: 900", "X-API-Key: i2v_nobody")


def test_a_body_without_a_key_is_refused_before_it_comes(opened):
    answer = rest(opened(KEYLESS + b"["))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 401 ")
    assert b"www-authenticate: Bearer" in head
    assert json.loads(body)["code"] == "key_invalid"
    assert rest(opened(request("Transfer-Encoding: chunked"))).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("sent", [b"", b"GET /jobs HTTP/1.1\r\nHost: ", KEYLESS + b"[", PRETENDED + b"["])
def test_a_reader_is_served_while_one_client_takes_all_it_can_get(service, opened, sent):
    port, key = service
    for _ in range(300):
        with suppress(ConnectionError):  # it has enough
            opened(sent)
    for _ in range(5):
        assert asked(port, key).status_code == 200
    assert asked(port, key, method="POST", path="/events", json=[{"user_id": "u", "item_id": "i"}]).status_code == 200


def test_a_head_and_a_body_have_to_come_in_time(opened):
    waiting = [opened(PRETENDED + b"["), opened(b"GET /jobs HTTP/1.1\r\nHost: l")]
    assert [rest(connection)[:12] for connection in waiting] == [b"HTTP/1.1 408"] * 2


def test_requests_that_are_open_at_once_are_counted(opened, attacker, service):
    port, key = service
    # Ten bodies that do not come, and one request more.
    waiting = [opened(PRETENDED + b"[") for _ in range(10)]

    def refused():
        return asked(port, key, attacker)

    until(lambda: refused().status_code == 429)
    answer = refused()
    assert (answer.json()["code"], answer.headers["retry-after"]) == ("rate_exceeded", "1")
    assert asked(port, key).status_code == 200
    for connection in waiting:
        connection.close()
    until(lambda: asked(port, key, attacker).status_code == 200)


def test_so_many_requests_a_second_and_no_more(service, attacker):
    port, key = service
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(local_address=attacker)
    ) as one:
        until(lambda: one.get("/jobs", headers={"X-API-Key": key}).status_code == 429)
    assert asked(port, key).status_code == 200
    until(lambda: asked(port, key, attacker).status_code == 200)


def test_only_a_trusted_proxy_may_say_for_whom_it_asks(service, attacker, opened):
    """Each of many clients behind it has its own share; who only says so has one."""
    port, key = service
    for address, refused in ((TRUSTED, False), (attacker, True)):
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(local_address=address)
        ) as one:
            # Kept alive: the address is that of each request.
            named = (f"9.9.9.9, 10.0.{number % 100}.1" for number in range(300))
            seen = {one.get("/jobs", headers={"X-API-Key": key, "X-Forwarded-For": name}).status_code for name in named}
            assert (429 in seen) == refused, seen
    # One client of the proxy's takes what is its own, and the others are served through the same proxy.
    lines = PRETENDED.replace(b"\r\n\r\n", b"\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n")
    for _ in range(40):
        opened(lines + b"[", TRUSTED)
    until(lambda: asked(port, key, TRUSTED, headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 429)
    assert asked(port, key, TRUSTED, headers={"X-Forwarded-For": "10.0.0.2"}).status_code == 200


def test_what_a_client_may_send_arrives_whole(service):
    port, key = service
    rows = [{"user_id": "u", "item_id": f"item {n}"} for n in range(20_000)]
    body = json.dumps(rows).encode()
    json_type = {"Content-Type": "application/json"}
    answer = asked(port, key, method="POST", path="/events", content=body, headers=json_type)
    assert answer.json()["accepted"] == len(rows)
    pieces = (body[begin : begin + 65536] for begin in range(0, len(body), 65536))
    answer = asked(port, key, method="POST", path="/events", content=pieces, headers=json_type)
    assert answer.json()["accepted"] == len(rows)
