"""POST /recommend and GET /users/{user_id}/recommendations with caps, a share of known items, and time; over HTTP."""

from collections import Counter

import pytest
from support.live import serving, until
from support.trained import copied, train

from index.artifact.manifest import Manifest
from index.artifact.registry import Registry

ARTISTS = {f"{g}{n}": [f"artist {n % 3}", f"guest {n % 2}"] for g in "ab" for n in range(10)}
CLOCK = 1_780_000_000


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return train(tmp_path_factory.mktemp("mixed"))


@pytest.fixture(scope="module")
def client(models, tmp_path_factory):
    database = f"sqlite:///{tmp_path_factory.mktemp('db') / 'test.db'}"
    with serving(models, database=database) as client:
        items = [
            {"item_id": item, "title": item, "category": item[0], "metadata": {"artist": artists, "brand": artists[0]}}
            for item, artists in ARTISTS.items()
        ]
        assert client.put("/items", json={"items": items}).json()["stored"] == 20
        until(lambda: "guest 1" in client.get("/items/a1").text)
        yield client


def recommended(client, **body):
    answer = client.post("/recommend", json={"items": ["a1", "a2", "a3"], **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(body):
    return [row["item_id"] for row in body["items"]]


def test_no_more_of_one_field_come_than_asked_for_and_the_next_best_take_their_places(client):
    plain = ids(recommended(client, k=17))
    body = recommended(client, k=3, max_per={"brand": 1})
    taken, counts = [], Counter()
    for item in plain:
        if counts[ARTISTS[item][0]] < 1:
            taken.append(item)
            counts[ARTISTS[item][0]] += 1
    assert ids(body) == taken
    out = {"brand": missing} if (missing := 3 - len(set(plain[:3]) & set(taken))) else {}
    assert body["left_out"] == {"max_per": out, "discovery": 0, "diversity": 0}
    assert "known" not in body
    assert body["shortfall_reason"] is None
    less = recommended(client, k=7, max_per={"brand": 2})
    assert (len(less["items"]), less["shortfall_reason"]) == (6, "max_per")
    assert less["left_out"]["max_per"]["brand"] >= 1


def test_every_element_of_a_list_counts(client):
    body = recommended(client, k=17, max_per={"artist": 3})
    counts = Counter(name for item in ids(body) for name in ARTISTS[item])
    assert max(counts.values()) == 3
    out = [item for item in ARTISTS if item not in ids(body) and item not in ("a1", "a2", "a3")]
    assert all(any(counts[name] == 3 for name in ARTISTS[item]) for item in out)


def test_a_share_of_known_items_takes_its_places(client):
    assert not {"a1", "a2", "a3"} & set(ids(recommended(client, k=10, discovery=1)))
    body = recommended(client, k=4, discovery=0.5)
    assert body["known"] == [item for item in ids(body) if item in ("a1", "a2")]
    assert len(body["known"]) == 2  # the last item does not come back
    assert len(ids(body)) == 4
    back = recommended(client, k=4, discovery=0, exclude_last=False)
    assert {"a1", "a2", "a3"} <= set(ids(back))
    assert len(ids(back)) == 4  # of three known ones a new one takes the last place
    scores = [row["score"] for row in back["items"]]
    assert scores == sorted(scores, reverse=True)


def test_filters_exclusions_diversity_and_hidden_items_hold_with_a_mix(client):
    body = recommended(client, k=5, max_per={"brand": 2}, category=["b"], exclude=["b4"], diversity=0.5)
    assert len(ids(body)) == 5
    assert all(item[0] == "b" and item != "b4" for item in ids(body))
    assert max(Counter(ARTISTS[item][0] for item in ids(body)).values()) <= 2
    low = recommended(client, k=17, max_per={"category": 17}, min_score=1)
    assert low["shortfall_reason"] == "min_score"
    assert all(row["score"] >= 1 for row in low["items"])
    client.patch("/items/b7", json={"available": False})
    until(lambda: "b7" not in ids(recommended(client, k=17)))
    assert "b7" not in ids(recommended(client, k=17, max_per={"brand": 17}))
    client.patch("/items/b7", json={"available": True})
    until(lambda: "b7" in ids(recommended(client, k=17)))


def test_without_a_cap_that_is_full_the_mixed_list_is_the_plain_one(client):
    plain = recommended(client, k=12)
    mixed = recommended(client, k=12, max_per={"brand": 500})
    assert mixed["items"] == plain["items"]
    assert "left_out" not in plain
    assert recommended(client, k=12, discovery=1)["items"] == plain["items"]


def test_items_that_take_the_place_of_a_session_without_vectors_are_capped_too(client):
    body = recommended(client, items=["nobody"], k=4, max_per={"brand": 1})
    assert [row["source"] for row in body["items"]] == ["popular"] * 3
    assert len({ARTISTS[item][0] for item in ids(body)}) == 3
    assert body["shortfall_reason"] == "max_per"
    assert sum(body["left_out"]["max_per"].values()) >= 1


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"max_per": {"brnd": 1}}, "filter_field_unknown", "max_per"),
        ({"max_per": {"brand": 0}}, "request_invalid", "body.max_per.brand"),
        ({"max_per": ["brand:1"]}, "request_invalid", "body.max_per"),
        ({"discovery": 1.5}, "request_invalid", "body.discovery"),
        ({"discovery": 0.5, "exclude_seen": True}, "request_invalid", "body"),
    ],
)
def test_what_cannot_be_is_refused_and_named(client, wrong, code, field):
    answer = client.post("/recommend", json={"items": ["a1"], **wrong})
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert field in [error["field"] for error in answer.json()["errors"]]


def test_a_users_recommendations_take_the_same_as_parameters(client):
    rows = [{"user_id": "listener", "item_id": f"a{n}", "time": CLOCK + n} for n in (1, 2, 3)]
    client.post("/events", json=rows)
    path = "/users/listener/recommendations"
    params = {"k": 4, "max_per": ["brand:2", "category:3"], "discovery": 0.5}
    body = client.get(path, params=params).json()
    same = recommended(client, k=4, max_per={"brand": 2, "category": 3}, discovery=0.5)
    assert [body[name] for name in ("items", "left_out", "known")] == [
        same[name] for name in ("items", "left_out", "known")
    ]
    for wrong in ({"max_per": "brand"}, {"max_per": "brand:x"}, {"max_per": "brand:0"}, {"max_per": "brand:501"}):
        refused = client.get(path, params=wrong)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "query.max_per")
    assert client.get(path, params={"discovery": 0.5, "exclude_seen": True}).status_code == 422
    assert client.get(path, params={"max_per": "brnd:1"}).json()["code"] == "filter_field_unknown"


def rewritten(models, folder, change):
    """A copy of the models, with other settings in the manifest."""
    copy = copied(models, folder)
    file = Registry(copy).open().directory / "manifest.json"
    manifest = Manifest.from_json(file.read_bytes(), file)
    change(manifest)
    file.chmod(0o644)
    file.write_bytes(manifest.to_json())
    return copy


def test_an_old_habit_fades_with_the_half_life(models, tmp_path):
    """Long ago only b, lately one a: the shorter the half life, the more the one counts."""

    def the_whole_session_counts(manifest):
        manifest.recommender["session"] = {"vectors": 1.0}

    path = "/users/fickle/recommendations"
    rows = [{"user_id": "fickle", "item_id": f"b{n % 4}", "time": CLOCK + n} for n in range(8)]
    rows.append({"user_id": "fickle", "item_id": "a3", "time": CLOCK + 60 * 86_400})
    folder = rewritten(models, tmp_path, the_whole_session_counts)
    with serving(folder, database=f"sqlite:///{tmp_path / 'test.db'}", half_life_days=10_000) as client:
        client.post("/events", json=rows)

        def of_a(**given):
            return "".join(row["item_id"][0] for row in client.get(path, params={"k": 8, **given}).json()["items"])

        assert of_a(half_life_days=1).count("a") > 4
        assert of_a(half_life_days=10_000).count("a") < 4
        assert of_a() == of_a(half_life_days=10_000) != of_a(half_life_days=0)
        assert client.get(path, params={"half_life_days": -1}).status_code == 422
        mixed = client.get(path, params={"k": 8, "half_life_days": 1, "max_per": "category:3"}).json()["items"]
        assert [row["item_id"][0] for row in mixed].count("a") == 3


def test_disliked_events_of_a_user_are_no_interest_and_their_items_do_not_come_back(models, tmp_path):
    """Types that the model's training was told of; here they are written into the settings that its manifest keeps."""

    def skips_are_dislikes(manifest):
        manifest.config["events"]["dislike_types"] = ["skip"]

    folder = rewritten(models, tmp_path, skips_are_dislikes)
    with serving(folder, database=f"sqlite:///{tmp_path / 'test.db'}") as client:
        rows = [{"user_id": "u", "item_id": "b1", "time": CLOCK}, {"user_id": "u", "item_id": "b2", "time": CLOCK + 1}]
        skips = [{"user_id": "u", "item_id": f"a{n}", "time": CLOCK + 9, "event_type": "skip"} for n in range(3)]
        only = [{"user_id": "v", "item_id": "a1", "time": CLOCK, "event_type": "skip"}]
        client.post("/events", json=rows + skips + only)
        body = client.get("/users/u/recommendations", params={"k": 19}).json()
        assert body["items"][0]["item_id"] == "b3"
        assert not {"a0", "a1", "a2"} & set(ids(body))
        same = client.post("/recommend", json={"items": ["b1", "b2"], "disliked": ["a0", "a1", "a2"], "k": 19}).json()
        assert body["items"] == same["items"]
        popular = client.get("/users/v/recommendations", params={"k": 19}).json()
        assert {row["source"] for row in popular["items"]} == {"popular"}
        assert "a1" not in ids(popular)
