"""Streams of jobs: bounded, one look for all, and no longer than their key and their time."""

import socket
import threading
from contextlib import ExitStack, contextmanager, suppress

import httpx
import pytest
from sqlalchemy import event, insert
from support.live import serving, until

from app.streams import feeds
from store import jobs, tables
from store.database import connect, now, transaction
from store.job import JobState
from store.keys import create_key, revoke_key
from store.upkeep.migrate import migrate


class World:
    """A job in a database, and what a worker would do to it."""

    def __init__(self, folder):
        self.url = f"sqlite:///{folder / 'own.db'}"
        self.engine = connect(self.url)
        migrate(self.engine)
        self.job = jobs.enqueue(self.engine, {}, False, None, "anonymous").job_id
        self.written = 0

    def write(self, lines):
        rows = [{"job_id": self.job, "at": now(), "text": f"line {self.written + n}"} for n in range(1, lines + 1)]
        with transaction(self.engine) as connection:
            connection.execute(insert(tables.job_lines), rows)
        self.written += lines


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.engine.dispose()


@pytest.fixture
def models(tmp_path):
    return tmp_path / "models"


class Reader:
    """Follows the job in a thread of its own. ended: once the stream has."""

    def __init__(self, client, world, **headers):
        self.seen, self.ids, self.ended = [], [], threading.Event()
        self._asked = client.stream("GET", f"/jobs/{world.job}/stream", headers=headers)
        self.answer = self._asked.__enter__()
        assert self.answer.status_code == 200
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        with suppress(httpx.HTTPError, RuntimeError, OSError):  # closed by the test
            for line in self.answer.iter_lines():
                if line.startswith("data: line"):
                    self.seen.append(line[6:])
                if line.startswith("id: "):
                    self.ids.append(int(line[4:]))
        self.ended.set()

    def close(self):
        with suppress(OSError):  # closing alone would wait for the thread that reads
            self.answer.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._asked.__exit__(None, None, None)


@contextmanager
def readers(client, world, number, **headers):
    with ExitStack() as stack:
        made = [Reader(client, world, **headers) for _ in range(number)]
        for reader in made:
            stack.callback(reader.close)
        yield made


@contextmanager
def counted(engine):
    """How often the lines of jobs were asked for."""
    asked = []

    def note(_connection, _cursor, statement, *_):
        if "FROM job_lines" in statement:
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def test_all_who_follow_a_job_share_one_look_at_the_database(world, models):
    with serving(models, database=world.url, max_streams_per_key=50) as client:
        with counted(client.app.state.service.engine) as asked, readers(client, world, 30) as found:
            world.write(3)
            until(lambda: all(len(reader.seen) == 3 for reader in found))
            begin = len(asked)
            rounds = 3
            for n in range(1, rounds + 1):
                world.write(1)
                until(lambda n=n: all(len(reader.seen) == 3 + n for reader in found))
            # A look each half second, whoever follows: were it one of each stream, there would be ninety and more.
            assert rounds <= len(asked) - begin < 30
        until(lambda: client.app.state.service.streams.taken == 0)
        assert client.app.state.service.feeds._feeds == {}


def test_who_comes_again_gets_the_lines_that_were_missed_and_no_other(world, models, monkeypatch):
    monkeypatch.setattr(feeds, "KEPT_LINES", 5)  # the others come from the database
    with serving(models, database=world.url) as client:
        world.write(12)
        with readers(client, world, 1) as (first,):
            until(lambda: len(first.seen) == 12)
            with readers(client, world, 1, **{"Last-Event-ID": str(first.ids[2])}) as (late,):
                until(lambda: len(late.seen) == 9)
                world.write(1)
                until(lambda: len(late.seen) == 10)
                jobs.cancel(world.engine, world.job)
                assert late.ended.wait(10)
                assert late.seen == first.seen[3:]
                assert late.ids == sorted(set(late.ids))
                assert first.ended.wait(10)
        assert jobs.get(world.engine, world.job).state == JobState.CANCELLED


def test_streams_are_bounded_for_one_client_and_for_all(world, models):
    tokens = [create_key(world.engine, name, ("read",)) for name in ("one", "two")]
    path = f"/jobs/{world.job}/stream"
    with serving(models, database=world.url, max_streams=3, max_streams_per_key=2) as client:
        one, two = ({"X-API-Key": token} for token in tokens)
        with readers(client, world, 2, **one) as found:
            again = client.get(path, headers=one)
            assert (again.status_code, again.json()["code"]) == (429, "streams_exceeded")
            with readers(client, world, 1, **two):
                full = client.get(path, headers=two)
                assert (full.status_code, full.json()["code"]) == (503, "busy")
                assert "retry-after" in full.headers
            assert not any(reader.ended.is_set() for reader in found)
        until(lambda: client.app.state.service.streams.taken == 0)
        with readers(client, world, 1, **one):
            assert client.get(f"/jobs/{world.job}", headers=two).status_code == 200


def test_a_stream_ends_when_its_key_is_revoked_and_others_go_on(world, models):
    tokens = [create_key(world.engine, name, ("read",)) for name in ("gone", "stays")]
    with serving(models, database=world.url) as client:
        gone, stays = (Reader(client, world, **{"X-API-Key": token}) for token in tokens)
        world.write(1)
        until(lambda: gone.seen and stays.seen)
        revoke_key(world.engine, tokens[0].split("_")[1])
        assert gone.ended.wait(10)
        world.write(1)
        until(lambda: len(stays.seen) == 2)
        assert not stays.ended.is_set()
        for reader in (gone, stays):
            reader.close()


def test_a_stream_ends_after_its_time(world, models):
    with serving(models, database=world.url, stream_seconds=0.5) as client, readers(client, world, 1) as (found,):
        assert found.ended.wait(10)
        assert not jobs.get(world.engine, world.job).ended
