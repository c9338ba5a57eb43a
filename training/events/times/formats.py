"""Formats of strptime for dates of three numbers: one for each order that their parts may have."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from store.event import UNITS
from store.times.civil import Zone
from store.times.likeness import SINCE, UNTIL
from store.times.numbers import epoch
from store.times.reading import number_in
from store.times.strptimes import by_format
from store.times.texts import SLASHES, tidy

Parts = Literal["mdy", "dmy", "ymd"]
WORDS: dict[Parts, str] = {"mdy": "the month first", "dmy": "the day first", "ymd": "the year first"}
# What follows a date, piece by piece.
PIECES = re.compile(
    r"(?P<offset>[+-]\d\d:?\d\d$)|(?P<zone>\b(?:UTC|GMT)$)|(?P<number>\d+)|(?P<half>[ap]m\b)|(?P<text>.)",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)


def format_of(text: str, order: Parts) -> str | None:
    """With the separators, the year and the clock of the text, whichever of its numbers is a month; None where
    strptime has no directives for what it says."""
    text = tidy(text)
    found = SLASHES.match(text)
    if found is None or (order == "ymd" and len(found[4]) == 4):
        return None
    sep, year, rest = found[2], found[4], text[found.end() :]
    clock = _clock(rest)
    if clock is None:
        return None
    last = "%Y" if len(year) == 4 else "%y"
    dates = {"mdy": ("%m", "%d", last), "dmy": ("%d", "%m", last), "ymd": ("%y", "%m", "%d")}
    form = sep.join(dates[order]) + clock
    any_date = sep.join(("01", "01", "01" if order == "ymd" else year)) + rest
    return form if by_format(any_date, form, Zone()) is not None else None


def _clock(rest: str) -> str | None:
    half = any(piece["half"] for piece in PIECES.finditer(rest))
    units, form = ["%I" if half else "%H", "%M", "%S", "%f"], ""
    for piece in PIECES.finditer(rest):
        if piece["offset"]:
            form += "%z"
        elif piece["zone"]:
            form += "%Z"
        elif piece["half"]:
            form += "%p"
        elif piece["number"]:
            if not units:
                return None
            form += units.pop(0)
        else:
            form += piece["text"].replace("%", "%%")
    return form


def offered(text: str, orders: Sequence[Parts]) -> str:
    """The settings for each of the orders, in words, and the day that the text then is; "" where there are none."""
    forms = [(order, form) for order in orders if (form := format_of(text, order)) is not None]
    return " or ".join(f"--time-format '{form}' ({WORDS[order]}{_day(text, form)})" for order, form in forms)


def _day(text: str, form: str) -> str:
    found = by_format(tidy(text), form, Zone())
    return "" if found is None else f": {datetime.fromtimestamp(found // 1_000_000, UTC):%Y-%m-%d}"


def reading(texts: Sequence[str]) -> str:
    """As `offered`, of texts that are no times as they stand: the orders in which all of them can be read; of numbers
    the unit in which all are times of our days."""
    units = {_unit(text) for text in texts}
    if len(units) == 1 and (unit := units.pop()):
        return f"--time-unit {unit}"
    dates = [order for order in WORDS if all(_reads(text, order) for text in texts)]
    return offered(texts[0], dates) if texts else ""


def _unit(text: str) -> str | None:
    """Of a number whose size is that of a time between 1990 and 2060."""
    number = number_in(text)
    if number is None:
        return None
    unit = next((unit for unit, top in UNITS.items() if number < top), "ns")
    found = epoch(number, unit)
    return unit if found is not None and SINCE <= found <= UNTIL else None


def _reads(text: str, order: Parts) -> bool:
    form = format_of(text, order)
    return form is not None and by_format(tidy(text), form, Zone()) is not None
