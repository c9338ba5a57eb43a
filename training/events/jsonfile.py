"""A file of JSON lines up close: which keys its objects have, and the SQL with which DuckDB scans it."""

import codecs
import json
from collections.abc import Iterator, Sequence
from itertools import islice

from index.errors import EventsError
from training.events.sql import literal, name
from training.events.text.unpack import open_file, reading

LOOK_LINES = 1000
MOST_BYTES = 1 << 24  # of one line: longer ones stop DuckDB


def look(file: str) -> list[str] | None:
    """Keys of the first objects, in order of appearance; None for a file without a line. Raises EventsError."""
    keys: dict[str, None] = {}
    first, count = b"", 0
    for line in islice(lines(file), LOOK_LINES):
        first, count = first or line, count + 1
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            keys |= dict.fromkeys(found)
    if keys or not count:
        return list(keys) if keys else None
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise EventsError(
            f"{file}: is in UTF-16, but JSON lines must be in UTF-8; convert it: iconv -f UTF-16 -t UTF-8"
        )
    if first.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"["):
        raise EventsError(f"{file}: is a JSON array; write one object per line, for example with: jq -c '.[]'")
    raise EventsError(
        f"{file}: no JSON object in its first {count} lines; write each object on a line of its own. "
        f"The first line is {first[:80].decode('utf-8', 'replace')!r}"
    )


def lines(file: str) -> Iterator[bytes]:
    """The lines that hold anything: blank ones are not rows, here as in DuckDB."""
    with reading(file), open_file(file) as stream:
        yield from (line for line in stream if line.strip(b" \t\r\n"))


def has_mark(file: str) -> bool:
    """Whether the file begins with a byte order mark, as Windows tools write them."""
    with reading(file), open_file(file) as stream:
        return stream.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


def scan(files: Sequence[str], columns: Sequence[str], common: str, marked: bool) -> str:
    """SQL: a row per line, its columns as JSON; NULLs for a line that is not a JSON object.

    common: files and options for DuckDB. marked: the (one) file begins with a byte order mark, for which DuckDB would
    refuse its first line.
    """
    types = ", ".join(f"{literal(column)}: 'JSON'" for column in columns)
    table = (
        f"read_json({common}, format='newline_delimited', ignore_errors=true, columns={{{types}}}, "
        f"maximum_object_size={MOST_BYTES})"
    )
    if not marked:
        return table
    line = next(lines(files[0]), b"").removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
    values = [f"nullif(json_extract(line, {literal(pointer(c))}), 'null') AS {name(c)}" for c in columns]
    first = f"SELECT {', '.join(values)} FROM (SELECT TRY_CAST({literal(line)} AS JSON) AS line)"
    return f"({first} UNION ALL (SELECT * FROM {table} OFFSET 1))"


def pointer(column: str) -> str:
    """The key as a JSON pointer (RFC 6901): the only path in which any key can be written."""
    return "/" + column.replace("~", "~0").replace("/", "~1")
