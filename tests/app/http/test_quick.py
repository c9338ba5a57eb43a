"""The quick way gives the answers that the documented route would give, prepared or not."""

import pytest
from support.live import serving, until

from benchmarks.http.world import publish


def prepared_of(client):
    """The answers of the view that serves now."""
    return client.app.edge.quick.of(client.app.state.service.shelf.view)


def test_prepared_answers_are_the_same_bytes_and_end_with_the_catalogue(tmp_path):
    publish(tmp_path / "models", 60)
    with serving(tmp_path / "models") as client:
        shelf = client.app.state.service.shelf
        before = {i: client.get(f"/similar/item-{i:06d}?k=10").content for i in range(60)}
        until(lambda: prepared_of(client).filled)
        view, prepared = shelf.view, prepared_of(client)
        assert all(prepared.get((f"item-{i:06d}", b"")) == before[i] for i in range(60))
        assert all(client.get(f"/similar/item-{i:06d}").content == before[i] for i in range(60))
        client.patch("/items/item-000001", json={"available": False})
        until(lambda: shelf.view is not view)
        assert all(
            b'"item_id":"item-000001","rank"' not in client.get(f"/similar/item-{i:06d}").content for i in range(60)
        )


def test_no_more_is_prepared_than_there_is_room_for(tmp_path):
    publish(tmp_path / "models", 2000)
    with serving(tmp_path / "models", cache_mb=1) as client:
        until(lambda: prepared_of(client).filled)
        kept = [f"item-{i:06d}" for i in range(2000) if prepared_of(client).get((f"item-{i:06d}", b""))]
        assert 300 < len(kept) < 1000
        assert kept == sorted(kept)[: len(kept)]
        assert kept[0] == "item-000000"  # the most frequent first


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quick")
    publish(folder / "models", 60)
    with serving(folder / "models") as client:
        yield client


QUERIES = [
    "", "k=1", "k=50", "k=501", "k=0", "k=", "k=%2B5", "k=05", "k=5.0", "k=x", "k=1&k=2", "score=next", "score=other",
    "k=3&score=next", "category=c3", "category=c3&category=c4&k=7", "category=", "category=nobody", "unknown=1",
    "k=5&filter=category:eq:c3", "k=5&exclude=item-000002", "min_score=0.5", "category=c3&k=5&x" + "x" * 300,
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_is_answered_as_the_documented_route_answers_it(client, query):
    """GET /similar?item_id= is never answered by the quick way."""
    other = client.get(f"/similar?item_id=item-000007&{query}")
    for _ in range(2):  # the second time from what the first left
        quick = client.get(f"/similar/item-000007?{query}")
        if other.status_code == 200:
            assert quick.content == other.content
        else:
            wanted = [(e["field"], e["message"]) for e in other.json()["errors"]]
            assert [(e["field"], e["message"]) for e in quick.json()["errors"]] == wanted
        assert quick.status_code == other.status_code
        assert quick.headers["etag"] == other.headers["etag"] if other.status_code == 200 else True


def test_what_the_client_has_already_is_not_sent_again_either_way(client):
    tag = client.get("/similar/item-000007").headers["etag"]
    for path in ("/similar/item-000007", "/similar?item_id=item-000007"):
        for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            found = client.get(path, headers={"If-None-Match": sent})
            assert (found.status_code, found.content, found.headers["etag"]) == (304, b"", tag)
        assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
