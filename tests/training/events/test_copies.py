"""Plain copies: they go with whoever holds them, also where the process was killed, and never fill the disk."""

import atexit
import bz2
import gc
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from support.disk import small_disk

from index.errors import EventsError
from training.events.sources import open_sources
from training.events.sql import connect
from training.events.text.copies import PREFIX, Copy, room_for, sweep
from training.events.text.plain import texts_of
from training.eventsconfig import EventsConfig

CONNECTION = connect(500)
atexit.register(CONNECTION.close)
HOLD = """
import sys
from pathlib import Path
from training.events.text.copies import Copy
copy = Copy(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def copies(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{PREFIX}*"))


def packed(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv.bz2"
    path.write_bytes(bz2.compress(b"user_id,item_id,timestamp\na,x,1\n"))
    return path


def test_a_copy_is_private_and_lives_as_long_as_its_source(tmp_path):
    folder = tmp_path / "copies"
    folder.mkdir()
    sources = open_sources(EventsConfig(paths=(str(packed(tmp_path)),)), CONNECTION, folder)
    (copy,) = copies(folder)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert copy.read_bytes() == b"user_id,item_id,timestamp\na,x,1\n"
    assert sources.files == [str(packed(tmp_path))]
    sweep(folder)  # another run in the same folder
    assert copies(folder) == [copy]
    del sources
    gc.collect()
    assert copies(folder) == []


def test_what_duckdb_reads_by_itself_is_not_copied(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(b"user_id,item_id,timestamp\na,x,1\n")
    sources = open_sources(EventsConfig(paths=(str(path),)), CONNECTION, tmp_path)
    assert copies(tmp_path) == []
    assert "encoding='utf-8', ignore_errors=true" in sources.sources[0].scan()


def test_a_copy_whose_process_was_killed_goes_with_the_next_run(tmp_path):
    folder = tmp_path / "copies"
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    with process:
        assert process.stdout.readline() == "held\n"
        left = copies(folder)
        sweep(folder)
        assert copies(folder) == left != []
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    path = tmp_path / "log.csv"
    path.write_bytes(b"user_id,item_id,timestamp\na,x,1\n")
    open_sources(EventsConfig(paths=(str(path),)), CONNECTION, folder)
    assert copies(folder) == []


def test_a_copy_that_would_fill_the_disk_stops_and_goes(tmp_path):
    copy = Copy(tmp_path)
    with pytest.raises(EventsError, match=r"log\.xz: its plain copy has .* GB so far, and the disk of .* is full"):
        copy.write("log.xz", iter([b"x" * 1000]), free=lambda _: 999)
    copy.close()
    assert copies(tmp_path) == []
    with pytest.raises(EventsError, match=r"log\.zip: unpacked it has 5\.0 GB, and .* has room for 1\.0; free space"):
        room_for("log.zip", 5 * 10**9, tmp_path, free=lambda _: 10**9)
    room_for("log.zip", 5 * 10**9, tmp_path, free=lambda _: 6 * 10**9)


def test_on_a_disk_that_is_full_the_file_is_named(tmp_path):
    path = tmp_path / "log.csv.bz2"
    path.write_bytes(bz2.compress(b"u,i,t\n" + b"a,x,1\n" * 2_000_000))
    with small_disk(tmp_path / "small", 8) as disk:
        with pytest.raises(EventsError, match=r"log\.csv\.bz2: its plain copy .* is full"):
            texts_of(str(path), "auto", disk.folder)
        gc.collect()
        assert copies(disk.folder) == []
