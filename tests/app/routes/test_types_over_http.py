"""User types over HTTP: which there are, what their users go for, and what comes where nothing else is known."""

import time
from collections import Counter
from urllib.parse import quote

import httpx
import pytest
from support.live import serving, until
from support.server import Server
from support.trained import train
from support.typed import CITIES, HOMES, typed_config, write_typed

from training.pipeline.run import run
from training.progress import LogReporter

ES_IOS = "country=es · device=ios"  # goes for entire homes in Madrid: the even ones


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("typed")
    run(typed_config(write_typed(folder / "log")), folder / "models", LogReporter(), force=True)
    return folder / "models"


@pytest.fixture(scope="module")
def client(models):
    with serving(models, database=f"sqlite:///{models.parent / 'test.db'}") as client:
        yield client


@pytest.fixture(scope="module")
def key(client):
    (found,) = client.get("/users/types", params={"q": ES_IOS}).json()["types"]
    return found["type"]


def ids(body):
    return [row["item_id"] for row in body["items"]]


def of_type(client, key, **query):
    answer = client.get(f"/users/types/{key}/recommendations", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def popularity(client, item):
    return client.get(f"/items/{item}").json()["sessions_count"]


def test_the_types_are_listed_with_what_was_learnt_of_them(client):
    body = client.get("/users/types").json()
    assert body["columns"] == ["country", "device"]
    assert body["total"] == len(body["types"]) == 6
    assert {row["events"] for row in body["types"]} == {320}
    some = client.get("/users/types", params={"q": "COUNTRY=ES", "limit": 1}).json()
    assert (some["total"], len(some["types"])) == (2, 1)


def test_a_type_is_answered_with_what_its_users_go_for_the_popular_ones_first(client, key):
    body = of_type(client, key, k=6)
    assert body["user_type"] == {"type": key, "label": ES_IOS}
    assert body["item_types"][0]["label"] == "city=Madrid · room=entire"
    assert body["item_types"][0]["share"] > 0.7
    assert body["reason"] == f"no history: what users of the type {ES_IOS} go for"
    assert body["shortfall_reason"] is None
    assert {row["source"] for row in body["items"]} == {"type"}
    scores = [row["score"] for row in body["items"]]
    assert scores == sorted(scores, reverse=True)
    assert set(ids(body)) <= {f"madrid{n}" for n in range(0, HOMES, 2)}
    counts = [popularity(client, item) for item in ids(body)]
    assert counts == sorted(counts, reverse=True)


def test_the_whole_list_is_exact_for_every_k_and_filter(client, key):
    whole = ids(of_type(client, key, k=500))
    items = client.get("/items", params={"limit": 100}).json()["items"]
    known = {row["item_id"] for row in items if row["trained"]}
    assert set(whole) == known
    assert of_type(client, key, k=500)["shortfall_reason"] == "catalogue_small"
    assert ids(of_type(client, key, k=7)) == whole[:7]
    rome = of_type(client, key, k=5, filter="city:eq:Rome", exclude=whole[0])
    assert ids(rome) == [item for item in whole if item.startswith("rome")][:5]
    assert ids(of_type(client, key, k=5, exclude=whole[:2])) == whole[2:7]
    none = of_type(client, key, k=100, filter="city:eq:Rome", fallback="none")
    assert none["shortfall_reason"] == "filtered"


def test_a_hidden_item_is_gone_and_comes_back(client, key):
    first = ids(of_type(client, key, k=1))[0]
    before = client.get(f"/items/{first}").json()
    body = {"item_id": first, "metadata": before["metadata"], "title": before["title"]}
    assert client.put("/items", json={"items": [{**body, "available": False}]}).json()["stored"] == 1
    until(lambda: first not in ids(of_type(client, key, k=10)))
    assert client.put("/items", json={"items": [{**body, "available": True}]}).json()["stored"] == 1
    until(lambda: ids(of_type(client, key, k=10))[0] == first)


def test_a_name_works_as_well_as_a_key_and_what_is_unknown_names_some(client, key):
    assert ids(of_type(client, ES_IOS, k=3)) == ids(of_type(client, key, k=3))
    answer = client.get("/users/types/nobody/recommendations")
    assert (answer.status_code, answer.json()["code"]) == (404, "type_unknown")
    assert "country-es-device-ios-" in answer.json()["detail"]


def test_answers_are_bound_to_the_model_and_the_catalogue(client, key):
    answer = client.get(f"/users/types/{key}/recommendations")
    again = client.get(f"/users/types/{key}/recommendations", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "who", [{"user_type": ES_IOS}, {"user": {"country": "es", "device": "ios"}}], ids=["type", "attributes"]
)
def test_a_session_without_any_vector_is_answered_by_the_type(client, key, who):
    for items in ([], ["unheard"]):
        body = client.post("/recommend", json={"items": items, "k": 6, **who}).json()
        assert ids(body) == ids(of_type(client, key, k=6))
        assert {row["source"] for row in body["items"]} == {"type"}
        assert body["user_type"] == {"type": key, "label": ES_IOS}
        assert ES_IOS in body["reason"]


def test_a_history_goes_before_the_type(client):
    plain = client.post("/recommend", json={"items": ["paris2", "paris4"]}).json()
    typed = client.post("/recommend", json={"items": ["paris2", "paris4"], "user_type": ES_IOS}).json()
    assert typed["items"] == plain["items"]
    assert "user_type" not in plain
    assert "reason" not in typed


def test_caps_hold_for_items_by_type(client):
    body = client.post("/recommend", json={"items": [], "user_type": ES_IOS, "k": 6, "max_per": {"city": 2}}).json()
    counts = Counter(item.rstrip("0123456789") for item in ids(body))
    assert counts == {city.lower(): 2 for city in CITIES}
    assert body["items"][0]["source"] == "type"


def test_an_unknown_type_changes_nothing_and_nothing_at_all_is_an_error(client):
    plain = client.post("/recommend", json={"items": ["unheard"]}).json()
    typed = client.post("/recommend", json={"items": ["unheard"], "user_type": "nobody"}).json()
    assert typed["items"] == plain["items"]
    assert typed["user_type"] is None
    answer = client.post("/recommend", json={"items": []})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body.items"


def test_a_user_without_events_is_answered_by_the_type_and_without_one_is_unknown(client, key):
    body = client.get("/users/nobody/recommendations", params={"user_type": key, "k": 4}).json()
    assert ids(body) == ids(of_type(client, key, k=4))
    assert body["user_type"]["label"] == ES_IOS
    for query in ({}, {"user_type": "unheard"}):
        answer = client.get("/users/nobody/recommendations", params=query)
        assert (answer.status_code, answer.json()["code"]) == (404, "user_unknown")


def test_a_user_with_nothing_but_unknown_items_is_answered_by_the_type(client, key):
    event = {"user_id": "lost", "item_id": "unheard", "time": 1_700_000_000}
    assert client.post("/events", json={"events": [event]}).status_code == 200
    plain = client.get("/users/lost/recommendations").json()
    assert {row["source"] for row in plain["items"]} == {"popular"}
    typed = client.get("/users/lost/recommendations", params={"user_type": key}).json()
    assert ids(typed) == ids(of_type(client, key))


def test_an_item_without_a_vector_is_answered_with_items_of_its_type_before_the_category(client):
    body = client.get("/similar/new", params={"k": 12}).json()
    sources = [row["source"] for row in body["items"]]
    assert sources[:10] == ["type"] * 10
    assert set(ids(body)[:10]) == {f"rome{n}" for n in range(1, HOMES, 2)}
    assert body["reason"] == "no session holds 'new': items of its type, city=Rome · room=shared, and of near ones"
    assert all(row["score"] is None for row in body["items"])
    # Nobody went to Oslo: nothing is known of that type.
    odd = client.get("/similar/odd").json()
    assert {row["source"] for row in odd["items"]} == {"category"}
    assert "reason" not in odd


def test_an_item_put_just_now_is_answered_by_its_type(client):
    item = {"item_id": "fresh", "title": "Fresh", "metadata": {"city": "Paris", "room": "entire"}}
    assert client.put("/items", json={"items": [item]}).json()["stored"] == 1
    until(lambda: client.get("/similar/fresh").status_code == 200)
    body = client.get("/similar/fresh", params={"k": 5}).json()
    assert set(ids(body)) <= {f"paris{n}" for n in range(0, HOMES, 2)}
    batch = client.post("/similar", json={"items": ["fresh", "paris2"], "k": 5}).json()
    assert batch["results"][0]["items"] == body["items"]
    assert batch["results"][0]["reason"] == body["reason"]
    assert "reason" not in batch["results"][1]


def test_two_processes_give_the_same_and_know_a_new_item_within_a_second(models, tmp_path):
    quiet = {"database": f"sqlite:///{tmp_path / 'two.db'}", "access_log": False, "rate_per_address": 0}
    server = Server(models, tmp_path / "log.txt", workers=2, **quiet)
    server.start()
    try:
        path = f"{server.url}/users/types/{quote(ES_IOS)}/recommendations"
        answers = [httpx.get(path) for _ in range(8)]  # new connections, so that each process answers some
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.text for answer in answers}) == 1
        item = {"item_id": "second", "metadata": {"city": "Rome", "room": "entire"}}
        assert httpx.put(f"{server.url}/items", json={"items": [item]}).json()["stored"] == 1
        time.sleep(1.0)
        found = [httpx.get(f"{server.url}/similar/second?k=3").json() for _ in range(8)]
        assert {row["source"] for body in found for row in body["items"]} == {"type"}
        assert {row["item_id"].rstrip("0123456789") for body in found for row in body["items"]} == {"rome"}
    finally:
        assert server.stop() == 0


def test_a_model_without_types_has_none_and_answers_as_before(tmp_path):
    with serving(train(tmp_path), database=f"sqlite:///{tmp_path / 'test.db'}") as client:
        assert client.get("/users/types").json()["types"] == []
        answer = client.get("/users/types/x/recommendations")
        assert (answer.status_code, answer.json()["code"]) == (404, "type_unknown")
        body = client.post("/recommend", json={"items": ["unheard"], "user_type": "x"}).json()
        assert {row["source"] for row in body["items"]} == {"popular"}
        assert client.get("/similar/new").json()["items"][0]["source"] == "category"
