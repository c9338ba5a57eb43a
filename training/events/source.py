"""Files of one shape as a relation that DuckDB scans, and its columns as SQL."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from store.times.texts import Order
from training.events import jsonfile
from training.events.delimited.csvfile import Dialect
from training.events.shapes.lines import scan_lines
from training.events.shapes.shape import FILE, ROW, Shape
from training.events.sql import literal, name, relation, unglobbed
from training.events.text.plain import Text
from training.events.times.facts import NO_FACTS, TimeFacts

AS_IT_IS = Shape()


@dataclass(frozen=True)
class Source:
    """Files of one shape, in input order.

    columns: name -> SQL type, as found. dialect: of CSV files. marked: JSON lines that begin with a byte order mark;
    such a source has one file. whole: columns of ids in which 300.0 is read as 300. texts: of files of text, where each
    is read from. said: how they are read, in words; guesses: what of it no setting asked for, and may be wrong.
    streamed: DuckDB reads it through a relation that the connection has, one for each file. shape: what is not in the
    files as it is wanted. inner: dotted paths of what is inside columns, where a wanted one was not found. day_order:
    of its dates with the year last. time_fast: a format of strptime that most of its times have, "" where none is
    known: DuckDB reads these without asking anybody.
    """

    format: str
    files: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    dialect: Dialect | None = None
    marked: bool = False
    whole: tuple[str, ...] = ()
    texts: tuple[Text, ...] = ()
    said: str = ""
    guesses: tuple[str, ...] = ()
    streamed: bool = False
    shape: Shape = AS_IT_IS
    inner: tuple[str, ...] = field(default=(), compare=False)
    day_order: Order = ""
    time_fast: str = ""

    @property
    def types(self) -> dict[str, str]:
        """Column -> SQL type."""
        return dict(self.columns) | dict(self.shape.columns)

    @property
    def place(self) -> str:
        """SQL of the number of a row in its file, from 1, over `scan` of this one file."""
        return name(ROW) if self.shape.lists else "row_number() OVER ()"

    def has(self, column: str | None) -> bool:
        return column in self.types

    def type_of(self, column: str) -> str:
        """Its SQL type; NULL where this source does not have it."""
        return self.types.get(column, "NULL")

    def text(self, file: str) -> Text:
        """Where a file is read from: JSON lines and CSV may be read from a plain copy."""
        return next((text for text in self.texts if text.name == file), Text(file, file, file))

    def scan(self, files: Sequence[str] | None = None, rejects: str | None = None) -> str:
        """SQL of a table function over the files.

        `rejects` names the tables that DuckDB fills with malformed CSV lines. Without them it is less careful: after a
        misplaced quote it may skip the rest of a file, so only the check of a log does without.
        """
        return self.shape.around(self._table(files or self.files, rejects), tuple(column for column, _ in self.columns))

    def _table(self, files: Sequence[str], rejects: str | None) -> str:
        """As `scan`, before the shape."""
        if self.streamed:
            return self._relations(files)
        places = [self.text(file).path for file in files] if self.texts else files
        names = ", ".join(literal(unglobbed(place)) for place in places)
        # A folder called user_id=7 must not put its 7 into the rows.
        common = f"[{names}], hive_partitioning=false"
        if self.texts and self.texts[0].packing:
            common += f", compression={literal(self.texts[0].packing)}"
        if not self.shape.needs_file:
            return self._read(places, common, rejects)
        table = self._read(places, f"{common}, filename={literal(FILE)}", rejects)
        copies = [(place, file) for place, file in zip(places, files, strict=True) if place != file]
        if not copies:
            return table
        whens = " ".join(f"WHEN {literal(place)} THEN {literal(file)}" for place, file in copies)
        column = name(FILE)
        return f"(SELECT * REPLACE (CASE {column} {whens} ELSE {column} END AS {column}) FROM {table})"

    def _read(self, places: Sequence[str], common: str, rejects: str | None) -> str:
        """A table function over the places. common: they and options of all functions."""
        if self.format == "jsonl":
            keys = [c for c, _ in self.columns]
            return jsonfile.scan(places, keys, common, self.marked, self.shape.needs_file)
        if self.format == "lines":
            return scan_lines(common)
        if self.dialect is None:
            return f"read_parquet({common}, union_by_name=false)"
        columns = ", ".join(f"{literal(column)}: 'VARCHAR'" for column, _ in self.columns)
        before = f"skip={self.dialect.skip}, " if self.dialect.skip else ""
        skip = "ignore_errors=true" if rejects is None else f"store_rejects=true, rejects_limit=0, {rejects}"
        return (
            f"read_csv({common}, auto_detect=false, header={str(self.dialect.header).lower()}, columns={{{columns}}}, "
            f"delim={literal(self.dialect.delimiter)}, quote={literal(self.dialect.quote)}, "
            f"escape={literal(self.dialect.escape)}, encoding='utf-8', {before}{skip})"
        )

    def _relations(self, files: Sequence[str]) -> str:
        parts = []
        for file in files:
            path = f", {literal(file)} AS {name(FILE)}" if self.shape.needs_file else ""
            parts.append(f"SELECT *{path} FROM {name(relation(file))}")
        union = f"({' UNION ALL '.join(parts)})"
        return jsonfile.scan_values(union, [c for c, _ in self.columns]) if self.format == "jsonl" else union

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
        if column in self.whole:
            return f"regexp_replace({text}, '^(-?[0-9]+)[.]0+$', '\\1')"
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

    @property
    def bytes(self) -> int:
        """As they lie on disk; a zip archive counts once."""
        places = {text.origin for source in self.sources for text in source.texts}
        places |= {file for source in self.sources if not source.texts for file in source.files}
        return sum(os.path.getsize(place) for place in places)

    @property
    def said(self) -> list[str]:
        """How files of text are read, in words; each way once."""
        return list(dict.fromkeys(source.said for source in self.sources if source.said))
