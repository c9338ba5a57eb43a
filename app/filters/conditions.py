"""What a result must pass: conditions on the live catalogue's fields, and how they read a value."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from index.catalogue.values import text_of, texts_of
from index.errors import RequestError

Operator = Literal["eq", "ne", "has", "lt", "le", "gt", "ge"]
OPERATORS: tuple[Operator, ...] = ("eq", "ne", "has", "lt", "le", "gt", "ge")
Kind = Literal["text", "element", "number", "moment"]
"""What a condition needs of a value."""
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
NAN = float("nan")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Condition:
    """A field is one of `values` (eq), none of them (ne), has one of them among its elements (has), or compares so with
    the number or the date. A missing field has no value: it passes ne only. app.filters.columns answers it for all
    items at once."""

    field: str
    operator: Operator
    values: tuple[str, ...]

    @property
    def kind(self) -> Kind:
        if self.operator in COMPARISONS:
            number = number_of(self.values[0])
            return "number" if number == number else "moment"
        return "element" if self.operator == "has" else "text"

    @property
    def limit(self) -> float:
        """What it compares with."""
        return READS[self.kind](self.values[0])

    def holds(self, value: Any) -> bool:
        """Of the value that one item has there, None where it has none."""
        if self.operator in COMPARISONS:
            return bool(COMPARISONS[self.operator](READS[self.kind](value), self.limit))
        if self.operator == "has":
            return any(text in self.values for text in texts_of(value))
        return (text_of(value) in self.values) == (self.operator == "eq")


@dataclass(frozen=True)
class Filter:
    """All conditions must hold."""

    conditions: tuple[Condition, ...] = ()


EVERYTHING = Filter()


def filter_of(categories: Sequence[str], conditions: Sequence[str]) -> Filter:
    """category=A&category=B: either. filter=FIELD:OP:VALUE: all. Raises RequestError that names the parameter."""
    found = [Condition("category", "has", tuple(sorted(set(categories))))] if categories else []
    for text in conditions:
        field, _, rest = text.partition(":")
        operator, colon, value = rest.partition(":")
        if not field or not colon or operator not in OPERATORS:
            raise RequestError(
                f"filter {text[:100]!r} is not FIELD:OP:VALUE with OP one of {', '.join(OPERATORS)}",
                [("filter", "must be FIELD:OP:VALUE, as price:le:20")],
            )
        condition = Condition(field, operator, (value,))
        if operator in COMPARISONS:
            limit = condition.limit
            if limit != limit or abs(limit) == float("inf"):
                raise RequestError(
                    f"filter {text[:100]!r} compares with something that is neither a number nor a date",
                    [("filter", f"{operator} needs a number, or a date as 2024-03-01 or 2024-03-01T12:00:00Z")],
                )
        found.append(condition)
    return Filter(tuple(found))


def number_of(value: Any) -> float:
    """What the other operators compare: also of a text that reads as a number; NaN, which no comparison holds for,
    where there is none."""
    if value is None or isinstance(value, bool):
        return NAN
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return NAN


def moment_of(value: Any) -> float:
    """A text in ISO 8601, as microseconds since 1970, in UTC where it names no zone; NaN where it is none."""
    if not isinstance(value, str):
        return NAN
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        return NAN
    return ((found if found.tzinfo else found.replace(tzinfo=UTC)) - EPOCH) / timedelta(microseconds=1)


READS: dict[Kind, Callable[[Any], float]] = {"number": number_of, "moment": moment_of}
