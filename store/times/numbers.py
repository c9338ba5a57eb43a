"""Times as numbers: since 1970 in four units, and the forms that are no epoch and have to be named.

All arithmetic is that of 64-bit integers and doubles, step by step as training/events/times.py has it in SQL.
"""

import math
import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from store.event import UNITS
from store.times.civil import LAST_YEAR, Zone, moment

NUMBER = re.compile(r"[+-]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?", re.ASCII)
DECIMAL_COMMA = re.compile(r"\d{5,},\d+", re.ASCII)
MOST_WHOLE = 2**63 - 1
DAY = 86_400_000_000  # microseconds
LATEST = (date(LAST_YEAR, 1, 1).toordinal() - date(1970, 1, 1).toordinal()) * DAY


@dataclass(frozen=True)
class Linear:
    """A count from some day on. micros: (numerator, denominator) of one. start: microseconds since 1970 of its zero.
    wall: it counts what a clock on a wall shows, so a zone matters."""

    micros: tuple[int, int]
    start: int
    wall: bool
    words: str

    def bounds(self) -> tuple[int, int]:
        """The numbers of 1970 and of 2200: others are no times of events, and would overflow."""
        top, bottom = self.micros
        return -self.start * bottom // top, (LATEST - self.start) * bottom // top


@dataclass(frozen=True)
class Digits:
    """A date written as one number: of each of its parts the digits, in this order. Zeros at the beginning may be
    missing where that leaves no doubt, for a number has none."""

    parts: tuple[tuple[str, int], ...]
    words: str

    @property
    def width(self) -> int:
        return sum(digits for _, digits in self.parts)

    @property
    def shortest(self) -> int:
        """Digits at least."""
        return self.width if self.parts[0] == YEAR else self.width - 1


YEAR, YY, MONTH, DAYS = ("year", 4), ("y", 2), ("month", 2), ("day", 2)
CLOCK = (("hour", 2), ("minute", 2), ("second", 2))


def _days(year: int, month: int, day: int) -> int:
    return (date(year, month, day).toordinal() - date(1970, 1, 1).toordinal()) * DAY


NUMBER_FORMS: dict[str, Linear | Digits] = {
    "yyyymmdd": Digits((YEAR, MONTH, DAYS), "dates written as YYYYMMDD"),
    "yyyymmddhh": Digits((YEAR, MONTH, DAYS, *CLOCK[:1]), "times written as YYYYMMDDHH"),
    "yyyymmddhhmm": Digits((YEAR, MONTH, DAYS, *CLOCK[:2]), "times written as YYYYMMDDHHMM"),
    "yyyymmddhhmmss": Digits((YEAR, MONTH, DAYS, *CLOCK[:3]), "times written as YYYYMMDDHHMMSS"),
    "ddmmyyyy": Digits((DAYS, MONTH, YEAR), "dates written as DDMMYYYY"),
    "mmddyyyy": Digits((MONTH, DAYS, YEAR), "dates written as MMDDYYYY"),
    "yymmdd": Digits((YY, MONTH, DAYS), "dates written as YYMMDD"),
    "yymmddhhmm": Digits((YY, MONTH, DAYS, *CLOCK[:2]), "times written as YYMMDDHHMM"),
    "yymmddhhmmss": Digits((YY, MONTH, DAYS, *CLOCK), "times written as YYMMDDHHMMSS"),
    "year": Digits((YEAR,), "years"),
    "excel": Linear((DAY, 1), _days(1899, 12, 30), True, "days since 1900 as Excel counts them"),
    "days": Linear((DAY, 1), 0, True, "days since 1970"),
    "julian": Linear((DAY, 1), -(2_440_587 * DAY + DAY // 2), False, "Julian days"),
    "mjd": Linear((DAY, 1), -40_587 * DAY, False, "modified Julian days"),
    "matlab": Linear((DAY, 1), -719_529 * DAY, True, "days since the year 0 as MATLAB counts them (datenum)"),
    "ticks": Linear((1, 10), _days(1, 1, 1), True, ".NET ticks (units of 100 ns since the year 1)"),
    "filetime": Linear((1, 10), _days(1601, 1, 1), False, "Windows FILETIME (units of 100 ns since 1601)"),
    "webkit": Linear((1, 1), _days(1601, 1, 1), False, "WebKit times, as Chrome stores them (microseconds since 1601)"),
    "cocoa": Linear((1_000_000, 1), _days(2001, 1, 1), False, "seconds since 2001 as Apple counts them"),
}


def number_of(text: str) -> int | float | None:
    """The number a text is: whole ones of 64 bits exactly, others as a double; None for no number."""
    if not NUMBER.fullmatch(text):
        return None
    real = float(text)
    if not real.is_integer():
        return real
    if abs(real) > MOST_WHOLE:
        return real
    whole = int(Decimal(text).to_integral_value(ROUND_HALF_UP))  # a double has 53 bits, and so would lose the last
    return whole if abs(whole) <= MOST_WHOLE else real


def number_with_comma(text: str) -> float | None:
    """As `number_of`, of a number with a comma for decimals, where the comma cannot part thousands."""
    return float(text.replace(",", ".")) if DECIMAL_COMMA.fullmatch(text) else None


def epoch(value: int | float, unit: str = "auto") -> int | None:
    """A number in `unit` since 1970 as microseconds. auto: by magnitude, see store.event.UNITS. None: no time."""
    if value < 0 or not math.isfinite(_small(value)):
        return None
    if unit == "auto":
        unit = next((unit for unit, top in UNITS.items() if value < top), "ns")
    elif unit in UNITS and value > UNITS[unit] * 10:
        return None
    if isinstance(value, int):
        return value // 1000 if unit == "ns" else value * {"s": 1_000_000, "ms": 1000, "us": 1}[unit]
    if unit == "s":
        # By its parts: times a million a double would lose the last microsecond.
        return math.floor(value) * 1_000_000 + round((value - math.floor(value)) * 1_000_000)
    return math.floor(value / 1000) if unit == "ns" else round(value * {"ms": 1000, "us": 1}[unit])


def _small(value: int | float) -> float:
    # Whole numbers beyond what a float holds would raise in isfinite.
    return value if isinstance(value, float) else 0.0


def in_form(value: int | float, name: str, zone: Zone) -> int | None:
    """A number in one of NUMBER_FORMS as microseconds since 1970 UTC; None for no time of that form."""
    form = NUMBER_FORMS[name]
    if isinstance(form, Digits):
        return _written(value, form, zone)
    low, high = form.bounds()
    if not low <= value <= high:
        return None
    top, bottom = form.micros
    if isinstance(value, int):
        found = value * top // bottom + form.start
    else:
        whole = math.floor(value)
        found = whole * top // bottom + math.floor((value - whole) * top / bottom + 0.5) + form.start
    return zone.utc(found // 1_000_000) * 1_000_000 + found % 1_000_000 if form.wall else found


def _written(value: int | float, form: Digits, zone: Zone) -> int | None:
    if not 0 <= value < 10**form.width or value != math.floor(value):
        return None
    text = str(int(value))
    if len(text) < form.shortest:
        return None
    text, at = text.zfill(form.width), {"month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}
    start = 0
    for name, digits in form.parts:
        at[name] = int(text[start : start + digits])
        start += digits
    year = at["year"] if "year" in at else full_year(at["y"])
    try:
        return moment(date(year, at["month"], at["day"]), (at["hour"], at["minute"], at["second"], 0), None, zone)
    except ValueError:
        return None


def full_year(last: int) -> int:
    """Of its last two digits, as POSIX has it."""
    return last + (1900 if last > 68 else 2000)
