"""A test as a table: a row is a question, with the column `prefix` and the column `target`."""

import codecs
import json
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import numpy as np

from index.errors import EventsError, EventsMissing
from training.events import jsonfile
from training.events.rows import rows_of
from training.events.source import Source
from training.events.sql import name
from training.given.questions import Codes, Questions

PREFIX, TARGET, SESSION = "prefix", "target", "session"


def table_questions(sources: Sequence[Source], connection: duckdb.DuckDBPyConnection) -> Questions:
    """Rows with the same `session`, where there is such a column, belong together; else each is by itself.

    Raises EventsMissing for a column that is not there, EventsError for a row that is no question.
    """
    codes: dict[str, int] = {}
    sessions: dict[str, int] = {}
    prefixes: list[Codes] = []
    targets: list[int] = []
    groups: list[int] = []
    for source in sources:
        file = source.files[0]
        for column in (PREFIX, TARGET):
            if not source.has(column):
                raise EventsMissing(
                    f"{file}: no column {column!r}; a table of questions has the columns {PREFIX!r} and {TARGET!r}; "
                    f"columns found: {', '.join(source.types)}"
                )
        rows = _objects(source) if source.format == "jsonl" else _rows(source, connection)
        for number, row in enumerate(rows, 1):
            ids = _prefix(row.get(PREFIX), source, f"{file}: row {number}")
            target = _id(row.get(TARGET))
            if target is None:
                raise EventsError(f"{file}: row {number}: column {TARGET!r} holds no item id: {_shown(row, TARGET)}")
            prefixes.append(np.array([codes.setdefault(item, len(codes)) for item in ids], dtype=np.int32))
            targets.append(codes.setdefault(target, len(codes)))
            group = str(row[SESSION]) if row.get(SESSION) is not None else f"\0{len(groups)}"
            groups.append(sessions.setdefault(group, len(sessions)))
    if not targets:
        raise EventsMissing(f"{sources[0].files[0]}: the table has no rows")
    return Questions(
        form="table",
        ids=list(codes),
        prefixes=prefixes,
        targets=np.array(targets, dtype=np.int32),
        sessions=np.array(groups, dtype=np.int64),
        rejected={},
    )


def _prefix(value: Any, source: Source, row: str) -> list[str]:
    """CSV: ids separated by spaces; elsewhere a list. An empty one is a question too."""
    if value is None and source.format == "csv":
        return []
    if isinstance(value, str) and source.format == "csv":
        return value.split()
    if not isinstance(value, list):
        raise EventsError(f"{row}: column {PREFIX!r} is not a list of item ids: {str(value)[:80]!r}")
    ids = [_id(item) for item in value]
    if None in ids:
        raise EventsError(f"{row}: column {PREFIX!r} holds something that is no item id: {value[ids.index(None)]!r}")
    return [item for item in ids if item is not None]


def _id(value: Any) -> str | None:
    """As the reader of logs has it: whole floats lose their ".0". None for what is no id."""
    if isinstance(value, float):
        return None if value != value else str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) if str(value).strip() else None


def _shown(row: dict[str, Any], column: str) -> str:
    return repr(row.get(column))[:80]


def _rows(source: Source, connection: duckdb.DuckDBPyConnection) -> Iterator[dict[str, Any]]:
    """Of CSV and Parquet. Raises EventsError for a malformed line: a test is taken whole."""
    columns = ", ".join(name(column) for column in (PREFIX, TARGET, SESSION) if source.has(column))
    malformed = yield from rows_of(connection, source, columns, "a table of questions")
    if malformed:
        raise EventsError(f"{source.files[0]}: {malformed} lines are no rows of the table; write values with quotes")


def _objects(source: Source) -> Iterator[dict[str, Any]]:
    """Of JSON lines; Python's own JSON, so that values keep their types."""
    file = source.files[0]
    lines = (line for name in source.files for line in jsonfile.lines(source.text(name).path))
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line.removeprefix(codecs.BOM_UTF8))
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise EventsError(f"{file}: line {number} is no JSON object")
        yield row
