"""A column of a source as SQL: as text, as an id, as a number, whatever type the files gave it."""

from training.events.source import Source
from training.events.sql import name


def raw_text(source: Source, column: str | None) -> str:
    """The column as text, as it stands; NULL where this source does not have it."""
    if column is None or not source.has(column):
        return "NULL::VARCHAR"
    match source.type_of(column):
        case "JSON":
            return f"({name(column)} ->> '$')"
        case "VARCHAR":
            return name(column)
        case "BLOB":  # text that was written without saying so
            return f"TRY(decode({name(column)}))"
        case _:
            return f"CAST({name(column)} AS VARCHAR)"


def id_text(source: Source, column: str) -> str:
    """An id as text. Whole floats lose their ".0": pandas writes integer ids with gaps as floats. NaN is not an id."""
    kind, text = source.type_of(column), raw_text(source, column)
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
