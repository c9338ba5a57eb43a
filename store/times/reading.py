"""The parser of record: how the times of a log, a request or a setting are read."""

import json
from dataclasses import asdict, dataclass
from functools import lru_cache

from store.times.civil import Zone, zone_of
from store.times.numbers import NUMBER_FORMS, epoch, in_form, number_of, number_with_comma
from store.times.strptimes import by_format, check_format
from store.times.texts import Order, read_text, tidy


@dataclass(frozen=True)
class TimeRule:
    """How times are read. format: "", a name of NUMBER_FORMS, or a format of strptime. zone: of times that name none.
    unit: of numbers since 1970. order: of month and day where a date has its year last (12/1/2010); without one such
    dates are refused.
    """

    format: str = ""
    zone: str = "UTC"
    unit: str = "auto"
    order: Order = ""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @property
    def is_plain(self) -> bool:
        """Whether nothing is set that changes how numbers and ISO 8601 are read."""
        return not self.format and zone_of(self.zone) == Zone()


@lru_cache(maxsize=64)
def rule_of(text: str) -> TimeRule:
    """What `to_json` has written."""
    return TimeRule(**json.loads(text))


def read_time(text: str, rule: TimeRule) -> int | None:
    """Microseconds since 1970 UTC, negative before; None for what is no time. Later than 2200 may be out of range."""
    text = tidy(text)
    zone = zone_of(rule.zone)
    if rule.format and rule.format not in NUMBER_FORMS:
        return by_format(text, rule.format, zone)
    number = number_of(text)
    if number is None and not rule.format and (found := read_text(text, zone, rule.order)) is not None:
        return found
    if number is None:
        number = number_with_comma(text)  # last: 20240301,1046 is a date and a clock
    return None if number is None else read_number(number, rule)


def number_in(text: str) -> int | float | None:
    """The number that a text is, in whatever form it counts; None for no number, and for what is a time as text."""
    text = tidy(text)
    number = number_of(text)
    return number if number is not None or read_text(text, Zone()) is not None else number_with_comma(text)


def read_number(value: int | float, rule: TimeRule) -> int | None:
    """As `read_time`, of a number."""
    if rule.format in NUMBER_FORMS:
        return in_form(value, rule.format, zone_of(rule.zone))
    return epoch(value, rule.unit)


def check_rule(form: str, zone: str) -> None:
    """Raises ValueError, in words for whoever set them."""
    if form and form not in NUMBER_FORMS:
        if "%" not in form:
            raise ValueError(
                f"{form!r} is neither a format of strptime, such as %d/%m/%Y %H:%M, nor one of the forms of numbers: "
                f"{', '.join(NUMBER_FORMS)}"
            )
        try:
            check_format(form)
        except ValueError as error:
            raise ValueError(f"{form!r}: {error}") from None
    zone_of(zone)
