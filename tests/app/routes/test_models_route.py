"""The model routes over HTTP, on two trained models: one item left the second log, another came."""

import re
import shutil

import pytest
from support.factories import quick_config, write_log
from support.live import serving, until

from app.live.diffs import Diffs
from app.schemas.models import DiffReply, ManifestReply, ModelsReply, ServingReply, is_private
from index.artifact.registry import Registry
from index.errors import RegistryError
from store.database import connect
from store.keys import create_key
from store.upkeep.migrate import migrate
from training.pipeline.run import run
from training.progress import LogReporter

UNKNOWN = [
    "20260101-000000",
    "..",
    "current",
    "rollback",
    "20260101-000000-0",
    "20260101-000000%00",
    "%2e%2e%2fcurrent",
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """(folder, its versions): b9 is c9 in the second; the second serves."""
    folder = tmp_path_factory.mktemp("trained")
    log = write_log(folder / "log" / "events.csv")
    first = run(quick_config(log, blend=False), folder / "models", LogReporter(), force=True)
    log.write_text(log.read_text().replace("b9", "c9"))
    second = run(quick_config(log, seed=2, blend=False), folder / "models", LogReporter(), force=True)
    return folder / "models", [first.manifest.version, second.manifest.version]


@pytest.fixture
def models(trained, tmp_path):
    shutil.copytree(trained[0], tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def versions(trained):
    return trained[1]


@pytest.fixture
def client(models):
    # The watcher is too slow to help: what a route does not take over at once, nobody does.
    with serving(models, watch_seconds=60) as client:
        yield client


def problem(reply, status, code):
    assert (reply.status_code, reply.json()["code"]) == (status, code), reply.text
    return reply.json()["detail"]


def test_models_are_listed_newest_first_with_their_figures(client, versions):
    body = client.get("/models").json()
    ModelsReply.model_validate(body)
    assert body["model_version"] == versions[1]
    assert [m["version"] for m in body["models"]] == versions[::-1]
    assert [m["current"] for m in body["models"]] == [True, False]
    newest = body["models"][0]
    assert (newest["items"], newest["sessions"], newest["events"]) == (20, 400, 2400)
    assert newest["trained_on"] == "all"
    assert newest["gate"]["accepted"]
    for task in ("T1", "T2"):
        figure = newest["metrics"][task]["ndcg@10"]
        assert 0 < figure["low"] <= figure["value"] <= figure["high"] <= 1
        assert newest["metrics"][task].keys() == {"ndcg@10", "hr@20", "mrr@20"}


def test_a_manifest_is_shown_whole_but_for_places_on_the_server(client, models, versions):
    reply = client.get(f"/models/{versions[0]}")
    body = reply.json()
    ManifestReply.model_validate(body)
    manifest = Registry(models).open(versions[0]).manifest
    assert body["version"] == versions[0]
    assert body["model_version"] == versions[1]
    assert not body["current"]
    assert body["config"]["events"].keys() == manifest.config["events"].keys() - {"paths", "items"}
    assert body["config"]["trainer"] == manifest.config["trainer"]
    facts = {"engine": "spectral", "learning_rate": None, "restarts": 0, "started_from": None}
    assert body["training"] == facts
    assert body["metrics"] == manifest.metrics.model_dump(mode="json")
    assert body["index"]["similar"] == {"kind": "flat", "recall_at_10": 1.0}
    assert body["files"].keys() == manifest.files.keys()
    assert "/" not in re.sub(r'"advice": ".*?"', "", reply.text)


@pytest.mark.parametrize("version", UNKNOWN)
def test_an_unknown_version_is_not_found_whatever_its_name(client, version):
    for reply in (client.get(f"/models/{version}"), client.post(f"/models/{version}/activate")):
        # A dot segment is gone before it is sent, so what is left may be no route, or one for another method.
        assert reply.status_code in (404, 405), reply.text
        assert reply.json()["code"] in ("registry_invalid", "route_unknown", "method_not_allowed")


@pytest.mark.parametrize("version", ["../../etc", "", "x" * 5000, "20260101-000000\n", "\ud800"])
def test_a_diff_of_an_unknown_version_is_not_found(client, version):
    for name in ("from", "to"):
        query = {name: version.encode("utf-8", "surrogatepass")}
        detail = problem(client.get("/models/diff", params=query), 404, "registry_invalid")
        assert len(detail) < 300


def test_no_message_says_where_the_models_lie(client, models, versions):
    problem(client.get("/models/20260101-000000"), 404, "registry_invalid")
    (models / "versions" / versions[0] / "inputs.npy").write_bytes(b"short")
    for reply in (
        client.get(f"/models/{versions[0]}"),
        client.get("/models/diff"),
        client.post(f"/models/{versions[0]}/activate"),
        client.post("/models/rollback"),
    ):
        detail = problem(reply, 409, "artifact_corrupt")
        assert f"versions/{versions[0]}/inputs.npy" in detail
        assert str(models.parent) not in detail
    assert client.get("/models").json()["model_version"] == versions[1]
    assert Registry(models).current() == versions[1]


def test_a_damaged_pointer_is_said_and_mended_by_activating(client, models, versions):
    (models / "current.json").write_text("{")
    detail = problem(client.get("/models"), 409, "artifact_corrupt")
    assert "current.json is damaged" in detail
    assert str(models) not in detail
    assert client.post(f"/models/{versions[1]}/activate").status_code == 200
    assert client.get("/models").status_code == 200


def test_a_diff_says_what_changed_since_the_model_before(client, versions):
    body = client.get("/models/diff").json()
    DiffReply.model_validate(body)
    assert (body["from"], body["to"], body["model_version"]) == (*versions, versions[1])
    assert body["items"] == {
        "before": 20, "after": 20, "both": 19, "gained": 1, "lost": 1, "gained_ids": ["c9"], "lost_ids": ["b9"]
    }  # fmt: skip
    for score in ("similar", "next"):
        assert body[score]["items"] == sum(body[score]["histogram"]) == 19
        assert 0 < body[score]["mean"] <= 1
    assert all(len(m["gained"]) == len(m["lost"]) == round(10 - 10 * m["overlap"]) for m in body["movers"])
    assert {(m["task"], m["metric"]) for m in body["metrics"]} >= {("T1", "ndcg@10"), ("T2", "mrr@20")}
    assert body["settings"] == [{"name": "seed", "before": 1, "after": 2}]
    moved = body["vectors"]
    assert (moved["items"], len(moved["most"]), moved["reason"]) == (19, 19, None)
    assert 0 <= moved["median"] < 1
    assert moved["most"][0]["moved"] >= moved["most"][-1]["moved"] >= 0
    assert {m["item_id"] for m in moved["most"]} == {f"{g}{i}" for g in "ab" for i in range(10)} - {"b9"}


def test_a_diff_goes_either_way(client, versions):
    body = client.get("/models/diff", params={"from": versions[1], "to": versions[0]}).json()
    assert body["items"]["gained_ids"] == ["b9"]
    assert client.get("/models/diff", params={"from": versions[1]}).json()["items"]["gained"] == 0


def test_the_first_model_has_none_before_it(client, versions):
    detail = problem(client.get("/models/diff", params={"to": versions[0]}), 404, "registry_invalid")
    assert "from=" in detail


def test_the_last_few_diffs_are_kept(models, versions):
    first, second = versions
    registry, diffs = Registry(models), Diffs(kept=2)
    same, there = diffs.get(registry, None, first, first), diffs.get(registry, None, first, second)
    assert diffs.get(registry, None, first, first) is same
    back = diffs.get(registry, None, second, first)  # in place of `there`, which was asked for longest ago
    shutil.rmtree(models / "versions")
    assert diffs.get(registry, None, first, first) is same
    assert diffs.get(registry, None, second, first) is back
    assert there.items.gained_ids == back.items.lost_ids
    with pytest.raises(RegistryError):
        diffs.get(registry, None, first, second)


def test_an_activated_model_answers_the_next_request(client, versions):
    assert client.get("/similar/c9").status_code == 200
    body = client.post(f"/models/{versions[0]}/activate").json()
    ServingReply.model_validate(body)
    assert body == {"version": versions[0], "model_version": versions[0]}
    assert client.get("/similar/b9").json()["model_version"] == versions[0]
    assert client.get("/similar/c9").status_code == 404
    assert [m["current"] for m in client.get("/models").json()["models"]] == [False, True]


def test_rollback_goes_back_until_nothing_is_left(client, models, versions):
    assert client.post("/models/rollback").json() == {"version": versions[0], "model_version": versions[0]}
    assert client.get("/similar/b9").status_code == 200
    detail = problem(client.post("/models/rollback"), 409, "rollback_impossible")
    assert str(models) not in detail
    assert client.get("/models").json()["model_version"] == versions[0]


def test_without_models_the_list_is_empty_and_the_rest_says_so(tmp_path):
    (tmp_path / "models").mkdir()
    with serving(tmp_path / "models") as client:
        assert client.get("/models").json() == {"models": [], "model_version": None}
        problem(client.get("/models/diff"), 503, "no_model")
        problem(client.get("/models/20260101-000000"), 404, "registry_invalid")
        problem(client.post("/models/20260101-000000/activate"), 404, "registry_invalid")
        assert str(tmp_path) not in problem(client.post("/models/rollback"), 503, "no_model")


def test_reading_needs_read_and_switching_needs_admin(models, versions, tmp_path):
    url = f"sqlite:///{tmp_path / 'keys.db'}"
    engine = connect(url)
    migrate(engine)
    tokens = {scope: create_key(engine, scope, [scope]) for scope in ("read", "write", "admin")}
    engine.dispose()
    with serving(models, database=url) as client:
        until(lambda: client.get("/models", headers={"X-API-Key": tokens["read"]}).status_code == 200)
        reading = ["/models", "/models/diff", f"/models/{versions[0]}"]
        switching = [f"/models/{versions[0]}/activate", "/models/rollback"]
        for path in reading:
            problem(client.get(path), 401, "key_invalid")
            assert all(client.get(path, headers={"X-API-Key": token}).status_code == 200 for token in tokens.values())
        for path in switching:
            problem(client.post(path), 401, "key_invalid")
            for scope in ("read", "write"):
                problem(client.post(path, headers={"X-API-Key": tokens[scope]}), 403, "scope_missing")
            assert Registry(models).current() == versions[1]
        for path in switching:
            assert client.post(path, headers={"X-API-Key": tokens["admin"]}).status_code == 200


@pytest.mark.parametrize(
    ("name", "value", "private"),
    [
        ("events.paths", ["events.csv"], True),
        ("events.items", None, True),
        ("later.file", "/data/x.csv", True),
        ("later.file", "~/x.csv", True),
        ("later.file", "C:\\x.csv", True),
        ("later.url", "postgresql://me:secret@host/db", True),
        ("later.files", ["a", "s3://bucket/x"], True),
        ("events.delimiter", "/", False),
        ("events.item", "item_id", False),
        ("events.event_types", ["listen", "buy"], False),
        ("trainer.dims", 100, False),
    ],
)
def test_settings_that_are_places_on_the_server_are_private(name, value, private):
    assert is_private(name, value) is private
