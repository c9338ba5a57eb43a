"""Files that are not what they were when they were written: refused in one sentence, or read where nothing is lost."""

import gzip
import json
import os
import random

import pyarrow as pa
import pytest
from pyarrow import feather
from support.factories import quick_config
from support.reading import Read

from index.errors import EventsError
from training.eventsconfig import EventsConfig
from training.items.read import read_items
from training.pipeline.prepare import prepare
from training.workspace import Workspace

ROWS = 2000
COLUMNS = {"u": [f"u{n % 50}" for n in range(ROWS)], "i": [f"i{n % 80}" for n in range(ROWS)], "t": list(range(ROWS))}


def stream(table, path):
    with pa.OSFile(path, "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)


@pytest.mark.parametrize("name", ["log.arrow", "log.arrows"])
def test_rows_of_arrow_that_point_outside_of_the_file_are_damage(tmp_path, read_bytes, name):
    path = str(tmp_path / "whole")
    table = pa.table(COLUMNS)
    stream(table, path) if name == "log.arrows" else feather.write_feather(table, path, compression="uncompressed")
    with open(path, "rb") as file:
        whole = file.read()
    offsets = pa.array(COLUMNS["i"]).buffers()[1].to_pybytes()[400:1200]
    at = whole.index(offsets)
    with pytest.raises(EventsError, match="not a complete Arrow file"):
        read_bytes(whole[:at] + random.Random(1).randbytes(300) + whole[at + 300 :], name)
    assert read_bytes(whole, name).counts.rows == ROWS


REFUSED = {
    "log.csv": (b"user_id,item_id,timestamp\r\n" + b"a,x,1\r\n" * 3000 + b"a,x,1\n" * 3000, "some lines end in"),
    "log.json": (
        b'[{"user_id": "a", "item_id": "x", "timestamp": 1},\n' + b'{"user_id": "a", "item_id',
        "is not closed",
    ),
    "log.jsonl.gz": (gzip.compress(random.Random(1).randbytes(9000).hex().encode() * 300)[:-9000], "damaged gzip"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_training_says_why_a_file_cannot_be_read_and_nothing_hides_it(tmp_path, name):
    content, said = REFUSED[name]
    path = tmp_path / name
    path.write_bytes(content)
    config = quick_config(path)
    with Workspace(tmp_path / "models", {}) as work, pytest.raises(EventsError, match=said) as refused:
        prepare(config, work)
    assert "Traceback" not in str(refused.value)


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("zeros", [1, 3, 512, 70_000])
def test_zeros_behind_a_gzip_are_passed_over_as_gunzip_does(read_bytes, members, zeros):
    rows = b"".join(b"a,x%d,%d\n" % (n, n) for n in range(500))
    content = gzip.compress(b"u,i,t\n") + gzip.compress(rows) if members == 2 else gzip.compress(b"u,i,t\n" + rows)
    found = read_bytes(content + bytes(zeros), "log.csv.gz")
    assert found.items == [f"x{n}" for n in range(500)]


def test_a_name_that_is_not_utf8_is_to_be_changed(tmp_path):
    (tmp_path / "log.csv").write_bytes(b"u,i,t\na,x,1\n")
    os.rename(tmp_path / "log.csv", os.fsencode(tmp_path) + b"/\xff\xfe.csv")
    with pytest.raises(EventsError, match=r"\\xff\\xfe\.csv: the name of this file .* rename it"):
        Read(tmp_path, (str(tmp_path),))


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl"])
def test_an_object_keyed_by_id_is_said_with_what_turns_it_into_lines(tmp_path, read_bytes, name, indent):
    rows = {f"id{n}": {"title": "x", "year": n} | ({"tags": ["a"]} if n % 2 else {}) for n in range(3000)}
    with pytest.raises(EventsError, match=r'keyed by id: its 3,000 rows .* \{"i": \.key\} \+ \.value'):
        read_bytes(json.dumps(rows, indent=indent).encode(), name)
    (tmp_path / name).write_text(json.dumps(rows, indent=indent))
    with pytest.raises(EventsError, match=r'keyed by id: .* \{"item_id": \.key\} \+ \.value'):
        read_items(EventsConfig(items=(str(tmp_path / name),)), ["id1", "id2"])


def test_one_event_of_objects_is_no_object_keyed_by_id(read_bytes):
    event = {"who": {"id": "a"}, "what": {"id": "x"}, "when": {"id": 1}}
    found = read_bytes(json.dumps(event).encode(), "log.json", user="who.id", item="what.id", time="when.id")
    assert found.items == ["x"]
