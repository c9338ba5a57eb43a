"""The rows of one file of the catalogue: an id and its fields each, or why there is none."""

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from index.errors import EventsError
from store.event import MAX_ID_CHARACTERS
from training.events import jsonfile
from training.events.delimited.csvrecords import check_count, count_lines, read_records
from training.events.rejects import TEXT_CHARACTERS, MalformedLines
from training.events.sql import READ_ERRORS, first_line, name
from training.items.form import Table

BATCH_ROWS = 50_000


@dataclass(frozen=True)
class Reject:
    """A row that is no item. row: number of the record in its file, from 1, as training.events.rejects counts."""

    file: str
    row: int
    reason: str
    detail: str = ""


@dataclass
class Account:
    """Of one file: rows that were there, and the rejected ones; complete once all rows were taken."""

    rows: int = 0
    rejects: list[Reject] = field(default_factory=list)


def rows_of(
    connection: duckdb.DuckDBPyConnection, table: Table, account: Account
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(id, fields) of the rows that are items. Objects within a row are its fields under their path: maker.name.

    Raises EventsError for a file that cannot be read."""
    rows = _objects(table, account) if table.source.format == "jsonl" else _records(connection, table, account)
    for place, item, fields in rows:
        text = "" if item is None else str(item)
        if not text.strip():
            account.rejects.append(Reject(table.file, place, "no_item"))
        elif len(text) > MAX_ID_CHARACTERS:
            account.rejects.append(Reject(table.file, place, "too_long", f"{len(text)} characters: {text[:100]}"))
        else:
            yield text, flat(fields)
    if table.source.dialect is not None and (lines := _malformed(connection, table)):
        account.rows += len(lines)
        account.rejects = _numbered(account.rejects, lines)


def _records(
    connection: duckdb.DuckDBPyConnection, table: Table, account: Account
) -> Iterator[tuple[int, str | None, dict[str, Any]]]:
    """The rows that DuckDB gives, numbered without those that it passes over."""
    source, lines = table.source, MalformedLines(connection, "items")
    others = [column for column in source.types if column != table.column]
    columns = ", ".join([f"{source.id_text(table.column)} AS id", *map(name, others)])
    try:
        query = f"SELECT {columns} FROM {source.scan(rejects=lines.options())}"
        for batch in connection.sql(query).to_arrow_reader(BATCH_ROWS):
            # By place: a field may be called `id` too.
            values = [batch.column(place + 1).to_pylist() for place in range(len(others))]
            for item, *fields in zip(batch.column(0).to_pylist(), *values, strict=True):
                account.rows += 1
                yield account.rows, item, dict(zip(others, fields, strict=True))
        malformed = lines.count() if source.dialect is not None else 0
    except READ_ERRORS as error:
        raise EventsError(f"{table.file}: cannot be read as item metadata ({first_line(error)})") from error
    if source.dialect is not None:
        check_count(source.texts, source.dialect, account.rows + malformed, count_lines(source.texts))


def _objects(table: Table, account: Account) -> Iterator[tuple[int, Any, dict[str, Any]]]:
    """Python's own JSON: values keep their types, and a file of items is small beside a log."""
    for line in jsonfile.lines(table.source.text(table.file).path):
        account.rows += 1
        try:
            row = json.loads(line.removeprefix(codecs.BOM_UTF8))
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            account.rejects.append(Reject(table.file, account.rows, "malformed", _shown(line)))
            continue
        if table.column not in row:  # inside an object
            row = flat(row)
        item = row.pop(table.column, None)
        if isinstance(item, float):
            item = int(item) if item.is_integer() else item if item == item else None
        if isinstance(item, (dict, list, bool)):
            account.rejects.append(Reject(table.file, account.rows, "wrong_type", json.dumps(item)[:TEXT_CHARACTERS]))
            continue
        yield account.rows, item, row


def _malformed(connection: duckdb.DuckDBPyConnection, table: Table) -> list[Reject]:
    """The lines that DuckDB passed over, in order."""
    lines = MalformedLines(connection, "items", anew=False)
    found = connection.execute(f"SELECT line, message, text FROM {lines.sql()} ORDER BY line").fetchall()
    lines.drop()
    if not found:
        return []
    dialect = table.source.dialect
    assert dialect is not None
    blanks = read_records(table.source.text(table.file), dialect).blanks.tolist()
    return [
        Reject(
            table.file,
            line - dialect.before - sum(blank < line for blank in blanks),
            "malformed",
            f"{first_line(ValueError(message))} in: {(text or '').strip()[: TEXT_CHARACTERS // 4]}",
        )
        for line, message, text in found
    ]


def _numbered(given: list[Reject], lines: list[Reject]) -> list[Reject]:
    """All in order: the given ones are moved on by the lines that were passed over before them."""
    found = list(lines)
    before = 0
    for reject in given:
        while before < len(lines) and lines[before].row <= reject.row + before:
            before += 1
        found.append(replace(reject, row=reject.row + before))
    return sorted(found, key=lambda reject: reject.row)


def flat(fields: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Objects, and lists of objects, by the paths of what is in them: {"a": {"b": 1}} is {"a.b": 1}."""
    if not above and not any(isinstance(value, (dict, list)) for value in fields.values()):
        return fields
    found: dict[str, Any] = {}
    for key, value in fields.items():
        place = f"{above}{key}"
        if isinstance(value, dict) and value:
            found |= flat(value, f"{place}.")
        elif isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
            for part in value:
                for path, inner in flat(part, f"{place}.").items():
                    found.setdefault(path, []).extend(inner if isinstance(inner, list) else [inner])
        else:
            found[place] = value
    return found


def _shown(line: bytes) -> str:
    return f"in: {line[: TEXT_CHARACTERS // 4].decode('utf-8', 'replace').strip()}"
