"""Tables that DuckDB makes of several files, where one file alone is no log or no catalogue."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from index.errors import EventsError
from training.events.sql import READ_ERRORS, connect, first_line, literal, unglobbed
from training.presets.preset import Row

MEMORY_MB = 1000


@contextmanager
def database(folder: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """What does not fit into memory goes to `folder`, or where the system keeps such files. Raises EventsError."""
    spill = tempfile.mkdtemp(prefix=".spill-", dir=folder)
    connection = connect(MEMORY_MB, spill)
    try:
        yield connection
    except READ_ERRORS as error:
        raise EventsError(f"the files cannot be joined: {first_line(error)}") from error
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)


def csv(
    files: Sequence[str],
    columns: Sequence[str],
    header: bool = True,
    delimiter: str = ",",
    quote: str = '"',
    lenient: bool = False,
) -> str:
    """SQL of files of one shape, every column as text. Rows that lack their last columns have NULLs there. A line that
    is no row is an error, which names it; lenient: it is left out."""
    names = ", ".join(literal(unglobbed(file)) for file in files)
    types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
    return (
        f"read_csv([{names}], auto_detect=false, header={str(header).lower()}, columns={{{types}}}, "
        f"delim={literal(delimiter)}, quote={literal(quote)}, escape={literal(quote)}, null_padding=true, "
        f"hive_partitioning=false, parallel=false, ignore_errors={str(lenient).lower()})"
    )


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[Row]:
    """Of a query's result, by column; empty ones are left out."""
    result = connection.execute(query)
    names = [column[0] for column in result.description or ()]
    while found := result.fetchmany(10_000):
        for values in found:
            row: dict[str, Any] = dict(zip(names, values, strict=True))
            yield {name: value for name, value in row.items() if value is not None}
