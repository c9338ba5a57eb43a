"""What is looked up in a log once it has been read: examples for the report, by hash, by number or in first rows."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb

from store.event import UNITS
from training.check.findings import Sample
from training.check.tally import SAMPLES
from training.events.source import Source, Sources
from training.events.sql import literal, name
from training.eventsconfig import EventsConfig

MOST_TYPES = 30  # a column with more values does not hold types
LOOK_FILES, LOOK_ROWS = 100, 10_000  # how far into the log units, event types and spare columns are looked for
SESSION_COLUMNS = ("session_id", "session", "sessionid", "visit_id", "visit", "basket_id", "order_id", "invoice")
TYPE_COLUMNS = ("event_type", "event", "event_name", "action", "type", "interaction")
TEXT_LENGTH = 120
LOOK_BYTES = 1 << 20
WORDS = re.compile(r"[\w ]*[^\W\x00-\x7f][\w ]*")


def samples_of(connection: duckdb.DuckDBPyConnection, rejects: Path) -> dict[str, list[Sample]]:
    """reason -> the first rejected rows with their file, their number and what they say, shortened."""
    found = connection.execute(
        f"SELECT reason, arg_min({{file: file, row: row, detail: detail, user: user_id, item: item_id, time: time}}, "
        f"row, {SAMPLES}) FROM read_parquet({literal(str(rejects))}) GROUP BY reason"
    ).fetchall()

    def shown(row: Sample) -> Sample:
        return {k: v if k in ("file", "row") else v[:TEXT_LENGTH] for k, v in row.items() if v is not None}

    return {reason: [shown(row) for row in some] for reason, some in found}


def guessed_in(sources: Sources) -> tuple[Sample, ...]:
    """Files in which something was guessed, each with the first words beyond ASCII, by which people know a wrong
    encoding."""
    found: list[Sample] = []
    for source in sources.sources:
        if source.guesses and len(found) < SAMPLES:
            text = source.texts[0] if source.texts else None  # none: of Parquet, Arrow and ORC
            coded = text.head(LOOK_BYTES).decode("utf-8", "replace") if text and text.encoding != "utf-8" else ""
            words = WORDS.search(coded)
            found.append({"file": source.files[0]} | ({"text": words[0].strip()[:TEXT_LENGTH]} if words else {}))
    return tuple(found)


def ids_of(
    connection: duckdb.DuckDBPyConnection, sources: Sources, column: str | None, keys: set[int]
) -> dict[int, str]:
    """hash -> id, for the few that are shown: one more look at one column, and only when there is something to show."""
    if column is None or not keys:
        return {}
    wanted = ", ".join(str(k) for k in keys)
    names: dict[int, str] = {}
    for source in sources.sources:
        text = source.id_text(column)
        found = connection.execute(
            f"SELECT key, any_value(id) FROM (SELECT hash({text}) AS key, {text} AS id FROM {source.scan()}) "
            f"WHERE key IN ({wanted}) GROUP BY key"
        ).fetchall()
        names.update({key: id[:TEXT_LENGTH] for key, id in found})
    return names


def first_rows(sources: Sources, column: str) -> Iterator[tuple[Source, str]]:
    """(source, SQL of the column in its first rows) of every file: writers differ between files more than within."""
    looked = 0
    for source in sources.sources:
        for file in source.files[: LOOK_FILES - looked] if source.has(column) else ():
            looked += 1
            yield source, f"(SELECT {name(column)} FROM {source.scan([file])} LIMIT {LOOK_ROWS})"


def units_of(connection: duckdb.DuckDBPyConnection, sources: Sources, config: EventsConfig) -> dict[str, int]:
    """unit -> rows, most first, by the size of the numbers. Below 1e8 (1973 in seconds) a number may be a position: not
    judged. In a given format numbers have no unit."""
    found: Counter[str] = Counter()
    if config.time_format is not None:
        return {}
    units = " ".join(f"WHEN number < {top} THEN '{unit}'" for unit, top in UNITS.items())
    for source, rows in first_rows(sources, config.time):
        if source.type_of(config.time).startswith(("TIMESTAMP", "DATE")):
            continue
        text = source.raw_text(config.time)
        counted = connection.execute(
            f"SELECT CASE WHEN number < 1e8 THEN NULL {units} WHEN number IS NOT NULL THEN 'ns' "
            "WHEN TRY_CAST(text AS TIMESTAMPTZ) IS NOT NULL THEN 'ISO 8601' END AS unit, count(*) "
            f"FROM (SELECT {text} AS text, TRY_CAST({text} AS DOUBLE) AS number FROM {rows}) GROUP BY unit"
        ).fetchall()
        found.update({unit: n for unit, n in counted if unit is not None})
    return dict(sorted(found.items(), key=lambda unit: (-unit[1], unit[0])))  # the same words where they are as many


def session_column(sources: Sources, config: EventsConfig) -> str | None:
    """A column whose name says session ids, where the settings name none."""
    if config.session is not None:
        return None
    return next((c for c in SESSION_COLUMNS if sources.has(c) and c not in (config.user, config.item)), None)


def values_of(connection: duckdb.DuckDBPyConnection, sources: Sources, column: str | None) -> dict[str, int]:
    """Of the column of event types, in the first rows of each file: the most frequent first."""
    values: Counter[str] = Counter()
    for source, rows in first_rows(sources, column) if column is not None else ():
        query = f"SELECT {source.raw_text(column)} AS v, count(*) FROM {rows} GROUP BY ALL"
        values.update({value: n for value, n in connection.execute(query).fetchall() if value is not None})
    return dict(values.most_common(MOST_TYPES))


def types_of(
    connection: duckdb.DuckDBPyConnection, sources: Sources, config: EventsConfig
) -> tuple[str, dict[str, int]] | None:
    """A column whose name says event types, where the settings name none: (column, its values, most frequent first)."""
    for column in TYPE_COLUMNS if config.event_type is None else ():
        if column in (config.user, config.item, config.session):
            continue
        values: Counter[str] = Counter()
        for source, rows in first_rows(sources, column):
            query = f"SELECT coalesce({source.raw_text(column)}, ''), count(*) FROM {rows} GROUP BY ALL"
            values.update(dict(connection.execute(query).fetchall()))
        if 1 < len(values) <= MOST_TYPES:
            return column, dict(values.most_common())
    return None
