"""Files of one shape as a relation that DuckDB scans, and its columns as SQL."""

from collections.abc import Sequence
from dataclasses import dataclass

from store.times.texts import Order
from training.events import csvfile, jsonfile
from training.events.csvfile import Dialect
from training.events.sql import literal, name, unglobbed
from training.events.times.facts import NO_FACTS, TimeFacts


@dataclass(frozen=True)
class Source:
    """Files of one shape, in input order.

    columns: name -> SQL type, as found. dialect: of CSV files. marked: JSON lines that begin with a byte order mark;
    such a source has one file. day_order: of its dates with the year last. time_fast: a format of strptime that most of
    its times have, "" where none is known: DuckDB reads these without asking anybody.
    """

    format: str
    files: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    dialect: Dialect | None = None
    marked: bool = False
    day_order: Order = ""
    time_fast: str = ""

    @property
    def types(self) -> dict[str, str]:
        """Column -> SQL type."""
        return dict(self.columns)

    def has(self, column: str | None) -> bool:
        return column in self.types

    def type_of(self, column: str) -> str:
        """Its SQL type; NULL where this source does not have it."""
        return self.types.get(column, "NULL")

    def scan(self, files: Sequence[str] | None = None, rejects: str | None = None) -> str:
        """SQL of a table function over the files.

        `rejects` names the tables that DuckDB fills with malformed CSV lines. Without them it is less careful: after a
        misplaced quote it may skip the rest of a file, so only the check of a log does without.
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

    def raw_text(self, column: str | None) -> str:
        """The column as text, as it stands; NULL where this source does not have it."""
        if column is None or not self.has(column):
            return "NULL::VARCHAR"
        match self.type_of(column):
            case "JSON":
                return f"({name(column)} ->> '$')"
            case "VARCHAR":
                return name(column)
            case "BLOB":  # text that was written without saying so
                return f"TRY(decode({name(column)}))"
            case _:
                return f"CAST({name(column)} AS VARCHAR)"

    def id_text(self, column: str) -> str:
        """An id as text. Whole floats lose their ".0": pandas writes integer ids with gaps as floats. NaN is not an
        id."""
        kind, text = self.type_of(column), self.raw_text(column)
        if kind == "JSON":
            whole = _whole(f"TRY_CAST({text} AS DOUBLE)", text)
            return f"CASE WHEN json_type({name(column)}) = 'DOUBLE' THEN {whole} ELSE {text} END"
        if kind in ("DOUBLE", "FLOAT"):
            return f"({_whole(f'CAST({name(column)} AS DOUBLE)', text)})"
        if kind.startswith("DECIMAL") and not kind.endswith(",0)"):
            whole = f"TRY_CAST({name(column)} AS HUGEINT)"
            return f"CASE WHEN {name(column)} = {whole} THEN CAST({whole} AS VARCHAR) ELSE {text} END"
        return text

    def number(self, column: str) -> str:
        return f"TRY_CAST({self.raw_text(column)} AS DOUBLE)"


def _whole(real: str, text: str) -> str:
    integer = f"TRY_CAST({real} AS BIGINT)"
    return (
        f"CASE WHEN NOT isfinite({real}) THEN NULL WHEN {real} = {integer} THEN CAST({integer} AS VARCHAR) "
        f"ELSE {text} END"
    )


@dataclass(frozen=True)
class Sources:
    """All of a log. empty: files of no bytes, which are skipped and reported. times: what is known of its times."""

    sources: tuple[Source, ...]
    empty: tuple[str, ...]
    times: TimeFacts = NO_FACTS

    def has(self, column: str) -> bool:
        return any(source.has(column) for source in self.sources)

    @property
    def files(self) -> list[str]:
        return [file for source in self.sources for file in source.files]
