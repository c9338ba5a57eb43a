"""A whole log as relations DuckDB can scan: every file looked at, its shape told from the others'.

DuckDB reads the logs (docs/dependencies.md says why, benchmarks/README.md what was measured): it streams from disk,
keeps the order of the rows, and records malformed CSV lines with their file and line by itself.
"""

import logging
import os
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import groupby

import duckdb
import pyarrow as pa

from index.errors import EventsError, EventsMissing
from training.config import EventsConfig
from training.events import csvfile, jsonfile
from training.events.files import find_files
from training.events.shapes import lines
from training.events.shapes.columnar import columnar, damaged, parquet_schema
from training.events.shapes.finders import JsonFinder, NoFinder, TypedFinder
from training.events.shapes.jsonvalues import ValueStream
from training.events.shapes.shaping import shaped
from training.events.source import Source, Sources
from training.events.sql import READ_ERRORS, literal, relation, unglobbed

log = logging.getLogger(__name__)

NUMBERS = r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*"
TEXT = r"VARCHAR|JSON|BLOB|ENUM.*|\"NULL\""
TIMES = r"TIMESTAMP.*|DATE"


# What a column may be: a pattern of SQL types, and in words. A nested or boolean column is a wrong name, and reading
# its rows would be a waste.
ID = (f"{NUMBERS}|{TEXT}|{TIMES}|UUID", "an id; text and numbers are read")
KINDS = {
    "time": (f"{NUMBERS}|{TEXT}|{TIMES}", "a time; epoch numbers, timestamps and ISO 8601 text are read"),
    "dwell": (f"{NUMBERS}|{TEXT}", "a number of seconds"),
    "weight": (f"{NUMBERS}|{TEXT}", "a number"),
    "event_type": (f"{NUMBERS}|{TEXT}|BOOLEAN", "an event type; text is read"),
}
CSV_HINT = "; the first line must name the columns, and --delimiter says what stands between them"


def known_rows(sources: Sources, connection: duckdb.DuckDBPyConnection) -> int | None:
    """Rows of the log as Parquet states them; None where a file is of another format, and would have to be read, or
    where its rows are sessions."""
    if any(source.format != "parquet" or source.shape.lists for source in sources.sources):
        return None
    names = ", ".join(literal(unglobbed(file)) for file in sources.files)
    # All rows are fetched: DuckDB refuses other work on a connection that has an unfinished result.
    ((rows,),) = connection.execute(f"SELECT sum(num_rows) FROM parquet_file_metadata([{names}])").fetchall()
    return int(rows)


def open_sources(config: EventsConfig, connection: duckdb.DuckDBPyConnection) -> Sources:
    """Every file looked at once: its columns and its dialect. Neighbours of the same shape are read together.

    Raises EventsError or EventsMissing with the file and what was found in it.
    """
    shapes, empty = [], []
    for file, kind in find_files(config.paths, config.format):
        source = look(connection, file, kind, config)
        if source is None:
            empty.append(file)
            continue
        check_columns(source, config)
        shapes.append(source)
    if not shapes:
        raise EventsMissing(f"all {len(empty)} files are empty, the first is {empty[0]}")
    grouped = groupby(shapes, key=lambda s: (replace(s, files=()), s.marked and s.files))
    sources = tuple(replace(shape, files=tuple(s.files[0] for s in same)) for (shape, _), same in grouped)
    found = Sources(sources, tuple(empty))
    for note in found.notes:
        log.warning("%s", note)
    return found


def wanted_columns(config: EventsConfig) -> list[tuple[str, str]]:
    """(setting, column) of every column the settings name."""
    named = [(s, getattr(config, s)) for s in ("user", "item", "time", "session", "event_type", "dwell", "weight")]
    return [(setting, column) for setting, column in named if column is not None]


def check_columns(source: Source, config: EventsConfig) -> None:
    """Raises EventsMissing for a column that is not there, EventsError for one of an impossible type."""
    types, file = source.types, source.files[0]
    for setting, column in wanted_columns(config):
        if column in types:
            check_type(file, setting, column, types[column])
        elif setting != "user" or config.session is None:  # with a given session id a log needs no users
            raise EventsMissing(missing(source, setting, column))


def missing(source: Source, setting: str, column: str) -> str:
    """What to say of a column that is not there: what is, also inside others and in rows that are sessions."""
    file, flag = source.files[0], setting.replace("_", "-")
    found = ", ".join(name for name, _ in source.columns) or "none"
    # What is called like the setting comes first: a document may have hundreds of fields.
    inner = sorted(source.inner, key=lambda path: (column not in path, setting not in path))
    inside = f"; inside them: {', '.join(inner)[:500]}" if inner else ""
    hint = CSV_HINT if source.format == "csv" else ""
    lists = [name for name, kind in source.columns if kind.endswith("]")]
    if lists:
        hint += f". If each row is a session, its items in the list {lists[0]!r}: --rows sessions --item {lists[0]}"
    if source.format == "csv" and lines.of_sessions(file):
        hint += ". Its lines look like sessions, each with the ids of its items: --rows sessions reads them"
    if source.format == "jsonl" and (path := jsonfile.only_object(file)):
        hint += f". The file {jsonfile.within(path)}"
    return (
        f"{file}: no column {column!r} for the {setting.replace('_', ' ')}; columns found: {found[:500]}{inside}. "
        f"Name the right one with --{flag}{hint}"
    )


def check_type(file: str, setting: str, column: str, kind: str) -> None:
    """Raises EventsError where no value of such a type can be what the setting means."""
    if wrong := mistyped(file, setting, column, kind):
        session = ". If each row is a session, --rows sessions reads the list as its items" if kind[-1:] == "]" else ""
        raise EventsError(
            f"{wrong}{session}. Name another column with --{setting.replace('_', '-')}, or convert this one"
        )


def mistyped(file: str, setting: str, column: str, kind: str) -> str | None:
    """What is wrong with a column of this type, in words; None where nothing is."""
    types, meaning = KINDS.get(setting, ID)
    if re.fullmatch(types, kind):
        return None
    return f"{file}: column {column!r} is of type {kind}, which is not {meaning}"


def look(connection: duckdb.DuckDBPyConnection, file: str, kind: str, config: EventsConfig) -> Source | None:
    """One file as a source; None where it holds nothing. Raises EventsError for one that is not what its name says."""
    if os.path.getsize(file) == 0:
        return None
    named = wanted_columns(config)
    match kind:
        case "parquet" | "arrow" | "orc":
            return _look_typed(connection, file, kind, config)
        case "csv":
            wanted = [column for _, column in named]
            if config.rows == "sessions" and not lines.names_any(file, wanted, config.delimiter):
                found = Source("lines", (file,), ((lines.COLUMN, "VARCHAR"),))
                return shaped(connection, found, config, named, NoFinder())
            table = csvfile.look(file, config.encoding, config.delimiter, wanted)
            if table is None:
                return None
            columns = tuple((column, "VARCHAR") for column in table[0])
            return shaped(connection, Source(kind, (file,), columns, dialect=table[1]), config, named, NoFinder())
        case _:
            return _look_json(connection, file, config)


def _look_typed(connection: duckdb.DuckDBPyConnection, file: str, kind: str, config: EventsConfig) -> Source:
    """Of a file that says the types of its columns."""
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
    return shaped(connection, found, config, wanted_columns(config), finder)


def _look_json(connection: duckdb.DuckDBPyConnection, file: str, config: EventsConfig) -> Source | None:
    seen = jsonfile.look(file)
    if seen is None:
        return None
    keys, style = seen
    named = wanted_columns(config)
    # A column that is there but rare may be missing from the first lines: only the required ones must show.
    rare = [c for setting, c in named if setting in ("event_type", "dwell", "weight")]
    for column in rare:
        keys.expect(column)
    wanted = [str(steps[0]) for _, column in named if (steps := keys.find(column))]
    columns = {c.lower(): c for c in sorted(keys.top)} | {c.lower(): c for c in wanted}
    typed = tuple((c, "JSON") for c in columns.values())
    streamed = style == "values"
    if streamed:
        connection.register(relation(file), ValueStream(file))
    found = Source("jsonl", (file,), typed, marked=not streamed and jsonfile.has_mark(file), streamed=streamed)
    return shaped(connection, found, config, named, JsonFinder(keys))
