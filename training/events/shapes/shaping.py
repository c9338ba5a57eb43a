"""A source in the shape that the settings ask for: what they name is looked for in fields, lists, paths and bytes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import duckdb

from index.errors import EventsError
from training.events.shapes.binaryids import uuid_column
from training.events.shapes.finders import Finder
from training.events.shapes.jsonkeys import pointed
from training.events.shapes.lines import BLANKS, COLUMN, ELIDED, NESTED, Separator, separator_of, split_sql
from training.events.shapes.partitions import partitions
from training.events.shapes.partitions import sql as partition_sql
from training.events.shapes.shape import ROW, Column, Shape
from training.events.source import Source
from training.events.sql import READ_ERRORS, literal, name
from training.eventsconfig import SESSION, EventsConfig

LOOK_ROWS = 1000
IDS = ("user", "item", "session")
OF_ELEMENTS = ("item", "time", "event_type", "dwell", "weight")  # may be lists beside each other
DEFAULT_TIME = EventsConfig.model_fields["time"].default

Named = Sequence[tuple[str, str]]  # (setting, column)


@dataclass
class Shaping:
    """One file on its way to its shape."""

    connection: duckdb.DuckDBPyConnection
    source: Source
    config: EventsConfig
    finder: Finder
    computed: list[Column] = field(default_factory=list)
    lists: list[Column] = field(default_factory=list)
    guesses: list[str] = field(default_factory=list)
    needs_file: bool = False

    @property
    def file(self) -> str:
        return self.source.files[0]

    def add(self, setting: str, column: str) -> None:
        """Finds the column, if it is not there as it stands."""
        if any(made.name == column for made in (*self.computed, *self.lists)):
            return
        kind = self.source.type_of(column)
        if kind == "BLOB" and setting in IDS:
            uuids = uuid_column(
                self.connection, self.file, self.source.scan(), column, setting, self.finder.fixed(column)
            )
            if uuids is not None:
                self.computed.append(uuids)
                self.guesses.append(f"column {column!r} holds 16 bytes in each row, read as UUIDs")
            return
        if kind not in ("NULL", "JSON"):
            return
        found = self.finder.value(column)
        if found is not None:
            if found.sql != name(column) or found.type != kind:
                self.computed.append(found)
        elif kind == "NULL" and column in partitions(self.file):
            self.computed.append(Column(column, partition_sql(column), "VARCHAR"))
            self.needs_file = True
            self.guesses.append(f"column {column!r} is read from the names of the folders")
        elif kind == "NULL" and (inside := self._inside_text(column)) is not None:
            self.computed.append(inside)

    def _inside_text(self, path: str) -> Column | None:
        """A field of objects that a column holds as text of JSON, as Kafka's `value` is; None where it is none."""
        at = path.find(".")
        while at > 0 and self.source.type_of(path[:at]) not in ("VARCHAR", "JSON"):
            at = path.find(".", at + 1)
        if at <= 0:
            return None
        column, keys = path[:at], path[at + 1 :].split(".")
        text = self.source.raw_text(column)
        found = pointed(f"TRY_CAST({text} AS JSON)", keys)
        query = f"SELECT count(*) FROM (SELECT {found} AS value FROM {self.source.scan()} LIMIT {LOOK_ROWS}) "
        try:
            ((seen,),) = self.connection.execute(f"{query} WHERE value IS NOT NULL").fetchall()
        except READ_ERRORS:
            return None
        if not seen:
            return None
        self.guesses.append(f"column {column!r} holds JSON as text, and {path!r} is read from within")
        return Column(path, found, "JSON")

    def add_list(self, setting: str, column: str) -> bool:
        """Finds a list of values; whether there is one."""
        found = self.finder.elements(column)
        if found is None and setting == "item":
            found = self._ids_in_text(column)
        if found is not None and column not in [made.name for made in self.lists]:
            self.lists.append(found)
        return found is not None

    def _ids_in_text(self, column: str) -> Column | None:
        kind = self.source.type_of(column)
        if kind not in ("VARCHAR", "JSON"):
            return None
        text = self.source.raw_text(column)
        separator = self.separator(column, text)
        if separator.bracketed:
            self.check_lists(column, text)
        return Column(column, split_sql(text, separator), "VARCHAR")

    def separator(self, column: str, text: str) -> Separator:
        """As set, or as the first texts show it. Raises EventsError where they do not."""
        found = self.connection.execute(
            f"SELECT {text} AS text FROM {self.source.scan()} WHERE text IS NOT NULL LIMIT {LOOK_ROWS}"
        ).fetchall()
        texts = [value for (value,) in found]
        seen = separator_of(texts)
        if self.config.separator is not None:
            typed = self.config.separator.replace("\\t", "\t")
            return Separator(BLANKS if not typed.strip(" ") else typed, seen is not None and seen.bracketed)
        where = "a line" if column == COLUMN else f"column {column!r}"
        if seen is None:
            # One id in each of so few rows says nothing yet; any separator gives the same.
            if len(texts) < LOOK_ROWS:
                return Separator(BLANKS)
            raise EventsError(
                f"{self.file}: {where} never holds two ids with blanks, commas, semicolons, tabs or | between them. "
                "Say what stands there with --separator, or leave --rows sessions out if a row is an event"
            )
        self.guesses.append(f"{where} is read as one session of ids with {seen} between them (see --separator)")
        return seen

    def check_lists(self, column: str, text: str) -> None:
        """Raises EventsError for lists written as text, in any row, that do not give their ids."""
        found = f"regexp_matches({text}, {literal(ELIDED)}) OR regexp_matches({text}, {literal(NESTED)})"
        query = f"SELECT {text} AS text FROM {self.source.scan()} WHERE {found} LIMIT 1"
        try:
            rows = self.connection.execute(query).fetchall()
        except READ_ERRORS:
            return  # who reads all rows says what is wrong with them
        if not rows:
            return
        ((value,),) = rows
        shown = f"{self.file}: column {column!r} has {value[:60]!r}"
        if re.match(NESTED, value):
            raise EventsError(
                f"{shown}, a text with lists or objects inside the list: ids are not taken from those. Write the rows "
                f"as JSON lines (in pandas: to_json(orient='records', lines=True), of lists and not of their texts), "
                f"and name the id within, for example --item {column}.id"
            )
        raise EventsError(
            f"{shown}: '...' stands for ids that were left out when the list was printed, as numpy does. Write whole "
            "lists (in pandas: to_parquet, or .tolist() of each array before to_csv)"
        )


def shaped(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    config: EventsConfig,
    named: Named,
    finder: Finder,
) -> Source:
    """The source with what the settings name; what is nowhere to be found stays away, for `check_columns` to say.

    named: (setting, column) of every column that is wanted.
    """
    shaping = Shaping(connection, source, config, finder)
    # Events that the service stored are rows of one event, and say their session themselves.
    if config.rows == "sessions" and not source.has(SESSION):
        return _as_sessions(shaping, named)
    for setting, column in named:
        shaping.add(setting, column)
    return _done(shaping, named, Shape())


def _as_sessions(shaping: Shaping, named: Named) -> Source:
    config, source = shaping.config, shaping.source
    times = False
    if source.format == "lines":
        found = shaping._ids_in_text(COLUMN)
        assert found is not None
        shaping.lists.append(replace(found, name=config.item))
    for setting, column in named:
        if source.format == "lines" or column == SESSION:
            continue
        if setting in OF_ELEMENTS and shaping.add_list(setting, column):
            times |= setting == "time"
        else:
            shaping.add(setting, column)
    if not any(made.name == config.item for made in shaping.lists):
        kind = source.type_of(config.item)
        if kind != "NULL":
            raise EventsError(
                f"{shaping.file}: column {config.item!r} is of type {kind}, neither a list of ids nor a text of ids, "
                "and with --rows sessions each row is a session. Leave that out if each row is an event, or name "
                "another column with --item"
            )
        return _done(shaping, named, Shape())
    there = {column for column, _ in _columns(shaping)}
    untimed = config.time not in there and config.time == DEFAULT_TIME
    if untimed:
        shaping.guesses.append("without a column of the time, the order of the ids in a row is their order in time")
    session = f"{literal(shaping.file + ':')} || {name(ROW)}" if config.session == SESSION else None
    made = {made.name for made in (*shaping.computed, *shaping.lists)}
    shape = Shape(
        asked=tuple(dict.fromkeys(column for _, column in named if source.has(column) and column not in made)),
        session=session,
        positions=config.time if untimed else None,
        ordered=not times and not untimed,
    )
    return _done(shaping, named, shape)


def _columns(shaping: Shaping) -> Iterator[tuple[str, str]]:
    yield from shaping.source.columns
    yield from ((made.name, made.type) for made in (*shaping.computed, *shaping.lists))


def _done(shaping: Shaping, named: Named, shape: Shape) -> Source:
    made, lists = tuple(shaping.computed), tuple(shaping.lists)
    shape = replace(shape, computed=made, lists=lists, needs_file=shaping.needs_file)
    found = replace(shaping.source, shape=shape, guesses=(*shaping.source.guesses, *shaping.guesses))
    missing = any(not found.has(column) for _, column in named)
    return replace(found, inner=tuple(shaping.finder.nested())) if missing else found
