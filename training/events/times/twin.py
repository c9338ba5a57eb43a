"""Times as SQL: the twin of store/times/, which is the parser of record.

What DuckDB reads by itself, in a way that agrees, it does; every other text goes through the parser of record, which
DuckDB calls with a few thousand rows at a time. tests/training/events/test_times.py holds both against each other.
"""

import re

from store.event import UNITS
from store.times.civil import zone_of
from store.times.numbers import NUMBER_FORMS, Linear
from store.times.reading import TimeRule
from store.times.strptimes import names_zone
from training.events.source import Source
from training.events.sql import literal, name
from training.eventsconfig import EventsConfig

# ISO 8601 as DuckDB reads it too. It would also take '10:00 IST' and a thousand other zones, with meanings of its own.
ISO = r"\d{4}-\d\d?-\d\d?([ T]\d\d?:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?| UTC)?)?"
# Directives that mean the same to DuckDB and to Python; of the others Python alone is asked.
SHARED = {"Y", "m", "d", "H", "M", "S", "f", "b"}
WHOLE = "(whole)"  # a column beside those of a file, as those of a shape
COMPACT = re.compile(r"%[a-zA-Z]%[a-zA-Z]")


def rule_for(source: Source, config: EventsConfig) -> TimeRule:
    """How the settings and the log itself say that its times are read."""
    return TimeRule(config.time_format or "", config.time_zone, config.time_unit, source.day_order)


def time_sql(source: Source, config: EventsConfig) -> tuple[str, str]:
    """(microseconds since 1970 UTC as BIGINT, NULL or a number out of range for what is not a time; a column that this
    needs beside those of the scan, or '')."""
    column, kind = name(config.time), source.type_of(config.time)
    rule = rule_for(source, config)
    if kind in ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"):
        return f"epoch_us(CAST({column} AS TIMESTAMPTZ))", ""
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return _utc(f"epoch_us(CAST({column} AS TIMESTAMP))", rule), ""
    linear = isinstance(NUMBER_FORMS.get(rule.format), Linear)
    if not rule.format or linear:
        if kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
            # A decimal times a million overflows: DuckDB keeps its width.
            return number_sql(f"CAST({column} AS DOUBLE)", rule, real=True), ""
        if kind.endswith("INT") or kind.endswith("INTEGER"):
            return number_sql(column if kind == "BIGINT" else f"TRY_CAST({column} AS BIGINT)", rule, real=False), ""
    text = source.raw_text(config.time)
    if source.time_fast:
        return text_sql(text, rule, _whole(text), source.time_fast), ""
    # Within a CASE DuckDB would cast a text again at each mention: a fifth of the time of a scan.
    return text_sql(text, rule, name(WHOLE)), f"{_whole(text)} AS {name(WHOLE)}"


def _whole(text: str) -> str:
    return f"TRY_CAST({text} AS BIGINT)"


def text_sql(text: str, rule: TimeRule, whole: str, fast: str = "") -> str:
    """As `time_sql`, of text. whole: the text as BIGINT. fast: a format of strptime that most of the texts have."""
    asked = f"item2vec_time({text}, {literal(rule.to_json())})"
    if rule.format in NUMBER_FORMS:
        form = NUMBER_FORMS[rule.format]
        if not isinstance(form, Linear):
            return f"coalesce({_strptime(text, fast, rule)}, {asked})" if fast else asked
        others = asked  # numbers with a comma for decimals
    elif rule.format:
        return f"coalesce({_strptime(text, fast, rule)}, {asked})" if fast else asked
    elif zone_of(rule.zone).offsets == (0,):
        iso = f"CASE WHEN regexp_full_match(trim({text}), {literal(ISO)}) THEN trim({text}) END"
        others = f"coalesce(epoch_us(TRY_CAST({iso} AS TIMESTAMPTZ)), {asked})"
    else:
        others = asked
    real = f"TRY_CAST({text} AS DOUBLE)"
    # As BIGINT alone 0.5 would be 1, as DOUBLE alone nanoseconds would lose digits.
    found = (
        f"CASE WHEN {real} IS NULL THEN {others} WHEN {whole} = {real} THEN {number_sql(whole, rule, real=False)} "
        f"ELSE {number_sql(real, rule, real=True)} END"
    )
    return f"coalesce({_strptime(text, fast, rule)}, {found})" if fast else f"({found})"


def _strptime(text: str, form: str, rule: TimeRule) -> str:
    """What DuckDB reads in one format; NULL for what is not within range, for a year of two digits is in the first
    century for it."""
    if COMPACT.search(form):  # without anything between, DuckDB would take what is too short apart somehow
        pattern = re.sub(r"%(.)", lambda d: r"\d{4}" if d[1] == "Y" else r"\d\d", form)
        text = f"CASE WHEN regexp_full_match({text}, {literal(pattern)}) THEN {text} END"
    found = f"epoch_us(try_strptime({text}, {literal(form)}))"
    return _utc(f"nullif(greatest({found}, -1), -1)", TimeRule() if names_zone(form) else rule)


def _utc(wall: str, rule: TimeRule) -> str:
    """Wall clock microseconds as those of UTC."""
    zone = zone_of(rule.zone)
    if zone.breaks:
        return f"item2vec_utc({wall}, {literal(rule.zone)})"
    return f"({wall} - {zone.offsets[0] * 1_000_000})" if zone.offsets[0] else wall


def number_sql(value: str, rule: TimeRule, real: bool) -> str:
    """A number as microseconds: as `store.times.reading.read_number`. real: it is a DOUBLE, and else a BIGINT."""
    form = NUMBER_FORMS.get(rule.format)
    if isinstance(form, Linear):
        return _linear(value, form, rule, real)
    unit = rule.unit
    steps = {u: f"TRY_CAST({value} {step} AS BIGINT)" for u, step in (("ms", "* 1000"), ("us", ""), ("ns", "// 1000"))}
    steps["s"] = f"TRY_CAST({value} * 1000000 AS BIGINT)"
    if real:
        # By its parts: times a million a double would lose the last microsecond.
        fraction = f"CAST(({value} - floor({value})) * 1000000 AS BIGINT)"
        steps["ns"] = f"TRY_CAST(floor({value} / 1000) AS BIGINT)"
        steps["s"] = f"(TRY_CAST(floor({value}) AS BIGINT) * 1000000 + {fraction})"
    if unit == "auto":
        whens = [f"WHEN {value} < {top} THEN {steps[u]}" for u, top in UNITS.items()]
    else:
        # Ten times later than the year 5138, so that nothing overflows; what is after 2200 is refused later.
        whens = [f"WHEN {value} > {UNITS[unit] * 10} THEN NULL"] if unit in UNITS else []
    last = steps["ns" if unit == "auto" else unit]
    return f"(CASE WHEN {value} < 0 THEN NULL {' '.join(whens)} ELSE {last} END)"


def _linear(value: str, form: Linear, rule: TimeRule, real: bool) -> str:
    low, high = form.bounds()
    top, bottom = form.micros
    found = f"{value} * {top} // {bottom}"
    if real:
        whole = f"floor({value})"
        found = f"CAST({whole} AS BIGINT) * {top} // {bottom}"
        found += f" + CAST(floor(({value} - {whole}) * {top} / {bottom} + 0.5) AS BIGINT)"
    found = f"(CASE WHEN {value} BETWEEN {low} AND {high} THEN {found} + {form.start} END)"
    return _utc(found, rule) if form.wall else found


def is_shared(form: str) -> bool:
    """Whether a format of strptime means the same to DuckDB, wherever DuckDB finds a time."""
    used = set(re.findall(r"%(.?)", form))
    return used <= SHARED and not (COMPACT.search(form) and used & {"f", "b"})
