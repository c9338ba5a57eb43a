"""The files of a log: found by paths, folders and globs, told apart by their names, and opened."""

import glob
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from index.errors import EventsError, EventsMissing
from training.events.tables import check_no_table
from training.events.text.members import is_note
from training.events.text.unpack import open_file, reading
from training.events.tree import walk

log = logging.getLogger(__name__)

SUFFIXES = {
    "csv": (".csv", ".tsv", ".psv", ".inter"),
    "jsonl": (".jsonl", ".ndjson", ".json"),
    "parquet": (".parquet", ".pq"),
    "arrow": (".arrow", ".arrows", ".feather", ".ipc"),
    "orc": (".orc",),
}
MAGIC = {"parquet": b"PAR1", "arrow": b"ARROW1", "orc": b"ORC\n"}
LOOSE = (".txt", ".dat", ".data", ".log", ".item")  # any text: what it is shows inside
HIDDEN = (".", "_")
BESIDE = (".item",)  # of RecBole, beside its .inter: read where it is named, but no part of a folder's log
PACKED = (".gz", ".zst", ".zstd", ".bz2", ".xz", ".zip")
TEXTS = ("csv", "jsonl")
LOOK_BYTES = 1 << 16


def find_files(paths: Sequence[str], format: str = "auto") -> list[tuple[str, str]]:
    """(file, format) in input order: as given, and sorted by name within a folder or a glob. A file comes once.

    Raises EventsMissing for a path that is not there, or a folder or glob without files of a known kind; EventsError
    for one whose name is not UTF-8.
    """
    found: dict[str, tuple[str, str]] = {}
    if not paths:
        raise EventsMissing("no events given: name a file, a folder or a glob with --events")
    for path in paths:
        if os.path.isdir(path):
            check_no_table(path)
            every = sorted(_below(str(Path(path))))
            files = [f for f in every if format != "auto" or _is_log(f)]
            if not files:
                kinds = ", ".join(s for suffixes in (*SUFFIXES.values(), LOOSE[:-1], PACKED[-1:]) for s in suffixes)
                there = f"has {len(every)} other files, but none that ends" if every else "has no files that end"
                raise EventsMissing(f"folder {path} {there} with {kinds}")
            if len(files) < len(every):
                other = next(f for f in every if not _is_log(f))
                log.warning("skipped=%d files of unknown kind, first=%s", len(every) - len(files), other)
        elif os.path.isfile(path):
            files = [path]
        elif os.path.exists(path):
            raise EventsError(
                f"{path}: is a pipe or a device, and a log is read more than once; write it to a file first"
            )
        else:
            files = sorted(f for f in glob.glob(path, recursive=True) if os.path.isfile(f))
            if not files:
                raise EventsMissing(f"{path} does not exist and matches no file: check the path, and quote globs")
        for file in files:
            _refuse_unnamed(file)
            kind = format if format != "auto" else kind_of(file)
            found.setdefault(os.path.realpath(file), (file, kind))
    return list(found.values())


def _refuse_unnamed(file: str) -> None:
    """Raises EventsError for a path that is not UTF-8: neither DuckDB nor a table of rejects could name it."""
    try:
        file.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(file).decode("utf-8", "backslashreplace")
        raise EventsError(f"{shown}: the name of this file or of its folder is not UTF-8: rename it (mv)") from None


def _below(folder: str) -> Iterator[str]:
    """Its files, except those whose name or folder begins with . or _: other programs leave notes there."""
    for place, folders, files in walk(folder):
        folders[:] = [name for name in folders if not name.startswith(HIDDEN)]
        files = [os.path.join(place, name) for name in files if not name.startswith(HIDDEN)]
        yield from filter(os.path.isfile, files)


def _is_log(file: str) -> bool:
    """Whether a file of a folder is taken for a part of the log."""
    name = _unpacked(file.lower())
    loose = (name.endswith(LOOSE) and not name.endswith(BESIDE)) or file.lower().endswith(".zip")
    return bool(format_of(file)) or (loose and not is_note(os.path.basename(file)))


def format_of(file: str) -> str:
    """A key of SUFFIXES, or '' when the name does not tell."""
    lower = file.lower()
    name = _unpacked(lower)
    found = next((kind for kind, suffixes in SUFFIXES.items() if name.endswith(suffixes)), "")
    return found if name == lower or found in TEXTS else ""


def kind_of(file: str) -> str:
    """As `format_of`; where the name does not tell, the first bytes do. What is no text either is 'csv', whose reader
    names it."""
    named = format_of(file)
    if named:
        return named
    with reading(file), open_file(file) as stream:
        head = stream.read(LOOK_BYTES)
    if found := next((kind for kind, magic in MAGIC.items() if head.startswith(magic)), ""):
        return found
    first = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:2]
    return "jsonl" if first[:1] == b"{" or first in (b"[{", b"[\n", b"[\r", b"[ ") else "csv"


def _unpacked(name: str) -> str:
    return next((name.removesuffix(suffix) for suffix in PACKED if name.endswith(suffix)), name)
