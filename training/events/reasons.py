"""Whether a row is an event, as SQL: each row gets one Reason, and most are accepted."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from types import MappingProxyType

from store.event import MAX_DWELL, MAX_ID_CHARACTERS, MAX_WEIGHT
from store.times.numbers import LATEST
from training.events.shapes.shape import BLANK, POSITION
from training.events.source import Source
from training.events.sql import literal, name
from training.events.times.twin import time_sql
from training.events.unknown import blank_sql, nobody_sql
from training.eventsconfig import EventsConfig


class Reason(IntEnum):
    """Why a row is not an event. Below RULES it is rejected and kept; above, a rule of the settings leaves it out."""

    ACCEPTED = 0
    MALFORMED = 1
    NO_USER = 2
    NO_SESSION = 3
    NO_ITEM = 4
    BAD_TIME = 5
    BAD_DWELL = 6
    BAD_WEIGHT = 7
    WRONG_TYPE = 8
    TOO_LONG = 9
    RULES = 100
    OTHER_TYPE = 101
    SHORT_DWELL = 102


NOTHING: Mapping[str, str] = MappingProxyType({})


def events_sql(
    source: Source,
    config: EventsConfig,
    min_dwell: float,
    scan: str,
    nobody: Sequence[str] = (),
    also: Mapping[str, str] = NOTHING,
) -> str:
    """One row for each of `scan`'s: user_key, item_key, item, time, reason; session_key, weight, converted, disliked
    as set. also: further columns by name, in SQL over the source."""
    columns = "hash(user_text) AS user_key, hash(item_text) AS item_key, item_text AS item, coalesce(moment, 0) AS time"
    columns += f", {reason_sql(source, config, min_dwell, nobody)} AS reason"
    if config.session is not None:
        columns += ", hash(session_text) AS session_key"
    weight = weight_sql(config)
    if weight is not None:
        columns += f", {weight} AS weight"
    if source.shape.lists:
        columns += f", {name(POSITION)} = 0 AS opens"
    if config.conversion_types:
        wanted = ", ".join(literal(t) for t in config.conversion_types)
        columns += f", coalesce(type_text IN ({wanted}), false) AS converted"
    if config.dislike_types:
        columns += f", {disliked_sql(config)} AS disliked"
    columns += "".join(f", {column}" for column in also)
    more = f", {name(POSITION)}" if source.shape.lists else ""
    more += "".join(f", {sql} AS {column}" for column, sql in also.items())
    return f"SELECT {columns} FROM ({values_sql(source, config, scan, more)})"


def disliked_sql(config: EventsConfig) -> str:
    """Whether an event says no to its item."""
    return f"coalesce(type_text IN ({', '.join(map(literal, config.dislike_types))}), false)"


def weight_sql(config: EventsConfig) -> str | None:
    """What an event weighs, by its row and by its type; None where neither says anything."""
    if not config.weighed:
        return None
    own = "coalesce(weight_number, 1)" if config.weight is not None else "1"
    if not config.type_weights:
        return f"{own}::FLOAT"
    whens = " ".join(f"WHEN {literal(kind)} THEN {float(weight)!r}" for kind, weight in config.type_weights.items())
    return f"((CASE coalesce(type_text, '') {whens} ELSE 1 END) * {own})::FLOAT"


def values_sql(source: Source, config: EventsConfig, scan: str, more: str = "") -> str:
    """The values that `reason_sql` judges, each computed once: repeating the expressions doubled the time of a scan.

    more: columns besides, from the source's own.
    """
    session = source.id_text(config.session) if config.session else None
    user = source.id_text(config.user) if source.has(config.user) else session
    if user is not None and session is not None and source.has(config.user):
        # A guest has no id, but a session: it stands for the user, row by row.
        user = f"CASE WHEN {nobody_sql(user)} THEN {session} ELSE {user} END"
    elif user is not None and config.unknown_users == "single":
        user = f"CASE WHEN {blank_sql(user)} THEN '' ELSE {user} END"
    moment, beside = time_sql(source, config)
    if beside:
        scan = f"(SELECT *, {beside} FROM {scan})"
    if source.shape.ordered:  # one time for all ids of a row: a microsecond each tells their order
        moment = f"({moment}) + {name(POSITION)}"
    values = {"user_text": user, "item_text": source.id_text(config.item), "moment": moment}
    if session is not None:
        values["session_text"] = session
    if config.event_type is not None:
        values["type_text"] = source.raw_text(config.event_type)
    for setting in ("weight", "dwell"):
        column = getattr(config, setting)
        if column is not None:
            values[f"{setting}_text"] = f"trim({source.raw_text(column)})"
            values[f"{setting}_number"] = source.number(column)
    if source.format == "jsonl":
        named = (config.user, config.session, config.item, config.time, config.event_type)
        mapped = [(c, name(c)) for c in named if c is not None and source.type_of(c) == "JSON"]
        # DuckDB turns a line that is not a JSON object into a row of NULLs.
        nothing = " AND ".join(f"{value} IS NULL" for _, value in mapped)
        values["malformed"] = name(BLANK) if source.shape.lists else nothing
        judged = " OR ".join(
            f"coalesce(json_type({value}) IN ('OBJECT', 'ARRAY', 'BOOLEAN'), false)"
            for c, value in mapped
            if c != config.event_type
        )
        values["wrong_type"] = judged or "false"
    columns = ", ".join(f"{sql} AS {out}" for out, sql in values.items())
    return f"SELECT {columns}{more} FROM {scan}"


def reason_sql(source: Source, config: EventsConfig, min_dwell: float, nobody: Sequence[str] = ()) -> str:
    """The first thing wrong with a row of `values_sql`, as the number of a Reason.

    nobody: users whose rows are rejected.
    A row of another event type is left out, whatever else is wrong with it: a search, for example, has no item.
    """
    checks: list[tuple[str, Reason]] = []
    if source.format == "jsonl":
        checks.append(("malformed", Reason.MALFORMED))
    if config.event_types:
        wanted = ", ".join(literal(t) for t in (*config.event_types, *config.dislike_types))
        checks.append((f"coalesce(type_text, '') NOT IN ({wanted})", Reason.OTHER_TYPE))
    if source.format == "jsonl":
        checks.append(("wrong_type", Reason.WRONG_TYPE))
    if config.session is not None:
        checks.append((blank_sql("session_text"), Reason.NO_SESSION))
    elif config.unknown_users != "single":
        checks.append((nobody_sql("user_text", nobody) if nobody else blank_sql("user_text"), Reason.NO_USER))
    checks.append((blank_sql("item_text"), Reason.NO_ITEM))
    checks.append((f"NOT coalesce(moment BETWEEN 0 AND {LATEST}, false)", Reason.BAD_TIME))
    # Bytes first, which are known: counting characters takes a look at each.
    long = f"strlen(item_text) > {MAX_ID_CHARACTERS} AND length(item_text) > {MAX_ID_CHARACTERS}"
    checks.append((long, Reason.TOO_LONG))
    if config.weight is not None:
        # NaN is above every number for DuckDB, and so is kept out by the upper bound.
        checks.append((f"weight_text <> '' AND NOT {_within('weight_number', f'< {MAX_WEIGHT:g}')}", Reason.BAD_WEIGHT))
    if config.dwell is not None:
        checks.append((f"dwell_text <> '' AND NOT {_within('dwell_number', f'< {MAX_DWELL:g}')}", Reason.BAD_DWELL))
        if min_dwell > 0:
            # Who skips does so soon.
            stays = f" AND NOT {disliked_sql(config)}" if config.dislike_types else ""
            checks.append((f"dwell_number < {min_dwell}{stays}", Reason.SHORT_DWELL))
    whens = " ".join(f"WHEN {check} THEN {int(reason)}" for check, reason in checks)
    return f"(CASE {whens} ELSE 0 END)::UTINYINT"


def _within(value: str, bound: str) -> str:
    return f"coalesce({value} >= 0 AND {value} {bound}, false)"
