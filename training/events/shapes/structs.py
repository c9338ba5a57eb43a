"""Fields inside the columns of a typed file (Parquet, Arrow, ORC), found by dotted path."""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from training.events.sql import literal, name

Step = str | int | None  # a field or a key, a place in a list from 0, or each element of a list
DEEPEST = 8


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
        return inner and (None, *inner)
    return None


def _below(kind: pa.DataType, depth: int) -> Iterator[str]:
    if pa.types.is_struct(kind) and depth:
        for field in kind:
            deeper = [f"{field.name}.{path}" for path in _below(field.type, depth - 1)]
            yield from deeper or [field.name]
    elif _is_list(kind) and depth:
        yield from _below(kind.value_type, depth - 1)


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))
