"""A whole log as relations DuckDB can scan: every file looked at, its shape told from the others'.

DuckDB reads the logs (docs/dependencies.md says why, benchmarks/README.md what was measured): it streams from disk,
keeps the order of the rows, and records malformed CSV lines with their file and line by itself.
"""

import logging
import os
import re
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import duckdb

from index.errors import EventsError, EventsMissing
from training.events import jsonfile
from training.events.delimited import csvfile, preamble
from training.events.delimited.csvheader import unnamed_hint
from training.events.files import TEXTS, find_files
from training.events.shapes import lines
from training.events.shapes.finders import NoFinder
from training.events.shapes.objects import look_json
from training.events.shapes.shaping import DEFAULT_TIME, shaped
from training.events.shapes.typed import look_typed
from training.events.source import Source, Sources
from training.events.sql import literal, unglobbed
from training.events.text.copies import sweep
from training.events.text.plain import Text, texts_of
from training.events.times.look import look_at_times
from training.events.wholeids import with_whole_ids
from training.eventsconfig import SESSION, EventsConfig

log = logging.getLogger(__name__)

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
NO_HEADER_HINT = "; without a header, columns are called by their number, or as --columns names them"
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


def open_sources(config: EventsConfig, connection: duckdb.DuckDBPyConnection, folder: Path | None = None) -> Sources:
    """Every file looked at once: its columns and its dialect. Neighbours of the same shape are read together.

    folder: for plain copies of what DuckDB cannot read; the system's for temporary files where it is None.

    Raises EventsError or EventsMissing with the file and what was found in it.
    """
    sweep(folder)
    shapes, empty = [], []
    for file, kind in find_files(config.paths, config.format):
        source = look(connection, file, kind, config, folder)
        if source is None:
            empty.append(file)
            continue
        check_columns(source, config)
        ids = [column for column in (config.user, config.item, config.session) if column is not None]
        shapes.append(with_whole_ids(connection, source, ids))
    if not shapes:
        raise EventsMissing(f"all {len(empty)} files are empty, the first is {empty[0]}")
    sources = tuple(_together(list(same)) for _, same in groupby(shapes, key=_shape))
    _tell(sources)
    sources, times = look_at_times(connection, sources, config)
    return Sources(sources, tuple(empty), times)


def _shape(source: Source) -> tuple[Source, str, object]:
    """What files have in common that DuckDB reads in one scan."""
    packing = source.texts[0].packing if source.texts else ""
    return replace(source, files=(), texts=()), packing, source.marked and source.files


def _together(same: list[Source]) -> Source:
    files = tuple(file for source in same for file in source.files)
    return replace(same[0], files=files, texts=tuple(text for source in same for text in source.texts))


def _tell(sources: tuple[Source, ...]) -> None:
    """Nothing is guessed without a word. The usual is said in the log only where all is written down."""
    for source in sources:
        if source.guesses:
            log.warning("read=%s as=%r guessed=%r", source.files[0], source.said, "; ".join(source.guesses))
        elif source.said:
            log.info("read=%s as=%r", source.files[0], source.said)


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
            raise EventsMissing(missing(source, config, setting, column))


def missing(source: Source, config: EventsConfig, setting: str, column: str) -> str:
    """What to say of a column that is not there: what is, also inside others and in rows that are sessions."""
    columns = [name for name, _ in source.columns]
    # What is called like the setting comes first: a document may have hundreds of fields.
    inner = sorted(source.inner, key=lambda path: (column not in path, setting not in path))
    inside = f"; inside them: {', '.join(inner)[:500]}" if inner else ""
    return (
        f"{source.files[0]}: no column {column!r} for the {setting.replace('_', ' ')}; columns found: "
        f"{(', '.join(columns) or 'none')[:500]}{inside}. Name the right one with --{setting.replace('_', '-')}"
        f"{_hint(source, config)}"
    )


def _hint(source: Source, config: EventsConfig) -> str:
    columns = [name for name, _ in source.columns]
    lists = [name for name, kind in source.columns if kind.endswith("]")]
    if lists:
        return f". If each row is a session, its items in the list {lists[0]!r}: --rows sessions --item {lists[0]}"
    if source.format == "jsonl":
        path = jsonfile.only_object(source.text(source.files[0]).path)
        return f". The file {jsonfile.within(path)}" if path else ""
    if source.dialect is None:
        return ""
    head = source.texts[0].head(lines.HEAD_BYTES)
    if front := preamble.hint(head.decode("utf-8", "replace"), [column for _, column in wanted_columns(config)]):
        return front
    if not source.dialect.header or config.columns:
        return NO_HEADER_HINT
    if lines.of_sessions(head):
        return f"{CSV_HINT}. Its lines look like sessions, each with the ids of its items: --rows sessions reads them"
    return CSV_HINT + unnamed_hint(columns, config.session is not None)


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


def required_columns(config: EventsConfig) -> list[str]:
    """Those that every file must have: with a given session id a log needs no users, and where a row is a session,
    no times."""
    needless = {"user"} if config.session is not None else set()
    named = [column for setting, column in wanted_columns(config) if setting not in needless]
    given = {SESSION, DEFAULT_TIME} if config.rows == "sessions" else set()
    return [column for column in named if column not in given]


def look(
    connection: duckdb.DuckDBPyConnection, file: str, kind: str, config: EventsConfig, folder: Path | None = None
) -> Source | None:
    """One file as a source; None where it holds nothing. A zip archive of several files of one shape is one source.

    folder: for a plain copy, which lives as long as the source. Raises EventsError for a file that is not what its name
    says.
    """
    if os.path.getsize(file) == 0:
        return None
    if kind not in TEXTS:
        return look_typed(connection, file, kind, config, wanted_columns(config))
    texts = texts_of(file, config.encoding, folder)
    found = [_look_text(connection, text, kind, config, folder) for text in texts]
    sources = [source for source in found if source is not None]
    if len({_shape(source) for source in sources}) > 1:
        other = next(source for source in sources if _shape(source) != _shape(sources[0]))
        raise EventsError(
            f"{file}: {sources[0].files[0]!r} and {other.files[0]!r} in it are not alike; unpack it, and name those of "
            "the log"
        )
    return _together(sources) if sources else None


def _look_text(
    connection: duckdb.DuckDBPyConnection, text: Text, kind: str, config: EventsConfig, folder: Path | None
) -> Source | None:
    named = wanted_columns(config)
    required, wanted = required_columns(config), [column for _, column in named]
    guesses: tuple[str, ...] = ()
    if text.was_guessed and text.encoding != "utf-8":
        guesses = (f"encoding {text.encoding}, by guess (--encoding)",)
    elif text.doubted:
        guesses = (f"encoding {text.encoding} as named, but all of it is valid UTF-8 (--encoding utf-8)",)
    if kind == "jsonl":
        return look_json(connection, text, config, named, guesses)
    encoding = text.encoding.upper()
    head = text.head(lines.HEAD_BYTES) if config.rows == "sessions" else b""
    if head and lines.are_sessions(head, config, wanted):
        if front := preamble.hint(head.decode("utf-8", "replace"), wanted):
            raise EventsError(f"{text.name}: does not begin with a session{front}")
        said = f"lines of ids in {encoding}"
        columns = ((lines.COLUMN, "VARCHAR"),)
        found = Source("lines", (text.name,), columns, texts=(text,), said=said, guesses=guesses)
        return shaped(connection, found, config, named, NoFinder())
    table = csvfile.look(text, config, required, wanted, folder)
    if table is None:
        return None
    found = Source(
        kind,
        (text.name,),
        tuple((column, "VARCHAR") for column in table.columns),
        dialect=table.dialect,
        texts=(table.text,),
        said=f"CSV in {encoding}, {table.said}",
        guesses=(*guesses, *table.guesses),
    )
    return shaped(connection, found, config, named, NoFinder())
