"""POST /events over HTTP: every row accounted for, in each form of the body, on both databases."""

import gzip
import json
import threading

import pytest
from support.live import running

from app.main import create_app
from app.settings import Settings
from store import events as eventlog
from store.database import connect
from store.keys import create_key

JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson"}
GOOD = [{"item_id": "a", "user_id": "u", "time": 1_700_000_000}, {"item_id": 2, "session_id": "s", "event_id": "e"}]


@pytest.fixture
def settings(database, tmp_path):
    limits = {"max_body": 200_000, "max_events": 2500, "rejects_kept": 2000}
    return Settings(models=tmp_path / "models", database=database, access_log=False, **limits)


@pytest.fixture
def client(settings):
    with running(create_app(settings)) as made:
        yield made


@pytest.fixture
def engine(client, settings):
    made = connect(settings.database_url)
    yield made
    made.dispose()


def lines(rows):
    return "\n".join(json.dumps(row) for row in rows).encode()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (JSON, json.dumps(GOOD).encode()),
        (JSON, json.dumps({"events": GOOD}).encode()),
        (LINES, lines(GOOD)),
        (LINES, b"\xef\xbb\xbf\r\n" + lines(GOOD).replace(b"\n", b"\r\n\r\n") + b"\r\n"),
        ({"Content-Type": "application/jsonl; charset=utf-8"}, lines(GOOD)),
    ],
    ids=["array", "object", "lines", "lines of windows", "jsonl"],
)
def test_events_are_stored_in_each_form(client, engine, headers, body, packed):
    if packed:
        headers, body = {**headers, "Content-Encoding": "gzip"}, gzip.compress(body)
    reply = client.post("/events", content=body, headers=headers)
    assert reply.status_code == 200, reply.text
    assert reply.json() == {"accepted": 2, "duplicates": 0, "rejected": [], "rejected_count": 0, "model_version": None}
    assert [e.item_id for e in eventlog.of_user(engine, "u", 9)] == ["a"]
    again = client.post("/events", content=body, headers=headers).json()
    assert (again["accepted"], again["duplicates"]) == (1, 1)
    assert eventlog.count(engine) == 3


def test_bad_rows_are_answered_with_their_index_and_kept(client, engine):
    rows = [GOOD[0], {"user_id": "u"}, 7, {"item_id": "\ud800", "user_id": "ü\0"}, GOOD[1]]
    # Not by json=, which refuses to send half a surrogate pair.
    reply = client.post("/events", content=json.dumps(rows), headers=JSON).json()
    assert (reply["accepted"], reply["rejected_count"]) == (2, 3)
    assert [(r["index"], r["code"]) for r in reply["rejected"]] == [
        (1, "item_missing"),
        (2, "row_not_object"),
        (3, "item_invalid"),
    ]
    kept = client.get("/events/rejects").json()
    assert [(r["index"], r["row"]) for r in kept["rejects"]] == [
        (3, '{"item_id": "\\ud800", "user_id": "ü\\u0000"}'),
        (2, "7"),
        (1, '{"user_id": "u"}'),
    ]
    assert kept["before"] is None
    assert kept["rejects"][0]["received"].endswith("Z")


def test_a_bad_line_is_a_reject_and_its_neighbours_are_stored(client, engine):
    bad = [b"{", b"\xff\x00", b"[NaN]", b"[" * 5000, b"9" * 5000, b'{"item_id": "i"} {}']
    reply = client.post("/events", content=b"\n".join([lines(GOOD), *bad, lines(GOOD[:1])]), headers=LINES).json()
    assert (reply["accepted"], reply["rejected_count"]) == (3, 6)
    assert {r["code"] for r in reply["rejected"]} == {"json_invalid"}
    assert [r["index"] for r in reply["rejected"]] == [2, 3, 4, 5, 6, 7]
    shown = [r["row"] for r in client.get("/events/rejects").json()["rejects"]]
    assert shown[-2:] == ["\\xff\\u0000", "{"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"7", b'"a"', b"{}", b'{"events": 1}', b'{"events": [], "more": 1}', b"[NaN]", b"[" * 5000, b"\xff"],
)
def test_an_array_that_is_none_is_refused_as_a_whole(client, engine, body):
    reply = client.post("/events", content=body, headers=JSON)
    assert (reply.status_code, reply.json()["code"]) == (422, "request_invalid")
    assert eventlog.count(engine) == 0


def test_an_empty_list_is_no_error(client):
    for headers, body in [(JSON, b"[]"), (LINES, b""), (LINES, b"\n\n")]:
        assert client.post("/events", content=body, headers=headers).json()["accepted"] == 0


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({}, b"[]", 415, "media_type_unsupported"),
        ({"Content-Type": "text/csv"}, b"a,b", 415, "media_type_unsupported"),
        ({"Content-Type": "application/json; charset=utf-16"}, b"[]", 415, "media_type_unsupported"),
        ({**JSON, "Content-Encoding": "br"}, b"[]", 415, "media_type_unsupported"),
        ({**JSON, "Content-Encoding": "gzip"}, b"[]", 422, "request_invalid"),
        ({**JSON, "Content-Encoding": "gzip"}, gzip.compress(b" " * 200_001), 413, "body_too_large"),
        (JSON, b" " * 200_001, 413, "body_too_large"),
        (JSON, b"[" + b"0," * 2500 + b"0]", 413, "body_too_large"),
        (LINES, b"0\n" * 2501, 413, "body_too_large"),
    ],
)
def test_a_body_of_the_wrong_kind_or_size_is_refused(client, engine, headers, body, status, code):
    reply = client.post("/events", content=body, headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert reply.headers["content-type"] == "application/problem+json"
    assert eventlog.rejects(engine, 1) == []


def test_of_many_rejects_the_first_thousand_are_listed_and_the_newest_kept(client):
    reply = client.post("/events", json=[{}] * 2500).json()
    assert (len(reply["rejected"]), reply["rejected_count"]) == (1000, 2500)
    assert reply["rejected"][-1]["index"] == 999
    places, before = [], None
    while True:
        page = client.get("/events/rejects", params={"limit": 900} | ({"before": before} if before else {})).json()
        places += [r["index"] for r in page["rejects"]]
        before = page["before"]
        if before is None:
            break
    assert places == list(range(2499, 499, -1))


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "before=-1", "before=x", "before=99999999999999999999"])
def test_a_wrong_page_of_rejects_is_refused(client, query):
    assert client.get(f"/events/rejects?{query}").status_code == 422


def test_clients_that_send_the_same_events_at_once_store_them_once(client, engine):
    rows = [{"item_id": f"i{i}", "user_id": "u", "event_id": f"e{i}"} for i in range(500)]
    replies = []

    def send(order):
        replies.append(client.post("/events", json=order).json())

    threads = [threading.Thread(target=send, args=[order]) for order in (rows, rows[::-1], rows, rows[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sum(r["accepted"] for r in replies) == 500
    assert sum(r["duplicates"] for r in replies) == 1500
    assert eventlog.count(engine) == 500


def test_posting_needs_write_and_rejects_need_admin(settings):
    engine = connect(settings.database_url)
    tokens = {scope: create_key(engine, scope, [scope]) for scope in ("read", "write", "admin")}
    engine.dispose()
    with running(create_app(settings)) as client:

        def status(method, path, scope):
            headers = {"Authorization": f"Bearer {tokens[scope]}"} if scope else {}
            return client.request(method, path, headers=headers, json=[] if method == "POST" else None).status_code

        found = {scope: (status("POST", "/events", scope), status("GET", "/events/rejects", scope)) for scope in tokens}
        assert found == {"read": (403, 403), "write": (200, 403), "admin": (200, 200)}
        assert status("POST", "/events", None) == 401


def test_while_the_database_is_away_nothing_is_acknowledged(postgres, tmp_path):
    url = postgres.create("away", "template_item2vec")
    settings = Settings(models=tmp_path / "models", database=url, access_log=False)
    with running(create_app(settings)) as client:
        postgres.stop("immediate")
        try:
            reply = client.post("/events", json=GOOD)
            assert (reply.status_code, reply.json()["code"]) == (503, "store_unavailable")
            assert int(reply.headers["retry-after"]) > 0
        finally:
            postgres.start()
        assert client.post("/events", json=GOOD).json()["accepted"] == 2
    postgres.drop("away")


def test_the_document_shows_every_form_of_the_body(client):
    document = client.get("/openapi.json").json()
    body = document["paths"]["/events"]["post"]["requestBody"]
    assert {"application/json", "application/x-ndjson"} <= body["content"].keys()
    array, wrapped = body["content"]["application/json"]["schema"]["anyOf"]
    assert array["items"]["additionalProperties"] is False
    assert wrapped["additionalProperties"] is False
    assert {"401", "403", "413", "415", "422", "429", "503"} <= document["paths"]["/events"]["post"]["responses"].keys()
