"""DuckDB: a connection to it, and text as SQL, which it must not misread in names, values and paths."""

import re
from typing import Any

import duckdb
import pyarrow as pa

from training.events.times import calls

# DuckDB's errors reach us as Arrow's own once the first batch is out.
READ_ERRORS = (duckdb.Error, pa.ArrowException, OSError)


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def name(column: str) -> str:
    """A SQL identifier."""
    return '"' + column.replace('"', '""') + '"'


def relation(file: str) -> str:
    """Name under which a connection has the rows of a file that DuckDB does not read by itself."""
    return f"rows of {file}"


def unglobbed(path: str) -> str:
    """The path of one file, for DuckDB: it takes every path for a glob, and would read `a1.csv` for `a[1].csv`."""
    return re.sub(r"([\[*?])", r"[\1]", path)


def first_line(error: BaseException) -> str:
    """DuckDB's messages go on with hints about its own options; the first line says what happened."""
    return str(error).strip().split("\n")[0]


def connect(memory_mb: int, spill: str | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB that stays within `memory_mb`, thinks in UTC and never reaches for the network."""
    connection = duckdb.connect()
    settings: dict[str, Any] = {
        "memory_limit": f"{memory_mb}MB",
        "TimeZone": "UTC",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "enable_progress_bar": False,
        # It makes a join of a list of more than a few words, and rows that go through a join lose their order: of two
        # small CSV files the second came first in every seventh scan.
        "disabled_optimizers": "in_clause",
    }
    if spill is not None:
        settings["temp_directory"] = spill
    for setting, value in settings.items():
        connection.execute(f"SET {setting} = {literal(value) if isinstance(value, str) else value}")
    calls.register(connection)
    return connection
