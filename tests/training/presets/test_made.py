"""Files that a preset makes of several: made once, again when a file of the log has changed, never half."""

import json
from itertools import pairwise

import pyarrow.parquet as pq
import pytest
from support import foreign
from support.foreign import plays, write

from index.errors import EventsError
from training.presets.choose import choose
from training.presets.made import Place
from training.presets.preset import Log, Made
from training.presets.tools.table import PRESETS

LOG = plays(40)


def joined(preset, folder, target):
    chosen = choose(PRESETS[preset], [str(folder)])
    return chosen.variant.joined(Log(chosen.files, chosen.beside, "item", chosen.settings), target)


def test_orders_and_their_products_are_joined_in_the_order_of_the_cart(tmp_path):
    foreign.instacart(tmp_path / "log", LOG)
    joined("instacart", tmp_path / "log", tmp_path / "events.parquet")
    rows = pq.read_table(tmp_path / "events.parquet").to_pylist()
    assert len(rows) == len(LOG)
    found = {}
    for row in sorted(rows, key=lambda row: (row["user_id"], row["timestamp"])):
        found.setdefault(row["order_id"], []).append(int(row["product_id"]))
    told = {}
    for play in LOG:
        told.setdefault(str(play.session), []).append(play.item)
    assert found == told
    # A person's orders follow each other a week apart.
    firsts = sorted(row["timestamp"] for row in rows if row["user_id"] == "1" and row["timestamp"].second == 1)
    assert [(b - a).days in (6, 7) for a, b in pairwise(firsts)] == [True]


def test_products_of_an_unknown_order_keep_their_rows(tmp_path):
    foreign.instacart(tmp_path / "log", LOG)
    with (tmp_path / "log" / "order_products__train.csv").open("a") as file:
        file.write("999,1,1,0\n")
    joined("instacart", tmp_path / "log", tmp_path / "events.parquet")
    rows = pq.read_table(tmp_path / "events.parquet").to_pylist()
    assert [row["timestamp"] for row in rows if row["order_id"] == "999"] == [None]


def test_interactions_of_metarank_are_taken_out_and_all_else_is_counted(tmp_path):
    foreign.metarank(tmp_path / "log", LOG)
    with (tmp_path / "log" / "events.jsonl").open("a") as file:
        file.write('{"event": "inter\n')
    made = joined("metarank", tmp_path / "log", tmp_path / "events.jsonl")
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert len(lines) == len(LOG) + 1  # the broken line is left to the reader, which counts it
    assert {json.loads(line)["event"] for line in lines[:-1]} == {"interaction"}
    assert f"{len(LOG)} rankings" in made.notes[0]
    assert "1 updates of users" in made.notes[0]
    assert (made.settings["conversion_types"], made.settings["session"]) == (("purchase",), "session")


@pytest.mark.parametrize(("share", "session"), [(0, None), (1, "session"), (2, None)])
def test_sessions_of_metarank_are_used_where_every_interaction_has_one(tmp_path, share, session):
    rows = [
        {"event": "interaction", "timestamp": "1", "user": "u", "type": "click", "item": "i"}
        | ({"session": "s"} if share and n % share == 0 else {})
        for n in range(10)
    ]
    write(tmp_path / "log" / "events.jsonl", map(json.dumps, rows))
    made = joined("metarank", tmp_path / "log", tmp_path / "events.jsonl")
    assert made.settings.get("session") == session
    assert any("have no session" in note for note in made.notes) == (share == 2)


def test_a_file_is_made_once_and_again_when_the_log_has_changed(tmp_path):
    source, times = tmp_path / "log.csv", []
    source.write_text("a")

    def write(path):
        times.append(path)
        path.write_text(source.read_text())
        return Made({"session": "s"}, ["said"])

    for _ in range(2):
        file, made = Place(tmp_path / "models", "x", [str(source)]).events("events.jsonl", write)
        assert (file.read_text(), made) == ("a", Made({"session": "s"}, ["said"]))
    assert len(times) == 1
    source.write_text("bb")
    file, _ = Place(tmp_path / "models", "x", [str(source)]).events("events.jsonl", write)
    assert (file.read_text(), len(times)) == ("bb", 2)
    Place(tmp_path / "models", "x", [str(source)], "another item").events("events.jsonl", write)
    assert len(times) == 3


def test_nothing_half_stays_where_making_fails(tmp_path):
    source = tmp_path / "log.csv"
    source.write_text("a")

    def write(path):
        path.write_text("half")
        raise EventsError("broken")

    with pytest.raises(EventsError):
        Place(tmp_path / "models", "x", [str(source)]).events("events.jsonl", write)
    assert [path for path in (tmp_path / "models").rglob("*") if path.is_file()] == []


def test_items_without_an_id_keep_their_place_and_none_make_no_file(tmp_path):
    source = tmp_path / "log.csv"
    source.write_text("a")
    place = Place(tmp_path / "models", "x", [str(source)])
    rows = [{"item_id": "1", "title": "é"}, {"title": "nobody"}]
    file = place.items(iter(rows), "movieId")
    assert [json.loads(line) for line in file.read_text().splitlines()] == [
        {"movieId": "1", "title": "é"},
        {"movieId": None, "title": "nobody"},
    ]
    source.write_text("bb")
    assert Place(tmp_path / "models", "x", [str(source)]).items(iter([]), "movieId") is None
