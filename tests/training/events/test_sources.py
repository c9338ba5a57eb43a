"""Files, folders and globs, of any shape and under any name, or a message that says what was found."""

import atexit
import gzip
import json
import logging
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from index.errors import EventsError, EventsMissing
from training.events.files import find_files
from training.events.sources import open_sources
from training.events.sql import connect
from training.eventsconfig import EventsConfig

CSV = b"user_id,item_id,timestamp\na,x,1\n"
CONNECTION = connect(500)
atexit.register(CONNECTION.close)


def write(path, content=CSV):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


def opened(*paths, **config):
    return open_sources(EventsConfig(paths=tuple(map(str, paths)), **config), CONNECTION)


def names(found):
    return [Path(file).name for file, _ in found]


def test_a_folder_is_read_in_order_of_names_and_without_hidden_files_and_folders(tmp_path, caplog):
    for name in (
        "b.csv",
        "a/z.jsonl",
        "c.parquet",
        ".d.csv",
        "_e.csv",
        "_notes/f.json",
        ".git/g.csv",
        "a/.h/i.csv",
    ):
        write(tmp_path / name)
    with caplog.at_level(logging.WARNING):
        assert names(find_files([str(tmp_path)])) == ["z.jsonl", "b.csv", "c.parquet"]
    assert not caplog.records
    write(tmp_path / "README.txt")
    find_files([str(tmp_path)])
    assert "skipped=1" in caplog.text
    assert "README.txt" in caplog.text


def test_a_folder_within_that_may_not_be_read_is_an_error_and_not_a_smaller_log(tmp_path, monkeypatch):
    write(tmp_path / "a.csv")
    (tmp_path / "shut").mkdir(mode=0o300)
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    mine = os.geteuid()
    try:
        if mine == 0:  # who may read everything
            os.seteuid(65534)
        with pytest.raises(EventsError, match="shut: this folder cannot be read"):
            find_files(["."])
    finally:
        os.seteuid(mine)


def test_a_file_named_twice_is_read_once_and_order_is_as_given(tmp_path):
    a, b = write(tmp_path / "a.csv"), write(tmp_path / "b.csv")
    os.symlink(a, tmp_path / "c.csv")
    given = [b, a, str(tmp_path), str(tmp_path / "." / "a.csv"), str(tmp_path / "c.csv")]
    assert names(find_files(given)) == ["b.csv", "a.csv"]


def test_globs_are_expanded_unless_a_file_has_just_this_name(tmp_path):
    for name in ("a[1].csv", "a1.csv", "a2.csv", "deep/er/a3.csv"):
        write(tmp_path / name)
    assert names(find_files([str(tmp_path / "a[1].csv")])) == ["a[1].csv"]
    assert names(find_files([str(tmp_path / "a?.csv")])) == ["a1.csv", "a2.csv"]
    assert names(find_files([str(tmp_path / "**" / "a*.csv")])) == ["a1.csv", "a2.csv", "a[1].csv", "a3.csv"]


def test_paths_that_lead_nowhere_say_what_was_looked_for(tmp_path):
    (tmp_path / "empty").mkdir()
    write(tmp_path / "notes" / "a.md")
    with pytest.raises(EventsMissing, match="--events"):
        find_files([])
    with pytest.raises(EventsMissing, match="does not exist and matches no file"):
        find_files([str(tmp_path / "no*.csv")])
    with pytest.raises(EventsMissing, match="has no files that end with"):
        find_files([str(tmp_path / "empty")])
    with pytest.raises(EventsMissing, match="has 1 other files"):
        find_files([str(tmp_path / "notes")])
    assert find_files([str(tmp_path / "notes")], "csv") == [(str(tmp_path / "notes" / "a.md"), "csv")]


def test_neighbours_of_one_shape_are_one_source_and_others_their_own(tmp_path):
    for name in ("a.csv", "b.csv"):
        write(tmp_path / name)
    write(tmp_path / "c.csv", b"timestamp;item_id;user_id;more\n1;x;a;\n")
    write(tmp_path / "d.jsonl", b'{"user_id":"a","item_id":"x","timestamp":1}\n')
    for name in ("e.jsonl", "f.jsonl"):
        write(tmp_path / name, b'\xef\xbb\xbf{"user_id":"a","item_id":"x","timestamp":1}\n')
    pq.write_table(pa.table({"user_id": [1], "item_id": [1], "timestamp": [1]}), tmp_path / "g.parquet")
    sources = opened(tmp_path).sources
    assert [names((f, "") for f in s.files) for s in sources] == [
        ["a.csv", "b.csv"], ["c.csv"], ["d.jsonl"], ["e.jsonl"], ["f.jsonl"], ["g.parquet"],
    ]  # fmt: skip
    assert [CONNECTION.sql(f"SELECT count(*) FROM {s.scan()}").fetchall()[0][0] for s in sources] == [2, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_finds_the_wanted_columns(tmp_path, delimiter):
    others = "".join({",", ";", "\t", "|"} - {delimiter})
    header = delimiter.join(["user_id", '"item_id"', " timestamp", f'"a{others * 9}b"'])
    source = opened(write(tmp_path / "a.csv", f"{header}\n".encode())).sources[0]
    assert source.dialect.delimiter == delimiter
    assert {"user_id", "item_id", "timestamp"} <= {c for c, _ in source.columns}


def test_a_wrong_delimiter_or_no_header_shows_the_columns_that_were_found(tmp_path):
    with pytest.raises(EventsMissing, match=r"columns found: user_id,item_id,timestamp\. Name .*--user.*--delimiter"):
        opened(write(tmp_path / "a.csv"), delimiter=";")
    with pytest.raises(EventsMissing, match=r"columns found: u1, i1, 17\. .*first line must name the columns"):
        opened(write(tmp_path / "b.csv", b"u1,i1,17\nu2,i2,18\n"))


def test_a_column_missing_from_one_file_of_several_names_that_file(tmp_path):
    write(tmp_path / "a.csv")
    write(tmp_path / "b.csv", b"user_id,item,timestamp\na,x,1\n")
    with pytest.raises(
        EventsMissing, match=r"b\.csv: no column 'item_id' for the item; columns found: user_id, item, "
    ):
        opened(tmp_path)
    write(tmp_path / "b.csv", b"item_id,timestamp,session\nx,1,s\n")
    with pytest.raises(EventsMissing, match=r"a\.csv: no column 'session'"):
        opened(tmp_path, session="session")
    assert opened(tmp_path / "b.csv", session="session").sources
    write(tmp_path / "c.jsonl", b'{"user_id":"a","timestamp":1}\n')
    with pytest.raises(EventsMissing, match=r"c\.jsonl: no column 'item_id'"):
        opened(tmp_path / "c.jsonl")


def test_rare_optional_columns_of_json_lines_may_come_late(tmp_path):
    rows = [{"user_id": 1, "item_id": 1, "timestamp": 1}] * 1500 + [
        {"user_id": 1, "item_id": 1, "timestamp": 1, "w": 5}
    ]
    path = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)).encode())
    source = opened(path, weight="w").sources[0]
    assert CONNECTION.sql(f"SELECT max(w::INT) FROM {source.scan()}").fetchall() == [(5,)]


def test_two_columns_of_one_name_are_refused_when_wanted_and_told_apart_when_not(tmp_path):
    with pytest.raises(EventsError, match="two columns are called 'item_id'"):
        opened(write(tmp_path / "a.csv", b"user_id,item_id,item_id,timestamp\na,x,y,1\n"))
    source = opened(write(tmp_path / "b.csv", b",x,x,X,Item_ID,user_id,item_id,timestamp\n0,1,2,3,4,a,x,1\n")).sources[
        0
    ]
    assert [c for c, _ in source.columns][:5] == ["column0", "x", "x_1", "X_1_1", "Item_ID_1"]
    assert CONNECTION.sql(f"SELECT item_id FROM {source.scan()}").fetchall() == [("x",)]
    both = write(tmp_path / "c.jsonl", b'{"user_id":1,"Item_ID":2,"item_id":3,"timestamp":4}\n')
    source = opened(both).sources[0]
    assert CONNECTION.sql(f"SELECT item_id FROM {source.scan()}").fetchall() == [("3",)]


def test_empty_files_are_passed_over_and_named_and_nothing_else_is_an_error(tmp_path):
    for name in ("a.csv", "b.jsonl", "c.parquet"):
        write(tmp_path / name, b"")
    write(tmp_path / "d.csv.gz", gzip.compress(b""))
    write(tmp_path / "e.jsonl", b"\n \n")
    write(tmp_path / "f.csv", b"\xef\xbb\xbf")
    with pytest.raises(EventsMissing, match="all 6 files are empty"):
        opened(tmp_path)
    write(tmp_path / "g.csv")
    assert [Path(f).name for f in opened(tmp_path).empty] == [
        "a.csv", "b.jsonl", "c.parquet", "d.csv.gz", "e.jsonl", "f.csv",
    ]  # fmt: skip


def test_json_that_is_not_an_event_says_what_it_is(tmp_path):
    with pytest.raises(EventsMissing, match=r"a\.json: no column 'item_id' for the item; columns found: user_id\. "):
        opened(write(tmp_path / "a.json", b'[{"user_id":1},\n{"user_id":2}]\n'))
    with pytest.raises(EventsMissing, match=r"b\.json: no column 'item_id' for the item; columns found: user_id\. "):
        opened(write(tmp_path / "b.json", b'{\n"user_id":1\n}\n'))
    with pytest.raises(EventsError, match="no JSON object in its first 2 values; each must be an object"):
        opened(write(tmp_path / "c.json", b"[1,\n2]\n"))


def test_a_folder_that_looks_like_a_partition_does_not_change_the_rows(tmp_path):
    folder = tmp_path / "user_id=7"
    write(folder / "a.csv")
    pq.write_table(pa.table({"user_id": ["a"], "item_id": ["x"], "timestamp": [1]}), folder / "b.parquet")
    for source in opened(folder).sources:
        assert CONNECTION.sql(f"SELECT user_id FROM {source.scan()}").fetchall() == [("a",)]


def test_files_that_are_not_what_their_name_says_are_named(tmp_path):
    with pytest.raises(EventsError, match=r"a\.parquet: not a complete Parquet file"):
        opened(write(tmp_path / "a.parquet"))
    with pytest.raises(EventsError, match=r"b\.csv: is a Parquet file.* --format parquet"):
        opened(write(tmp_path / "b.csv", b"PAR1\x00\x01\x02,\xff\xfe\n"))
    with pytest.raises(EventsError, match=r"c\.jsonl: no JSON object"):
        opened(write(tmp_path / "c.jsonl", CSV))


ITEMS = [{"item_id": "5", "title": 'Ü, "q"\nx', "price": 1.5}, {"item_id": "é 6", "title": None, "price": None}]
