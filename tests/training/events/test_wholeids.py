"""Whole numbers that pandas wrote as 300.0 are read as 300, and decimals stay what they are."""

import atexit

import pytest

from training.events.reader import EventReader
from training.events.sources import open_sources
from training.events.sql import connect
from training.eventsconfig import EventsConfig

CONNECTION = connect(500)
atexit.register(CONNECTION.close)


def items_of(tmp_path, *files, **settings):
    """The ids in order, and which columns were read so."""
    paths = []
    for number, (kind, content) in enumerate(files):
        path = tmp_path / f"{number}.{kind}"
        path.write_bytes(content.encode(settings.get("encoding", "utf-8")))
        paths.append(str(path))
    config = EventsConfig(paths=tuple(paths), max_bad_share=1.0, **settings)
    sources = open_sources(config, CONNECTION)
    batches = list(EventReader(sources, config, CONNECTION))
    ids = [item for batch in batches for item in batch.items.to_pylist()]
    return ids, [source.whole for source in sources.sources]


def log(*items, user="u"):
    return "user_id,item_id,timestamp\n" + "".join(f"{user},{item},{n + 1}\n" for n, item in enumerate(items))


@pytest.mark.parametrize(
    ("items", "read"),
    [
        (["300.0", "301.0"], ["300", "301"]),
        (["300.0", "", "301.00"], ["300", "301"]),
        (["300.0", "300", "7"], ["300", "300", "7"]),
        (["-1.0", "0.0"], ["-1", "0"]),
        (["9007199254740993.0", "1.0"], ["9007199254740993", "1"]),
        (["1.0", "1.5", "2.0"], ["1.0", "1.5", "2.0"]),
        (["1.0", "v1"], ["1.0", "v1"]),
        (["1.0.0", "2.0.0"], ["1.0.0", "2.0.0"]),
        (["1.05", "2.0a"], ["1.05", "2.0a"]),
    ],
)
def test_a_column_of_whole_numbers_written_as_decimals_is_read_as_whole_numbers(tmp_path, items, read):
    assert items_of(tmp_path, ("csv", log(*items)))[0] == read


def test_one_file_of_a_log_was_written_by_pandas_and_the_others_were_not(tmp_path):
    ids, whole = items_of(tmp_path, ("csv", log("300", "x")), ("csv", log("300.0", "7.0")), ("csv", log("7")))
    assert ids == ["300", "x", "300", "7", "7"]
    assert whole == [(), ("item_id",), ()]


def test_users_and_sessions_are_ids_too(tmp_path):
    text = "user_id,item_id,timestamp,visit\n1.0,a,1,5.0\n2.0,b,2,6.0\n"
    assert items_of(tmp_path, ("csv", text), session="visit")[1] == [("user_id", "visit")]


def test_other_encodings_and_formats(tmp_path):
    assert items_of(tmp_path, ("csv", log("300.0")), encoding="utf-16")[0] == ["300"]
    line = '{"user_id": "u", "item_id": "300.0", "timestamp": 1}\n'
    assert items_of(tmp_path, ("jsonl", line))[0] == ["300.0"]  # a text there is meant to be one


def test_prices_beside_the_ids_change_nothing(tmp_path):
    text = "user_id,item_id,timestamp,price\nu,a1,1,12.0\nu,a2,2,13.0\n"
    assert items_of(tmp_path, ("csv", text)) == (["a1", "a2"], [()])
