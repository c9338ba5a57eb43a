"""A file of JSON up close: how its values follow each other, what its objects hold, and the SQL of a scan."""

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal

from index.errors import EventsError
from training.events.shapes.jsonkeys import Keys, pointed
from training.events.shapes.jsonvalues import values
from training.events.shapes.shape import FILE
from training.events.sql import literal, name
from training.events.text.unpack import open_file, reading

LOOK_VALUES = 1000
HEAD_BYTES = 1 << 20
MOST_BYTES = 1 << 24  # of one line: longer ones stop DuckDB

TOKENS = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')

# pandas' to_json without orient: columns, or rows, of values by the number of the row; and its orient="split".
FRAME = re.compile(
    rb'\{\s*(?:"[^"]*"\s*:\s*\{\s*"0"\s*:\s*[^{\[\s]|"0"\s*:\s*\{|"columns"\s*:\s*\[[^{\[]*\]\s*,\s*"index"\s*:)'
)
# Of Elasticsearch's bulk API: a line that says what to do with the next.
ACTION = re.compile(rb'\{\s*"(index|create|update|delete)"\s*:\s*\{(?:\s*\}|\s*"_)')

Style = Literal["lines", "values"]


def look(file: str) -> tuple[Keys, Style] | None:
    """What the first objects hold, and whether each is on a line of its own; None for a file without a value.

    Raises EventsError.
    """
    style = style_of(file)
    keys = Keys()
    first, count = b"", 0
    for text in islice(texts(file, style), LOOK_VALUES):
        first, count = first or text, count + 1
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            keys.see(found)
    if keys.top or not count:
        return (keys, style) if keys.top else None
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise EventsError(
            f"{file}: is in UTF-16, but JSON lines must be in UTF-8; convert it: iconv -f UTF-16 -t UTF-8"
        )
    where = f"first {count} lines; write each object on a line of its own" if style == "lines" else f"first {count} "
    where += "" if style == "lines" else "values; each must be an object with the fields of an event"
    raise EventsError(f"{file}: no JSON object in its {where}. The first is {first[:80].decode('utf-8', 'replace')!r}")


def style_of(file: str) -> Style:
    """Raises EventsError for one object that holds a long list: its rows are inside."""
    with reading(file), open_file(file) as stream:
        head = stream.read(HEAD_BYTES).removeprefix(codecs.BOM_UTF8).lstrip()
    if head.startswith(b"["):
        return "values"
    if FRAME.match(head) and b"\n{" not in head:
        raise EventsError(
            f"{file}: is one JSON object with a whole table in it, as pandas' to_json writes; write each row on a "
            "line of its own: to_json(..., orient='records', lines=True)"
        )
    if action := ACTION.match(head):
        name = action[1].decode()
        raise EventsError(
            f"{file}: is a bulk file of Elasticsearch, where lines like {action[0].decode()!r}... say what to do with "
            f"the next; leave them out, for example with: jq -c 'select(has(\"{name}\") | not)'"
        )
    if not head.startswith(b"{"):
        return "lines"
    whole = head if len(head) < HEAD_BYTES - len(codecs.BOM_UTF8) else head[: head.rfind(b"\n") + 1]
    if any(_is_object(line) for line in whole.splitlines()):
        return "lines"
    if any(_is_object(text) for text in islice(values(file), 1)):
        return "values"
    if len(whole) < len(head) and (path := inner_list(head)):
        raise EventsError(f"{file}: {within(path)}")
    return "lines"


def within(path: str) -> str:
    return (
        f"is one JSON object, with its rows in the list at {path!r}; take them out, for example with: jq -c '.{path}[]'"
    )


def inner_list(head: bytes) -> str | None:
    """Dotted path of the first list of objects inside an object, of which the end may be missing."""
    opened: list[tuple[str, str]] = []  # (bracket, key it stands behind)
    key, last, before = "", "", ""
    for token in TOKENS.findall(head.decode("utf-8", "replace")):
        if token == "{" and before == "[" and [bracket for bracket, _ in opened].count("[") == 1 and key == "":
            return ".".join(name for _, name in opened if name) or None
        if token in "{[":
            opened.append((token, key))
            key = ""
        elif token in "]}" and opened:
            opened.pop()
        elif token == ":":
            key = last
        elif token == ",":
            key = ""
        elif token.startswith('"'):
            last = token[1:-1]
        before = token
    return None


def only_object(file: str) -> str | None:
    """Dotted path of the list of objects in the one object that is the whole file; None for any other file."""
    first = list(islice(lines(file), 2))
    return inner_list(first[0]) if len(first) == 1 else None


def refuse_keyed(file: str, item: str) -> None:
    """Raises EventsError where the file is one object, with a row behind each of its keys: an id is no column. item:
    what the ids should be called."""
    first = list(islice(lines(file), 2))
    try:
        rows = list(json.loads(first[0]).values()) if len(first) == 1 else []
    except (ValueError, RecursionError, AttributeError):
        return
    if len(rows) < 2 or not all(isinstance(row, dict) for row in rows):
        return
    shared = Counter(key for row in rows for key in row if not key.isdigit())  # numbers: columns, each with its rows
    if shared and 2 * shared.most_common(1)[0][1] > len(rows):
        raise EventsError(
            f"{file}: is one JSON object, keyed by id: its {len(rows):,} rows stand each behind a key. Write them as "
            f"lines, each with its id, for example with: jq -c 'to_entries[] | {{{json.dumps(item)}: .key}} + .value'"
        )


def lines(file: str) -> Iterator[bytes]:
    """The text of each value: of each line that holds anything (blank ones are not rows, here as in DuckDB), or of each
    element of an array."""
    return texts(file, style_of(file))


def texts(file: str, style: Style) -> Iterator[bytes]:
    if style == "values":
        yield from values(file)
        return
    with reading(file), open_file(file) as stream:
        yield from (line for line in stream if line.strip(b" \t\r\n"))


def has_mark(file: str) -> bool:
    """Whether the file begins with a byte order mark, as Windows tools write them."""
    with reading(file), open_file(file) as stream:
        return stream.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


def scan(files: Sequence[str], columns: Sequence[str], common: str, marked: bool, with_file: bool = False) -> str:
    """SQL: a row per line, its columns as JSON; NULLs for a line that is not a JSON object.

    common: files and options for DuckDB. marked: the (one) file begins with a byte order mark, for which DuckDB would
    refuse its first line. with_file: `common` asks for the path of the file as a column.
    """
    types = ", ".join(f"{literal(column)}: 'JSON'" for column in columns)
    table = (
        f"read_json({common}, format='newline_delimited', ignore_errors=true, columns={{{types}}}, "
        f"maximum_object_size={MOST_BYTES})"
    )
    if not marked:
        return table
    line = next(texts(files[0], "lines"), b"").removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
    file = f", {literal(files[0])} AS {name(FILE)}" if with_file else ""
    first = f"SELECT {_values(columns)}{file} FROM (SELECT TRY_CAST({literal(line)} AS JSON) AS line)"
    return f"({first} UNION ALL (SELECT * FROM {table} OFFSET 1))"


def scan_values(relation: str, columns: Sequence[str]) -> str:
    """As `scan`, over a relation of texts in the column `line`; its other columns come along."""
    parsed = f"SELECT * REPLACE (TRY_CAST(line AS JSON) AS line) FROM {relation}"
    return f"(SELECT {_values(columns)}, * EXCLUDE (line) FROM ({parsed}))"


def _values(columns: Sequence[str]) -> str:
    return ", ".join(f"{pointed('line', [column])} AS {name(column)}" for column in columns)


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
