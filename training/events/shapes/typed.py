"""Files that say the types of their columns, as sources: Parquet, Arrow, ORC."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import duckdb
import pyarrow as pa

from training.events.shapes.columnar import NAMES, columnar, damaged, parquet_schema
from training.events.shapes.finders import TypedFinder
from training.events.shapes.shaping import Named, shaped
from training.events.source import Source
from training.events.sql import READ_ERRORS, relation
from training.eventsconfig import EventsConfig


def look_typed(
    connection: duckdb.DuckDBPyConnection, file: str, kind: str, config: EventsConfig, named: Named
) -> Source:
    """Raises EventsError for a damaged file."""
    found = Source(kind, (file,), (), streamed=kind != "parquet")
    schema: Callable[[], pa.Schema] = partial(parquet_schema, file)
    if kind != "parquet":
        table = columnar(file, kind)
        connection.register(relation(file), table)
        schema = partial(getattr, table, "schema")
    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM {found.scan()}").fetchall()
    except READ_ERRORS as error:
        raise damaged(file, kind, error) from error
    found = replace(found, columns=tuple((row[0], row[1]) for row in rows))
    finder = TypedFinder(connection, schema, found.scan())
    found = shaped(connection, found, config, named, finder)
    return replace(found, said=NAMES[kind]) if found.guesses else found
