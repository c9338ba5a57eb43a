"""Fields inside the columns of a typed file (Parquet, Arrow, ORC), found by dotted path."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from training.events.sql import literal, name

DEEPEST = 8
KEY, VALUE = "key", "value"
# Of a value that may be of any type, as GA4 writes them: at most one is there.
TYPED_VALUES = ("string_value", "int_value", "float_value", "double_value")


@dataclass(frozen=True)
class Entry:
    """The value of the element with this key, in a list of keys and values. typed: whichever of TYPED_VALUES it has."""

    key: str
    typed: bool


Step = str | int | Entry | None  # a field or a key, a place in a list from 0, an entry, or each element of a list


def find(schema: pa.Schema, path: str) -> tuple[Step, ...] | None:
    """The steps from a row to the field; the first is a column. None where there is no such field.

    A name that holds a dot itself is found before the fields of a shorter one.
    """
    return _within([(field.name, field.type) for field in schema], path)


def fields(schema: pa.Schema) -> list[str]:
    """Dotted paths of everything inside columns that a setting can name."""
    return [f"{field.name}.{path}" for field in schema for path in _below(field.type, DEEPEST)]


def sql(steps: Sequence[Step], value: str | None = None, depth: int = 0) -> str:
    """The field as SQL; a list where a step is each element of one."""
    for at, step in enumerate(steps):
        if value is None:
            value = name(str(step))
        elif isinstance(step, Entry):
            found = f"list_filter({value}, lambda e{depth}: e{depth}[{literal(KEY)}] = {literal(step.key)})[1]"
            value = f"{found}[{literal(VALUE)}]"
            if step.typed:
                parts = ", ".join(f"CAST({value}[{literal(part)}] AS VARCHAR)" for part in TYPED_VALUES)
                value = f"coalesce({parts})"
        elif step is None:
            element = f"e{depth}"
            inner = sql(steps[at + 1 :], element, depth + 1)
            return value if inner == element else f"list_transform({value}, lambda {element}: {inner})"
        else:
            value = f"{value}[{step + 1 if isinstance(step, int) else literal(step)}]"
    assert value is not None
    return value


def _within(named: Sequence[tuple[str, pa.DataType]], path: str) -> tuple[Step, ...] | None:
    for field, kind in sorted(named, key=lambda n: -len(n[0])):
        if path == field:
            return (field,)
        if path.startswith(field + ".") and (inner := _inside(kind, path[len(field) + 1 :])):
            return (field, *inner)
    return None


def _inside(kind: pa.DataType, path: str) -> tuple[Step, ...] | None:
    if pa.types.is_struct(kind):
        return _within([(field.name, field.type) for field in kind], path)
    key, _, rest = path.partition(".")
    if pa.types.is_map(kind):
        if not rest or not pa.types.is_nested(kind.item_type):
            return (path,)
        inner = _inside(kind.item_type, rest)
        return inner and (key, *inner)
    if _is_list(kind):
        if key.isdecimal():
            inner = _inside(kind.value_type, rest) if rest else ()
            return None if inner is None else (int(key), *inner)
        inner = _inside(kind.value_type, path)
        return (None, *inner) if inner else _entry(kind.value_type, key, rest)
    return None


def _entry(kind: pa.DataType, key: str, rest: str) -> tuple[Step, ...] | None:
    """In a list of keys and values, the value of a key: any, since the type does not say which there are."""
    if not pa.types.is_struct(kind) or {field.name for field in kind} != {KEY, VALUE}:
        return None
    value = kind.field(VALUE).type
    if rest:
        inner = _inside(value, rest)
        return inner and (Entry(key, False), *inner)
    typed = pa.types.is_struct(value) and {field.name for field in value} >= set(TYPED_VALUES)
    return (Entry(key, typed),)


def _below(kind: pa.DataType, depth: int) -> Iterator[str]:
    if pa.types.is_struct(kind) and depth:
        for field in kind:
            deeper = [f"{field.name}.{path}" for path in _below(field.type, depth - 1)]
            yield from deeper or [field.name]
    elif _is_list(kind) and depth:
        yield from _below(kind.value_type, depth - 1)


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))
