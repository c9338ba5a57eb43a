"""Files that are no log: each is named for what it is, and nothing of it is shown."""

import gzip
import io
import random
import sqlite3
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli.main import main
from index.errors import EventsError
from training.eventsconfig import EventsConfig
from training.items.read import read_items

NOISE = random.Random(3).randbytes(3000)


def archive(names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in names:
            made.writestr(name, "<x/>" * 99)
    return out.getvalue()


def tar():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        made.addfile(tarfile.TarInfo("log.csv"), io.BytesIO())
    return out.getvalue()


def parquet():
    out = io.BytesIO()
    pq.write_table(pa.table({"u": ["a"], "i": ["x"], "t": [1]}), out)
    return out.getvalue()


def array():
    out = io.BytesIO()
    np.save(out, np.arange(9))
    return out.getvalue()


FOREIGN = {
    "an image (PNG)": b"\x89PNG\r\n\x1a\n" + NOISE,
    "an image (JPEG)": b"\xff\xd8\xff\xe0\x00\x10JFIF" + NOISE,
    "a Python pickle": b"\x80\x04\x95\x0f\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01a\x94K\x01s.",
    "an Excel workbook": archive(["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"]),
    "a Word document": archive(["[Content_Types].xml", "word/document.xml"]),
    "an old Excel workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + NOISE,
    "a tar archive": tar(),
    "a Parquet file": parquet(),
    "an array of numpy": array(),
    "an HDF5 file": b"\x89HDF\r\n\x1a\n" + NOISE,
    "a PDF document": b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n",
    "a program": b"\x7fELF\x02\x01\x01" + NOISE,
    "packed with lz4": b"\x04\x22\x4d\x18" + NOISE,
    "a 7z archive": b"7z\xbc\xaf\x27\x1c\x00\x04" + NOISE,
    "bytes that are no text": NOISE,
    "a web page": b"\n<!DOCTYPE html><html><body>404</body></html>\n",
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n",
}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("name", ["log.csv", "log.jsonl"])
def test_a_file_that_is_no_log_is_named_and_not_shown(read_bytes, kind, name):
    for data in (FOREIGN[kind], gzip.compress(FOREIGN[kind])):
        with pytest.raises(EventsError) as refused:
            read_bytes(data, name)
        said = str(refused.value)
        assert kind in said
        assert f"{name}: is " in said
        assert said.isprintable()


def test_a_database_is_named_with_what_exports_it(read_bytes, tmp_path):
    path = tmp_path / "made.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE log (u, i, t)")
    made.close()
    with pytest.raises(EventsError, match=r"is a SQLite database.*sqlite3 -header -csv"):
        read_bytes(path.read_bytes())


@pytest.mark.parametrize("words", ["BM25,i", "MZ,i", "ID3,i", "ORC,i", "Objekt,i", "RIFF,i"])
def test_text_that_begins_like_another_kind_is_text(read_bytes, words):
    assert read_bytes(f"{words},t\na,x,1\n".encode(), user=words.split(",")[0]).items == ["x"]


@pytest.mark.parametrize("command", ["check", "train"])
def test_both_commands_and_the_metadata_say_it_in_one_line(tmp_path: Path, capsys, command):
    picture = tmp_path / "log.csv"
    picture.write_bytes(FOREIGN["an image (PNG)"])
    assert main([command, "--events", str(picture), "--models", str(tmp_path / "models")]) == 2
    assert capsys.readouterr().err.strip() == f"item2vec: {picture}: is an image (PNG), and cannot be read as text"
    with pytest.raises(EventsError, match="is an image"):
        read_items(EventsConfig(items=(str(picture),)))
