"""Attributes: a category, a brand, a price; what items share, and learn from each other by."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from index.catalogue.catalogue import Catalogue
from index.catalogue.values import elements, text_of
from index.errors import ConfigError
from index.why.makeup import Attribute

QUANTILES = 10  # parts that the numbers of a column are cut into, with as many items in each

Ints = NDArray[np.int64]
Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Attributes:
    """The values of item i in column a are values[begins[i * columns + a]:begins[i * columns + a + 1]], none where it
    has none. Values are numbered over all columns, one behind the other.

    begins: int64 (items * columns + 1,). values: int32. worth: float64 (columns,), how many events of an item each is
    worth in the closed form; None: that is to be found.
    """

    columns: tuple[Attribute, ...]
    begins: Ints
    values: NDArray[np.int32]
    worth: NDArray[np.float64] | None = None

    @property
    def size(self) -> int:
        """How many values there are."""
        return sum(len(column.values) for column in self.columns)

    @property
    def items(self) -> int:
        return (len(self.begins) - 1) // len(self.columns)

    def present(self) -> NDArray[np.bool_]:
        """bool (items, columns): which items have a value."""
        return np.diff(self.begins).reshape(self.items, len(self.columns)) > 0

    def means(self, rows: Float) -> Float:
        """float32 (values, columns of rows): of each value the mean of its items' rows. rows: float32 (items, any)."""
        item = np.repeat(np.arange(self.items), np.diff(self.begins[:: len(self.columns)]))
        order = np.argsort(self.values, kind="stable")
        first = np.searchsorted(self.values[order], np.arange(self.size))
        counts = np.bincount(self.values, minlength=self.size).astype(np.float32)
        found = np.empty((self.size, rows.shape[1]), np.float32)
        for place in range(rows.shape[1]):  # all at once, every row would be copied for each of its values
            found[:, place] = np.add.reduceat(rows[item[order], place], first) / counts
        return found

    def part(self, values: Float, column: int, items: Ints) -> Float:
        """float32 (len(items), columns of values): of each item the mean of the rows of its values in that column, of
        one without zeros. values: float32 (values, any)."""
        place = items * len(self.columns) + column
        begins, lengths = self.begins[place], self.begins[place + 1] - self.begins[place]
        there = lengths > 0
        found = np.zeros((len(items), values.shape[1]), np.float32)
        begins, lengths = begins[there], lengths[there]
        if not len(lengths):
            return found
        first = np.cumsum(lengths) - lengths
        index = np.repeat(begins - first, lengths) + np.arange(lengths.sum())
        found[there] = np.add.reduceat(values[self.values[index]], first, axis=0) / lengths[:, None].astype(np.float32)
        return found

    @classmethod
    def of(cls, catalogue: Catalogue, ids: Sequence[str], names: Sequence[str]) -> "Attributes":
        """By columns of the metadata. ids: row -> item. A value of one item alone is left out: nothing is shared by it.

        Raises ConfigError for a column in which no two items have the same value.
        """
        columns, parts = [], []
        first = 0
        for name in names:
            column, members = _column(name, [elements(catalogue.field(item, name)) for item in ids])
            if not column.values:
                raise ConfigError(
                    f"objective.attributes: no two items of the log have the same value of {name!r} in their metadata: "
                    "name columns of events.items that items share, a category or a brand, or leave it out"
                )
            columns.append(column)
            parts.append([[first + value for value in values] for values in members])
            first += len(column.values)
        rows = [values for item in zip(*parts, strict=True) for values in item]
        begins = np.concatenate([[0], np.cumsum([len(values) for values in rows], dtype=np.int64)])
        return cls(tuple(columns), begins, np.array([value for values in rows for value in values], dtype=np.int32))


def _column(name: str, found: list[list[object]]) -> tuple[Attribute, list[list[int]]]:
    """The column, and the values of each item, ascending, each once."""
    numbers = _numbers(found)
    if numbers is not None and len(np.unique(np.concatenate(numbers))) > QUANTILES:
        return _cut(name, numbers)
    texts = [sorted({text for value in values if (text := text_of(value))}) for values in found]
    seen: dict[str, int] = {}
    for values in texts:
        for text in values:
            seen[text] = seen.get(text, 0) + 1
    # By name: which row of a matrix a value has does not depend on the order of the items.
    shared = sorted(text for text, items in seen.items() if items > 1)
    place = {text: value for value, text in enumerate(shared)}
    return Attribute(name, tuple(shared)), [[place[text] for text in values if text in place] for values in texts]


def _numbers(found: list[list[object]]) -> list[NDArray[np.float64]] | None:
    """Of each item; None where one of them has something else."""
    if any(isinstance(value, bool) or not isinstance(value, int | float) for values in found for value in values):
        return None
    numbers = [np.array(values, dtype=np.float64) for values in found]
    return numbers if any(map(len, numbers)) else None


def _cut(name: str, numbers: list[NDArray[np.float64]]) -> tuple[Attribute, list[list[int]]]:
    shares = np.arange(1, QUANTILES) / QUANTILES
    every = np.concatenate(numbers)
    bounds = np.unique(np.quantile(every, shares))
    bounds = bounds[bounds > every.min()]  # nothing is below the least
    said = [np.format_float_positional(bound, 6, trim="-") for bound in bounds]
    names = [f"below {said[0]}"] if said else ["any"]
    names += [f"{low} to below {high}" for low, high in pairwise(said)]
    names += [f"{said[-1]} and more"] if said else []
    members = [np.unique(np.searchsorted(bounds, values, side="right")).tolist() for values in numbers]
    return Attribute(name, tuple(names), tuple(bounds.tolist())), members
