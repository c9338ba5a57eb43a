"""Conditions that no item can pass, since they ask for a field or a kind of value that nobody has: they are said, and
not answered with an empty list."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from app.filters.conditions import Condition, number_of
from app.problems import FieldUnknown, ValueUnfit

MOST_FIELDS = 50  # named in one answer
MOST_CHARACTERS = 100  # of a name


def unknown_field(field: str, names: Iterable[str], where: str = "filter") -> FieldUnknown:
    """names: of the fields that items have. where: what of the request names the field."""
    there = sorted({name[:MOST_CHARACTERS] for name in names})
    wrong = field[:MOST_CHARACTERS]
    near = get_close_matches(wrong, there, 1, 0.6)
    meant = f"did you mean {near[0]!r}?" if near else "the fields are in `fields`"
    return FieldUnknown(
        f"no item has a field {wrong!r}: {meant}",
        [(where, f"no item has a field {wrong!r}")],
        extra={"fields": there[:MOST_FIELDS]},
    )


def not_comparable(condition: Condition) -> ValueUnfit:
    """Of a comparison with a field that holds other values alone."""
    kind = "date" if condition.kind == "moment" else "number"
    return _unfit(condition, f"no item has a {kind} there: eq and ne compare texts")


def other_kind(condition: Condition, words: Sequence[str]) -> ValueUnfit | None:
    """None where the values that are asked for could be there. words: some of the field's, as texts."""
    if condition.operator not in ("eq", "has") or not words:
        return None
    if all(word in ("true", "false") for word in words):
        if not set(condition.values) & {"true", "false"}:
            return _unfit(condition, "the values are true and false")
    elif all(_is_number(word) for word in words) and not any(map(_is_number, condition.values)):
        return _unfit(condition, "the values are numbers")
    return None


def _is_number(text: str) -> bool:
    found = number_of(text)
    return found == found


def _unfit(condition: Condition, why: str) -> ValueUnfit:
    field, value = condition.field[:MOST_CHARACTERS], ", ".join(condition.values)[:MOST_CHARACTERS]
    asked = f"{field}:{condition.operator}:{value}"
    return ValueUnfit(f"filter {asked!r} can hold for no item: {why}", [("filter", why)])
