"""Rows of a CSV or Parquet file that is no log: as dictionaries, one after the other."""

from collections.abc import Generator
from typing import Any

import duckdb

from index.errors import EventsError
from training.events.delimited.csvrecords import check_count, count_lines
from training.events.rejects import MalformedLines
from training.events.source import Source
from training.events.sql import READ_ERRORS, first_line

BATCH_ROWS = 100_000


def rows_of(
    connection: duckdb.DuckDBPyConnection, source: Source, columns: str, what: str
) -> Generator[dict[str, Any], None, int]:
    """Returns how many lines of a CSV file were malformed, and left out. columns: in SQL. what: the rows are, in words.

    Raises EventsError for a file that cannot be read.
    """
    lines = MalformedLines(connection, "rows")
    count = 0
    try:
        query = f"SELECT {columns} FROM {source.scan(rejects=lines.options())}"
        for batch in connection.sql(query).to_arrow_reader(BATCH_ROWS):
            count += batch.num_rows
            yield from batch.to_pylist()
        if source.dialect is None:
            return 0
        malformed = lines.count()
        lines.drop()
    except READ_ERRORS as error:
        raise EventsError(f"{source.files[0]}: cannot be read as {what} ({first_line(error)})") from error
    check_count(source.texts, source.dialect, count + malformed, count_lines(source.texts))
    return malformed
