"""Items without a past over HTTP: there a moment after they were put, in answers, lists and filters, and gone again."""

import httpx
import pytest
from support.live import serving, until
from support.server import Server
from support.themes import THEMES, train_themes
from support.trained import copied

OF_GARDEN = {"title": "Green garden holder", "category": "garden", "metadata": {"price": 3}}


@pytest.fixture(scope="module")
def themes(tmp_path_factory):
    return train_themes(tmp_path_factory.mktemp("themes"), blend=False)


@pytest.fixture
def models(themes, tmp_path):
    return copied(themes, tmp_path)


@pytest.fixture
def client(models):
    with serving(models) as client:
        yield client


def put(client, item_id="fresh", **fields):
    answer = client.put("/items", json={"items": [{"item_id": item_id, **OF_GARDEN, **fields}]})
    assert answer.json()["stored"] == 1, answer.text


def similar(client, item_id, **query):
    return client.get(f"/similar/{item_id}", params=query).json()


def listed(client, item_id="garden-holder-red", **query):
    return [item["item_id"] for item in similar(client, item_id, **({"k": 20} | query))["items"]]


def sources(answer):
    return {item["item_id"]: item["source"] for item in answer["items"]}


def test_a_new_item_answers_and_appears_at_once(client):
    assert client.get("/similar/fresh").status_code == 404
    assert "fresh" not in listed(client)
    put(client)
    answer = similar(client, "fresh")
    assert len(answer["items"]) == 10
    assert answer["shortfall_reason"] is None
    assert {item["category"] for item in answer["items"]} == {"garden"}
    assert set(sources(answer).values()) == {"content"}
    found = sources(similar(client, "garden-holder-red", k=20))
    assert found["fresh"] == "content"
    assert found["garden-holder-blue"] == "model"


@pytest.mark.parametrize("score", ["similar", "next"])
def test_lists_hold_exactly_the_best_of_both(client, score):
    """Against the long list, which is made at once: shorter ones, filtered ones too, are parts of it in its order."""
    for number in range(30):
        put(client, f"fresh{number}", title=f"Green {THEMES[number % 6]} holder", category=THEMES[number % 6])
    for item in ("garden-holder-red", "music-clock-blue", "fresh0"):
        whole = similar(client, item, k=500, score=score)["items"]
        assert len(whole) == 120 + 5 + 30 - 1  # new-winter is hidden
        scores = [each["score"] for each in whole]
        assert scores == sorted(scores, reverse=True)
        ids = [each["item_id"] for each in whole]
        assert listed(client, item, k=7, score=score) == ids[:7]
        of_music = [each["item_id"] for each in whole if each["category"] == "music"]
        assert listed(client, item, k=15, score=score, category="music") == of_music[:15]
        left = [each for each in ids if each not in (ids[0], ids[2])]
        assert listed(client, item, k=9, score=score, exclude=[ids[0], ids[2]]) == left[:9]


def test_filters_by_metadata_hold_for_new_items(client):
    put(client)
    put(client, "dear", metadata={"price": 900})
    assert listed(client, k=5, filter="price:ge:500") == ["dear"]
    assert "dear" not in listed(client, k=50, filter="price:le:500")
    assert "fresh" in listed(client, k=50, filter="price:le:500")


def test_hiding_changing_and_deleting_take_effect_at_once(client):
    put(client)
    client.patch("/items/fresh", json={"available": False})
    assert "fresh" not in listed(client)
    assert similar(client, "fresh")["items"]  # it may still be asked about
    client.patch("/items/fresh", json={"available": True})
    assert "fresh" in listed(client)
    client.patch("/items/fresh", json={"title": "Green music holder", "category": "music"})
    assert "fresh" not in listed(client)
    assert "fresh" in listed(client, "music-holder-red")
    answer = similar(client, "music-holder-red", k=20)
    assert {item["title"] for item in answer["items"] if item["item_id"] == "fresh"} == {"Green music holder"}
    client.delete("/items/fresh")
    assert "fresh" not in listed(client, "music-holder-red")
    assert client.get("/similar/fresh").status_code == 404


def test_items_of_the_catalogue_without_a_session_are_there_from_the_beginning(client):
    assert "new-garden" in listed(client)
    assert "new-winter" not in listed(client, "winter-box-red", k=100)
    client.patch("/items/new-winter", json={"available": True})
    assert "new-winter" in listed(client, "winter-box-red")


def test_a_session_with_new_items_is_answered(client):
    put(client)

    def recommended(*items, **more):
        return client.post("/recommend", json={"items": list(items), **({"k": 15} | more)}).json()

    alone = recommended("fresh")
    assert {item["category"] for item in alone["items"]} == {"garden"}
    assert set(sources(alone).values()) == {"content"}
    assert alone["unknown"] == []
    assert "fresh" not in sources(alone)
    mixed = recommended("music-box-red", "fresh")
    assert {"garden", "music"} <= {item["category"] for item in mixed["items"]}
    assert "model" in sources(mixed).values()
    assert sources(recommended("garden-box-red", k=60))["fresh"] == "content"
    assert "fresh" not in sources(recommended("garden-box-red", k=60, exclude=["fresh"]))
    assert "fresh" not in sources(recommended("garden-box-red", k=60, disliked=["fresh"]))


@pytest.mark.parametrize("shape", [{"max_per": {"category": 12}}, {"discovery": 0.8}, {"max_per": {"title": 1}}])
def test_lists_with_caps_or_known_items_hold_no_new_items_but_are_asked_with_them(client, shape):
    put(client)

    def recommended(*items, **more):
        answer = client.post("/recommend", json={"items": list(items), "k": 20, **shape, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    for session in (["garden-box-red"], ["garden-box-red", "fresh"], ["fresh"]):
        answer = recommended(*session)
        assert len(answer["items"]) == 20
        assert "fresh" not in sources(answer)
        assert "fresh" not in answer.get("known", [])
        assert answer["unknown"] == []
    assert set(sources(answer).values()) == {"content"}
    assert answer["items"][0]["category"] == "garden"
    assert "garden-box-red" not in sources(recommended("fresh", disliked=["garden-box-red"]))
    assert len(recommended("garden-box-red", disliked=["fresh"], exclude=["fresh"])["items"]) == 20


def test_a_cap_that_never_holds_leaves_the_trained_items_as_they_are(client):
    put(client)
    body = {"items": ["garden-box-red", "fresh"], "k": 100}
    plain = [item for item in client.post("/recommend", json=body).json()["items"] if item["item_id"] != "fresh"]
    plain = [item for item in plain if item["source"] == "model"]
    capped = client.post("/recommend", json={**body, "max_per": {"category": 500}}).json()["items"]
    order = [(item["item_id"], item["score"]) for item in capped[: len(plain)]]
    assert order == [(item["item_id"], item["score"]) for item in plain]


def test_new_items_are_unknown_where_candidates_are_ranked(client):
    put(client)
    body = {"candidates": ["fresh", "garden-box-red", "music-box-red"], "clicked": ["garden-holder-red", "fresh"]}
    answer = client.post("/rank", json=body).json()
    assert [item["item_id"] for item in answer["items"]] == ["garden-box-red", "music-box-red", "fresh"]
    assert answer["unknown"] == ["fresh"]
    assert (answer["items"][-1]["rank"], answer["items"][-1]["score"]) == (None, None)


def test_diverse_lists_may_hold_new_items(client):
    put(client)
    answer = similar(client, "garden-holder-red", k=20, diversity=0.3)
    assert len(answer["items"]) == 20
    assert "fresh" in sources(answer)


def test_explain_says_which_words_bring_it_near(client):
    put(client)
    why = client.get("/explain", params={"item": "garden-holder-red", "candidate": "fresh"}).json()
    assert why["missing"] == {}
    assert "category garden" in why["content"]["fresh"]
    assert any("no sessions to learn from yet" in line and "garden" in line for line in why["sentences"])
    place = [item["item_id"] for item in similar(client, "garden-holder-red", k=100)["items"]].index("fresh") + 1
    assert why["similar"]["rank"] == place


def test_the_quick_way_and_the_documented_one_say_the_same(client):
    put(client)
    quick = client.get("/similar/garden-holder-red", params={"k": 20})
    documented = client.get("/similar", params={"item_id": "garden-holder-red", "k": 20})
    assert quick.content == documented.content
    assert b'"content"' in quick.content


def test_without_room_for_new_items_they_get_the_popular_ones_of_their_category(models):
    with serving(models, new_items=0) as client:
        put(client)
        assert set(sources(similar(client, "fresh")).values()) == {"category"}
        assert "fresh" not in listed(client, k=100)


def test_another_process_has_it_within_a_second_and_a_killed_one_has_it_again(models, tmp_path):
    servers = [Server(models, tmp_path / f"{name}.log") for name in ("one", "two")]
    try:
        for server in servers:
            server.start()
        with httpx.Client(base_url=servers[0].url) as one, httpx.Client(base_url=servers[1].url) as two:
            put(one)
            until(lambda: "fresh" in listed(two), seconds=5)
        servers[1].kill()
        servers[1].start()
        with httpx.Client(base_url=servers[1].url) as two:
            assert "fresh" in listed(two)
            assert set(sources(similar(two, "fresh")).values()) == {"content"}
    finally:
        for server in servers:
            server.kill()
