"""Ids that are whole numbers and were written as 300.0: what pandas makes of a column of integers with a gap."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

import duckdb

from training.events.source import Source

FLOAT = r"\d\.0(?!\d)"
HEAD_BYTES, LOOK_ROWS = 1 << 16, 2000


def with_whole_ids(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    columns: Sequence[str],
    known: Collection[str] | None = None,
) -> Source:
    """The source, with its columns of ids marked in which 300.0 is to be read as 300: where every value of a CSV file's
    column is so written, or some are and the same number stands there without, or in `known`.

    A file without such numbers at its beginning is not looked at any further."""
    if source.dialect is None or not _has_floats(source):
        return source
    return replace(source, whole=tuple(c for c in columns if source.has(c) and _is_whole(connection, source, c, known)))


def _has_floats(source: Source) -> bool:
    return any(re.search(FLOAT, text.head(HEAD_BYTES).decode("utf-8", "replace")) for text in source.texts)


def _is_whole(
    connection: duckdb.DuckDBPyConnection, source: Source, column: str, known: Collection[str] | None
) -> bool:
    text = source.id_text(column)
    shaped = f"coalesce(regexp_full_match({text}, '-?[0-9]+[.]0+'), false)"
    head = f"(SELECT {text} AS text, {shaped} AS shaped FROM {source.scan()} LIMIT {LOOK_ROWS})"
    if not connection.execute(f"SELECT bool_or(shaped) FROM {head}").fetchall()[0][0]:
        return False
    every = f"(SELECT {text} AS text, {shaped} AS shaped FROM {source.scan()})"
    query = f"SELECT bool_and(shaped) FROM {every} WHERE trim(text) <> ''"
    if connection.execute(query).fetchall()[0][0]:
        return True
    numbers = f"SELECT DISTINCT split_part(text, '.', 1) AS number FROM {every} WHERE shaped"
    twins = f"SELECT number FROM ({numbers}) SEMI JOIN {every} others ON number = others.text LIMIT 1"
    if connection.execute(twins).fetchall():
        return True
    return known is not None and any(number in known for (number,) in connection.execute(numbers).fetchall())
