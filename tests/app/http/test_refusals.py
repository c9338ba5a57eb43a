"""What is turned away, and how: before "not modified", counted by its code, and without a word of the machine."""

import re

import pytest
from support.live import serving

from app.problems import without_places
from benchmarks.http.world import publish
from store import jobs
from store.database import connect
from store.job import Ending
from store.queue import Queue
from store.upkeep.migrate import migrate


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("refusals") / "models"
    publish(folder, 60)
    with serving(folder) as client:
        yield client


THERE = [
    "/similar/item-000007", "/similar/item-000007?diversity=0.5", "/similar?item_id=item-000007", "/items",
    "/items/item-000007", "/items?item_id=item-000007", "/explain?item=item-000001&candidate=item-000002",
    "/analogy?positive=item-000001",
]  # fmt: skip
NOT_THERE = [
    "/similar/nobody", "/similar/nobody?explain=true", "/similar?item_id=nobody", "/items/nobody",
    "/items?item_id=nobody", "/items?cursor=!", "/explain?item=nobody&candidate=item-000001",
    "/explain?item=item-000001&candidate=nobody", "/analogy?positive=nobody", "/similar/item-000007?filter=x",
    "/similar/item-000007?k=0", "/nowhere", "/models/20260101-000000",
    "/analogy?positive=item-000001&negative=item-000001",
]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_not_modified_is_only_what_there_is(shared, method):
    tag = shared.get(THERE[0]).headers["etag"]
    for path in THERE:
        for sent in (tag, "*", f'"x", W/{tag}'):
            found = shared.request(method, path, headers={"If-None-Match": sent})
            assert (found.status_code, found.content, found.headers["etag"]) == (304, b"", tag), path
            assert found.headers["cache-control"] == "private, no-cache"
            assert "content-length" not in found.headers
        assert shared.request(method, path, headers={"If-None-Match": '"x"'}).status_code == 200
    for path in NOT_THERE:
        plain = shared.request(method, path)
        assert plain.status_code in (404, 422), path
        for sent in (tag, "*"):
            found = shared.request(method, path, headers={"If-None-Match": sent})
            assert (found.status_code, "etag" in found.headers) == (plain.status_code, False), path


def test_a_deleted_item_is_gone_whatever_the_client_has_of_it(shared):
    assert shared.delete("/items/item-000050").status_code == 200
    for path in ("/similar/item-000050", "/similar?item_id=item-000050", "/items/item-000050"):
        assert shared.get(path, headers={"If-None-Match": "*"}).status_code == 404


def refused(client, **headers):
    """Code -> how many, as /metrics has it."""
    text = client.get("/metrics", headers=headers).text
    found = re.findall(r'item2vec_requests_refused_total\{code="(\w+)"\} (\d+)', text)
    return {code: int(number) for code, number in found}


def test_every_refusal_is_counted_by_its_code_and_named_in_the_log(models, tokens, capfd):
    with serving(models, rate_per_key=2, max_body=2000, access_log=True) as client:
        admin, reader = {"X-API-Key": tokens["admin"]}, {"X-API-Key": tokens["read"]}
        asked = [
            client.get("/similar/a1"),
            client.get("/similar/a1", headers={"X-API-Key": "wrong"}),
            client.post("/events", json=[], headers=reader),
            client.get("/similar/a1", headers=reader | {"Host": "evil.example"}),
            client.get("/healthz", headers={"Host": "a b"}),
            client.post("/recommend", json={"items": ["a1"]}, headers=admin | {"Origin": "https://evil.example"}),
            client.post("/events", content=b" " * 3000, headers=admin),
            client.get("/nowhere", headers=reader),
            *(client.get("/similar/a1", headers={"X-API-Key": tokens["write"]}) for _ in range(6)),
        ]
        assert [answer.status_code for answer in asked[:8]] == [401, 401, 403, 421, 400, 403, 413, 404]
        many = sum(answer.status_code == 429 for answer in asked)
        found = refused(client, **admin)
    assert found == {
        "key_invalid": 2, "scope_missing": 1, "host_refused": 1, "host_invalid": 1, "origin_refused": 1,
        "body_too_large": 1, "rate_exceeded": many,
    }  # fmt: skip
    assert many > 0
    log = capfd.readouterr().err
    assert f"request_id={asked[3].headers['x-request-id']} method=GET route=none status=421" in log
    assert re.search(r"status=421 ms=[0-9.]+ code=host_refused\n", log)
    assert not re.search(r"status=200 ms=[0-9.]+ code=", log)


def test_words_that_a_client_makes_up_make_no_series(shared):
    for method in ("TRACE", "PROPFIND", "MKCOL", "LOCK", "SEARCH"):
        assert shared.request(method, "/items").status_code == 405
    methods = set(re.findall(r'method="(\w+)"', shared.get("/metrics").text))
    assert "other" in methods
    assert not methods & {"TRACE", "PROPFIND", "MKCOL", "LOCK", "SEARCH"}


def test_the_openapi_document_needs_a_key_and_counts_as_a_request(models, tokens):
    with serving(models, rate_per_key=2) as client:
        assert client.get("/openapi.json").status_code == 401
        found = [client.get("/openapi.json", headers={"X-API-Key": tokens["read"]}).status_code for _ in range(8)]
    assert (found[0], found[-1]) == (200, 429)


FORCING = [
    {"force": True},
    {"overrides": {"evaluation": {"prefixes": 10}}},
    {"overrides": {"sessions": {"max_length": 2}}},
    {"overrides": {"sessions": {"max_length": 2, "half_life_days": 9}}},
    {"overrides": {"index": {"min_recall": 0.01}}, "force": False},
]
FREELY = [
    {},
    {"force": False, "whole": True},
    {"overrides": {"trainer": {"epochs": 3}, "seed": 2}},
    {"overrides": {"objective": {"walks": 2}, "sessions": {"half_life_days": 9}}},
    {"overrides": {"events": {"type_weights": {"buy": 5}}}},
]


def test_who_may_not_activate_may_not_go_past_the_gate_either(models, tokens):
    with serving(models) as client:
        for body in FORCING:
            for scope, wanted in (("read", 403), ("write", 403), ("admin", 202)):
                answer = client.post("/retrain", json=body, headers={"X-API-Key": tokens[scope]})
                assert answer.status_code == wanted, (body, scope)
            client.delete(answer.headers["location"], headers={"X-API-Key": tokens["write"]})
        for body in FREELY:
            answer = client.post("/retrain", json=body, headers={"X-API-Key": tokens["write"]})
            assert answer.status_code == 202, body
            client.delete(answer.headers["location"], headers={"X-API-Key": tokens["write"]})


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "nothing yet: post events and POST /retrain, or GET /jobs/7/stream",
            "nothing yet: post events and POST /retrain, or GET /jobs/7/stream",
        ),
        ("/data/logs/x.csv: damaged gzip", "x.csv: damaged gzip"),
        ("folder /logs has none; next step: item2vec train --models '/a b/c'", None),
        ("config file /etc/item2vec/train.toml cannot be read", "config file train.toml cannot be read"),
        ("versions/20260101-000000/x.npy is altered", "versions/20260101-000000/x.npy is altered"),
        ("s3://bucket/x and 1/2 of a / b", "s3://bucket/x and 1/2 of a / b"),
        ("files=/a/b.csv,~/c/d.csv", "files=b.csv,d.csv"),
    ],
)
def test_of_a_path_only_the_last_name_is_told(said, told):
    assert without_places(said) == told if told else "/logs" not in without_places(said)


def test_a_job_that_failed_does_not_say_where_its_files_lie(tmp_path):
    publish(tmp_path / "models", 20)
    database = connect(f"sqlite:///{tmp_path / 'jobs.db'}")
    migrate(database)
    with serving(tmp_path / "models", database=f"sqlite:///{tmp_path / 'jobs.db'}") as client:
        job = client.post("/retrain").json()["job_id"]
        worker = Queue(database, "worker")
        assert worker.claim() is not None
        worker.finish(job, Ending.failed("events_missing", f"{tmp_path}/logs/x.csv does not exist"))
        found = client.get(f"/jobs/{job}")
        listed = client.get("/jobs")
    assert found.json()["error"] == {"code": "events_missing", "detail": "x.csv does not exist"}
    assert str(tmp_path) not in listed.text
    assert str(tmp_path) in jobs.get(database, job).error.detail
    database.dispose()
