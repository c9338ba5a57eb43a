"""Who tries to stop the service, and with what. Each runs until it is told to stop, and counts what it was answered."""

import contextlib
import http.client
import itertools
import json
import socket
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """key: with the scope read, of the attacker. writer: with the scope write. database: of SQLite."""

    port: int
    key: str
    writer: str
    items: int
    database: Path


@dataclass
class Attack:
    target: Target
    stop: threading.Event
    begun: threading.Event
    answers: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> None:
        with self.lock:
            self.answers[what] += 1

    def connect(self, seconds: float = 10.0) -> socket.socket:
        # From another address than the reader's.
        return socket.create_connection(("127.0.0.1", self.target.port), seconds, ("127.0.0.2", 0))

    def side_by_side(self, many: int, work: Callable[[int], None]) -> None:
        """Each again and again, until the end."""

        def again(number: int) -> None:
            while not self.stop.is_set():
                try:
                    work(number)
                except (OSError, http.client.HTTPException) as error:
                    self.count(type(error).__name__)
                    self.stop.wait(0.05)

        threads = [threading.Thread(target=again, args=(number,), daemon=True) for number in range(many)]
        for thread in threads:
            thread.start()
        self.begun.set()
        for thread in threads:
            thread.join()


def post_of(path: str, body: bytes, key: str | None = None, length: int | None = None) -> bytes:
    own = f"X-API-Key: {key}\r\n" if key else ""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{own}Content-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


def status_of(connection: socket.socket) -> str:
    line = connection.recv(4096).split(b"\r\n", 1)[0].split(b" ")
    return line[1].decode("latin-1") if len(line) > 1 else "closed"


def keyless_bodies(attack: Attack) -> None:
    """Two clients without a key send bodies of 16 MB, one after the other, where 16 MB are taken and where not."""
    body = b'{"items":[' + b",".join([b'"item-000001"'] * 1_200_000) + b"]}"

    def work(number: int) -> None:
        path = ("/recommend", "/events")[number]
        with attack.connect() as connection:
            with contextlib.suppress(OSError):  # refused while it was sent: the answer lies there
                connection.sendall(post_of(path, body))
            attack.count(status_of(connection))

    attack.side_by_side(2, work)


def held_bodies(attack: Attack) -> None:
    """60 clients with a key begin a body of 16 MB and never end it."""

    def work(_number: int) -> None:
        with attack.connect() as connection:
            connection.sendall(post_of("/events", b"[" * 100_000, attack.target.writer, 16_000_000))
            while not attack.stop.is_set():
                connection.settimeout(1.0)
                try:
                    attack.count(status_of(connection))
                    return
                except TimeoutError:
                    connection.sendall(b" ")

    attack.side_by_side(60, work)


def arrays(attack: Attack) -> None:
    """Two clients that may write send 16 MB of events that are none, one after the other."""
    body = b"[" + b",".join([b"0"] * 8_000_000) + b"]"

    def work(_number: int) -> None:
        with attack.connect(60.0) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(post_of("/events", body, attack.target.writer))
            attack.count(status_of(connection))

    attack.side_by_side(2, work)


def batches(attack: Attack) -> None:
    """40 clients ask for the largest batch that is answered, and leave at once."""
    target = attack.target
    numbers = itertools.count()

    def body(ids: int, k: int) -> bytes:
        start = next(numbers) * 1000
        names = [f"item-{(start + n) * 7919 % target.items:06d}" for n in range(ids)]
        return json.dumps({"items": names, "k": k, "diversity": 0.5}).encode()

    size = 1000
    while size > 1:
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=120)
        headers = {"X-API-Key": target.key, "Content-Type": "application/json"}
        connection.request("POST", "/similar", body(size, 500), headers)
        status = connection.getresponse().status
        connection.close()
        if status != 422 and status != 413:
            break
        size //= 2
    attack.count(f"batch of {size}")

    def work(_number: int) -> None:
        with attack.connect() as connection:
            connection.sendall(post_of("/similar", body(size, 500), target.key))
            attack.count("sent")
            attack.stop.wait(0.05)

    attack.side_by_side(40, work)


def filters(attack: Attack) -> None:
    """Two clients move a slider: a condition that was never asked for, in each request."""
    numbers = itertools.count()
    target = attack.target

    def work(_number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=60)
        while not attack.stop.is_set():
            number = next(numbers)
            path = f"/similar/item-{number * 7919 % target.items:06d}?filter=price%3Ale%3A{number % 10_000 / 7:.4f}"
            connection.request("GET", path, headers={"X-API-Key": target.key})
            answer = connection.getresponse()
            answer.read()
            attack.count(str(answer.status))
        connection.close()

    attack.side_by_side(2, work)


def hold(attack: Attack, many: int, sent: bytes, more: bytes, pause: float) -> None:
    """So many connections at once, each opened again when it ends. sent: at its beginning. more: every `pause`."""
    held: list[socket.socket] = []
    while not attack.stop.is_set():
        while len(held) < many and not attack.stop.is_set():
            try:
                connection = attack.connect(2.0)
                connection.sendall(sent)
            except OSError as error:
                attack.count(type(error).__name__)
                break
            connection.setblocking(False)
            held.append(connection)
            attack.count("opened")
        attack.begun.set()
        for connection in list(held):
            if (end := _end_of(connection, more)) is not None:
                attack.count(end)
                held.remove(connection)
                connection.close()
        attack.stop.wait(pause)
    for connection in held:
        connection.close()


def _end_of(connection: socket.socket, more: bytes) -> str | None:
    """The status that it was answered, or "closed"; None while it is open."""
    try:
        answer = connection.recv(4096)
        return answer.split(b" ", 2)[1].decode() if answer.startswith(b"HTTP/") else "closed"
    except BlockingIOError:
        pass
    except OSError:
        return "closed"
    try:
        connection.send(more)
    except OSError:
        return "closed"
    return None


def silent_connections(attack: Attack) -> None:
    """1,100 connections that say nothing, from one process."""
    hold(attack, 1100, b"", b"", 0.2)


def slow_bodies(attack: Attack) -> None:
    """1,000 connections without a key, each with a body that comes a byte a second."""
    hold(attack, 1000, post_of("/events", b"[", None, 1_000_000), b" ", 1.0)


def locked_database(attack: Attack) -> None:
    """The database is locked all the time, while 80 clients store events."""
    target = attack.target
    holder = sqlite3.connect(target.database, timeout=60, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    numbers = itertools.count()

    def work(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=60)
        row = {"event_id": f"a{number}-{next(numbers)}", "user_id": f"u{number}", "item_id": "item-000001"}
        headers = {"X-API-Key": target.writer, "Content-Type": "application/json"}
        connection.request("POST", "/events", json.dumps([row]), headers)
        answer = connection.getresponse()
        answer.read()
        attack.count(str(answer.status))
        connection.close()
        time.sleep(0.02)

    try:
        attack.side_by_side(80, work)
    finally:
        holder.execute("ROLLBACK")
        holder.close()


ATTACKS: dict[str, Callable[[Attack], None]] = {
    "16 MB bodies without a key": keyless_bodies,
    "60 uploads held open": held_bodies,
    "16 MB of events that are none": arrays,
    "40 clients with the largest batch, gone at once": batches,
    "a new filter in each request": filters,
    "1,100 silent connections": silent_connections,
    "1,000 slow bodies without a key": slow_bodies,
    "the database locked, 80 clients store events": locked_database,
}
