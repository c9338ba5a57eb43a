"""The CSV lines that DuckDB could not read, from the tables in which it reports them."""

import duckdb

from training.events.sql import literal


class MalformedLines:
    """The CSV lines that DuckDB skipped while it read a source: it reports them at the end of the scan."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, label: str) -> None:
        self._connection = connection
        self._scans, self._errors = f"csv_scans_{label}", f"csv_errors_{label}"
        self.drop()

    def options(self) -> str:
        """For `Source.scan`."""
        return f"rejects_scan={literal(self._scans)}, rejects_table={literal(self._errors)}"

    def drop(self) -> None:
        self._connection.execute(f"DROP TABLE IF EXISTS {self._scans}; DROP TABLE IF EXISTS {self._errors}")

    def sql(self) -> str:
        """file, line (the header is line 1), message, text: one row per line, however many errors DuckDB reports."""
        return (
            f"(SELECT s.file_path AS file, e.line AS line, min(e.error_message) AS message, min(e.csv_line) AS text "
            f"FROM {self._errors} e JOIN {self._scans} s ON e.scan_id = s.scan_id AND e.file_id = s.file_id "
            "GROUP BY s.file_path, e.line)"
        )

    def count(self) -> int:
        # All of it fetched: DuckDB 2 refuses other work on a connection while a result is not at its end.
        return int(self._connection.execute(f"SELECT count(*) FROM {self.sql()}").fetchall()[0][0])
