"""A whole log as relations DuckDB can scan: every file looked at, its shape told from the others'.

DuckDB reads the logs (docs/dependencies.md says why, benchmarks/README.md what was measured): it streams from disk,
keeps the order of the rows, and records malformed CSV lines with their file and line by itself.
"""

import os
import re
from dataclasses import replace
from itertools import groupby

import duckdb

from index.errors import EventsError, EventsMissing
from training.config import EventsConfig
from training.events import csvfile, jsonfile
from training.events.files import find_files
from training.events.source import Source, Sources
from training.events.sql import first_line, literal, unglobbed
from training.events.times.look import look_at_times

NUMBERS = r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*"
TEXT = r"VARCHAR|JSON|BLOB|ENUM.*|\"NULL\""
TIMES = r"TIMESTAMP.*|DATE"


# What a column may be: a pattern of SQL types, and in words. A nested or boolean column is a wrong name, and reading
# its rows would be a waste.
ID = (f"{NUMBERS}|{TEXT}|{TIMES}|UUID", "an id; text and numbers are read")
KINDS = {
    "time": (f"{NUMBERS}|{TEXT}|{TIMES}", "a time; numbers, timestamps and text are read"),
    "dwell": (f"{NUMBERS}|{TEXT}", "a number of seconds"),
    "weight": (f"{NUMBERS}|{TEXT}", "a number"),
    "event_type": (f"{NUMBERS}|{TEXT}|BOOLEAN", "an event type; text is read"),
}
CSV_HINT = "; the first line must name the columns, and --delimiter says what stands between them"


def known_rows(sources: Sources, connection: duckdb.DuckDBPyConnection) -> int | None:
    """Rows of the log as Parquet states them; None where a file is of another format, and would have to be read."""
    if any(source.format != "parquet" for source in sources.sources):
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
    sources, times = look_at_times(connection, sources, config)
    return Sources(sources, tuple(empty), times)


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
            found = ", ".join(types) or "none"
            raise EventsMissing(
                f"{file}: no column {column!r} for the {setting.replace('_', ' ')}; columns found: {found[:500]}. "
                f"Name the right one with --{setting.replace('_', '-')}{CSV_HINT if source.format == 'csv' else ''}"
            )


def check_type(file: str, setting: str, column: str, kind: str) -> None:
    """Raises EventsError where no value of such a type can be what the setting means."""
    if wrong := mistyped(file, setting, column, kind):
        raise EventsError(f"{wrong}. Name another column with --{setting.replace('_', '-')}, or convert this one")


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
    wanted = [column for _, column in wanted_columns(config)]
    if kind == "parquet":
        return Source(kind, (file,), _look_parquet(connection, file))
    if kind == "csv":
        table = csvfile.look(file, config.encoding, config.delimiter, wanted)
        return table and Source(kind, (file,), tuple((c, "VARCHAR") for c in table[0]), dialect=table[1])
    keys = jsonfile.look(file)
    if keys is None:
        return None
    # A column that is there but rare may be missing from the first lines: only the required ones must show.
    rare = [c for setting, c in wanted_columns(config) if setting in ("event_type", "dwell", "weight")]
    columns = {c.lower(): c for c in sorted(keys)} | {c.lower(): c for c in wanted if c in keys or c in rare}
    return Source(kind, (file,), tuple((c, "JSON") for c in columns.values()), marked=jsonfile.has_mark(file))


def _look_parquet(connection: duckdb.DuckDBPyConnection, file: str) -> tuple[tuple[str, str], ...]:
    scan = Source("parquet", (file,), ()).scan()
    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
    except duckdb.Error as error:
        raise EventsError(
            f"{file}: not a complete Parquet file ({first_line(error)}); "
            "it was probably cut off: write or copy it again, or leave it out"
        ) from error
    return tuple((row[0], row[1]) for row in rows)
