"""Prepared answers are the answers that would be given anyway."""

from support.live import serving, until

from benchmarks.http.world import publish


def test_prepared_answers_are_the_same_bytes_and_end_with_the_catalogue(tmp_path):
    publish(tmp_path / "models", 60)
    with serving(tmp_path / "models") as client:
        shelf = client.app.state.service.shelf
        before = {i: client.get(f"/similar/item-{i:06d}?k=10").content for i in range(60)}
        until(lambda: shelf.view.prefilled)
        view = shelf.view
        assert all(view.bodies.get((f"item-{i:06d}", b"")) == before[i] for i in range(60))
        assert all(client.get(f"/similar/item-{i:06d}").content == before[i] for i in range(60))
        client.patch("/items/item-000001", json={"available": False})
        until(lambda: shelf.view is not view)
        assert all(
            b'"item_id":"item-000001","rank"' not in client.get(f"/similar/item-{i:06d}").content for i in range(60)
        )


def test_no_more_is_prepared_than_there_is_room_for(tmp_path):
    publish(tmp_path / "models", 2000)
    with serving(tmp_path / "models", cache_mb=1) as client:
        shelf = client.app.state.service.shelf
        until(lambda: shelf.view.prefilled)
        kept = [f"item-{i:06d}" for i in range(2000) if shelf.view.bodies.get((f"item-{i:06d}", b""))]
        assert 300 < len(kept) < 1000
        assert kept == sorted(kept)[: len(kept)]
        assert kept[0] == "item-000000"  # the most frequent first
