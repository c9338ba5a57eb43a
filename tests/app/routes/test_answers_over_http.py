"""GET and POST /similar, /recommend, /explain, /analogy over real HTTP, on a model of two groups that never mix."""

import json

import httpx
import numpy as np
import pytest
from support.live import serving, until
from support.trained import train

from app.answers.question import Ask
from app.filters.conditions import filter_of
from index.artifact.registry import Registry
from index.model import Model


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return train(tmp_path_factory.mktemp("answers"))


@pytest.fixture(scope="module")
def client(models, tmp_path_factory):
    database = f"sqlite:///{tmp_path_factory.mktemp('db') / 'test.db'}"
    with serving(models, database=database, recall_sample=1.0) as client:
        yield client


@pytest.fixture(scope="module")
def model(models):
    return Model(Registry(models).open())


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["item_id"] for row in answer.json()["items"]]


def test_similar_items_come_from_the_same_group_and_name_their_model(client, model):
    answer = client.get("/similar/a1", params={"k": 5})
    body = answer.json()
    assert body["model_version"] == model.manifest.version == answer.headers["x-model-version"]
    assert [row["item_id"] for row in body["items"]] == [found.item for found in model.neighbours("a1", 5)]
    assert all(row["item_id"].startswith("a") for row in body["items"])
    assert [row["rank"] for row in body["items"]] == [1, 2, 3, 4, 5]
    assert body["items"][0]["title"].startswith("Title of a")
    assert body["shortfall_reason"] is None


@pytest.mark.parametrize(
    "query", ["", "k=3", "k=3&score=next", "score=similar", "category=a", "category=a&category=b&k=2"]
)
def test_the_quick_way_gives_the_bytes_of_the_documented_route(client, query):
    """min_score far below any score changes nothing but the way; and asked again, what was kept gives the same."""
    apart = "&".join(part for part in (query, "min_score=-1000") if part)
    answers = [client.get(f"/similar/a1?{q}") for q in (query, apart, query, query)]
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["etag"] for answer in answers}) == 1
    assert answers[0].headers["cache-control"] == answers[1].headers["cache-control"]


def test_next_follows_the_order_of_the_sessions(client):
    assert ids(client.get("/similar/a3", params={"score": "next", "k": 1})) == ["a4"]


def test_an_unknown_item_is_404_with_a_stable_code(client):
    answer = client.get("/similar/nobody")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "item_unknown"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(("item", "group"), [("rare", "b"), ("new", "a")])
def test_a_known_item_without_a_vector_gets_labelled_fallback_items(client, item, group):
    body = client.get(f"/similar/{item}", params={"k": 12}).json()
    assert [row["source"] for row in body["items"]] == ["category"] * 10 + ["popular"] * 2
    assert all(row["item_id"].startswith(group) for row in body["items"][:10])
    assert all(row["score"] is None for row in body["items"])
    none = client.get(f"/similar/{item}", params={"fallback": "none"}).json()
    assert (none["items"], none["shortfall_reason"]) == ([], "untrained")


@pytest.mark.parametrize(
    ("query", "message"),
    [("k=0", "query.k"), ("k=501", "query.k"), ("k=x", "query.k"), ("score=best", "query.score"),
     ("filter=price", "filter"), ("filter=price:le:cheap", "filter"), ("diversity=2", "query.diversity"),
     ("min_score=NaN", "query.min_score"), ("colour=red", "query.colour")],
)  # fmt: skip
def test_a_wrong_parameter_is_named(client, query, message):
    answer = client.get(f"/similar/a1?{query}")
    assert answer.status_code == 422
    assert message in [error["field"] for error in answer.json()["errors"]]


def test_filters_give_exactly_the_best_that_pass(client, model):
    everything = [found.item for found in model.neighbours("a1", 19)]
    for query, passes in (
        ("category=b", lambda i: i[0] == "b"),
        ("filter=category:ne:b", lambda i: i[0] != "b"),
        ("filter=title:eq:Title%20of%20b3", lambda i: i == "b3"),
    ):
        wanted = [item for item in everything if passes(item)]
        assert ids(client.get(f"/similar/a1?k=10&{query}")) == wanted[:10]
    excluded = ids(client.get("/similar/a1?k=5&exclude=a6&exclude=a3"))
    assert excluded == [item for item in everything if item not in ("a6", "a3")][:5]


@pytest.mark.parametrize("score", ["similar", "next"])
def test_any_filter_and_any_exclusion_give_what_sorting_everything_gives(client, model, score):
    rng = np.random.default_rng(5)
    view = client.app.state.service.shelf.view
    full = {i: [f.item for f in model.neighbours(i, 19, score)] for i in model.vocabulary.ids}
    from app.answers import answers

    for _ in range(150):
        item = str(rng.choice(model.vocabulary.ids))
        titles = [f"Title of {i}" for i in rng.choice(model.vocabulary.ids, rng.integers(1, 12), replace=False)]
        gone = [str(i) for i in rng.choice(model.vocabulary.ids, rng.integers(0, 5))]
        k = int(rng.integers(1, 15))
        chosen = filter_of([], [f"title:ne:{title}" for title in titles])
        found = answers.similar(view, item, score, Ask(k=k, filter=chosen, exclude=tuple(gone)))
        wanted = [i for i in full[item] if f"Title of {i}" not in titles and i not in gone][:k]
        assert [model.vocabulary.ids[row] for row in found.rows] == wanted
        assert (found.shortfall is not None) == (len(wanted) < k)


def test_fewer_than_asked_for_says_why(client):
    assert client.get("/similar/a1?k=50").json()["shortfall_reason"] == "catalogue_small"
    assert client.get("/similar/a1?k=15&category=a").json()["shortfall_reason"] == "filtered"
    few = client.get("/similar/a1?k=15&min_score=0.5").json()
    assert few["shortfall_reason"] == "min_score"
    assert all(row["score"] >= 0.5 for row in few["items"])


def test_evidence_comes_with_explain(client, model):
    row = client.get("/similar/a1?k=1&explain=true").json()["items"][0]
    pair = model.evidence.pair(model.vocabulary.row("a1"), model.vocabulary.row(row["item_id"]))
    assert row["evidence"]["sessions"] == pair.sessions > 0
    assert row["evidence"]["lift"] == pytest.approx(pair.lift, abs=1e-3)


def test_a_diverse_list_starts_with_the_best_and_mixes_more(client):
    plain, mixed = ids(client.get("/similar/a1?k=6")), ids(client.get("/similar/a1?k=6&diversity=0.9"))
    assert mixed[0] == plain[0]
    assert sum(i[0] == "b" for i in mixed) > sum(i[0] == "b" for i in plain)


def test_many_items_at_once_each_have_a_status(client):
    body = client.post("/similar", json={"items": ["a1", "nobody", "rare"], "k": 2}).json()
    assert [(r["item_id"], r["status"], r["code"]) for r in body["results"]] == [
        ("a1", 200, None), ("nobody", 404, "item_unknown"), ("rare", 200, None)
    ]  # fmt: skip
    assert body["failed"] == 1
    assert body["results"][0]["items"] == client.get("/similar/a1?k=2").json()["items"]


def test_the_same_request_gives_304_where_nothing_changed(client):
    first = client.get("/similar/a1")
    for query in ("", "?explain=true"):
        again = client.get(f"/similar/a1{query}", headers={"If-None-Match": f'W/"x", {first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    assert client.get("/similar/a1", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", ["/items", "/items/a1", "/items?item_id=a1", "/explain?item=a1&candidate=a2"])
def test_reads_of_the_catalogue_and_explanations_have_the_same_tag(client, path):
    first = client.get(path)
    assert first.headers["etag"] == client.get("/similar/a1").headers["etag"]
    assert client.get(path, headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_recommend_continues_a_session_and_passes_unknown_items_over(client):
    body = client.post("/recommend", json={"items": ["a1", "what", "a2", "a3"], "k": 3, "explain": True}).json()
    assert body["items"][0]["item_id"] == "a4"
    assert body["unknown"] == ["what"]
    assert not {"a1", "a2", "a3"} & {row["item_id"] for row in body["items"]}
    assert body["items"][0]["evidence"]["sessions"] > 0
    own = client.post("/recommend", json={"items": ["a1", "a2"], "k": 18, "exclude_seen": False}).json()
    assert "a1" in [row["item_id"] for row in own["items"]]


def test_times_order_a_session_and_weights_turn_it(client):
    timed = [{"item_id": "a3", "time": "2026-01-01T00:00:02Z"}, {"item_id": "b5", "time": "2026-01-01T00:00:01+00:00"}]
    assert ids(client.post("/recommend", json={"items": timed, "k": 1})) == ["a4"]
    heavy = [{"item_id": "b5", "weight": 1000}, {"item_id": "a3"}]
    assert ids(client.post("/recommend", json={"items": heavy, "k": 1})) == ["b6"]
    mixed = client.post("/recommend", json={"items": [timed[0], "a1"]})
    assert mixed.status_code == 422


def test_disliked_items_do_not_come_back_and_push_their_like_down(client):
    body = {"items": ["a1", "b1"], "k": 18}
    plain = ids(client.post("/recommend", json=body))
    less = ids(client.post("/recommend", json=body | {"disliked": ["b7", "b3"]}))
    assert not {"b7", "b3"} & set(less)
    place = {item: n for n, item in enumerate(plain)}
    assert np.mean([less.index(i) - place[i] for i in less if i[0] == "b"]) > np.mean(
        [less.index(i) - place[i] for i in less if i[0] == "a"]
    )


def test_a_session_of_unknown_items_gets_popular_ones(client):
    body = client.post("/recommend", json={"items": ["what"], "k": 3}).json()
    assert [row["source"] for row in body["items"]] == ["popular"] * 3


def test_a_user_is_recommended_from_stored_events(client):
    assert client.get("/users/u 1/x/recommendations").status_code == 404
    rows = [{"user_id": "u 1/x", "item_id": f"b{i}", "time": f"2026-01-01T00:00:0{i}Z"} for i in range(3)]
    assert client.post("/events", json=rows).json()["accepted"] == 3
    body = client.get("/users/u%201%2Fx/recommendations?k=2").json()
    assert body["user_id"] == "u 1/x"
    assert body["items"][0]["item_id"] == "b3"


def test_explain_gives_the_evidence_or_why_not(client):
    body = client.get("/explain", params={"item": "a1", "candidate": "a2"}).json()
    assert body["evidence"]["sessions"] > 0
    assert body["next"]["rank"] == 1
    assert any("They were together in" in sentence for sentence in body["sentences"])
    assert "vector" in client.get("/explain", params={"item": "a1", "candidate": "rare"}).json()["missing"]
    assert client.get("/explain", params={"item": "a1", "candidate": "nobody"}).status_code == 404
    assert client.get("/explain", params={"item": "a1", "candidate": "a1"}).json()["missing"].keys() == {"same"}


def test_analogy_adds_and_takes_away(client):
    found = ids(client.get("/analogy?positive=a1&positive=b1&negative=b2&k=5"))
    assert found[0][0] == "a"
    assert not {"a1", "b1", "b2"} & set(found)
    assert client.get("/analogy?positive=nobody").json()["code"] == "item_unknown"
    assert client.get("/analogy?positive=rare").status_code == 409
    assert client.get("/analogy").status_code == 422


@pytest.mark.parametrize(
    "item",
    ["a/b", "a b", "100%", "ü🎵", "a?b=c", "a#b", '"quoted"', "a\\b", "..", "x/../y", "a%2Fb", "a+b", "&=;", "tab\tx"],
)
def test_any_id_works_in_the_path_and_as_a_parameter(client, item):
    put = client.put("/items", json={"items": [{"item_id": item, "title": "Any", "category": "b"}]})
    assert put.json()["stored"] == 1, put.text
    from urllib.parse import quote

    path = "/similar/" + quote(item, safe="")
    answers = [client.get("/similar", params={"item_id": item})]
    if item != "..":  # httpx, as browsers, takes .. out of a path
        answers.append(client.get(path))
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert answer.json()["item_id"] == item
        assert answer.json()["items"][0]["source"] == "category"


def test_a_hidden_or_deleted_item_is_gone_from_every_answer_and_comes_back(client):
    best = ids(client.get("/similar/a1?k=1"))[0]
    before = client.get("/similar/a1").headers["etag"]
    client.patch(f"/items/{best}", json={"available": False})
    until(lambda: client.get("/similar/a1").headers["etag"] != before)

    def everywhere() -> set[str]:
        found = [client.get("/similar/a1?k=19"), client.get("/similar/a1?k=19&explain=true")]
        found += [client.get("/similar/a1?k=19&score=next"), client.get("/similar/a1?k=9&category=a")]
        found += [client.post("/recommend", json={"items": ["a1"], "k": 19}), client.get("/similar/rare?k=19")]
        found += [client.get("/analogy?positive=a1&k=19")]
        return set.union(*(set(ids(answer)) for answer in found))

    assert best not in everywhere()
    assert client.get(f"/similar/{best}").status_code == 200  # its old pages still ask
    client.delete(f"/items/{best}")
    until(lambda: client.get(f"/similar/{best}").status_code == 404)
    assert best not in everywhere()
    client.put("/items", json={"items": [{"item_id": best, "title": "Back", "category": "a"}]})
    until(lambda: best in everywhere())
    assert "Back" in client.get("/similar/a1?k=19").text


def test_every_answer_bears_the_security_headers_and_a_request_id(client):
    for path in ("/similar/a1", "/similar/nobody", "/healthz", "/nowhere", "/similar/a1?explain=true"):
        answer = client.get(path, headers={"X-Request-Id": "my-request.1"})
        assert answer.headers["x-request-id"] == "my-request.1"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers.get_list("x-request-id") == ["my-request.1"]


def test_live_recall_is_measured_and_everything_is_counted(client):
    for i in range(10):
        client.get(f"/similar/b{i}")
    until(lambda: "item2vec_index_recall_at_10 1.0" in client.get("/metrics").text)
    text = client.get("/metrics").text
    assert 'route="/similar/{item_id}"' in text
    assert 'item2vec_events_total{outcome="accepted"}' in text
    assert "nobody" not in text


def test_without_a_model_the_service_says_what_to_do(tmp_path):
    with serving(tmp_path / "models") as empty:
        answer = empty.get("/similar/a1")
        assert (answer.status_code, answer.json()["code"]) == (503, "no_model")
        assert "Retry-After" in answer.headers
        assert empty.get("/readyz").status_code == 503
        assert empty.get("/healthz").status_code == 200
        assert empty.post("/recommend", json={"items": ["a"]}).status_code == 503
        assert empty.post("/events", json=[{"user_id": "u", "item_id": "i"}]).json()["accepted"] == 1
        assert json.loads(empty.get("/items").content)["model_version"] is None


@pytest.mark.parametrize(
    "wanted",
    [
        {"category": [f"c{n}" for n in range(101)]},
        {"category": ["x" * 1025]},
        {"filter": ["price:le:5"] * 21},
        {"filter": ["price:eq:" + "x" * 2200]},
        {"filter": ["price:le:nan"]},
        {"filter": ["price:le:" + "9" * 400]},
    ],
)
def test_a_filter_that_is_too_much_is_refused_with_the_reason(client, wanted):
    refused = client.post("/similar", json={"items": ["a1"], **wanted})
    assert (refused.status_code, refused.json()["code"]) == (422, "request_invalid")
    assert any(name in refused.json()["errors"][0]["field"] for name in wanted)


def test_the_largest_filters_that_are_taken_are_answered(client):
    most = {
        "category": [f"c{n}" for n in range(99)] + ["a"],
        "filter": [f"title:ne:{n}{'x' * 2000}" for n in range(20)],
    }
    answer = client.post("/similar", json={"items": ["a1"], **most}).json()
    assert answer["results"][0]["items"] == client.get("/similar/a1?category=a").json()["items"]
