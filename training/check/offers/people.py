"""Offers by columns that nobody named: what a log says of its users besides what they did."""

from collections.abc import Iterator

import duckdb

from training.check.offers.items import best_columns
from training.check.offers.kinds import LOOKED_AT
from training.check.offers.offer import Facts, Offer, UserColumn, offer
from training.check.text import percent
from training.config import TrainConfig
from training.events.reasons import values_sql
from training.events.source import Sources
from training.events.sql import name

TYPES = ("VARCHAR", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT")
MOST_COLUMNS, MOST_VALUES = 20, 200
USERS_EACH = 20  # of a value, in the mean
KEPT = 0.9  # of a user's events have the user's value, in the mean: it is the user's, and not the event's
FILLED = 0.5  # of the events
POPULAR = 300  # items that tastes are compared by
TASTE = 3.0  # times as different as users are by chance
MOST_TOLD = 2  # columns in the offer


def user_columns_of(
    connection: duckdb.DuckDBPyConnection, sources: Sources, config: TrainConfig, rows: int
) -> list[UserColumn]:
    """Columns of the log that hold one of a few values for each user, the most telling first. rows: of the log.

    Looked at are whole users, drawn by the hash of their ids, with about LOOKED_AT events.
    """
    events = config.events
    if not sources.has(events.user):
        return []
    used = {getattr(events, field) for field in ("user", "item", "time", "session", "event_type", "dwell", "weight")}
    first, *others = sources.sources
    columns = [
        column
        for column, kind in first.columns
        if column not in used and kind in TYPES and all(source.has(column) for source in others)
    ][:MOST_COLUMNS]
    if not columns:
        return []
    parts = max(1, round(rows / LOOKED_AT))
    asked = "".join(f", CAST({name(column)} AS VARCHAR) AS value_{n}" for n, column in enumerate(columns))
    values = "".join(f", value_{n}" for n in range(len(columns)))
    union = " UNION ALL ".join(
        f"SELECT hash(user_text) AS whose, hash(item_text) AS item{values} FROM "
        f"({values_sql(source, events, source.scan(), asked)}) "
        f"WHERE user_text IS NOT NULL AND item_text IS NOT NULL AND moment IS NOT NULL "
        f"AND hash(user_text) % {parts} = 0"
        for source in sources.sources
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE people AS {union}")
    found = [column for n, name_ in enumerate(columns) if (column := _look(connection, name_, f"value_{n}"))]
    connection.execute("DROP TABLE people")
    return sorted(found, key=lambda column: -column.taste)


def _look(connection: duckdb.DuckDBPyConnection, column: str, value: str) -> UserColumn | None:
    """None for a column that says nothing of users."""
    filled, count = connection.execute(
        f"SELECT count(nullif({value}, '')) / greatest(1, count(*)), approx_count_distinct({value}) FROM people"
    ).fetchall()[0]
    if (filled or 0) < FILLED or not 2 <= count <= MOST_VALUES:
        return None
    # Of each user the value that most events have.
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE owned AS SELECT whose, arg_max(own, events) AS own, sum(events) AS events, "
        f"max(events) / sum(events) AS kept FROM (SELECT whose, {value} AS own, count(*) AS events FROM people "
        f"WHERE coalesce({value}, '') <> '' GROUP BY ALL) GROUP BY whose"
    )
    users, values, kept = connection.execute("SELECT count(*), count(DISTINCT own), avg(kept) FROM owned").fetchall()[0]
    if values < 2 or users < USERS_EACH * values or kept < KEPT:
        return None
    taste = connection.execute(
        "WITH popular AS (SELECT item FROM people GROUP BY item ORDER BY count(*) DESC, item LIMIT ?), "
        # A user counts an item once: who repeats is one person still.
        "met AS (SELECT DISTINCT whose, own, item FROM people JOIN owned USING (whose) JOIN popular USING (item)), "
        "pairs AS (SELECT own, item, count(*) AS n FROM met GROUP BY ALL), "
        "every AS (SELECT *, sum(n) OVER (PARTITION BY own) AS a, sum(n) OVER (PARTITION BY item) AS b, "
        "sum(n) OVER () AS whole FROM pairs) "
        "SELECT (sum(n * n / (a * b) * whole) - max(whole)) "
        "/ greatest(1, (count(DISTINCT own) - 1) * (count(DISTINCT item) - 1)) FROM every",
        [POPULAR],
    ).fetchall()[0][0]
    return UserColumn(column, values, kept, taste or 0.0) if (taste or 0.0) >= TASTE else None


def user_types(facts: Facts) -> Iterator[Offer]:
    columns = [column.name for column in best_columns(facts)]
    if not facts.people or not columns or facts.exam.config.types.item:
        return
    told = facts.people[:MOST_TOLD]
    reason = "; ".join(
        f"{percent(column.kept)} of a user's events have one value of {column.name!r} ({column.values:,} of them), and "
        f"what users of different values take differs {column.taste:.1f} times more than by chance"
        for column in told
    )
    yield offer("user types", {"types": {"item": columns, "user": [column.name for column in told]}}, reason)
