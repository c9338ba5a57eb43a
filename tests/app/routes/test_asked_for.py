"""Nothing that was asked for is dropped without a word: fields that nobody has, values of another kind, ids that the
model does not know."""

import pytest
from support.live import serving, until
from support.trained import train


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    models = train(tmp_path_factory.mktemp("asked"))
    database = f"sqlite:///{tmp_path_factory.mktemp('db') / 'test.db'}"
    with serving(models, database=database) as client:
        fields = [{"price": n, "used": n % 2 == 0, "colour": "red"} for n in range(10)]
        items = [{"item_id": f"a{n}", "title": f"A {n}", "category": "a", "metadata": m} for n, m in enumerate(fields)]
        items.append({"item_id": "new", "title": "New", "metadata": {"only_here": 1}})
        assert client.put("/items", json={"items": items}).status_code == 200
        until(lambda: client.get("/items/new").status_code == 200)
        yield client


ROUTES = {
    "GET /similar/{item_id}": lambda client, f: client.get("/similar/a1", params=[("filter", text) for text in f]),
    "GET /similar": lambda client, f: client.get("/similar", params=[("item_id", "a1"), *(("filter", t) for t in f)]),
    "POST /similar": lambda client, f: client.post("/similar", json={"items": ["a1", "nobody"], "filter": f}),
    "POST /recommend": lambda client, f: client.post("/recommend", json={"items": ["a1"], "filter": f}),
    "of unknown items": lambda client, f: client.post("/recommend", json={"items": ["nobody"], "filter": f}),
    "without fallback": lambda client, f: client.post(
        "/recommend", json={"items": ["nobody"], "filter": f, "fallback": "none"}
    ),
    "of no vector": lambda client, f: client.get("/similar/new", params={"filter": f, "fallback": "none"}),
    "GET /analogy": lambda client, f: client.get("/analogy", params={"positive": ["a1", "a2"], "filter": f}),
}


@pytest.mark.parametrize("route", ROUTES)
def test_a_filter_on_a_field_that_nobody_has_says_which_fields_there_are(client, route):
    for wrong in (["categorie:eq:c0"], ["pric:le:5"], ["price:le:5", "Colour:ne:red"], ["x y:eq:1"]):
        answer = ROUTES[route](client, wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "filter_field_unknown"), answer.text
        assert {"title", "category", "price", "used", "colour", "only_here"} <= set(answer.json()["fields"])
        assert answer.json()["fields"] == sorted(answer.json()["fields"])
    assert "did you mean 'category'?" in ROUTES[route](client, ["categorie:eq:c0"]).json()["detail"]
    assert ROUTES[route](client, ["only_here:ne:1"]).status_code == 200


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("unfit", ["colour:lt:5", "title:ge:1", "price:eq:cheap", "used:eq:yes", "used:gt:0"])
def test_a_filter_with_a_value_of_another_kind_is_said(client, route, unfit):
    answer = ROUTES[route](client, [unfit])
    assert (answer.status_code, answer.json()["code"]) == (422, "filter_value_unfit"), answer.text
    assert answer.json()["errors"][0]["field"] == "filter"


def test_a_value_of_the_right_kind_that_nobody_has_is_an_empty_list(client):
    for fit in ("price:eq:99", "price:gt:99", "colour:eq:blue", "title:eq:5"):
        answer = client.get("/similar/a1", params={"filter": fit})
        assert answer.json()["shortfall_reason"] == "filtered", answer.text


def test_ids_without_a_vector_among_those_to_leave_out_are_listed(client):
    asked = {"exclude": ["a2", "zzz", "new"], "k": 3}
    assert client.get("/similar/a1", params=asked).json()["ignored"] == ["new", "zzz"]
    assert client.post("/similar", json={"items": ["a1", "a3"], **asked}).json()["ignored"] == ["new", "zzz"]
    assert client.get("/analogy", params={"positive": ["a1"], **asked}).json()["ignored"] == ["new", "zzz"]
    answer = client.post("/recommend", json={"items": ["a1", "qq"], "disliked": ["yyy", "b1"], **asked}).json()
    assert (answer["unknown"], answer["ignored"]) == (["qq"], ["new", "yyy", "zzz"])
    client.post("/events", json=[{"user_id": "u", "item_id": "a1"}])
    assert client.get("/users/u/recommendations", params=asked).json()["ignored"] == ["new", "zzz"]


def test_where_nothing_is_ignored_the_answers_say_so(client):
    assert "ignored" not in client.get("/similar/a1", params={"exclude": "a2"}).json()
    assert client.post("/similar", json={"items": ["a1"]}).json()["ignored"] == []
    assert client.post("/recommend", json={"items": ["a1"], "exclude": ["a2"]}).json()["ignored"] == []


@pytest.mark.parametrize(
    ("sent", "said"), [("trainr", "did you mean trainer?"), ("gate", "there are events, sessions")]
)
def test_a_section_that_there_is_not_is_told_with_those_that_there_are(client, sent, said):
    answer = client.post("/retrain", json={"overrides": {sent: {"epochs": 3}}})
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")
    assert f"there is no section {sent}" in answer.json()["detail"]
    assert said in answer.json()["detail"]
