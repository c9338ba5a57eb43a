"""The rows that could not be events: each kept with its file, its row, the reason and what it held.

row: number of the record in its file, from 1. A CSV header is not counted, and neither are blank lines, in CSV or JSON
lines; a CSV record with a line break within quotes is one.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from training.events import jsonfile
from training.events.delimited.csvrecords import read_records
from training.events.reasons import Reason, reason_sql, values_sql
from training.events.source import Source, Sources
from training.events.sql import literal
from training.eventsconfig import EventsConfig

TEXT_CHARACTERS = 2000  # of a rejected value; of a whole line a quarter
LIKENESSES = 1000  # rejected times of one file that are told what they look like
TEXT_LINES = 100_000  # malformed JSON lines of one file that are kept with their text

# What JSON writes as two halves, of which one is missing.
LONE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
HALF = "half of a character (a lone surrogate) "

COLUMNS = "file VARCHAR, row BIGINT, reason VARCHAR, detail VARCHAR, user_id VARCHAR, item_id VARCHAR, time VARCHAR"


class MalformedLines:
    """The CSV lines that DuckDB skipped while it read a source: it reports them at the end of the scan."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, label: str, anew: bool = True) -> None:
        """anew: before a scan; what another scan under this label has left is dropped."""
        self._connection = connection
        self._scans, self._errors = f"csv_scans_{label}", f"csv_errors_{label}"
        if anew:
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


def write_rejects(
    connection: duckdb.DuckDBPyConnection,
    sources: Sources,
    config: EventsConfig,
    min_dwell: float,
    path: Path,
    nobody: Sequence[str] = (),
) -> str:
    """Writes them to `path`, in input order, and returns the first in words. nobody: see `reason_sql`.

    A second pass over the files, for logs in which something was rejected: numbering rows as they stream by costs
    DuckDB its parallel scan.
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE rejects ({COLUMNS})")
    for source in sources.sources:
        for file in source.files:
            _reject_rows(connection, source, file, config, min_dwell, nobody)
    path.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(f"COPY rejects TO {literal(str(path))} (FORMAT parquet)")
    path.chmod(0o600)  # it names users
    found = connection.execute("SELECT file, row, reason, detail, time FROM rejects LIMIT 1").fetchall()
    connection.execute("DROP TABLE rejects")
    if not found:
        return ""
    file, row, reason, detail, time = found[0]
    shown = detail or (f"time {time}" if reason == Reason.BAD_TIME.name.lower() else "")
    return f"the first is row {row} of {file}: {reason}" + (f" ({shown[:200]})" if shown else "")


def _reject_rows(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    file: str,
    config: EventsConfig,
    min_dwell: float,
    nobody: Sequence[str],
) -> None:
    """Inserts the rejects of one file."""
    lines = MalformedLines(connection, "again") if source.dialect else None
    label = " ".join(f"WHEN {int(r)} THEN {literal(r.name.lower())}" for r in Reason if r < Reason.RULES)
    raw = {"raw_user": config.user, "raw_item": config.item, "raw_time": config.time}
    more = "".join(f", left({source.raw_text(column)}, {TEXT_CHARACTERS}) AS {out}" for out, column in raw.items())
    scan = source.scan([file], lines.options() if lines else None)
    reason = reason_sql(source, config, min_dwell, nobody)
    values = values_sql(source, config, scan, f"{more}, {source.place} AS place")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE found AS SELECT place, CASE reason {label} END AS reason, {_detail_sql(config)} "
        f"AS detail, raw_user, raw_item, raw_time FROM (SELECT *, {reason} AS reason "
        f"FROM ({values})) WHERE reason BETWEEN 1 AND {Reason.RULES - 1}"
    )
    # Of a column that is no time at all it need not be told of every row what it looks like.
    connection.execute(
        "UPDATE found SET detail = 'time ' || left(raw_time, 60) || ': ' || nullif(item2vec_likeness(raw_time), '') "
        f"FROM (SELECT place AS late FROM found WHERE reason = {literal(Reason.BAD_TIME.name.lower())} ORDER BY place "
        f"LIMIT {LIKENESSES}) WHERE place = late"
    )
    if source.dialect is not None and lines is not None and lines.count():
        text = source.text(file)
        blanks = read_records(text, source.dialect).blanks
        _with_malformed_csv(connection, lines, source.dialect.before, blanks.tolist(), text.encoding)
    elif source.format == "jsonl":
        _with_malformed_json(connection, source.text(file).path)
    connection.execute(
        f"INSERT INTO rejects SELECT {literal(file)}, place, reason, detail, raw_user, raw_item, raw_time FROM found "
        "ORDER BY place; DROP TABLE found"
    )
    if lines is not None:
        lines.drop()


def _detail_sql(config: EventsConfig) -> str:
    """What was wrong, where the columns kept do not show it."""
    whens = [f"WHEN {int(Reason.TOO_LONG)} THEN length(item_text) || ' characters'"]
    if config.weight is not None:
        whens.append(f"WHEN {int(Reason.BAD_WEIGHT)} THEN 'weight ' || weight_text")
    if config.dwell is not None:
        whens.append(f"WHEN {int(Reason.BAD_DWELL)} THEN 'dwell ' || dwell_text")
    return f"left(CASE reason {' '.join(whens)} END, {TEXT_CHARACTERS})"


def _with_malformed_csv(
    connection: duckdb.DuckDBPyConnection, lines: MalformedLines, before: int, blanks: Iterable[int], encoding: str
) -> None:
    """Adds the malformed lines to `found`, and moves the rows after them on: DuckDB gave those without a gap.

    before: lines before the first row. encoding: of the file, of which DuckDB may read a copy in UTF-8."""
    numbered = pa.table({"blank": pa.array(blanks, pa.int64())})
    connection.register("blank_lines", numbered)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE passed_over AS "
        f"SELECT line - {before} - coalesce(before, 0) AS place, message, text FROM {lines.sql()} m "
        "ASOF LEFT JOIN (SELECT blank, row_number() OVER (ORDER BY blank) AS before FROM blank_lines) b "
        "ON m.line >= b.blank"
    )
    connection.unregister("blank_lines")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE found AS WITH moves AS (SELECT place - nth + 1 AS since, max(nth) AS by FROM "
        "(SELECT place, row_number() OVER (ORDER BY place) AS nth FROM passed_over) GROUP BY since) "
        "SELECT f.* REPLACE (f.place + coalesce(m.by, 0) AS place) FROM found f ASOF LEFT JOIN moves m "
        "ON f.place >= m.since"
    )
    connection.execute(
        "INSERT INTO found SELECT place, 'malformed', CASE WHEN message LIKE 'Invalid unicode%' "
        f"THEN 'bytes that are not in {encoding}' ELSE split_part(message, chr(10), 1) END || ' in: ' || "
        f"left(trim(text, chr(10) || chr(13)), {TEXT_CHARACTERS // 4}), NULL, NULL, NULL FROM passed_over"
    )
    connection.execute("DROP TABLE passed_over")


def _with_malformed_json(connection: duckdb.DuckDBPyConnection, file: str) -> None:
    """Adds the text of malformed lines, which DuckDB does not give."""
    found = connection.execute(
        f"SELECT place FROM found WHERE reason = 'malformed' ORDER BY place LIMIT {TEXT_LINES}"
    ).fetchall()
    wanted = {place for (place,) in found}
    if not wanted:
        return
    last, texts = max(wanted), {}
    for place, line in enumerate(jsonfile.lines(file), 1):
        if place in wanted:
            text = line.decode("utf-8", "replace")
            texts[place] = f"{HALF if LONE.search(text) else ''}in: {text[: TEXT_CHARACTERS // 4].strip()}"
        if place == last:
            break
    connection.register("json_lines", pa.table({"place": pa.array(texts, pa.int64()), "text": list(texts.values())}))
    connection.execute("UPDATE found SET detail = text FROM json_lines j WHERE found.place = j.place")
    connection.unregister("json_lines")
