"""Who did what over HTTP: every act of managing with its key, refused attempts, and nothing that names a person."""

import json
from urllib.parse import quote

import pytest
from support.live import serving, until
from support.trained import copied, train

import item2vec
from index.artifact.registry import Registry
from store import erasures
from store.database import connect
from store.keys import create_key
from store.upkeep.migrate import migrate

PERSON = "ann.of.gables@example.org"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return train(tmp_path_factory.mktemp("audit"))


@pytest.fixture
def world(trained, tmp_path):
    """(client without a key, tokens by scope, folder of the models)."""
    models = copied(trained, tmp_path)
    engine = connect(f"sqlite:///{models / 'item2vec.db'}")
    migrate(engine)
    tokens = {scope: create_key(engine, scope, (scope,)) for scope in ("read", "write", "admin")}
    engine.dispose()
    with serving(models) as client:
        until(lambda: client.get("/models", headers=of(tokens["read"])).status_code == 200)
        yield client, tokens, models


def of(token):
    return {"Authorization": f"Bearer {token}"}


def audit(world, **query):
    client, tokens, _ = world
    reply = client.get("/audit", params=query, headers=of(tokens["admin"]))
    assert reply.status_code == 200, reply.text
    return reply.json()["entries"]


def acts(world, **query):
    return [(e["action"], e["thing"], e["outcome"]) for e in audit(world, **query)]


def test_acts_are_told_with_key_address_and_request(world):
    client, tokens, models = world
    version = Registry(models).current()
    writer, admin = of(tokens["write"]), of(tokens["admin"])
    put = client.put("/items", json={"items": [{"item_id": "x"}, {"item_id": "y"}]}, headers=writer)
    client.patch("/items/x", json={"available": False}, headers=writer)
    client.delete("/items/x", headers=writer)
    job = client.post("/retrain", headers=writer).json()["job_id"]
    client.delete(f"/jobs/{job}", headers=writer)
    client.get("/events/rejects", headers=admin)
    assert client.post(f"/models/{version}/activate", headers=admin).status_code == 200
    assert client.post("/models/rollback", headers=admin).status_code == 409
    assert acts(world)[:10] == [
        ("model.rollback", None, "failed"),
        ("model.rollback", None, "intended"),
        ("model.activate", version, "done"),
        ("model.activate", version, "intended"),
        ("rejects.read", None, "done"),
        ("retrain.cancel", job, "done"),
        ("retrain", job, "done"),
        ("item.delete", "x", "done"),
        ("item.patch", "x", "done"),
        ("items.put", None, "done"),
    ]
    first = audit(world, action="items.put")[0]
    assert (first["key_id"], first["name"], first["via"]) == (tokens["write"][4:12], "write", "http")
    assert (first["address"], first["request_id"]) == ("127.0.0.1", put.headers["x-request-id"])
    assert first["facts"] == {"count": 2, "first": ["x", "y"]}
    assert audit(world, action="model.activate")[0]["facts"] == {"before": version}


def test_what_only_reads_or_posts_events_is_not_told(world):
    client, tokens, _ = world
    before = acts(world)
    client.get("/similar/a1", headers=of(tokens["read"]))
    client.post(
        "/events", json=[{"item_id": "a1", "user_id": PERSON}, {"user_id": PERSON}], headers=of(tokens["write"])
    )
    client.post("/events", json=[{"item_id": "a1", "user_id": PERSON}], headers=of(tokens["read"]))
    client.get("/jobs/nothing", headers=of(tokens["read"]))
    assert acts(world) == before


def test_refused_attempts_are_told_once_a_minute_and_never_say_whom_they_were_about(world):
    client, tokens, _ = world
    for _ in range(20):
        assert client.delete(f"/users/{PERSON}", headers=of(tokens["write"])).status_code == 403
    assert client.get("/audit", headers=of(tokens["write"])).status_code == 403
    assert client.post("/retrain", headers=of(tokens["read"])).status_code == 403
    until(lambda: len(acts(world, action="refused")) == 3)
    refused = audit(world, action="refused")
    assert sorted(e["thing"] for e in refused) == ["DELETE /users/{user_id}", "GET /audit", "POST /retrain"]
    assert {e["outcome"] for e in refused} == {"refused"}
    assert {e["facts"]["code"] for e in refused} == {"scope_missing"}
    assert PERSON not in json.dumps(audit(world))


def test_what_a_page_of_another_site_sends_is_told(world):
    client, tokens, _ = world
    headers = of(tokens["admin"]) | {"Origin": "https://elsewhere.example"}
    assert client.post("/models/rollback", headers=headers).status_code == 403
    until(lambda: len(acts(world, action="refused")) == 1)
    assert audit(world, action="refused")[0]["facts"]["code"] == "origin_refused"


def test_pages_and_filters(world):
    client, tokens, _ = world
    for n in range(5):
        client.put("/items", json={"items": [{"item_id": f"i{n}"}]}, headers=of(tokens["write"]))
    first = client.get("/audit", params={"limit": 3}, headers=of(tokens["admin"])).json()
    rest = client.get(
        "/audit", params={"limit": 100, "cursor": first["next_cursor"]}, headers=of(tokens["admin"])
    ).json()
    assert [e["seq"] for e in first["entries"] + rest["entries"]] == [e["seq"] for e in audit(world)]
    assert rest["next_cursor"] is None
    assert acts(world, thing="i3", key=tokens["write"][4:12]) == [("items.put", "i3", "done")]
    at = audit(world, thing="i3")[0]["at"]
    assert [e["thing"] for e in audit(world, until=at, action="items.put")] == ["i2", "i1", "i0"]
    assert [e["thing"] for e in audit(world, since=at.replace("Z", "+00:00"))] == ["i4", "i3"]


@pytest.mark.parametrize(
    "query", [{"action": "walk"}, {"since": "yesterday"}, {"cursor": -1}, {"limit": 0}, {"key": "\0"}]
)
def test_what_cannot_be_asked_is_422(world, query):
    client, tokens, _ = world
    assert client.get("/audit", params=query, headers=of(tokens["admin"])).status_code == 422


def test_a_user_is_erased_and_the_answer_says_what_is_gone_and_what_is_not(world):
    client, tokens, models = world
    rows = [{"item_id": f"a{n}", "user_id": PERSON, "time": 1_700_000_000 + n} for n in range(3)]
    rows += [{"item_id": "a1", "user_id": "bob"}, {"user_id": PERSON}]
    client.post("/events", json=rows, headers=of(tokens["write"]))
    assert client.get(f"/users/{PERSON}/recommendations", headers=of(tokens["read"])).status_code == 200
    reply = client.delete(f"/users/{PERSON}", headers=of(tokens["admin"]))
    assert reply.status_code == 200, reply.text
    found = reply.json()
    assert (found["erasure"], found["events"], found["rejects"]) == (1, 3, 1)
    assert found["models_trained_before"] == [Registry(models).current()]
    assert "POST /retrain" in found["next_step"]
    assert client.get(f"/users/{PERSON}/recommendations", headers=of(tokens["read"])).status_code == 404
    assert client.get("/events/rejects", headers=of(tokens["admin"])).json()["rejects"] == []
    again = client.delete("/users", params={"user_id": PERSON}, headers=of(tokens["admin"])).json()
    assert (again["erasure"], again["events"]) == (2, 0)
    assert acts(world, action="user.erase") == [("user.erase", f"erasure {n}", "done") for n in (2, 1)]
    assert PERSON not in json.dumps(audit(world))


def test_an_id_of_any_characters_can_be_erased(world):
    client, tokens, _ = world
    for user_id in ("a/b", "..", "é 日本", "a\nb", "x/recommendations", "%2F"):
        client.post("/events", json=[{"item_id": "a1", "user_id": user_id}], headers=of(tokens["write"]))
        by = {"params": {"user_id": user_id}} if user_id == ".." else {}
        place = "/users" if by else f"/users/{quote(user_id, safe='')}"
        assert client.delete(place, headers=of(tokens["admin"]), **by).json()["events"] == 1, user_id
    assert client.delete("/users", params={"user_id": " "}, headers=of(tokens["admin"])).status_code == 422


def test_the_command_line_tells_and_is_told(world, capsys):
    models = world[2]
    place = ["--models", str(models)]
    version = Registry(models).current()
    assert item2vec.main(["keys", "create", "--name", "phone", "--scope", "read", *place]) == 0
    token = capsys.readouterr().out.strip()
    assert item2vec.main(["models", "activate", version, *place]) == 0
    assert item2vec.main(["models", "prune", *place]) == 0
    assert item2vec.main(["users", "erase", PERSON, *place]) == 0
    assert "1 models were trained before" in capsys.readouterr().out
    assert item2vec.main(["users", "check", PERSON, *place]) == 0
    assert "erasure 1 at" in capsys.readouterr().out
    assert item2vec.main(["audit", "--json", *place]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(e["via"], e["action"], e["outcome"]) for e in found[:6]] == [
        ("cli", "user.erase", "done"),
        ("cli", "model.delete", "done"),
        ("cli", "model.delete", "intended"),
        ("cli", "model.activate", "done"),
        ("cli", "model.activate", "intended"),
        ("cli", "key.create", "done"),
    ]
    assert found[5]["thing"] == token[4:12]
    assert token[13:] not in json.dumps(found)
    assert PERSON not in json.dumps(found)
    assert item2vec.main(["audit", "--action", "key.create", "--limit", "1", *place]) == 0
    assert "key.create" in capsys.readouterr().out
    assert item2vec.main(["audit", "--action", "walk", *place]) == 2


def test_a_folder_without_a_service_gets_no_database(trained, tmp_path):
    models = copied(trained, tmp_path)
    (models / "item2vec.db").unlink(missing_ok=True)
    assert item2vec.main(["models", "activate", Registry(models).current(), "--models", str(models)]) == 0
    assert not (models / "item2vec.db").exists()


def test_a_database_that_does_not_answer_keeps_nobody_from_rolling_back_by_hand(trained, tmp_path, caplog):
    models = copied(trained, tmp_path)
    arguments = ["models", "activate", Registry(models).current(), "--models", str(models)]
    assert item2vec.main([*arguments, "--database", "postgresql://nobody@127.0.0.1:1/none"]) == 0
    assert "not in the audit" in caplog.text


def test_erasures_are_numbered_whoever_asks(world):
    client, tokens, models = world
    item2vec.main(["users", "erase", "bob", "--models", str(models)])
    assert client.delete("/users/eve", headers=of(tokens["admin"])).json()["erasure"] == 2
    engine = connect(f"sqlite:///{models / 'item2vec.db'}")
    assert erasures.last(engine) == 2
    engine.dispose()


def test_what_would_go_is_said_on_the_command_line_and_the_file_is_written_anew(world, capsys, monkeypatch):
    place = ["--models", str(world[2])]
    monkeypatch.setenv("ITEM2VEC_EVENTS_DAYS", "30")
    assert item2vec.main(["retention", "--dry-run", *place]) == 0
    said = capsys.readouterr().out
    assert "events            0 rows would go (kept 30 days)" in said
    assert "audit             0 rows would go (kept 400 days)" in said
    assert item2vec.main(["retention", "--vacuum", *place]) == 0
    assert acts(world, action="retention") == [("retention", None, "done")]
    assert item2vec.main(["retention", "--vacuum", "--dry-run", *place]) == 2
