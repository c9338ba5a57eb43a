"""Files that are not what they were when they were written: refused in one sentence, or read where nothing is lost."""

import gzip
import random

import pyarrow as pa
import pytest
from pyarrow import feather
from support.factories import quick_config

from index.errors import EventsError
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
    "log.json": (b'[{"user_id": "a", "item_id": "x", "timestamp": 1},\n' + b'{"user_id": "a", "item_id', "is not closed"),
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
