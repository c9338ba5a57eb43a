"""The files of a log: found by paths, folders and globs, told apart by their names, and opened."""

import glob
import gzip
import logging
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from index.errors import EventsError, EventsMissing

log = logging.getLogger(__name__)

SUFFIXES = {
    "csv": (".csv", ".csv.gz", ".tsv", ".tsv.gz"),
    "jsonl": (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".json", ".json.gz"),
    "parquet": (".parquet", ".pq"),
    "arrow": (".arrow", ".arrows", ".feather", ".ipc"),
    "orc": (".orc",),
}


def find_files(paths: Sequence[str], format: str = "auto") -> list[tuple[str, str]]:
    """(file, format) in input order: as given, and sorted by name within a folder or a glob. A file comes once.

    Raises EventsMissing for a path that is not there, or a folder or glob without files of a known kind.
    """
    found: dict[str, tuple[str, str]] = {}
    if not paths:
        raise EventsMissing("no events given: name a file, a folder or a glob with --events")
    for path in paths:
        if os.path.isdir(path):
            every = sorted(str(p) for p in _below(Path(path)))
            files = [f for f in every if format != "auto" or format_of(f)]
            if not files:
                kinds = ", ".join(s for suffixes in SUFFIXES.values() for s in suffixes)
                there = f"has {len(every)} other files, but none that ends" if every else "has no files that end"
                raise EventsMissing(f"folder {path} {there} with {kinds}")
            if len(files) < len(every):
                other = next(f for f in every if not format_of(f))
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
            kind = format if format != "auto" else format_of(file) or text_of(file)
            if not kind:
                formats = ", ".join(SUFFIXES)
                raise EventsError(f"{file}: cannot tell its format from its name; use --format with one of {formats}")
            found.setdefault(os.path.realpath(file), (file, kind))
    return list(found.values())


def _below(folder: Path) -> Iterator[Path]:
    """Its files, except those whose name or folder begins with . or _: other programs leave notes there."""
    for path in folder.rglob("*"):
        if path.is_file() and not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts):
            yield path


def format_of(file: str) -> str:
    """A key of SUFFIXES, or '' when the name does not tell."""
    lower = file.lower()
    return next((kind for kind, suffixes in SUFFIXES.items() if lower.endswith(suffixes)), "")


def text_of(file: str) -> str:
    """'csv' for a text that is named by itself; in a folder it is a note about the data."""
    return "csv" if file.lower().endswith((".txt", ".txt.gz")) else ""


def open_file(file: str) -> IO[bytes]:
    return gzip.open(file, "rb") if file.lower().endswith(".gz") else open(file, "rb")  # type: ignore[return-value]


@contextmanager
def reading(file: str) -> Iterator[None]:
    """Raises EventsError for whatever goes wrong with a file while it is read."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise EventsError(f"{file}: damaged gzip ({error}); write or copy it again, or leave it out") from error
    except UnicodeError as error:
        raise EventsError(f"{file}: is not in the encoding that was named ({error}); see --encoding") from error
    except OSError as error:
        raise EventsError(f"{file}: cannot be read ({error.strerror or error})") from error
