"""Times as text: ISO 8601 in all its forms, RFC 3339 and 2822, what web servers, C and people write.

Numeric dates with the year last are read where a point says that they are German (d.m.Y); with / or - they need to be
told whether the month or the day comes first.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from store.times.civil import Zone, moment, seconds_of
from store.times.numbers import full_year

Order = Literal["", "mdy", "dmy"]
EPOCH = datetime(1970, 1, 1)
MOST = 120  # characters; no time is longer

MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: number for number, name in enumerate(MONTH_NAMES, 1)}
MONTH = (
    r"(?P<mon>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
WEEKDAY = (
    r"(?:(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
    r"\.?,?\s*)?"
)
YEAR = r"(?P<y>\d{4}|\d{2})(?!\d)"
DAY = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?"
# What stands where in a date; the year last with / or - is the only one that needs an order.
DATES = (
    r"(?P<y>\d{4})(?P<sep>[-/. ])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})(?!\d)",
    r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?=\D|$)",
    r"(?P<y>\d{4})-?w(?P<week>\d\d)(?:-?(?P<weekday>[1-7]))?(?!\d)",
    r"(?P<y>\d{4})-?(?P<doy>\d{3})(?!\d)",
    r"(?P<y>\d{4})-(?P<m>\d\d)(?![\d-])",
    rf"(?P<d>\d{{1,2}})\.\s?(?P<m>\d{{1,2}})\.\s?{YEAR}",
    rf"(?P<first>\d{{1,2}})(?P<sep>[/-])(?P<second>\d{{1,2}})(?P=sep){YEAR}",
    rf"{WEEKDAY}{DAY}\.?[\s/-]*{MONTH},?[\s/-]*{YEAR}",
    rf"{WEEKDAY}{MONTH}[\s-]*{DAY},?[\s-]+(?P<y>\d{{4}})(?![\d:])",
    rf"(?P<y>\d{{4}})[\s/-]{MONTH}[\s/-]{DAY}(?!\d)",
)
# A fraction of an hour or a minute only after a T: 10.30 and 10:30.5 mean other things to other people.
CLOCK = (
    r"(?P<h>\d{1,2})(?::(?P<mi>\d{1,2})(?::(?P<s>\d{1,2})(?:[.,](?P<f>\d+))?|(?<=t\d\d:\d\d)[.,](?P<mf>\d+))?"
    r"|\.(?P<dmi>\d\d)\.(?P<ds>\d\d)(?:\.(?P<df>\d+))?"
    r"|(?P<bmi>\d\d)(?P<bs>\d\d)?(?:[.,](?P<bf>\d+))?|(?<=t\d\d)[.,](?P<hf>\d+))?"
    r"(?:\s*(?P<half>[ap])\.?m\b\.?)?"
)
# Zone names that RFC 2822 gives a meaning; others mean different things in different countries.
NAMED = {"ut": 0, "utc": 0, "gmt": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6}
NAMED |= {"pst": -8, "pdt": -7}
# Beside an offset a name says nothing more: Go's +0200 CEST, Java's +02:00[Europe/Berlin], JavaScript's +0200 (...).
ZONE = (
    r"(?:(?:utc|gmt)?(?P<sign>[+-])(?P<zh>\d{1,2})(?::?(?P<zm>\d\d)(?::?(?P<zs>\d\d))?)?(?!\d)"
    rf"(?:\s*[a-z]{{3,5}})?|(?P<named>{'|'.join(sorted(NAMED, key=len, reverse=True))}))"
    r"(?:\s*\[[\w/+-]+\]|\s*\([^()]*\))?(?:\s+m=[+-][\d.]+)?"
)
BETWEEN = r"(?:t|\s*,\s*|\s+(?:at\s+)?|:)"  # date and clock


@dataclass(frozen=True)
class Parts:
    """What a text says, as it says it."""

    groups: dict[str, str | None]

    def number(self, *names: str) -> int:
        return next((int(text) for name in names if (text := self.groups.get(name)) is not None), 0)

    def has(self, *names: str) -> bool:
        return any(self.groups.get(name) is not None for name in names)


# What most programs write. Python reads it ten times faster than the patterns above.
USUAL = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII)
FLAGS = re.ASCII | re.IGNORECASE
PATTERNS = [re.compile(rf"{date}(?:{BETWEEN}{CLOCK})?(?:\s*{ZONE})?", FLAGS) for date in DATES]
PATTERNS.append(re.compile(rf"{WEEKDAY}{MONTH}\s+{DAY}\s+{CLOCK}(?:\s+{ZONE})?\s+(?P<y>\d{{4}})", FLAGS))  # ctime
SLASHES = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)", re.ASCII)


def tidy(text: str) -> str:
    """Without what no reader sees: blanks at the ends, narrow and hard blanks, marks of direction; and without the
    brackets in which web servers write it."""
    if not text.isascii():
        text = text.translate({0xA0: " ", 0x202F: " ", 0x200E: None, 0x200F: None, 0x2009: " "})
    text = text.strip()
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def read_text(text: str, zone: Zone, order: Order = "") -> int | None:
    """Microseconds since 1970 UTC; None for what is no time, or one whose month and day need an `order`."""
    if len(text) > MOST or (not order and SLASHES.match(text)):
        return None
    if USUAL.fullmatch(text):
        with suppress(ValueError):
            return _usual(datetime.fromisoformat(text), zone)
    for pattern in PATTERNS:
        if found := pattern.fullmatch(text):
            parts = Parts(found.groupdict())
            try:
                return moment(_day(parts, order), _clock(parts), _offset(parts), zone)
            except (ValueError, OverflowError):
                return None
    return None


def _usual(found: datetime, zone: Zone) -> int:
    since = found.replace(tzinfo=None) - EPOCH
    wall, offset = since.days * 86_400 + since.seconds, found.utcoffset()
    seconds = zone.utc(wall) if offset is None else wall - offset.days * 86_400 - offset.seconds
    return seconds * 1_000_000 + since.microseconds


def slashes(text: str) -> tuple[str, str, str] | None:
    """The three numbers of a date that needs an order, as they are written."""
    found = SLASHES.match(text)
    return found and (found[1], found[3], found[4])


def _day(parts: Parts, order: Order) -> date:
    year = parts.number("y")
    if len(parts.groups["y"] or "") == 2:
        year = full_year(year)
    if parts.has("week"):
        return date.fromisocalendar(year, parts.number("week"), parts.number("weekday") or 1)
    if parts.has("doy"):
        found = date(year, 1, 1) + timedelta(days=parts.number("doy") - 1)
        if found.year != year:
            raise ValueError(f"{year} has no day {parts.number('doy')}")
        return found
    if parts.has("mon"):
        return date(year, MONTHS[(parts.groups["mon"] or "")[:3].lower()], parts.number("d"))
    if parts.has("first"):
        first, second = parts.number("first"), parts.number("second")
        return date(year, first, second) if order == "mdy" else date(year, second, first)
    return date(year, parts.number("m"), parts.number("d") if parts.has("d") else 1)


def _clock(parts: Parts) -> tuple[int, int, int, int]:
    hour, minute, second = parts.number("h"), parts.number("mi", "dmi", "bmi"), parts.number("s", "ds", "bs")
    if half := parts.groups.get("half"):
        if hour > 12:
            raise ValueError(f"{hour} is no hour before or after noon")
        hour = hour % 12 + (12 if half in "pP" else 0)
    digits, last = next(
        ((t, n) for n in ("f", "df", "mf", "bf", "hf") if (t := parts.groups.get(n)) is not None), ("", "")
    )
    if not digits:
        return hour, minute, second, 0
    # A fraction is of the smallest unit that is written (ISO 8601, 4.2.2.4); beyond microseconds it is cut off.
    unit = 3600 if last == "hf" else 60 if last == "mf" or (last == "bf" and not parts.has("bs")) else 1
    micros = int(digits[:12]) * unit * 1_000_000 // 10 ** len(digits[:12])
    hours, rest = divmod(hour * 3600 + minute * 60 + second, 3600) if unit > 1 else (hour, 0)
    if unit == 1:
        return hour, minute, second, micros
    rest += micros // 1_000_000
    return hours, rest // 60, rest % 60, micros % 1_000_000


def _offset(parts: Parts) -> int | None:
    if name := parts.groups.get("named"):
        return NAMED[name.lower()] * 3600
    if sign := parts.groups.get("sign"):
        return seconds_of(sign, parts.groups["zh"] or "", parts.groups["zm"], parts.groups["zs"])
    return None
