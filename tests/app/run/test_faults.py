"""The network to the database is cut, and the disk is slow: the model answers all the same, and nothing is lost."""

import http.client
import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select
from support.network import MISSING, Network, network
from support.server import Server, amount

from benchmarks.http.world import publish
from store import tables
from store.database import connect, transaction

ITEMS = 50


class Shop:
    """Someone who reads, and someone who stores events, until the end. Each connection is made where `enter` is."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.waits: list[float] = []
        self.wrong: list[str] = []
        self.acknowledged: set[str] = set()
        self.refused: list[tuple[int, str | None, float]] = []
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._read), threading.Thread(target=self._store)]

    def _ask(self, method: str, path: str, body: object = None) -> tuple[int, str | None, float]:
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status, answer.headers["Retry-After"], time.monotonic() - began

    def _read(self) -> None:
        number = 0
        while not self._done.wait(0.02):
            number += 1
            item = f"item-{number % ITEMS:06d}"
            question = ("GET", f"/similar/{item}") if number % 2 else ("POST", "/recommend", {"items": [item]})
            status, _, took = self._ask(*question)
            self.waits.append(took)
            if status != 200:
                self.wrong.append(f"{question} {status}")

    def _store(self) -> None:
        number = 0
        while not self._done.wait(0.02):
            row = {"event_id": f"e{number}", "user_id": f"u{number % 7}", "item_id": f"item-{number % ITEMS:06d}"}
            found = self._ask("POST", "/events", [row])
            if found[0] == 200:
                self.acknowledged.add(f"e{number}")
                number += 1  # what was not acknowledged is sent again
            else:
                self.refused.append(found)

    @contextmanager
    def open(self) -> Iterator["Shop"]:
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._done.set()
            for thread in self._threads:
                thread.join()


def stored(url: str) -> list[str]:
    engine = connect(url)
    with transaction(engine, reading=True) as connection:
        found = list(connection.scalars(select(tables.events.c.event_id)))
    engine.dispose()
    return found


def until(check: object, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


@pytest.fixture
def cable() -> Iterator[Network]:
    with network() as made:
        if made is None:
            pytest.skip(MISSING)
        yield made


def test_a_network_that_is_cut_stops_no_answer_of_the_model_and_loses_no_event(tmp_path, postgres, cable):
    name = "test_partition"
    postgres.create(name, "template_item2vec")
    try:
        cable.relay(5432, postgres.folder / ".s.PGSQL.5432")
        models = tmp_path / "models"
        publish(models, ITEMS)
        far = f"postgresql://postgres@{cable.address}:5432/{name}"
        with Server(models, tmp_path / "log.txt", database=far, access_log=False, rate_per_address=0) as server:
            with Shop(server.port).open() as shop:
                until(lambda: len(shop.acknowledged) > 10)
                cable.cut()
                time.sleep(amount(12, 60))  # longer than the silence of a server is borne
                during = list(shop.waits)
                cable.mend()
                before = len(shop.acknowledged)
                until(lambda: len(shop.acknowledged) > before + 10)
            assert server.stop() == 0
        assert shop.wrong == []
        assert max(during) < 6.0  # a query that is lost would be waited for for 10
        assert shop.refused
        assert {(status, wait is not None) for status, wait, _ in shop.refused} == {(503, True)}
        assert max(took for _, _, took in shop.refused) < 15
        kept = stored(postgres.url(name))
        assert len(kept) == len(set(kept))
        assert shop.acknowledged <= set(kept)
    finally:
        postgres.drop(name)


SLOW = "no slow disk: strace is needed"


def test_a_slow_disk_slows_the_storing_of_events_alone(tmp_path, empty_sqlite):
    """strace holds up each fsync of the process, as a disk does that is worn or shared with others."""
    if shutil.which("strace") is None:
        pytest.skip(SLOW)
    path, models = tmp_path / "slow.db", tmp_path / "models"
    shutil.copy(empty_sqlite, path)
    publish(models, ITEMS)
    slow = ["strace", "-D", "-f", "-q", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fsync,fdatasync"]
    slow += ["-e", "inject=fsync,fdatasync:delay_exit=400000"]
    given = {"database": f"sqlite:///{path}", "access_log": False, "rate_per_address": 0}
    with Server(models, tmp_path / "log.txt", slow, **given) as server, Shop(server.port).open() as shop:
        until(lambda: len(shop.acknowledged) >= amount(8, 100))
    assert shop.wrong == []
    # One fsync at least for each event: an answer of the model waits for none of them. Where the machine is busy, one
    # may take as long for that alone; if they waited for the disk, most would.
    assert sum(wait >= 0.4 for wait in shop.waits) <= len(shop.waits) / 20
    kept = stored(given["database"])
    assert len(kept) == len(set(kept))
    assert shop.acknowledged <= set(kept)
