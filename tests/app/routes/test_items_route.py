"""The items over HTTP: a change is seen by the next request, on both databases."""

import json
import shutil
from pathlib import Path
from urllib.parse import quote

import pytest
from support.live import running, until

from app.main import create_app
from app.settings import Settings
from index.artifact.registry import Registry
from store.database import connect
from store.keys import create_key

FROZEN = Path(__file__).resolve().parents[2] / "data" / "artifacts" / "v1"
ODD = ["a/b", "/", "a b?#%", "ü\U0001f600", "%2F", "rejects", "a\nb", "x" * 1024]


@pytest.fixture
def settings(database, tmp_path):
    return Settings(models=tmp_path / "models", database=database, access_log=False, max_batch=50)


@pytest.fixture
def client(settings):
    with running(create_app(settings)) as made:
        yield made


def put(client, *items):
    # Not by json=, which refuses to send half a surrogate pair.
    body = json.dumps({"items": list(items)})
    reply = client.put("/items", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 200, reply.text
    return reply.json()


def path(item_id):
    return f"/items/{quote(item_id, safe='')}"


def test_a_stored_item_is_read_at_once(client):
    item = {"item_id": "a", "title": "Ä", "category": "c", "available": False, "metadata": {"price": 1.5, "new": True}}
    assert put(client, item) == {"stored": 1, "rejected": [], "model_version": None}
    known = {"trained": False, "sessions_count": None, "model_version": None}
    assert client.get("/items/a").json() == item | known
    assert client.get("/items", params={"item_id": "a"}).json() == item | known


@pytest.mark.parametrize("item_id", ODD)
def test_any_id_is_read_changed_and_deleted_by_its_path(client, item_id):
    put(client, {"item_id": item_id, "title": "T"})
    assert client.get(path(item_id)).json()["title"] == "T"
    assert client.patch(path(item_id), json={"title": "U"}).json()["item_id"] == item_id
    assert client.get("/items", params={"item_id": item_id}).json()["title"] == "U"
    deleted = client.delete(path(item_id))
    assert deleted.json() == {"item_id": item_id, "deleted": True, "model_version": None}
    assert client.get(path(item_id)).status_code == 404


def test_an_id_that_ends_in_a_line_break_is_another_id(client):
    put(client, {"item_id": "a"})
    assert client.get("/items/a%0A").status_code == 404
    assert client.delete("/items/a%0A").status_code == 404
    assert client.get("/items/a").status_code == 200


def test_ids_that_no_path_can_hold_are_read_by_the_query(client):
    put(client, {"item_id": ".."}, {"item_id": 7})
    assert client.get("/items", params={"item_id": ".."}).json()["item_id"] == ".."
    assert client.get("/items/7").json()["item_id"] == "7"


def test_bad_items_are_answered_one_by_one_and_the_good_ones_stored(client):
    bad = [
        (7, "item_not_object"),
        ({}, "item_missing"),
        ({"item_id": None}, "item_missing"),
        ({"item_id": True}, "item_invalid"),
        ({"item_id": " "}, "item_invalid"),
        ({"item_id": "a", "title": 5}, "title_invalid"),
        ({"item_id": "a", "title": "a\0"}, "title_invalid"),
        ({"item_id": "a", "category": "\ud800"}, "category_invalid"),
        ({"item_id": "a", "category": "x" * 2001}, "category_invalid"),
        ({"item_id": "a", "available": 1}, "available_invalid"),
        ({"item_id": "a", "available": None}, "available_invalid"),
        ({"item_id": "a", "price": 1}, "field_unknown"),
        ({"item_id": "a", "\ud800é": 1}, "field_unknown"),
        ({"item_id": "a", "metadata": []}, "metadata_invalid"),
        ({"item_id": "a", "metadata": {"x": [[1]]}}, "metadata_invalid"),
        ({"item_id": "a", "metadata": {"x": [None]}}, "metadata_invalid"),
        ({"item_id": "a", "metadata": {"x": ["e"] * 101}}, "metadata_invalid"),
        ({"item_id": "a", "metadata": {"x": "y" * 2001}}, "metadata_invalid"),
        ({"item_id": "a", "metadata": {"x": 10**300}}, "metadata_invalid"),
        ({"item_id": "a", "metadata": {"": 1}}, "metadata_invalid"),
        ({"item_id": "a", "metadata": {"\udc00": 1}}, "metadata_invalid"),
        ({"item_id": "a", "metadata": {"é": 1}}, "metadata_invalid"),
        ({"item_id": "a", "metadata": {"x\n": 1}}, "metadata_invalid"),
        ({"item_id": "a", "metadata": {f"f{i}": i for i in range(51)}}, "metadata_invalid"),
    ]
    found = put(client, {"item_id": "first"}, *(item for item, _ in bad), {"item_id": "last"})
    assert found["stored"] == 2
    assert [(r["index"], r["code"]) for r in found["rejected"]] == [(i, code) for i, (_, code) in enumerate(bad, 1)]
    assert [i["item_id"] for i in client.get("/items").json()["items"]] == ["first", "last"]


def test_infinity_is_no_value(client):
    body = b'{"items": [{"item_id": "a", "metadata": {"x": 1e999}}]}'
    reply = client.put("/items", content=body, headers={"Content-Type": "application/json"})
    assert reply.json()["rejected"][0]["code"] == "metadata_invalid"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"[]", {}, 422),
        (b'{"items": 1}', {}, 422),
        (b'{"items": [], "more": 1}', {}, 422),
        (b"{", {}, 422),
        (b'{"items": []}', {"Content-Type": "text/plain"}, 415),
        (b'{"items": [' + b"0," * 50 + b"0]}", {}, 413),
    ],
)
def test_a_body_that_is_no_list_of_items_is_refused(client, body, headers, status):
    reply = client.put("/items", content=body, headers={"Content-Type": "application/json"} | headers)
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"


def test_items_are_listed_in_pages(client):
    put(client, *({"item_id": f"i{n:02}", "title": f"Title {n}"} for n in range(25)))
    found, cursor = [], None
    while True:
        page = client.get("/items", params={"limit": 10} | ({"cursor": cursor} if cursor else {})).json()
        found += [i["item_id"] for i in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == [f"i{n:02}" for n in range(25)]


def test_items_are_found_by_title_id_category_and_availability(client):
    put(
        client,
        {"item_id": "x1", "title": "Große Straße", "category": "a"},
        {"item_id": "x2", "title": "other", "category": "a", "available": False},
        {"item_id": "STRASSE", "category": "b"},
    )

    def ids(**query):
        return [i["item_id"] for i in client.get("/items", params=query).json()["items"]]

    assert ids(q="strasse") == ["STRASSE", "x1"]
    assert ids(category="a") == ["x1", "x2"]
    assert ids(available="false") == ["x2"]
    assert ids(q="X", category="a", available="true") == ["x1"]
    assert ids(q="nothing") == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "cursor=x", "cursor=%C3%BC", "cursor=e30=", "available=maybe"]
)
def test_a_wrong_query_is_refused(client, query):
    assert client.get(f"/items?{query}").status_code == 422


def test_patch_changes_only_what_is_given(client):
    put(client, {"item_id": "a", "title": "A", "category": "c", "metadata": {"x": 1, "y": 2}})
    reply = client.patch("/items/a", json={"category": None, "metadata": {"x": None, "z": "3"}}).json()
    assert (reply["title"], reply["category"], reply["metadata"]) == ("A", None, {"y": 2, "z": "3"})
    assert client.patch("/items/a", json={}).json() == reply


@pytest.mark.parametrize(
    "body",
    [[], 7, {"available": None}, {"available": "no"}, {"item_id": "b"}, {"metadata": {"x": {}}}, {"title": "a\0"}],
)
def test_a_wrong_patch_is_refused_and_changes_nothing(client, body):
    put(client, {"item_id": "a", "title": "A"})
    before = client.get("/items/a").json()
    assert client.patch("/items/a", json=body).status_code == 422
    assert client.get("/items/a").json() == before


@pytest.mark.parametrize("item_id", ["unknown", "a%00b", ""])
def test_an_unknown_item_is_not_found(client, item_id):
    for reply in (
        client.get(f"/items/{item_id}"),
        client.patch(f"/items/{item_id}", json={"title": "x"}),
        client.delete(f"/items/{item_id}"),
    ):
        assert (reply.status_code, reply.json()["code"]) == (404, "item_unknown")


def test_what_the_model_knows_of_an_item_is_changed_and_deleted_too(settings):
    version = json.loads((FROZEN / "manifest.json").read_text())["version"]
    shutil.copytree(FROZEN, settings.models / "versions" / version)
    Registry(settings.models).activate(version)
    with running(create_app(settings)) as client:
        before = client.get("/items/a1").json()
        assert (before["title"], before["trained"], before["model_version"]) == ("Title of a1", True, version)
        after = client.patch("/items/a1", json={"available": False, "metadata": {"price": 3}}).json()
        assert after == before | {"available": False, "metadata": {"price": 3}}
        assert client.delete("/items/a2").status_code == 200
        assert client.get("/items/a2").status_code == 404
        assert len(client.get("/items", params={"q": "title OF a", "limit": 500}).json()["items"]) == 9


def test_a_deleted_item_stays_unknown_until_it_is_put_again(client):
    put(client, {"item_id": "a", "title": "A"})
    client.delete("/items/a")
    assert client.delete("/items/a").status_code == 404
    assert client.patch("/items/a", json={"title": "B"}).status_code == 404
    assert client.get("/items").json()["items"] == []
    put(client, {"item_id": "a"})
    assert client.get("/items/a").json()["title"] is None


def test_another_process_sees_a_change_within_a_second(client, settings):
    with running(create_app(settings)) as other:
        put(client, {"item_id": "a", "title": "A"})
        until(lambda: other.get("/items/a").status_code == 200, seconds=1)
        # Not yet seen here, and still no reason to lose it.
        put(other, {"item_id": "b", "title": "B"})
        assert client.patch("/items/b", json={"category": "c"}).json()["title"] == "B"


def test_reading_and_writing_need_their_scopes(settings):
    engine = connect(settings.database_url)
    tokens = {scope: create_key(engine, scope, [scope]) for scope in ("read", "write")}
    engine.dispose()
    with running(create_app(settings)) as client:

        def status(method, url, scope, body=None):
            headers = {"X-API-Key": tokens[scope]} if scope else {}
            return client.request(method, url, headers=headers, json=body).status_code

        assert status("PUT", "/items", "read", {"items": []}) == 403
        assert status("PUT", "/items", "write", {"items": [{"item_id": "a"}]}) == 200
        assert status("PATCH", "/items/a", "read", {}) == 403
        assert status("DELETE", "/items/a", "read") == 403
        assert status("GET", "/items/a", "read") == 200
        assert status("GET", "/items", None) == 401


def test_too_large_an_item_is_refused_and_the_others_are_stored(settings):
    with running(create_app(settings.model_copy(update={"max_item": 1024}))) as client:
        reply = put(client, {"item_id": "a", "metadata": {"x": "ä" * 400}}, {"item_id": "b"})
        assert (reply["stored"], reply["rejected"][0]["index"], reply["rejected"][0]["code"]) == (
            1,
            0,
            "item_too_large",
        )
        grown = client.patch("/items/b", json={"title": "x" * 1024})
        assert (grown.status_code, grown.json()["code"]) == (422, "item_too_large")
        assert client.get("/items/b").json()["title"] is None


def test_a_full_store_says_so_and_what_it_has_is_served_changed_and_deleted(settings):
    with running(create_app(settings.model_copy(update={"max_items": 2}))) as client:
        put(client, {"item_id": "a"}, {"item_id": "b"})
        body = {"items": [{"item_id": "a", "title": "other"}, {"item_id": "c"}]}
        refused = client.put("/items", json=body)
        assert (refused.status_code, refused.json()["code"]) == (507, "items_full")
        assert [item["title"] for item in client.get("/items").json()["items"]] == [None, None]
        assert client.patch("/items/a", json={"title": "other"}).json()["title"] == "other"
        assert client.delete("/items/b").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "errors"),
    [
        ("POST", "/retrain", {"more": 1}, {"body.more": "is not known here"}),
        ("GET", "/items?limit=0", None, {"query.limit": "must be at least 1"}),
        (
            "POST",
            "/retrain",
            {"overrides": {"trainer": {"dims": {}}}},
            {
                "body.overrides.trainer.dims": "must be true or false, or a whole number, or a number, or text, or "
                "a list, in [ ]"
            },
        ),
    ],
)
def test_what_is_wrong_is_said_in_words_of_the_product(client, method, path, body, errors):
    problem = client.request(method, path, json=body).json()
    assert {found["field"]: found["message"] for found in problem["errors"]} == errors
    (_, message) = next(iter(errors.items()))
    assert message in problem["detail"]
