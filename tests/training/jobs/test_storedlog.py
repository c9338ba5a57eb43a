"""What the service stored comes out as files that a training reads like any other log."""

import json

import pyarrow.parquet as pq
import pytest
from support.jobworld import World

from index.errors import ConfigError
from store.events import STREAMED
from training.config import TrainConfig
from training.eventsconfig import EventsConfig
from training.items.read import read_items
from training.jobs.storedlog import StoredLog, export, with_stored


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


def exported(world, folder, progress=lambda share: None, **settings):
    return export(world.engine, EventsConfig.model_validate(settings), folder, progress)


def test_nothing_stored_gives_no_files(world, tmp_path):
    assert exported(world, tmp_path / "job") == StoredLog(None, None, 0, 0)


def test_columns_get_the_names_of_the_settings_and_only_those_named(world, tmp_path):
    world.store([{"user_id": "u", "item_id": "a", "time": 1_700_000_000_123_456, "event_type": "play", "weight": 2.5}])
    stored = exported(world, tmp_path / "job", user="who", item="what", time="when", event_type="kind")
    table = pq.read_table(stored.events)
    assert table.column_names == ["who", "what", "when", "kind"]
    row = table.to_pylist()[0]
    assert (row["who"], row["what"], row["kind"]) == ("u", "a", "play")
    assert round(row["when"].timestamp() * 1e6) == 1_700_000_000_123_456


def test_a_file_that_is_there_stays_as_it_is(world, tmp_path):
    world.store([{"user_id": "u", "item_id": "a", "time": 1}])
    first = exported(world, tmp_path / "job")
    before = first.events.stat().st_mtime_ns
    world.store([{"user_id": "u", "item_id": "b", "time": 2}])
    assert exported(world, tmp_path / "job") == first
    assert first.events.stat().st_mtime_ns == before
    assert exported(world, tmp_path / "another").rows == 2


def test_a_stopped_export_leaves_no_file_and_starts_over(world, tmp_path):
    world.store([{"user_id": "u", "item_id": "a", "time": i} for i in range(STREAMED + 1)])

    def stop_at_the_end(share):
        if share == 1.0:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        exported(world, tmp_path / "job", stop_at_the_end)
    assert not list((tmp_path / "job").glob("[!.]*"))
    assert exported(world, tmp_path / "job").rows == STREAMED + 1


def test_events_without_a_user_are_their_session_and_without_the_asked_session_are_left_out(world, tmp_path):
    world.store(
        [
            {"session_id": "s", "item_id": "a", "time": 1},
            {"user_id": "u", "session_id": "s", "item_id": "b", "time": 2},
            {"user_id": "u", "item_id": "c", "time": 3},
        ]
    )
    by_user = exported(world, tmp_path / "by user")
    assert pq.read_table(by_user.events)["user_id"].to_pylist() == ["s", "u", "u"]
    by_session = exported(world, tmp_path / "by session", session="session")
    assert (by_session.rows, by_session.left_out) == (2, 1)
    one = exported(world, tmp_path / "one column", user="id", session="id")
    assert pq.read_table(one.events).column_names == ["id", "item_id", "timestamp"]


def test_stored_items_replace_those_of_the_file_and_deleted_ones_are_gone(world, tmp_path):
    world.store_item("a0", title="Another", metadata={"price": 3})
    world.store_item("a1", deleted=True)
    world.store_item("ü", category="c")
    stored = exported(world, tmp_path / "job", item="id", items=(str(renamed(world)),))
    rows = {row.pop("id"): row for row in map(json.loads, stored.items.read_text().splitlines())}
    assert rows["a0"] == {"title": "Another", "price": 3}
    assert rows["b1"] == {"title": "Title of b1", "category": "b"}
    assert rows["ü"] == {"category": "c"}
    assert "a1" not in rows


def test_lists_and_availability_pass_through_the_export_and_so_do_the_ids_of_the_file(world, tmp_path):
    file = tmp_path / "movies.csv"
    file.write_text("movieId;Genres;available\na0;x|y;no\na1;x;yes\na2;y;no\n")
    world.store_item("a1", available=False, metadata={"Genres": ["z", "w"], "price": 2})
    world.store_item("a2", title="Back")
    own = {"items": (str(file),), "items_id": "movieId", "items_delimiter": ";", "items_lists": ("Genres",)}
    stored = exported(world, tmp_path / "job", **own)
    found = with_stored(TrainConfig(events=EventsConfig(**own)), stored).events
    assert (found.items, found.items_id, found.items_delimiter, found.items_lists) == (
        (str(stored.items),),
        None,
        None,
        (),
    )
    items = read_items(found)
    assert items.fields == {
        "a0": {"Genres": ["x", "y"], "available": False},
        "a1": {"Genres": ["z", "w"], "price": 2, "available": False},
        "a2": {"title": "Back"},
    }


def renamed(world):
    """The items' file with another name for the id."""
    path = world.root / "log" / "renamed.csv"
    path.write_text((world.root / "log" / "items.csv").read_text().replace("item_id", "id"))
    return path


def test_settings_get_the_files_beside_their_own(tmp_path):
    (tmp_path / "log.csv").write_text("x")
    (tmp_path / "log").write_text('{"x": 1}\n')
    stored = StoredLog(tmp_path / "events.parquet", None, 5, 0)
    own = EventsConfig(paths=(str(tmp_path / "log.csv"),), format="csv")
    found = with_stored(TrainConfig(events=own), stored).events
    assert found.paths == (*own.paths, str(stored.events))
    assert (found.format, found.items) == ("auto", ())
    unnamed = EventsConfig(paths=(str(tmp_path / "log"),), format="csv")
    with pytest.raises(ConfigError, match="rename"):
        with_stored(TrainConfig(events=unnamed), stored)
