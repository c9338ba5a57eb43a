"""What users of a type did with items of a type: the log once more, with the columns that say who a user is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from index.errors import ConfigError, EventsError
from index.types.buckets import Buckets
from training.config import TrainConfig
from training.events.reader import stopped
from training.events.reasons import events_sql
from training.events.rejects import MalformedLines
from training.events.source import Source, Sources
from training.events.sources import open_sources
from training.events.sql import READ_ERRORS, connect
from training.events.unknown import words_of
from training.sessions.strangers import Strangers

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Meetings:
    """Events, user by user, each user's in the order of time; arrays of one length.

    users: number of the user, 0 for the first, in an order that says nothing of them. kinds: the user's type, -1
    without one. items, rows: the item's type and row, as they were given. buckets, labels: of the users' types; None
    where the settings name no columns of users.
    """

    users: Ints
    kinds: Ints
    items: Ints
    rows: Ints
    buckets: Buckets | None
    labels: list[str]

    def where(self, keep: NDArray[np.bool_]) -> "Meetings":
        """Only the events marked in `keep`."""
        arrays = {name: getattr(self, name)[keep] for name in ("users", "kinds", "items", "rows")}
        return replace(self, **arrays)


def read_meetings(config: TrainConfig, types: Mapping[str, tuple[int, int]], folder: Path) -> Meetings:
    """types: item id -> (its type, its row or -1); other items are left out, as are users who are not known, and those
    with more events than `sessions.max_user_events`. folder: for what does not fit into memory.

    A user's value in a column is the most frequent one, of several the latest. Raises EventsError, and ConfigError for
    a column that no file of the log has.
    """
    columns = config.types.user
    connection = connect(config.events.memory_mb, str(folder))
    sources = open_sources(config.events, connection, folder)
    _check_columns(sources, columns)
    kinds, rows = ([pair[side] for pair in types.values()] for side in (0, 1))
    typed = {"item": list(types), "type": pa.array(kinds, pa.int32()), "place": pa.array(rows, pa.int32())}
    connection.register("typed", pa.table(typed))
    names = [f"value_{number}" for number in range(len(columns))]
    values = "".join(f", {name} VARCHAR" for name in names)
    connection.execute(f"CREATE TABLE met (user_key UBIGINT, moment BIGINT, type INTEGER, place INTEGER{values})")
    for number, source in enumerate(sources.sources):
        _collect(connection, source, sources, config, dict(zip(names, columns, strict=True)), str(number))
    if config.sessions.max_user_events:
        connection.execute(
            "DELETE FROM met WHERE user_key IN (SELECT user_key FROM met GROUP BY 1 HAVING count(*) > ?)",
            [config.sessions.max_user_events],
        )
    strangers = Strangers.of(connection, config.events)
    if strangers is not None and strangers.names:
        connection.execute(f"DELETE FROM met WHERE user_key IN ({', '.join(map(str, strangers.names))})")
    return _sorted(connection, columns, names, config.types.quantiles)


def _check_columns(sources: Sources, columns: Sequence[str]) -> None:
    for column in columns:
        if not any(source.has(column) for source in sources.sources):
            there = ", ".join(name for name, _ in sources.sources[0].columns)[:500]
            raise ConfigError(
                f"types.user: no file of the log has a column {column!r}; the columns are: {there}. Name one that says "
                "who a user is, or leave types.user out"
            )


def _collect(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    sources: Sources,
    config: TrainConfig,
    columns: dict[str, str],
    label: str,
) -> None:
    """Adds the source's events to the table `met`. columns: name there -> column of the log."""
    events = config.events
    malformed = MalformedLines(connection, f"types_{label}") if source.dialect else None
    scan = source.scan(None, malformed.options()) if malformed else source.scan()
    nobody = words_of(connection, sources, events) if events.unknown_users == "reject" and not events.session else ()
    also = {name: f"nullif(trim({source.raw_text(column)}), '')" for name, column in columns.items()}
    query = events_sql(source, events, config.sessions.min_dwell, scan, nobody, also)
    wanted = ["reason = 0"]
    if config.types.conversions:
        wanted.append("converted")
    if events.dislike_types:
        wanted.append("NOT disliked")
    chosen = "".join(f", {name}" for name in columns)
    try:
        connection.execute(
            f"INSERT INTO met SELECT user_key, time, type, place{chosen} FROM ({query}) JOIN typed USING (item) "
            f"WHERE {' AND '.join(wanted)}"
        )
    except READ_ERRORS as error:
        raise EventsError(stopped(source, error)) from error
    if malformed:
        malformed.drop()


def _sorted(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[str], names: Sequence[str], quantiles: int
) -> Meetings:
    """The table `met` as arrays, its users with their types."""
    users = "SELECT DISTINCT user_key FROM met"
    for name in names:
        counted = f"SELECT user_key, {name} AS v, count(*) AS n, max(moment) AS last FROM met WHERE {name} IS NOT NULL"
        first = f"SELECT user_key, first(v ORDER BY n DESC, last DESC, v) AS {name} FROM ({counted} GROUP BY 1, 2)"
        users = f"SELECT * FROM ({users}) LEFT JOIN ({first} GROUP BY 1) USING (user_key)"
    connection.execute(f"CREATE TABLE users AS {users}")
    if names:
        chosen = ", ".join(names)
        found = connection.execute(f"SELECT {chosen}, count(*) FROM users GROUP BY ALL ORDER BY ALL").fetchall()
        buckets, labels, place = _labels(columns, found, quantiles)
        table = {name: pa.array([row[i] for row in found], pa.string()) for i, name in enumerate(names)}
        connection.register("kinds", pa.table({**table, "kind": pa.array(place, pa.int32())}))
        same = " AND ".join(f"users.{name} IS NOT DISTINCT FROM kinds.{name}" for name in names)
        kinds = f"SELECT user_key, kind FROM users JOIN kinds ON {same}"
    else:
        buckets, labels, kinds = None, [], "SELECT user_key, -1 AS kind FROM users"
    # The key is a hash: its order says nothing of the users, and a tenth of them in this order is a fair sample.
    query = (
        "SELECT dense_rank() OVER (ORDER BY user_key) - 1 AS number, kind, type, place "
        f"FROM met JOIN ({kinds}) USING (user_key) ORDER BY user_key, moment, place, type"
    )
    arrays = connection.execute(query).fetchnumpy()
    numbers, user_kinds, items, rows = (np.asarray(arrays[n], np.int64) for n in ("number", "kind", "type", "place"))
    return Meetings(numbers, user_kinds, items, rows, buckets, labels)


def _labels(
    columns: Sequence[str], found: Sequence[tuple[Any, ...]], quantiles: int
) -> tuple[Buckets, list[str], list[int]]:
    """(buckets, labels, place of each combination's label; -1 where it has no value). found: combinations of values,
    each with the number of its users."""
    values = [[row[number] for row in found for _ in range(row[-1])] for number in range(len(columns))]
    buckets = Buckets.of(columns, values, quantiles)
    places: dict[str, int] = {}
    numbers = []
    for row in found:
        label = buckets.label(row[:-1])
        numbers.append(-1 if label is None else places.setdefault(label, len(places)))
    return buckets, list(places), numbers
