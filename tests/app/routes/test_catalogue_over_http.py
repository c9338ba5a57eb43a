"""What a catalogue says in lists, dates and availability, over HTTP: by the model's file, by PUT and by PATCH."""

import pytest
from support.factories import IDS, quick_config, write_log
from support.live import serving, until

from training.pipeline.run import run
from training.progress import LogReporter

HIDDEN = ("a0", "b9")


def genres(item):
    return [item[0], "even" if int(item[1]) % 2 == 0 else "odd", *(["first"] if item[1] in "01" else [])]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("catalogue")
    log = write_log(folder / "log" / "log.csv")
    rows = [
        f"{item},Title of {item},{item[0]}|{'xy'[int(item[1]) % 2]},{'|'.join(genres(item))},"
        f"2024-03-0{int(item[1]) % 9 + 1},{'no' if item in HIDDEN else 'yes'}\n"
        for item in IDS
    ]
    (folder / "log" / "items.csv").write_text("item_id,title,category,genres,released,available\n" + "".join(rows))
    run(quick_config(log), folder / "models", LogReporter())
    return folder / "models"


@pytest.fixture
def client(models, tmp_path):
    with serving(models, database=f"sqlite:///{tmp_path / 'test.db'}") as made:
        yield made


def found(answer):
    assert answer.status_code == 200, answer.text
    return {row["item_id"] for row in answer.json()["items"]}


def similar(client, *filters, **more):
    return found(client.get("/similar/a3", params={"k": 19, "filter": list(filters), **more}))


def recommended(client, *filters, **more):
    body = {"items": ["a3", "a4"], "k": 20, "exclude_seen": False, "filter": list(filters), **more}
    return found(client.post("/recommend", json=body))


def test_what_the_file_calls_unavailable_does_not_come_back_and_a_patch_changes_that(client):
    assert similar(client) == set(IDS) - {"a3"} - set(HIDDEN)
    assert recommended(client).isdisjoint(HIDDEN)
    assert found(client.get("/similar/a0", params={"k": 5})).isdisjoint(HIDDEN)  # it may still be asked about
    item = client.get("/items/a0").json()
    assert item["available"] is False
    assert "available" not in item["metadata"]
    assert len(client.get("/items", params={"available": False}).json()["items"]) == len(HIDDEN)
    # Another field changes, and it stays hidden.
    assert client.patch("/items/a0", json={"title": "New"}).json()["available"] is False
    until(lambda: client.get("/items/a0").json()["title"] == "New")
    assert "a0" not in similar(client)
    client.patch("/items/a0", json={"available": True})
    until(lambda: "a0" in similar(client))
    assert "b9" not in similar(client)
    client.patch("/items/a1", json={"available": False})
    until(lambda: "a1" not in similar(client))


def test_a_list_is_shown_as_one_and_asked_for_by_its_elements(client):
    assert client.get("/items/a1").json()["metadata"]["genres"] == ["a", "odd", "first"]
    wanted = set(IDS) - {"a3"} - set(HIDDEN)
    for ask in (similar, lambda *args: recommended(*args) - {"a3"}):
        assert ask(client, "genres:has:odd") == {item for item in wanted if "odd" in genres(item)}
        assert ask(client, "genres:has:odd", "genres:has:first") == {"a1", "b1"}
        assert ask(client, "genres:has:fir") == set()
        assert ask(client, 'genres:eq:["a", "odd", "first"]') == {"a1"}
    assert similar(client, "title:has:Title of b1") == {"b1"}


def test_an_item_may_be_of_several_categories(client):
    assert client.get("/items/a1").json()["category"] == "a"
    assert similar(client, category="x") == {f"{group}{n}" for group in "ab" for n in (0, 2, 4, 6, 8)} - {"a0"}
    assert similar(client, category=["x", "b"]).issuperset({"b1", "b3", "a2"})


def test_dates_compare_as_dates(client):
    late = similar(client, "released:ge:2024-03-08")
    assert late == {"a7", "a8", "b7", "b8"}
    assert similar(client, "released:lt:2024-03-08T00:00:00+02:00", "released:gt:2024-03-06") == {"a6", "b6"}
    assert client.get("/similar/a3", params={"filter": "released:gt:soon"}).status_code == 422


def test_lists_that_are_put_are_found_at_once(client):
    items = [
        {"item_id": "a5", "metadata": {"genres": ["new", "odd"], "sizes": [38, 40.5], "released": "2025-01-01"}},
        {"item_id": "a6", "metadata": {"genres": "new"}},
    ]
    assert client.put("/items", json={"items": items}).json()["rejected"] == []
    until(lambda: similar(client, "genres:has:new") == {"a5", "a6"})
    assert similar(client, "sizes:has:40.5") == similar(client, "sizes:has:38") == {"a5"}
    assert similar(client, "released:gt:2024-12-31") == {"a5"}
    assert client.get("/items/a5").json()["metadata"]["sizes"] == [38, 40.5]
    client.patch("/items/a5", json={"metadata": {"genres": ["other"]}})
    until(lambda: similar(client, "genres:has:new") == {"a6"})
