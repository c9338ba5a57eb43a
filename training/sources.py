"""Where a log lies and in which shape: files, folders and globs become relations DuckDB can scan.

DuckDB reads the logs (docs/dependencies.md says why, benchmarks/README.md what was measured): it streams from disk,
keeps the order of the rows, and records malformed CSV lines with their file and line by itself.
"""

import codecs
import glob
import json
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from index.errors import EventsError, EventsMissing
from training import csvfile, jsonfile
from training.columns import check_type, id_text
from training.config import EventsConfig
from training.csvfile import Dialect
from training.sql import READ_ERRORS, first_line, literal, name, unglobbed

log = logging.getLogger(__name__)

SUFFIXES = {
    "csv": (".csv", ".csv.gz", ".tsv", ".tsv.gz"),
    "jsonl": (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".json", ".json.gz"),
    "parquet": (".parquet", ".pq"),
}


@dataclass(frozen=True)
class Source:
    """Files of one shape, in input order.

    columns: name -> SQL type, as found. dialect: of CSV files. marked: JSON lines that begin with a byte order mark;
    such a source has one file.
    """

    format: str
    files: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    dialect: Dialect | None = None
    marked: bool = False

    def scan(self, files: Sequence[str] | None = None, rejects: str | None = None) -> str:
        """SQL of a table function over the files.

        `rejects` names the tables that DuckDB fills with malformed CSV lines. Without, it is more careless: after a
        quote out of place it may pass over the rest of a file, so only a look at a log goes without.
        """
        names = ", ".join(literal(unglobbed(f)) for f in (files or self.files))
        # A folder called user_id=7 must not put its 7 into the rows.
        common = f"[{names}], hive_partitioning=false"
        if self.format == "jsonl":
            return jsonfile.scan(files or self.files, [c for c, _ in self.columns], common, self.marked)
        if self.dialect is None:
            return f"read_parquet({common}, union_by_name=false)"
        columns = ", ".join(f"{literal(column)}: 'VARCHAR'" for column, _ in self.columns)
        skip = "ignore_errors=true" if rejects is None else f"store_rejects=true, rejects_limit=0, {rejects}"
        return (
            f"read_csv({common}, auto_detect=false, header=true, columns={{{columns}}}, "
            f"delim={literal(self.dialect.delimiter)}, quote={literal(csvfile.QUOTE)}, "
            f"escape={literal(self.dialect.escape)}, encoding={literal(self.dialect.encoding)}, {skip})"
        )


@dataclass(frozen=True)
class Sources:
    """All of a log. empty: files of no bytes, which are passed over and reported."""

    sources: tuple[Source, ...]
    empty: tuple[str, ...]

    @property
    def files(self) -> list[str]:
        return [file for source in self.sources for file in source.files]


def connect(memory_mb: int, spill: str | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB that stays within `memory_mb`, thinks in UTC and never reaches for the network."""
    connection = duckdb.connect()
    settings: dict[str, Any] = {
        "memory_limit": f"{memory_mb}MB",
        "TimeZone": "UTC",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "enable_progress_bar": False,
    }
    if spill is not None:
        settings["temp_directory"] = spill
    for setting, value in settings.items():
        connection.execute(f"SET {setting} = {literal(value) if isinstance(value, str) else value}")
    return connection


def known_rows(sources: Sources, connection: duckdb.DuckDBPyConnection) -> int | None:
    """Rows of the log as Parquet states them; None where a file is of another format, and would have to be read."""
    if any(source.format != "parquet" for source in sources.sources):
        return None
    names = ", ".join(literal(unglobbed(file)) for file in sources.files)
    # All rows are fetched: DuckDB refuses other work on a connection that has an unfinished result.
    ((rows,),) = connection.execute(f"SELECT sum(num_rows) FROM parquet_file_metadata([{names}])").fetchall()
    return int(rows)


def find_files(paths: Sequence[str], format: str = "auto") -> list[tuple[str, str]]:
    """(file, format) in input order: as given, and sorted by name within a folder or a glob. A file comes once.

    Raises EventsMissing for a path that is not there, or a folder or glob without files of a known kind.
    """
    found: dict[str, tuple[str, str]] = {}
    if not paths:
        raise EventsMissing("no events given: name a file, a folder or a glob with --events")
    for path in paths:
        if os.path.isdir(path):
            every = sorted(str(p) for p in _below(Path(path)))
            files = [f for f in every if format != "auto" or format_of(f)]
            if not files:
                kinds = ", ".join(s for suffixes in SUFFIXES.values() for s in suffixes)
                there = f"{len(every)} other files" if every else "no files"
                raise EventsMissing(f"folder {path} has {there}, but none that ends with {kinds}")
            if len(files) < len(every):
                other = next(f for f in every if not format_of(f))
                log.warning("passed over=%d files of unknown kind, first=%s", len(every) - len(files), other)
        elif os.path.isfile(path):
            files = [path]
        else:
            files = sorted(f for f in glob.glob(path, recursive=True) if os.path.isfile(f))
            if not files:
                raise EventsMissing(f"{path} does not exist and matches no file: check the path, and quote globs")
        for file in files:
            kind = format if format != "auto" else format_of(file)
            if not kind:
                raise EventsError(f"{file}: cannot tell its format from its name; say --format csv, jsonl or parquet")
            found.setdefault(os.path.realpath(file), (file, kind))
    return list(found.values())


def _below(folder: Path) -> Iterator[Path]:
    """Its files, but none whose name, or whose folder's, begins with . or _: those are other programs' notes."""
    for path in folder.rglob("*"):
        if path.is_file() and not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts):
            yield path


def format_of(file: str) -> str:
    """'csv', 'jsonl', 'parquet', or '' when the name does not tell."""
    lower = file.lower()
    return next((kind for kind, suffixes in SUFFIXES.items() if lower.endswith(suffixes)), "")


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
    return Sources(sources, tuple(empty))


def wanted_columns(config: EventsConfig) -> list[tuple[str, str]]:
    """(setting, column) of every column the settings name."""
    named = [(s, getattr(config, s)) for s in ("user", "item", "time", "session", "event_type", "dwell", "weight")]
    return [(setting, column) for setting, column in named if column is not None]


def check_columns(source: Source, config: EventsConfig) -> None:
    """Raises EventsMissing for a column that is not there, EventsError for one of an impossible type."""
    types = dict(source.columns)
    file = source.files[0]
    for setting, column in wanted_columns(config):
        if column in types:
            check_type(file, setting, column, types[column])
        elif setting != "user" or config.session is None:  # with a given session id a log needs no users
            found = ", ".join(types) or "none"
            flag = setting.replace("_", "-")
            raise EventsMissing(
                f"{file}: no column {column!r} for the {setting.replace('_', ' ')}; columns found: {found[:500]}. "
                f"Name the right one with --{flag}{HINTS[source.format]}"
            )


HINTS = {
    "csv": "; the first line must name the columns, and --delimiter says what stands between them",
    "jsonl": "",
    "parquet": "",
}


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


def read_metadata(path: str, item_column: str, memory_mb: int) -> Iterator[dict[str, Any]]:
    """The items' metadata as dicts with `item_id` and whatever else the file holds; rows without an id are left out.

    Raises EventsError or EventsMissing.
    """
    config = EventsConfig(paths=(path,), item=item_column)
    connection = connect(memory_mb)
    for file, kind in find_files([path]):
        source = look(connection, file, kind, config)
        columns = dict(source.columns) if source else {}
        if source is None or item_column not in columns:
            raise EventsMissing(
                f"{file}: no column {item_column!r} for the item id; columns found: {', '.join(columns) or 'none'}. "
                "Name the right one with --item"
            )
        check_type(file, "item", item_column, columns[item_column])
        rows = _objects(file, item_column) if kind == "jsonl" else _rows(connection, source, item_column)
        yield from (row for row in rows if row["item_id"])


def _rows(connection: duckdb.DuckDBPyConnection, source: Source, item_column: str) -> Iterator[dict[str, Any]]:
    count = 0
    scan = source.scan(rejects="rejects_scan='items_scan', rejects_table='items_malformed'")
    query = f"SELECT {id_text(source, item_column)} AS item_id, * EXCLUDE ({name(item_column)}) FROM {scan}"
    try:
        for batch in connection.sql(query).to_arrow_reader(100_000):
            count += batch.num_rows
            yield from batch.to_pylist()
        if source.dialect is None:
            return
        malformed = connection.execute("SELECT count(DISTINCT line) FROM items_malformed").fetchall()[0][0]
        connection.execute("DROP TABLE items_malformed; DROP TABLE items_scan")
    except READ_ERRORS as error:
        raise EventsError(f"{source.files[0]}: cannot be read as item metadata ({first_line(error)})") from error
    csvfile.check_count(source.files, source.dialect, count + malformed, csvfile.count_lines(source.files))
    if malformed:
        log.warning("items=%s malformed lines=%d left out", source.files[0], malformed)


def _objects(file: str, item_column: str) -> Iterator[dict[str, Any]]:
    """Python's own JSON: values keep their types, and a file of items is small beside a log."""
    malformed = 0
    for line in jsonfile.lines(file):
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
        log.warning("items=%s malformed lines=%d left out", file, malformed)
