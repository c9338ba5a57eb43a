"""A column of a log as SQL: its text, its id, its number, whatever type the files gave it."""

import re

from index.errors import EventsError
from training.events.source import Source
from training.events.sql import name

NUMBERS = r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*"
TEXT = r"VARCHAR|JSON|BLOB|ENUM.*|\"NULL\""
TIMES = r"TIMESTAMP.*|DATE"
# What a setting's column may be: a nested or boolean column is a wrong name, and no row of it is worth a look.
ALLOWED = {
    "time": f"{NUMBERS}|{TEXT}|{TIMES}",
    "dwell": f"{NUMBERS}|{TEXT}",
    "weight": f"{NUMBERS}|{TEXT}",
    "event_type": f"{NUMBERS}|{TEXT}|BOOLEAN",
}
IDS = f"{NUMBERS}|{TEXT}|{TIMES}|UUID"


def check_type(file: str, setting: str, column: str, kind: str) -> None:
    """Raises EventsError where no value of such a type can be what the setting means."""
    if re.fullmatch(ALLOWED.get(setting, IDS), kind):
        return
    means = {
        "time": "a time; epoch numbers, timestamps and ISO 8601 text are read",
        "dwell": "a number of seconds",
        "weight": "a number",
        "event_type": "an event type; text is read",
    }
    meant = means.get(setting, "an id; text and numbers are read")
    raise EventsError(
        f"{file}: column {column!r} is of type {kind}, which is not {meant}. "
        f"Name another column with --{setting.replace('_', '-')}, or convert this one"
    )


def has(source: Source, column: str | None) -> bool:
    return any(found == column for found, _ in source.columns)


def type_of(source: Source, column: str) -> str:
    return next((kind for found, kind in source.columns if found == column), "NULL")


def raw_text(source: Source, column: str | None) -> str:
    """The column as text, as it stands; NULL where this source does not have it."""
    if column is None or not has(source, column):
        return "NULL::VARCHAR"
    match type_of(source, column):
        case "JSON":
            return f"({name(column)} ->> '$')"
        case "VARCHAR":
            return name(column)
        case "BLOB":  # text that was written without saying so
            return f"TRY(decode({name(column)}))"
        case _:
            return f"CAST({name(column)} AS VARCHAR)"


def id_text(source: Source, column: str) -> str:
    """An id as text. Whole floats lose their ".0": pandas writes integer ids with gaps as floats. NaN is no id."""
    kind, text = type_of(source, column), raw_text(source, column)
    if kind == "JSON":
        real = f"TRY_CAST({text} AS DOUBLE)"
        return f"CASE WHEN json_type({name(column)}) = 'DOUBLE' THEN {_whole(real, text)} ELSE {text} END"
    if kind in ("DOUBLE", "FLOAT"):
        return f"({_whole(f'CAST({name(column)} AS DOUBLE)', text)})"
    if kind.startswith("DECIMAL") and not kind.endswith(",0)"):
        whole = f"TRY_CAST({name(column)} AS HUGEINT)"
        return f"CASE WHEN {name(column)} = {whole} THEN CAST({whole} AS VARCHAR) ELSE {text} END"
    return text


def _whole(real: str, text: str) -> str:
    integer = f"TRY_CAST({real} AS BIGINT)"
    return (
        f"CASE WHEN NOT isfinite({real}) THEN NULL WHEN {real} = {integer} THEN CAST({integer} AS VARCHAR) "
        f"ELSE {text} END"
    )


def number(source: Source, column: str) -> str:
    return f"TRY_CAST({raw_text(source, column)} AS DOUBLE)"
