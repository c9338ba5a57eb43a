"""POST /rank over HTTP."""

import pytest
from support.live import serving, until
from support.trained import train

from index.artifact.registry import Registry
from index.model import Model
from index.ranking.rank import SIMILARITIES

NOW = 4_000_000_000  # later than any clock of a test: nothing is old beside it


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return train(tmp_path_factory.mktemp("rank"))


@pytest.fixture(scope="module")
def client(models, tmp_path_factory):
    database = f"sqlite:///{tmp_path_factory.mktemp('db') / 'test.db'}"
    with serving(models, database=database) as client:
        items = [{"item_id": f"{g}{n}", "title": f"{g}{n}", "metadata": {"market": g}} for g in "ab" for n in range(10)]
        assert client.put("/items", json={"items": items}).json()["stored"] == 20
        until(lambda: "market" in client.get("/items/b9").text)
        yield client


def ranked(client, **body):
    answer = client.post("/rank", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_candidates_like_what_was_clicked_come_first_and_like_what_was_skipped_last(client, models):
    body = ranked(client, candidates=["a4", "b4", "a5", "b5"], clicked=["b1", "b2"], skipped=["a1"])
    assert {row["item_id"][0] for row in body["items"][:2]} == {"b"}
    assert [row["rank"] for row in body["items"]] == [1, 2, 3, 4]
    assert body["items"][0]["title"] == body["items"][0]["item_id"]
    assert (body["unknown"], body["old"], body["segment"]) == ([], {}, None)
    model = Model(Registry(models).open())
    assert body["model_version"] == model.manifest.version
    for row in body["items"]:
        assert tuple(row["similarities"]) == SIMILARITIES
        found = float(model.vector(row["item_id"]) @ model.vector("a1"))
        assert row["similarities"]["skipped"] == pytest.approx(found, abs=1e-5)
        assert row["similarities"]["converted"] is None
        mean = (row["similarities"]["clicked"] - 0.5 * row["similarities"]["skipped"]) / 1.5
        assert row["score"] == pytest.approx(mean, abs=1e-5)


def test_python_gives_the_same(client, models):
    candidates, done = ["a4", "b4", "nobody"], {"clicked": ["b1", "a2"], "long_clicked": ["a7", "b8"]}
    body = ranked(client, candidates=candidates, segment="", **done)
    found = Model(Registry(models).open()).rank(candidates, done)
    assert [row["item_id"] for row in body["items"]] == [one.item for one in found.items]
    assert [row["score"] for row in body["items"][:2]] == pytest.approx(
        [one.score for one in found.items[:2]], abs=1e-5
    )
    assert body["unknown"] == found.unknown == ["nobody"]


def test_weights_turn_the_order(client):
    asked = {"candidates": ["a4", "b4"], "clicked": ["b1"], "skipped": ["a1"]}
    assert ranked(client, **asked)["items"][0]["item_id"] == "b4"
    other = ranked(client, **asked, weights={"clicked": 0, "skipped": 1})
    assert other["items"][0]["item_id"] == "a4"


def test_each_market_has_a_centroid_of_its_own(client):
    asked = {"candidates": ["a4", "b4"], "clicked": ["a1", "a2", "b1", "b2"]}
    apart, together = ranked(client, **asked, segment="market"), ranked(client, **asked)
    assert apart["segment"] == "market"
    of = [{row["item_id"]: row["similarities"]["clicked"] for row in body["items"]} for body in (apart, together)]
    assert all(of[0][item] > of[1][item] for item in ("a4", "b4"))


def test_what_is_unknown_or_hidden_is_said_and_comes_back_all_the_same(client):
    client.patch("/items/a6", json={"available": False})
    until(lambda: not client.get("/items/a6").json()["available"])
    body = ranked(client, candidates=["nobody", "a6", "rare"], clicked=["a1", "ghost"])
    assert [row["item_id"] for row in body["items"]] == ["a6", "nobody", "rare"]
    assert [row["available"] for row in body["items"]] == [False, True, True]
    assert [row["rank"] for row in body["items"]] == [1, None, None]
    assert body["items"][1]["score"] is None
    assert body["unknown"] == ["ghost", "nobody", "rare"]
    client.patch("/items/a6", json={"available": True})


def test_the_last_long_click_is_that_of_the_latest_time(client):
    late, early = {"item_id": "b3", "time": NOW}, {"item_id": "a3", "time": NOW - 60}
    body = ranked(client, candidates=["b3"], long_clicked=[late, early])
    assert body["items"][0]["similarities"]["last_long_click"] == pytest.approx(1, abs=1e-5)


def test_events_count_for_two_weeks_or_since_the_time_that_is_given(client):
    old = {"item_id": "a1", "time": "2020-01-01T00:00:00Z"}
    new = {"item_id": "b1", "time": NOW}
    body = ranked(client, candidates=["a2"], clicked=[new, old], skipped=[old])
    assert body["old"] == {"clicked": 1, "skipped": 1}
    assert body["items"][0]["similarities"]["skipped"] is None
    assert ranked(client, candidates=["a2"], clicked=[new, old], since="2019-01-01")["old"] == {}
    assert ranked(client, candidates=["a2"], clicked=["a1"])["old"] == {}  # without a time it counts


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"candidates": []}, "body.candidates"),
        ({"candidates": ["a1"] * 1001}, "body.candidates"),
        ({"clicked": ["a1"] * 501}, "body.clicked"),
        ({"viewed": ["a1"]}, "body.viewed"),
        ({"weights": {"viewed": 1}}, "body.weights.viewed"),
        ({"weights": {"clicked": 101}}, "body.weights.clicked"),
        ({"since": "yesterday"}, "body.since"),
        ({"clicked": ["a1", {"item_id": "a2", "time": 1}]}, "body.clicked"),
        ({"skipped": [{"item_id": "a2", "time": "noon"}]}, "body.skipped.time"),
        ({"segment": "markt"}, "body.segment"),
    ],
)
def test_what_cannot_be_is_refused_and_named(client, wrong, field):
    answer = client.post("/rank", json={"candidates": ["a1"], **wrong})
    assert answer.status_code == 422, answer.text
    assert field in [error["field"] for error in answer.json()["errors"]]


def test_the_most_that_is_taken_is_answered(client):
    names = ("clicked", "long_clicked", "skipped", "wishlisted", "contacted", "converted")
    body = ranked(client, candidates=["a1", "b1"] * 500, **{name: ["a2", "b3"] * 250 for name in names})
    assert len(body["items"]) == 1000


def test_the_segment_of_the_service_is_taken_and_an_empty_one_is_none(models, tmp_path):
    with serving(models, database=f"sqlite:///{tmp_path / 'x.db'}", rank_segment="category", rank_days=1) as client:
        asked = {"candidates": ["a4"], "clicked": ["a1"]}
        assert ranked(client, **asked)["segment"] == "category"
        assert ranked(client, **asked, segment="")["segment"] is None
    with serving(tmp_path / "empty") as client:
        assert client.post("/rank", json={"candidates": ["a"]}).json()["code"] == "no_model"
