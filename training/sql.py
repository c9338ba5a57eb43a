"""Text as SQL: what DuckDB must not misread in names, values and paths."""

import re

import duckdb
import pyarrow as pa

# DuckDB's errors reach us as Arrow's own once the first batch is out.
READ_ERRORS = (duckdb.Error, pa.ArrowException, OSError)


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def name(column: str) -> str:
    """A SQL identifier."""
    return '"' + column.replace('"', '""') + '"'


def unglobbed(path: str) -> str:
    """The path of one file, for DuckDB: it takes every path for a glob, and would read `a1.csv` for `a[1].csv`."""
    return re.sub(r"([\[*?])", r"[\1]", path)


def first_line(error: BaseException) -> str:
    """DuckDB's messages go on with hints about its own options; the first line says what happened."""
    return str(error).strip().split("\n")[0]
