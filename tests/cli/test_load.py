"""item2vec load: what Gorse and Personalize have stored comes into a service that runs, whole and once."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from support import foreign
from support.foreign import plays, write, write_table
from support.live import running
from support.server import Server

from app.main import create_app
from app.settings import Settings
from cli.loading.load import dumps_of, load
from cli.loading.rejects import Rejects
from cli.loading.service import Service
from cli.main import main
from index.errors import EventsError, EventsMissing, LoadFailed
from store import events as eventlog
from store.database import connect
from store.keys import create_key
from store.upkeep.migrate import migrate
from training.progress import LogReporter

LOG = plays(40)


@pytest.fixture
def settings(tmp_path):
    return Settings(models=tmp_path / "models", access_log=False, refresh_seconds=0.05)


@pytest.fixture
def client(settings):
    with running(create_app(settings)) as made:
        yield made


@pytest.fixture
def arguments(client, tmp_path):
    """Of a load into the service, but for the tool and its files."""
    return ["--url", str(client.base_url), "--rejects", str(tmp_path / "rejects.jsonl")]


def stored(settings):
    engine = connect(settings.database_url)
    try:
        return [row for rows, _ in eventlog.stream(engine) for row in rows]
    finally:
        engine.dispose()


def loaded(capsys, *arguments):
    """(what was counted, standard error)."""
    assert main(["load", "--json", *map(str, arguments)]) == 0
    said = capsys.readouterr()
    return json.loads(said.out), said.err


@pytest.mark.parametrize("form", [foreign.gorse_json, foreign.gorse_csv], ids=["jsonl", "csv"])
def test_a_dump_of_gorse_comes_in_whole(tmp_path, capsys, settings, client, arguments, form):
    form(tmp_path / "dump", LOG)
    told, _ = loaded(capsys, "--from", "gorse", tmp_path / "dump", *arguments)
    assert told["items"] | {"files": []} == {"files": [], "rows": 20, "stored": 20, "duplicates": 0, "refused": 0}
    assert (told["events"]["stored"], told["events"]["refused"], told["users"]["rows"]) == (len(LOG), 0, 1)
    assert (told["rejects"], (tmp_path / "rejects.jsonl").exists()) == (None, False)
    found = Counter((row.user_id, row.item_id, row.time // 1_000_000) for row in stored(settings))
    assert found == Counter((f"u{p.user}", f"i{p.item}", p.time) for p in LOG)
    item = client.get("/items/i7").json()
    assert (item["title"], item["category"], item["available"]) == ("Item 7", "Comedy", False)
    assert item["metadata"]["categories"] == ["Comedy", "all"]
    assert client.get("/items/i8").json()["available"] is True


def test_personalize_comes_in_with_lists_as_its_schema_has_them(tmp_path, capsys, settings, client, arguments):
    folder = tmp_path / "s3"
    foreign.personalize(folder, LOG)
    fields = [
        {"name": n, "type": "string", "categorical": n == "GENRES"} for n in ("ITEM_ID", "GENRES", "PRODUCT_NAME")
    ]
    (folder / "items-schema.json").write_text(json.dumps({"type": "record", "fields": fields}))
    told, _ = loaded(capsys, "--from", "personalize", folder, *arguments)
    assert (told["items"]["stored"], told["events"]["stored"], told["users"]["rows"]) == (20, len(LOG), 1)
    types = Counter(row.event_type for row in stored(settings))
    assert types == Counter("View" if p.item % 4 else "Purchase" for p in LOG)
    item = client.get("/items/p7").json()
    assert item["title"] == "Product 7"
    assert item["metadata"] | {"genres": ["Comedy", "x"], "price": 7.5} == item["metadata"]


def test_a_load_that_is_repeated_stores_nothing_twice(tmp_path, capsys, settings, arguments):
    foreign.gorse_json(tmp_path / "dump", LOG)
    for new, there in ((len(LOG), 0), (0, len(LOG))):
        told, _ = loaded(capsys, "--from", "gorse", tmp_path / "dump", *arguments)
        assert (told["events"]["stored"], told["events"]["duplicates"]) == (new, there)
    # Exported again, in another order and with another field: still the same events.
    lines = (tmp_path / "dump" / "feedback.jsonl").read_text().splitlines()
    write(tmp_path / "later.jsonl", [json.dumps(json.loads(line) | {"Comment": "x"}) for line in reversed(lines)])
    told, _ = loaded(capsys, "--from", "gorse", tmp_path / "later.jsonl", *arguments)
    assert (told["events"]["stored"], told["events"]["duplicates"]) == (0, len(LOG))
    assert len(stored(settings)) == len(LOG)


def test_every_row_that_is_refused_is_kept_with_its_file_its_line_and_the_reason(tmp_path, capsys, arguments):
    feedback = {"FeedbackType": "read", "UserId": "u", "ItemId": "i", "Timestamp": "2024-03-01T10:00:00Z"}
    rows = [
        json.dumps(feedback),
        "{broken",
        "",
        json.dumps(feedback | {"ItemId": ""}),
        json.dumps(feedback | {"Timestamp": "0001-01-01T00:00:00Z"}),
        json.dumps(feedback | {"Timestamp": None}),
        '"\x1b[31mred"',
    ]
    file = write(tmp_path / "feedback.jsonl", rows)
    items = write_table(tmp_path / "items.csv", ("item_id", "labels"), [("a", "x"), ("", "x"), ("b", "x", "more")])
    told, _ = loaded(capsys, "--from", "gorse", file, items, *arguments)
    assert (told["events"]["rows"], told["events"]["stored"], told["events"]["refused"]) == (6, 1, 5)
    assert (told["items"]["rows"], told["items"]["stored"], told["items"]["refused"]) == (3, 1, 2)
    kept = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    assert sorted((row["file"], row["line"], row["code"]) for row in kept) == [
        (str(file), 2, "row_unreadable"),
        (str(file), 4, "item_missing"),
        (str(file), 5, "time_out_of_range"),
        (str(file), 6, "time_invalid"),
        (str(file), 7, "row_unreadable"),
        (str(items), 3, "item_missing"),
        (str(items), 4, "row_unreadable"),
    ]
    assert next(row["row"] for row in kept if row["line"] == 2) == "{broken"
    assert main(["load", "--from", "gorse", str(file), *arguments]) == 0
    said = capsys.readouterr().out
    assert "6 rows read, 0 stored, 1 were there before, 5 refused" in said
    assert "refused, row_unreadable: 2" in said


def test_a_dry_run_judges_as_the_service_does_and_sends_nothing(tmp_path, capsys, settings, client, arguments):
    foreign.gorse_json(tmp_path / "dump", LOG)
    with (tmp_path / "dump" / "feedback.jsonl").open("a") as file:
        file.write('{"FeedbackType": "read", "UserId": "u", "ItemId": "i", "Timestamp": "yesterday"}\n')
    told, _ = loaded(capsys, "--from", "gorse", tmp_path / "dump", "--dry-run", *arguments)
    assert (told["events"]["stored"], told["events"]["refused"], told["codes"]) == (len(LOG), 1, {"time_invalid": 1})
    assert stored(settings) == []
    assert client.get("/items").json()["items"] == []
    sent, _ = loaded(capsys, "--from", "gorse", tmp_path / "dump", *arguments)
    assert sent["codes"] == told["codes"]


def test_the_key_is_read_from_a_file_or_the_environment_and_never_shown(tmp_path, capsys, settings, monkeypatch):
    engine = connect(settings.database_url)
    migrate(engine)
    keys = {scope: create_key(engine, scope, (scope,)) for scope in ("read", "write")}
    engine.dispose()
    foreign.gorse_json(tmp_path / "dump", LOG)
    files = {name: write(tmp_path / f"{name}.txt", [key]) for name, key in keys.items()}
    with running(create_app(settings)) as client:
        load = ["load", "--from", "gorse", str(tmp_path / "dump"), "--url", str(client.base_url)]
        load += ["--rejects", str(tmp_path / "rejects.jsonl")]
        assert main(load) == 2
        assert main([*load, "--key-file", str(files["read"])]) == 2
        refused = capsys.readouterr().err
        assert refused.count("it needs one with the scope write") == 2
        assert main([*load, "--key-file", str(files["write"])]) == 0
        monkeypatch.setenv("ITEM2VEC_KEY_FILE", str(files["write"]))
        assert main(load) == 0
        monkeypatch.delenv("ITEM2VEC_KEY_FILE")
        monkeypatch.setenv("ITEM2VEC_KEY", keys["write"])
        assert main(load) == 0
        said = capsys.readouterr()
    assert not [key for key in keys.values() if key in refused + said.out + said.err]


@pytest.mark.parametrize("content", ["", "two words\n", "one\ntwo\n", "schlüssel\n"])
def test_a_file_without_a_key_is_said_and_not_shown(tmp_path, capsys, content):
    foreign.gorse_json(tmp_path / "dump", LOG)
    (tmp_path / "key").write_text(content)
    load = ["load", "--from", "gorse", str(tmp_path / "dump"), "--rejects", str(tmp_path / "rejects.jsonl")]
    assert main([*load, "--key-file", str(tmp_path / "key")]) == 2
    said = capsys.readouterr().err
    assert "does not hold a key" in said
    assert not content.strip() or content.strip() not in said
    assert main([*load, "--key-file", str(tmp_path / "none")]) == 2
    assert "the key cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["ftp://x", "nowhere", "http://", "http://[", "127.0.0.1:8000"])
def test_an_address_that_is_none_is_a_sentence(tmp_path, capsys, url):
    foreign.gorse_json(tmp_path / "dump", LOG)
    load = ["load", "--from", "gorse", str(tmp_path / "dump"), "--rejects", str(tmp_path / "rejects.jsonl")]
    assert main([*load, "--url", url]) == 2
    assert url in capsys.readouterr().err


def test_a_service_that_does_not_answer_is_given_up_after_a_while():
    with (
        Service("http://127.0.0.1:9", None, patience=0.2, sleep=lambda _: None) as service,
        pytest.raises(LoadFailed, match=r"took nothing for 0\.2 seconds.*stores nothing twice"),
    ):
        service.events([{"item_id": "a", "user_id": "u"}])


@pytest.fixture
def moody():
    """A server that gives these answers one after another: (status, headers, body). What it was sent; where it is."""
    answers, sent = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            sent.append(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, body = answers.pop(0)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield answers, sent, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_it_waits_as_long_as_the_service_asks_and_sends_the_same_again(moody):
    answers, sent, url = moody
    good = json.dumps({"accepted": 1, "duplicates": 0, "rejected": []}).encode()
    answers += [
        (429, {"Retry-After": "7"}, b"{}"),
        (503, {"Retry-After": "1"}, b"busy"),
        (502, {}, b""),
        (200, {}, good),
    ]
    waited = []
    with Service(url, None, sleep=waited.append) as service:
        assert service.events([{"item_id": "a", "user_id": "u"}]).stored == 1
    assert (waited[:2], len(waited), len(set(sent))) == ([7.0, 1.0], 3, 1)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, b"<html>nginx</html>", r"answered 404 to POST /events \(<html>nginx</html>\)"),
        (507, b'{"detail": "there is no room"}', r"there is no room"),
        (200, b"<html>welcome</html>", "is no service of item2vec"),
        (200, b"[]", "is no service of item2vec"),
        (301, b"", "answered 301"),
    ],
)
def test_an_answer_that_is_not_the_service_s_is_said(moody, status, body, said):
    answers, _, url = moody
    answers.append((status, {}, body))
    with Service(url, None) as service, pytest.raises(LoadFailed, match=said):
        service.events([{"item_id": "a", "user_id": "u"}])


def test_what_is_too_large_for_the_service_is_sent_in_halves(tmp_path, settings):
    foreign.gorse_json(tmp_path / "dump", LOG)
    huge = json.dumps({"FeedbackType": "x" * 9000, "UserId": "u", "ItemId": "i", "Timestamp": "2024-03-01T10:00:00Z"})
    with (tmp_path / "dump" / "feedback.jsonl").open("a") as file:
        file.write(huge + "\n")
    small = settings.model_copy(update={"max_body": 8000, "max_batch": 7, "max_events": 50})
    with (
        running(create_app(small)) as client,
        Service(str(client.base_url), None) as service,
        Rejects(tmp_path / "rejects.jsonl") as rejects,
    ):
        counts = load(dumps_of("gorse", [str(tmp_path / "dump")]), service, rejects, LogReporter())
    assert (counts["items"].stored, counts["events"].stored) == (20, len(LOG))
    (kept,) = map(json.loads, (tmp_path / "rejects.jsonl").read_text().splitlines())
    assert (kept["line"], kept["code"]) == (len(LOG) + 1, "too_large")


def test_a_load_that_is_killed_and_a_service_that_is_killed_lose_nothing_and_store_nothing_twice(tmp_path):
    many = [f"u{n % 500},i{n % 90},{1_700_000_000 + n}" for n in range(12_000)]
    write(tmp_path / "log.csv", ["USER_ID,ITEM_ID,TIMESTAMP", *many])
    models = tmp_path / "models"
    models.mkdir()
    service = Server(models, tmp_path / "api.log", access_log="false", rate_per_address=0)
    load = [sys.executable, "-m", "item2vec", "load", "--from", "personalize", str(tmp_path / "log.csv"), "--json"]
    load += ["--url", service.url, "--rejects", str(tmp_path / "rejects.jsonl")]
    engine = connect(f"sqlite:///{models / 'item2vec.db'}")

    def begun(than):
        process = subprocess.Popen(load, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while eventlog.count(engine) <= than:
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return process

    service.start(ready=False)
    try:
        first = begun(0)
        os.kill(first.pid, signal.SIGKILL)
        first.communicate()
        second = begun(eventlog.count(engine))
        service.kill()
        service.start(ready=False)
        told = json.loads(second.communicate(timeout=120)[0])
        rows = [row for rows, _ in eventlog.stream(engine) for row in rows]
    finally:
        service.stop()
        engine.dispose()
    assert second.returncode == 0
    # What a killed service had stored without answering was there before when it was sent again.
    assert told["events"]["stored"] + told["events"]["duplicates"] == len(many) == len(rows)
    assert told["events"]["duplicates"] > 0
    assert {f"{row.user_id},{row.item_id},{row.time // 1_000_000}" for row in rows} == set(many)


def test_files_of_another_tool_are_refused_before_anything_is_sent(tmp_path, capsys, settings, arguments):
    foreign.gorse_json(tmp_path / "dump", LOG)
    other = write_table(tmp_path / "orders.csv", ("order_id", "product_id"), [(1, 2)])
    with pytest.raises(EventsError, match=r"orders\.csv: is none of Gorse's files"):
        dumps_of("gorse", [str(tmp_path / "dump"), str(other)])
    with pytest.raises(EventsMissing, match="no file of Amazon Personalize's"):
        dumps_of("personalize", [str(tmp_path / "dump")])
    (tmp_path / "picture").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x01")
    assert main(["load", "--from", "gorse", str(tmp_path / "picture"), *arguments]) == 2
    assert "it is an image (PNG)" in capsys.readouterr().err
    assert stored(settings) == []
