"""Whether a row is an event, as SQL: each row gets one Reason, and most are accepted."""

from enum import IntEnum

from store.event import MAX_DWELL, MAX_ID_CHARACTERS, MAX_WEIGHT, UNITS
from training.config import EventsConfig
from training.events.source import Source
from training.events.sql import literal, name

LATEST = 7_258_118_400_000_000  # the year 2200 in microseconds: later is a broken clock or the wrong unit
# What systems write where they do not know the user. A person of that name is told apart by the session all the same.
PLACEHOLDERS = ("0", "-1", "-", "na", "n/a", "nan", "nil", "none", "null", "(null)", "\\n", "undefined", "unknown",
                "(not set)", "guest", "anonymous", "anon", "00000000-0000-0000-0000-000000000000")  # fmt: skip
SPACE = r"\s\x0b\x1c-\x1f\x85\p{Z}"


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


def events_sql(source: Source, config: EventsConfig, min_dwell: float, scan: str) -> str:
    """One row for each of `scan`'s: user_key, item_key, item, time, reason; session_key, weight, converted, disliked
    as set."""
    columns = "hash(user_text) AS user_key, hash(item_text) AS item_key, item_text AS item, coalesce(moment, 0) AS time"
    columns += f", {reason_sql(source, config, min_dwell)} AS reason"
    if config.session is not None:
        columns += ", hash(session_text) AS session_key"
    weight = weight_sql(config)
    if weight is not None:
        columns += f", {weight} AS weight"
    if config.conversion_types:
        wanted = ", ".join(literal(t) for t in config.conversion_types)
        columns += f", coalesce(type_text IN ({wanted}), false) AS converted"
    if config.dislike_types:
        columns += f", {disliked_sql(config)} AS disliked"
    return f"SELECT {columns} FROM ({values_sql(source, config, scan)})"


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
        words = ", ".join(map(literal, PLACEHOLDERS))
        user = f"CASE WHEN {_blank(user)} OR lower(trim({user})) IN ({words}) THEN {session} ELSE {user} END"
    values = {"user_text": user, "item_text": source.id_text(config.item), "moment": time_sql(source, config)}
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
        mapped = [
            c for c in (config.user, config.session, config.item, config.time, config.event_type) if source.has(c)
        ]
        # DuckDB turns a line that is not a JSON object into a row of NULLs.
        values["malformed"] = " AND ".join(f"{name(c)} IS NULL" for c in mapped if c is not None)
        judged = [c for c in mapped if c is not None and c != config.event_type]
        values["wrong_type"] = " OR ".join(
            f"coalesce(json_type({name(c)}) IN ('OBJECT', 'ARRAY', 'BOOLEAN'), false)" for c in judged
        )
    columns = ", ".join(f"{sql} AS {out}" for out, sql in values.items())
    return f"SELECT {columns}{more} FROM {scan}"


def reason_sql(source: Source, config: EventsConfig, min_dwell: float) -> str:
    """The first thing wrong with a row of `values_sql`, as the number of a Reason.

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
    if config.session is None:
        checks.append((_blank("user_text"), Reason.NO_USER))
    else:
        checks.append((_blank("session_text"), Reason.NO_SESSION))
    checks.append((_blank("item_text"), Reason.NO_ITEM))
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


def _blank(text: str) -> str:
    """Whether an id is missing or only white space, of any alphabet. The first character of most ids says no."""
    return f"({text} IS NULL OR (NOT ({text} >= '!' AND {text} < '~') AND NOT regexp_matches({text}, '[^{SPACE}]')))"


def _within(value: str, bound: str) -> str:
    return f"coalesce({value} >= 0 AND {value} {bound}, false)"


def time_sql(source: Source, config: EventsConfig) -> str:
    """Microseconds since 1970 UTC as BIGINT; NULL for what is not a time."""
    column, kind = name(config.time), source.type_of(config.time)
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        zoned = kind in ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS")
        return f"epoch_us(CAST({column} AS {'TIMESTAMPTZ' if zoned else 'TIMESTAMP'}))"
    if kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
        # A decimal times a million overflows: DuckDB keeps its width.
        return micros(f"CAST({column} AS DOUBLE)", config.time_unit)
    if kind.endswith("INT") or kind.endswith("INTEGER"):
        return micros(column if kind == "BIGINT" else f"TRY_CAST({column} AS BIGINT)", config.time_unit)
    text = source.raw_text(config.time)
    whole, real = f"TRY_CAST({text} AS BIGINT)", f"TRY_CAST({text} AS DOUBLE)"
    # As BIGINT alone 0.5 would be 1, as DOUBLE alone nanoseconds would lose digits.
    return (
        f"CASE WHEN {real} IS NULL THEN epoch_us(TRY_CAST(trim({text}) AS TIMESTAMPTZ)) "
        f"WHEN {whole} = {real} THEN {micros(whole, config.time_unit)} ELSE {micros(real, config.time_unit)} END"
    )


def micros(value: str, unit: str) -> str:
    """A number in `unit` as microseconds. auto: by magnitude, see store.event.UNITS."""
    steps = {"s": "* 1000000", "ms": "* 1000", "us": "", "ns": "// 1000"}
    if unit == "auto":
        whens = [f"WHEN {value} < {top} THEN TRY_CAST({value} {steps[u]} AS BIGINT)" for u, top in UNITS.items()]
    else:
        # Ten times later than the year 5138, so that nothing overflows; what is after 2200 is refused later.
        whens = [f"WHEN {value} > {UNITS[unit] * 10} THEN NULL"] if unit in UNITS else []
    last = steps["ns" if unit == "auto" else unit]
    return f"(CASE WHEN {value} < 0 THEN NULL {' '.join(whens)} ELSE TRY_CAST({value} {last} AS BIGINT) END)"
