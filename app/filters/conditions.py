"""What a result must pass: conditions on the live catalogue's fields."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from index.errors import RequestError

Operator = Literal["eq", "ne", "lt", "le", "gt", "ge"]
OPERATORS: tuple[Operator, ...] = ("eq", "ne", "lt", "le", "gt", "ge")
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
NAN = float("nan")


@dataclass(frozen=True)
class Condition:
    """A field is one of `values` (eq), none of them (ne), or compares so with the number. A missing field
    has no value: it passes ne only. app.filters.columns answers it for all items at once."""

    field: str
    operator: Operator
    values: tuple[str, ...]

    @property
    def compares(self) -> bool:
        """With a number."""
        return self.operator in COMPARISONS

    @property
    def limit(self) -> float:
        """What it compares with."""
        return float(self.values[0])

    def holds(self, value: Any) -> bool:
        """Of the value that one item has there, None where it has none."""
        if self.compares:
            return bool(COMPARISONS[self.operator](number_of(value), self.limit))
        return (text_of(value) in self.values) == (self.operator == "eq")


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
            number = number_of(value)
            if number != number or abs(number) == float("inf"):
                raise RequestError(
                    f"filter {text[:100]!r} compares with something that is not a number",
                    [("filter", f"{operator} needs a number")],
                )
        found.append(Condition(field, operator, (value,)))
    return Filter(tuple(found))


def text_of(value: Any) -> str | None:
    """What eq and ne compare with: 5.0 is "5" as 5 is, None is nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None else str(value)


def number_of(value: Any) -> float:
    """What the other operators compare: also of a text that reads as a number; NaN, which no comparison holds for,
    where there is none."""
    if value is None or isinstance(value, bool):
        return NAN
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return NAN
