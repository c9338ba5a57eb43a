"""Packed files, told by their bytes and not by their names; and archives, whose names are never used as paths."""

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from support.reading import Read

from index.errors import EventsError
from training.events.files import find_files
from training.eventsconfig import EventsConfig
from training.items.read import read_items

ROWS = b"u,i,t\na,x,1\nbad\nb,,2\n"
REASONS = {2: "malformed", 3: "no_item"}


def zstd(data):
    return pa.compress(data, codec="zstd", asbytes=True)


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def alone(data):
    return zipped({"deep/log.csv": data})


PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd, "zip": alone}
NAMES = ["log.csv", "log.csv.gz", "log.csv.zst", "log.csv.bz2", "log.dat", "log", "log.zip"]


@pytest.mark.parametrize("packing", [*PACKERS, "plain", "gz in gz", "gz in zip"])
def test_the_bytes_say_how_a_file_is_packed_whatever_its_name(tmp_path, packing):
    data = ROWS
    for name in reversed(packing.split(" in ")):
        data = PACKERS.get(name, bytes)(data)
    for number, name in enumerate(NAMES):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / name).write_bytes(data)
        log = Read(folder, (str(folder / name),))
        assert (log.items, log.reasons()) == (["x"], REASONS)
        assert {row["file"] for row in log.rejects} == {str(folder / name)}


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz", "zst"])
def test_several_parts_of_a_packed_file_are_read_one_after_the_other(read_bytes, packing):
    pack = PACKERS[packing]
    log = read_bytes(pack(ROWS) + pack(b"c,y,3\n") + pack(b"d,,4\n"), f"log.csv.{packing}")
    assert (log.items, log.reasons()) == (["x", "y"], REASONS | {5: "no_item"})


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_packed_text_may_be_in_another_encoding(read_bytes, packing, kind):
    text = "u,i,t\na,музыка,1\nb,,2\n" if kind == "csv" else '{"u":"a","i":"музыка","t":1}\n{"u":"b","t":2}\n'
    for encoding in ("utf-8-sig", "utf-16", "cp1251"):
        data = PACKERS[packing](text.encode(encoding))
        log = read_bytes(data, f"log.{kind}.{packing}")
        assert (log.items, log.reasons()) == (["музыка"], {2: "no_item"})


@pytest.mark.parametrize("packing", PACKERS)
def test_a_packed_file_that_breaks_off_is_named(read_bytes, packing):
    rows = b"u,i,t\n" + b"".join(b"a,%d,%d\n" % (n * 7919 % 10007, n) for n in range(5000))
    with pytest.raises(EventsError, match=rf"log\.csv: damaged {packing.replace('gz', 'gzip')}"):
        read_bytes(PACKERS[packing](rows)[:-500])


def test_an_archive_of_files_of_one_shape_is_read_in_order_of_their_names(read_bytes, tmp_path):
    notes = {"README.md": b"read me", "__MACOSX/._a.csv": b"\0", ".hidden": b"x", "folder/": b"", "none.csv": b""}
    log = read_bytes(zipped({"b.csv": ROWS, "a.csv": b"u,i,t\nb,y,1\nc,,3\n"} | notes), "log.zip")
    assert log.items == ["y", "x"]
    file = str(tmp_path / "log.zip")
    assert [(r["file"], r["row"]) for r in log.rejects] == [
        (f"{file}/a.csv", 2),
        (f"{file}/b.csv", 2),
        (f"{file}/b.csv", 3),
    ]
    with pytest.raises(EventsError, match=r"a\.csv' and .*b\.csv' in it are not alike; unpack it"):
        read_bytes(zipped({"a.csv": ROWS, "b.csv": b"user;item\n"}), "log.zip")


def test_no_path_of_a_member_is_used_as_one(tmp_path):
    outside = tmp_path / "outside.csv"
    inside = tmp_path / "inside"
    inside.mkdir()
    for number, name in enumerate(("../outside.csv", str(outside), "..\\outside.csv", "a/../../outside.csv")):
        (inside / f"{number}.zip").write_bytes(zipped({name: ROWS}))
        assert Read(tmp_path, (str(inside / f"{number}.zip"),)).items == ["x"]
    assert not outside.exists()


def test_an_archive_that_cannot_be_read_is_named(read_bytes):
    locked = bytearray(alone(ROWS))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.find(mark) + place] |= 1
    with pytest.raises(EventsError, match="needs a password"):
        read_bytes(bytes(locked))
    for empty in (zipped({"folder/": b""}), zipped({"README.txt": b"hello"})):
        with pytest.raises(EventsError, match="zip archive without a file of data"):
            read_bytes(empty)
    with pytest.raises(EventsError, match="empty zip archive"):
        read_bytes(zipped({}))
    wrong = bytearray(alone(ROWS * 99))
    at = wrong.find(b"PK\x01\x02") + 24
    wrong[at : at + 4] = (9).to_bytes(4, "little")  # the size that it says
    with pytest.raises(EventsError, match="damaged zip"):
        read_bytes(bytes(wrong))


def test_text_under_any_usual_name_is_found_in_a_folder_and_notes_are_not(tmp_path):
    folder = tmp_path / "log"
    folder.mkdir()
    names = ["a.csv.zst", "b.csv.bz2", "c.tsv.xz", "d.csv.zip", "e.dat", "f.txt", "g.data", "h.inter", "i.zip", "j.psv"]
    packers = {"zst": zstd, "bz2": bz2.compress, "xz": lzma.compress, "zip": alone}
    for name in names:
        (folder / name).write_bytes(packers.get(name.rsplit(".", 1)[1], bytes)(ROWS))
    for name in ("k.log", "l.ndjson.bz2"):
        data = b'{"u":"a","i":"j","t":1}\n'
        (folder / name).write_bytes(bz2.compress(data) if name.endswith("bz2") else data)
    for name in ("README.txt", "LICENSE.txt", "license", "notes.md", "items.item", "x.py"):
        (folder / name).write_text("hello")
    found = [(Path(file).name, kind) for file, kind in find_files([str(folder)])]
    assert found == [(name, "csv") for name in names] + [("k.log", "jsonl"), ("l.ndjson.bz2", "jsonl")]
    log = Read(tmp_path, (str(folder),))
    assert (len(log.items), len(log.rejects)) == (12, 20)


@pytest.mark.parametrize("packing", ["gz", "bz2", "zst", "zip"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_metadata_is_read_as_the_log_is(tmp_path, packing, kind):
    text = "id,title\n1,музыка\n2,книга\n" if kind == "csv" else '{"id":1,"title":"музыка"}\n{"id":2,"title":"книга"}\n'
    path = tmp_path / f"items.{kind}.{packing}"
    path.write_bytes(PACKERS[packing](text.encode("cp1251")))
    found = read_items(EventsConfig(items=(str(path),), item="id")).fields
    assert [(item, row["title"]) for item, row in found.items()] == [("1", "музыка"), ("2", "книга")]
