"""A CSV file up close: its columns and its dialect, from its first lines."""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.errors import EventsError
from training.events.files import open_file, reading

DELIMITERS = (",", "\t", ";", "|")
HEAD_BYTES = 1 << 18
QUOTE = '"'


@dataclass(frozen=True)
class Dialect:
    """How to cut a line into values; the quote is always a double one."""

    delimiter: str
    escape: str
    encoding: str


def look(file: str, encoding: str, delimiter: str | None, wanted: Sequence[str]) -> tuple[list[str], Dialect] | None:
    """Columns as the first line names them, and the dialect; None for an empty file.

    Without `delimiter`, the one that finds most of the wanted columns is taken. Raises EventsError.
    """
    with reading(file), open_file(file) as stream:
        head = stream.read(HEAD_BYTES)
    if encoding == "utf-16" and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and head:
        raise EventsError(f"{file}: has no byte order mark, so it is not UTF-16; leave --encoding out, or name another")
    if not head:
        return None
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and encoding != "utf-16":
        raise EventsError(f"{file}: is in UTF-16; use --encoding utf-16")
    if head.startswith(codecs.BOM_UTF16_BE):
        raise EventsError(
            f"{file}: is in big-endian UTF-16, which is not supported; convert it: iconv -f UTF-16 -t UTF-8"
        )
    text = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)("replace").decode(head)
    if text.startswith(("\n", "\r")):
        raise EventsError(f"{file}: begins with an empty line; the first line must name the columns")
    if not text.strip():
        return None
    headers = {d: _first_record(text, d) for d in ([delimiter] if delimiter else DELIMITERS)}
    best = max(headers, key=lambda d: (len(set(headers[d]) & set(wanted)), len(headers[d])))
    # A quoted field that goes on after \" was written with backslashes, as MySQL and Spark do.
    backslash = re.search(rf'\\"(?![\r\n]|{re.escape(best)}|$)', text)
    return _distinct(file, headers[best], wanted), Dialect(best, "\\" if backslash else QUOTE, encoding)


def _first_record(text: str, delimiter: str) -> list[str]:
    try:
        return [field.strip() for field in next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])]
    except csv.Error:
        return []


def _distinct(file: str, header: list[str], wanted: Sequence[str]) -> list[str]:
    """Names that differ in more than letter case, as DuckDB needs them; those that are wanted stay as they are."""
    taken = {column.lower() for column in wanted if column in header}
    names = []
    for place, column in enumerate(header):
        found = column or f"column{place}"
        if column in wanted:
            if column in names:
                raise EventsError(f"{file}: two columns are called {column!r}; rename one, or name another")
        else:
            while found.lower() in taken:
                found += "_1"
        taken.add(found.lower())
        names.append(found)
    return names
