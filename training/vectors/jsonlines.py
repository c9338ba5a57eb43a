"""JSON lines: an object for each item, with its id and its numbers as a list, or each under a name of its own."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from index.errors import VectorsError
from training.vectors.columns import columns_of
from training.vectors.files import opened
from training.vectors.found import Block, Found, checked_dims, rows_at_once

LINE = 1 << 24  # bytes of a line
ROWS = 8192  # at once
# An object that begins with three lists of numbers.
PAIR = rb'\s*"(?:[^"\\]|\\.)*"\s*:\s*\[[-+.\deE,\s]*\]\s*'
KEYED = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{" + b",".join([PAIR] * 3))


def open_json_lines(path: Path, head: bytes, ids: str | None, vectors: str | None) -> Found:
    if vectors is None and KEYED.match(head):
        raise VectorsError(
            "is one JSON object, keyed by id: write JSON lines, an object with an id and a vector on each line, for "
            "example with: jq -c 'to_entries[] | {id: .key, vector: .value}'",
            path,
        )
    first = _record(head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0], 1, path)
    kinds = {name: _numbers_of(value) for name, value in first.items()}
    columns = columns_of(kinds, path, ids, vectors)
    dims = checked_dims(len(columns.vectors) if columns.many else kinds[columns.vectors[0]], path)

    def blocks() -> Iterator[Block]:
        items: list[str] = []
        rows: list[list[float]] = []
        with opened(path) as file:
            for number, line in enumerate(iter(lambda: file.readline(LINE), b""), 1):
                if not line.strip():
                    continue
                record = _record(line.removeprefix(b"\xef\xbb\xbf"), number, path)
                values = (
                    [record.get(name) for name in columns.vectors] if columns.many else record.get(columns.vectors[0])
                )
                if not isinstance(values, list) or len(values) != dims or not all(map(_is_number, values)):
                    raise VectorsError(f"line {number:,} does not have {dims} numbers, as the first line has", path)
                items.append(_json_id(record.get(columns.ids), number, path))
                rows.append(values)
                if len(rows) >= min(ROWS, rows_at_once(dims)):
                    yield Block(items, np.array(rows, dtype=np.float64))
                    items, rows = [], []
        if rows:
            yield Block(items, np.array(rows, dtype=np.float64))

    return Found(columns.said("JSON lines"), None, dims, "text", blocks)


def _record(line: bytes, number: int, path: Path) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise VectorsError(
            f"line {number:,} is not JSON ({error}): each line must be an object of its own", path
        ) from None
    if not isinstance(record, dict):
        raise VectorsError(f"line {number:,} is not a JSON object with an id and a vector", path)
    return record


def _json_id(value: Any, number: int, path: Path) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise VectorsError(f"line {number:,} has no id", path)
    return str(value)


def _numbers_of(value: Any) -> int:
    if isinstance(value, list):
        return len(value) if all(map(_is_number, value)) else 0
    return int(_is_number(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
