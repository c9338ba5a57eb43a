"""Ids that are bytes: text that was written without saying so, UUIDs in 16 bytes, or what no id can be made of."""

from collections.abc import Sequence

import duckdb

from index.errors import EventsError
from training.events.shapes.shape import Column
from training.events.sql import name

LOOK_ROWS = 1000


def uuid_column(
    connection: duckdb.DuckDBPyConnection, file: str, scan: str, column: str, setting: str, fixed: bool
) -> Column | None:
    """The column as UUIDs where each value has 16 bytes that are no text; None where they are text.

    fixed: the file says that all values are equally long. Raises EventsError for other bytes.
    """
    found = connection.execute(
        f"SELECT {name(column)} FROM {scan} WHERE octet_length({name(column)}) > 0 LIMIT {LOOK_ROWS}"
    ).fetchall()
    values = [value for (value,) in found]
    if not values or sum(map(is_text, values)) > len(values) / 100:
        return None
    if fixed and len(values[0]) == 16:
        return Column(column, f"TRY_CAST(hex({name(column)}) AS UUID)", "UUID")
    raise EventsError(
        f"{file}: column {column!r} is of type BLOB and holds no text, but {_kind(values)}. "
        f"Write the ids as text, or name another column with --{setting.replace('_', '-')}"
    )


def is_text(value: bytes) -> bool:
    try:
        return value.decode().isprintable()
    except UnicodeDecodeError:
        return False


def _kind(values: Sequence[bytes]) -> str:
    sizes = {len(value) for value in values}
    if sizes == {16}:
        return "16 bytes each, which are probably UUIDs; a column of fixed-size binary (16) is read as UUIDs"
    known = {8: "numbers", 12: "ObjectIds of MongoDB", 20: "SHA-1 hashes", 32: "SHA-256 hashes"}
    if len(sizes) == 1:
        (size,) = sizes
        return f"{size} bytes each" + (f", which are probably {known[size]}" if size in known else "")
    return f"{min(sizes)} to {max(sizes)} bytes each"
