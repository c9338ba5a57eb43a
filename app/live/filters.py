"""What a result must pass: conditions on the live catalogue's fields."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from index.errors import RequestError

Operator = Literal["eq", "ne", "lt", "le", "gt", "ge"]
OPERATORS: tuple[Operator, ...] = ("eq", "ne", "lt", "le", "gt", "ge")


@dataclass(frozen=True)
class Condition:
    """A field is one of `values` (eq), none of them (ne), or compares so with the number. A missing field
    has no value: it passes ne only."""

    field: str
    operator: Operator
    values: tuple[str, ...]

    def passes(self, column: NDArray[Any]) -> NDArray[np.bool_]:
        """bool, one per row of `column` (object)."""
        if self.operator in ("eq", "ne"):
            wanted = set(self.values)
            hit = np.fromiter((_plain(value) in wanted for value in column), np.bool_, len(column))
            return hit if self.operator == "eq" else ~hit
        numbers = np.fromiter((_number(value) for value in column), np.float64, len(column))
        limit = float(self.values[0])
        compare = {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}[self.operator]
        with np.errstate(invalid="ignore"):
            return np.asarray(compare(numbers, limit), dtype=np.bool_)


@dataclass(frozen=True)
class Filter:
    """All conditions must hold."""

    conditions: tuple[Condition, ...] = ()


EVERYTHING = Filter()


def filter_of(categories: Sequence[str], conditions: Sequence[str]) -> Filter:
    """category=A&category=B: either. filter=FIELD:OP:VALUE: all. Raises RequestError that names the parameter."""
    found = [Condition("category", "eq", tuple(sorted(set(categories))))] if categories else []
    for text in conditions:
        field, _, rest = text.partition(":")
        operator, colon, value = rest.partition(":")
        if not field or not colon or operator not in OPERATORS:
            raise RequestError(
                f"filter {text[:100]!r} is not FIELD:OP:VALUE with OP one of {', '.join(OPERATORS)}",
                [("filter", "must be FIELD:OP:VALUE, as price:le:20")],
            )
        if operator not in ("eq", "ne"):
            number = _number(value)
            if number != number or abs(number) == float("inf"):
                raise RequestError(
                    f"filter {text[:100]!r} compares with something that is not a number",
                    [("filter", f"{operator} needs a number")],
                )
        found.append(Condition(field, operator, (value,)))
    return Filter(tuple(found))


def _plain(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None else str(value)


def _number(value: Any) -> float:
    if value is None or isinstance(value, bool):
        return float("nan")
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")
