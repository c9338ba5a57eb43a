"""Connections: who takes up room and asks nothing makes way for who asks."""

import socket
from contextlib import ExitStack

import httpx
import pytest
from support.live import serving, until

from app.quick.connections import owner_of


@pytest.fixture
def opened():
    """Opens connections, as (client, address it comes from, what is sent), and closes them at the end."""
    with ExitStack() as stack:

        def open_one(client, address="127.0.0.1", sent=b""):
            place = (client.base_url.host, client.base_url.port)
            found = stack.enter_context(socket.create_connection(place, timeout=10, source_address=(address, 0)))
            found.sendall(sent)
            return found

        yield open_one


HALF = b"GET /similar/a1 HTTP/1.1\r\nHost: localhost\r\nX-"
SLOW_BODY = (
    b"POST /recommend HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
)


def whole(path="/similar/a1"):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def is_closed(connection):
    connection.settimeout(10)
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass
    return True


def is_gone(connection, sent):
    """Whether nobody takes what is sent."""
    try:
        connection.sendall(sent)
    except ConnectionError:
        return True
    return False


def asked_from(client, address):
    """The answer to a reader who comes from another address."""
    with httpx.Client(transport=httpx.HTTPTransport(local_address=address), base_url=client.base_url) as other:
        return other.get("/similar/a1").status_code


@pytest.mark.parametrize("sent", [b"", HALF, b"\r\n"])
def test_the_one_that_is_silent_for_longest_makes_way(models, opened, sent):
    with serving(models, connections=20, connections_per_address=0) as client:
        silent = [opened(client, sent=sent) for _ in range(60)]
        assert client.get("/similar/a1").status_code == 200
        assert all(is_closed(connection) for connection in silent[:40])
        silent[-1].sendall(whole()[len(sent) :] if sent == HALF else whole())
        last = opened(client, sent=whole("/healthz"))
        assert last.recv(12) == b"HTTP/1.1 200"


def test_one_address_has_its_share_and_others_are_served(models, opened):
    with serving(models, connections_per_address=10) as client:
        waiting = [opened(client, "127.0.0.2", SLOW_BODY) for _ in range(10)]
        intake = client.app.outer._intake
        until(lambda: intake.bytes == len(waiting))
        refused = opened(client, "127.0.0.2", whole())
        assert refused.recv(65536).startswith(b"HTTP/1.1 503 ")
        assert asked_from(client, "127.0.0.3") == client.get("/similar/a1").status_code == 200
        waiting[0].close()
        until(lambda: intake.bytes == len(waiting) - 1)
        assert asked_from(client, "127.0.0.2") == 200
        for connection in waiting:
            connection.close()


def test_a_head_that_does_not_come_is_not_waited_for(models, opened):
    with serving(models, head_seconds=0.2, keep_alive=30) as client:
        half, nothing = opened(client, sent=HALF), opened(client)
        used = opened(client, sent=whole())
        assert used.recv(12) == b"HTTP/1.1 200"
        used.sendall(b"\r\n")  # neither a request nor silence
        answer = half.recv(65536)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"code":"head_too_slow"' in answer
        assert is_closed(half)
        assert is_closed(nothing)
        assert is_closed(used)


def test_a_head_that_comes_byte_by_byte_is_late_too(models, opened):
    with serving(models, head_seconds=0.5) as client:
        slow = opened(client, sent=HALF)
        until(lambda: is_gone(slow, b"a"))


def test_an_idle_connection_stays_for_as_long_as_the_server_keeps_it(models, opened):
    with serving(models, head_seconds=0.1, keep_alive=30) as client:
        idle = opened(client, sent=whole())
        idle.recv(65536)
        assert is_closed(opened(client))  # somebody else was late meanwhile
        idle.sendall(whole())
        assert idle.recv(12) == b"HTTP/1.1 200"


def test_who_does_not_take_his_answers_is_not_waited_for(models, caplog):
    with serving(models, body_seconds=0.5) as client, socket.socket() as greedy:
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        greedy.connect((client.base_url.host, client.base_url.port))
        greedy.sendall(whole("/openapi.json") * 500)  # many times what the system holds for him
        until(lambda: is_gone(greedy, b"\r\n"), seconds=30)
        assert client.get("/similar/a1").status_code == 200
    assert "request failed" not in caplog.text


def test_of_ipv6_the_first_half_is_who_it_is():
    assert owner_of("2001:db8::1") == owner_of("2001:db8::ffff:1") != owner_of("2001:db8:0:1::1")
    assert owner_of("::ffff:10.0.0.1") == owner_of("10.0.0.1") == "10.0.0.1"
    assert owner_of("fe80::1%eth0") == owner_of("fe80::2")
    assert owner_of("") == ""
