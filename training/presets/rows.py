"""Rows of the small files beside a log: metadata as text, and lists where a tool writes several values in a field."""

import csv
import json
from collections.abc import Iterator
from typing import Any

from index.errors import EventsError
from training.events.text.unpack import open_file, reading

LONGEST = 1 << 24  # characters of a field

Numbered = tuple[int, list[str], dict[str, str] | None]


def lines(file: str) -> Iterator[str]:
    """All lines, with their ends as one \\n. What is not UTF-8 is taken for Latin-1, as older files are."""
    with reading(file), open_file(file) as stream:
        for number, line in enumerate(stream):
            try:
                text = line.decode("utf-8-sig" if number == 0 else "utf-8")
            except UnicodeDecodeError:
                text = line.decode("latin-1")
            yield text.rstrip("\r\n") + "\n"


def texts(file: str) -> Iterator[str]:
    """The lines that hold anything, without their ends."""
    yield from (text for line in lines(file) if (text := line.rstrip("\n")).strip())


def numbered(file: str, delimiter: str = ",", quoted: bool = True) -> Iterator[Numbered]:
    """(number of its last line, from 1; the fields; the same by column) of each row below the header. None by column
    for a row of another length than the header. quoted: whether quotes mean anything. Raises EventsError."""
    csv.field_size_limit(LONGEST)
    rows = csv.reader(lines(file), delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
    try:
        header = [name.strip() for name in next(rows, [])]
        for row in rows:
            if row:
                yield rows.line_num, row, dict(zip(header, row, strict=True)) if len(row) == len(header) else None
    except csv.Error as error:
        raise EventsError(f"{file}: line {rows.line_num} cannot be read as CSV ({error})") from error


def table(file: str, delimiter: str = ",", quoted: bool = True) -> Iterator[dict[str, str]]:
    """The rows of a file with a header, by column; an empty one for a row of another length, so that it is counted as
    an item without an id. Raises EventsError."""
    yield from (row or {} for _, _, row in numbered(file, delimiter, quoted))


def object_of(text: str) -> dict[str, Any] | None:
    """The JSON object that a line is; None where it is not one."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def objects(file: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of a file, one a line; other lines are left out."""
    yield from (row for text in texts(file) if (row := object_of(text)) is not None)


def several(text: str | None, delimiter: str = "|") -> list[str]:
    """The values of a field that holds several; none of an empty one."""
    return [part.strip() for part in (text or "").split(delimiter) if part.strip()]


def filled(row: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty."""
    return {name: value for name, value in row.items() if value not in (None, "", [], {})}
