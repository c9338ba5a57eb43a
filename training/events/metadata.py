"""The items' metadata: a file with one row for each item, in any format that a log may have."""

import codecs
import json
import logging
from collections.abc import Iterator
from typing import Any

import duckdb

from index.errors import EventsMissing
from training.config import EventsConfig
from training.events import jsonfile
from training.events.files import find_files
from training.events.rows import rows_of
from training.events.source import Source
from training.events.sources import check_type, look
from training.events.sql import connect, name

log = logging.getLogger(__name__)


def read_metadata(path: str, item_column: str, memory_mb: int) -> Iterator[dict[str, Any]]:
    """The items' metadata as dicts with `item_id` and whatever else the file holds; rows without an id are left out.

    Raises EventsError or EventsMissing.
    """
    config = EventsConfig(paths=(path,), item=item_column)
    connection = connect(memory_mb)
    for file, kind in find_files([path]):
        source = look(connection, file, kind, config)
        columns = source.types if source else {}
        if source is None or item_column not in columns:
            raise EventsMissing(
                f"{file}: no column {item_column!r} for the item id; columns found: {', '.join(columns) or 'none'}. "
                "Name the right one with --item"
            )
        check_type(file, "item", item_column, columns[item_column])
        rows = _objects(source, item_column) if kind == "jsonl" else _rows(connection, source, item_column)
        yield from (row for row in rows if row["item_id"])


def _rows(connection: duckdb.DuckDBPyConnection, source: Source, item_column: str) -> Iterator[dict[str, Any]]:
    columns = f"{source.id_text(item_column)} AS item_id, * EXCLUDE ({name(item_column)})"
    malformed = yield from rows_of(connection, source, columns, "item metadata")
    if malformed:
        log.warning("items=%s malformed lines=%d left out", source.files[0], malformed)


def _objects(source: Source, item_column: str) -> Iterator[dict[str, Any]]:
    """Python's own JSON: values keep their types, and a file of items is small beside a log."""
    malformed = 0
    lines = (line for file in source.files for line in jsonfile.lines(source.text(file).path))
    for line in lines:
        try:
            row = json.loads(line.removeprefix(codecs.BOM_UTF8))
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            malformed += 1
            continue
        item = row.pop(item_column, None)
        if isinstance(item, float):
            item = int(item) if item.is_integer() else item if item == item else None
        plain = isinstance(item, (str, int, float)) and not isinstance(item, bool)
        yield row | {"item_id": str(item) if plain else None}
    if malformed:
        log.warning("items=%s malformed lines=%d left out", source.files[0], malformed)
