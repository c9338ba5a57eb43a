"""Where a column that the settings name is inside a file: a field in a field, a list of values, or as it stands."""

from collections.abc import Callable
from functools import cached_property
from typing import Protocol

import duckdb
import pyarrow as pa

from training.events.shapes import jsonkeys, structs
from training.events.shapes.jsonkeys import Keys
from training.events.shapes.shape import Column


class Finder(Protocol):
    """Of one file. Both give None where the path leads to nothing."""

    def value(self, path: str) -> Column | None:
        """What is there, of its own type: a list where it is one, or where the path goes through one."""
        ...

    def elements(self, path: str) -> Column | None:
        """The list that is there, with the type of its elements; None also for what is no list."""
        ...

    def nested(self) -> list[str]:
        """Dotted paths of what is inside columns."""
        ...

    def fixed(self, column: str) -> bool:
        """Whether the file says that all values of the column have the same number of bytes."""
        ...


class JsonFinder:
    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def value(self, path: str) -> Column | None:
        steps = self._keys.find(path)
        if steps is None:
            return None
        several = None in steps or self._keys.is_list(steps)
        return Column(path, jsonkeys.sql(self._keys, steps), "JSON[]" if several else "JSON")

    def elements(self, path: str) -> Column | None:
        steps = self._keys.find(path)
        if steps is None:
            return None
        last = self._keys.is_list(steps)
        if None not in steps and not last:
            return None
        found = jsonkeys.sql(self._keys, steps, as_list=last)
        return Column(path, flat(found, steps.count(None) + last), "JSON")

    def nested(self) -> list[str]:
        return self._keys.nested()

    def fixed(self, column: str) -> bool:
        return False


class TypedFinder:
    """schema: reads the file's own. scan: SQL of the file as a table."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, schema: Callable[[], pa.Schema], scan: str) -> None:
        self._connection, self._read, self._scan = connection, schema, scan

    @cached_property
    def schema(self) -> pa.Schema:
        return self._read()

    def value(self, path: str) -> Column | None:
        steps = structs.find(self.schema, path)
        return None if steps is None else Column(path, structs.sql(steps), self._type(structs.sql(steps)))

    def elements(self, path: str) -> Column | None:
        found, depth = self.value(path), 0
        while found is not None and found.type.endswith("]"):
            found = Column(path, found.sql if not depth else flat(found.sql, 2), self._element(found.sql, depth))
            depth += 1
        return found if depth else None

    def nested(self) -> list[str]:
        return structs.fields(self.schema)

    def fixed(self, column: str) -> bool:
        return bool(pa.types.is_fixed_size_binary(self.schema.field(column).type))

    def _element(self, value: str, depth: int) -> str:
        return self._type(f"unnest({flat(value, 2) if depth else value})")

    def _type(self, value: str) -> str:
        ((_, kind, *_),) = self._connection.execute(f"DESCRIBE SELECT {value} AS value FROM {self._scan}").fetchall()
        return str(kind)


class NoFinder:
    """Of text: its columns are all there is."""

    def value(self, path: str) -> Column | None:
        return None

    def elements(self, path: str) -> Column | None:
        return None

    def nested(self) -> list[str]:
        return []

    def fixed(self, column: str) -> bool:
        return False


def flat(value: str, levels: int) -> str:
    """A list of lists of ... as one list."""
    for _ in range(levels - 1):
        value = f"flatten({value})"
    return value
