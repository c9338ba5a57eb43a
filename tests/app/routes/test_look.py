"""What the explorer draws, over HTTP."""

import base64
import re

import numpy as np
import pytest
from support.live import serving, until
from support.trained import train

from index.artifact.registry import Registry
from index.model import Model


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return train(tmp_path_factory.mktemp("look"))


@pytest.fixture(scope="module")
def model(models):
    return Model(Registry(models).open())


@pytest.fixture
def client(models, tmp_path):
    with serving(models, database=f"sqlite:///{tmp_path / 'test.db'}") as client:
        yield client


def test_the_map_and_its_points_are_those_of_the_artifact(client, model):
    answer = client.get("/map")
    body = answer.json()
    assert body["model_version"] == model.manifest.version
    assert body["items"] == 20
    assert body["kept"] == model.map.kept
    assert sorted(body["categories"]) == ["a", "b"]
    points = client.get(body["points"])
    assert "immutable" in points.headers["cache-control"]
    n = body["items"]
    assert len(points.content) == 6 * n
    x, y = np.frombuffer(points.content, "<u2", n), np.frombuffer(points.content, "<u2", n, 2 * n)
    assert np.array_equal(np.column_stack([x, y]), model.map.places)
    kinds, often = (np.frombuffer(points.content, np.uint8, n, at * n) for at in (4, 5))
    assert [body["categories"][kind - 1] for kind in kinds] == [item[0] for item in model.vocabulary.ids]
    assert often[0] == 255
    assert (np.diff(often.astype(int)) <= 0).all()
    assert client.get("/map", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_names_follow_the_live_catalogue_and_a_hidden_item_has_none(client, model):
    version = model.manifest.version
    first = client.get(f"/map/{version}/items").json()
    assert first["ids"] == model.vocabulary.ids
    hidden = first["ids"][3]
    assert client.patch(f"/items/{hidden}", json={"available": False}).status_code == 200
    assert client.patch(f"/items/{first['ids'][4]}", json={"title": "Another"}).status_code == 200

    def names():
        return client.get(f"/map/{version}/items", params={"first": 3, "count": 2}).json()

    until(lambda: names()["ids"][0] is None)
    assert names()["titles"] == [None, "Another"]


def test_points_of_another_version_are_refused_by_name(client):
    answer = client.get("/map/20200101-000000/points")
    assert answer.status_code == 404
    assert "does not serve" in answer.json()["detail"]


def test_vectors_come_as_bytes_that_are_near_enough(client, model):
    body = client.get("/vectors", params={"item_id": ["a1", "b2", "nope", "a1"]}).json()
    assert body["unknown"] == ["nope"]
    assert set(body["vectors"]) == {"a1", "b2"}
    for item, text in body["vectors"].items():
        small = np.frombuffer(base64.b64decode(text), np.int8) / 127
        numbers = np.sign(small) * small**2 * body["scale"]
        assert len(numbers) == body["dims"]
        real = model.vector(item)
        assert numbers @ real / np.linalg.norm(numbers) > 0.98
    assert client.get("/vectors").status_code == 422
    assert client.get("/vectors", params={"item_id": ["a1"] * 201}).status_code == 422


def test_a_model_without_a_map_says_so(models, tmp_path):
    with serving(train(tmp_path, map=False), database=f"sqlite:///{tmp_path / 'test.db'}") as client:
        answer = client.get("/map")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_map")
        assert "next training" in answer.json()["detail"]


def test_suggestions_follow_the_live_catalogue(client):
    def typed(text, **more):
        return [item["item_id"] for item in client.get("/suggest", params={"q": text, **more}).json()["items"]]

    until(lambda: typed("title of a1") == ["a1"])
    assert len(typed("titel of", k=3)) == 3  # a typo, and the most frequent
    assert client.put("/items", json={"items": [{"item_id": "x", "title": "Zebra crossing"}]}).status_code == 200
    until(lambda: typed("zeb") == ["x"])
    assert client.patch("/items/x", json={"available": False}).status_code == 200
    until(lambda: typed("zeb") == [])
    assert typed("") == []
    assert client.get("/suggest").status_code == 422


def test_the_status_says_what_serves_and_how_well(client, model):
    body = client.get("/status").json()
    assert body["serving"] is True
    assert body["sessions"] == model.manifest.data.sessions
    low, high = body["interval"]
    assert low <= body["hr20"] <= high
    assert 0 <= body["hr20_popular"] <= 1
    until(lambda: client.get("/status").json()["rates"]["requests_per_second"] > 0)
    assert client.get("/status").json()["rates"]["p99_ms"] > 0


def test_without_a_model_the_status_says_the_next_step(tmp_path):
    with serving(tmp_path / "models", database=f"sqlite:///{tmp_path / 'test.db'}") as client:
        until(lambda: client.get("/status").json()["next_step"] is not None)
        body = client.get("/status").json()
        assert (body["serving"], body["hr20"]) == (False, None)
        assert "POST /retrain" in body["next_step"]


def test_browsers_get_the_page_under_its_policy_and_clients_what_they_got(client):
    page = client.get("/", headers={"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"})
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    (policy,) = page.headers.get_list("content-security-policy")
    assert "require-trusted-types-for 'script'" in policy
    names = re.findall(r'(?:href|src)="static/([^"]+)"', page.text)
    assert len(names) >= 3
    for name in names:
        file = client.get(f"/static/{name}")
        assert file.status_code == 200, name
        assert "immutable" in file.headers["cache-control"]
    for dead in ("/static/nope.js", "/static/build.json", "/static/..%2Fmain.py"):
        assert client.get(dead).status_code == 404
    api = client.get("/")
    assert (api.status_code, api.json()["code"]) == (404, "route_unknown")
    assert "default-src 'none'; frame-ancestors 'none'" in api.headers["content-security-policy"]
