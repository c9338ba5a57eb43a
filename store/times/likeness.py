"""What a text or a number looks like that is no time as it stands: the form by name, for messages."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from store.times.civil import Zone
from store.times.numbers import DAY, LATEST, NUMBER_FORMS, Digits, in_form, number_of
from store.times.texts import SLASHES, Order, read_text, tidy

SINCE, UNTIL = 20 * 365 * DAY, 90 * 365 * DAY  # about 1990 and 2060: what times of events are in
# Numbers of these cannot be mistaken: read as an epoch they are in a year without logs, or in none.
UNMISTAKABLE = ("yyyymmdd", "yyyymmddhhmm", "yyyymmddhhmmss", "filetime", "webkit")
YEAR_AT_END = ("ddmmyyyy", "mmddyyyy")
SOME = 2  # the same, where the last four digits say a year of today
MANY = 8  # different numbers that agree by chance never
LONGEST_DAYS = 7300  # of a log that counts days; the seconds of a working day go through more numbers
COCOA_2005 = 126_230_400  # seconds since 2001: smaller numbers are positions, or of the 1970s
DAYS_2000 = 10_957  # since 1970: smaller numbers are positions
TIME_OF_DAY = re.compile(r"\d{1,2}:\d\d(:\d\d([.,]\d+)?)?(\s*[ap]\.?m\.?)?", re.ASCII | re.IGNORECASE)
DATED_TEXT = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}[ t]+\d{1,2}:\d\d(:\d\d)?(\.\d+)?\s*(?P<zone>[a-z][\w/+-]+)", re.ASCII | re.I
)
NOON = re.compile(r"(?<!\d)(1[3-9]|2\d):\d\d(:\d\d([.,]\d+)?)?\s*[ap]\.?m\b", re.ASCII | re.IGNORECASE)
THOUSANDS = re.compile(
    r"\d{1,3}((,\d{3}){2,}(\.\d+)?|(\.\d{3}){2,}(,\d+)?|([' ]\d{3}){2,}([.,]\d+)?|\.\d{3},\d+|,\d{3}\.\d+)", re.ASCII
)
ORDERS: tuple[Order, ...] = ("mdy", "dmy")
WORDED = re.compile(r"\d{1,2}\.?[\s/-]+[^\W\d]{3,}\.?[\s/-]+\d{4}", re.IGNORECASE)


def likeness(text: str) -> str:
    """What a rejected time looks like, in words; "" where nothing comes to mind."""
    text = tidy(text)
    if not text:
        return "it is empty"
    number = number_of(text)
    if number is not None:
        form = form_of(number)
        return f"it looks like {NUMBER_FORMS[form].words}" if form else "as a number of seconds it is no time"
    if found := SLASHES.match(text):
        return _dated(text, found)
    if NOON.search(text):
        return "its hour is above 12, and yet before or after noon (AM, PM)"
    if THOUSANDS.fullmatch(text):
        return "it looks like a number with marks between its thousands: write it without them"
    if TIME_OF_DAY.fullmatch(text):
        return "it is a time of day without a date"
    if found := DATED_TEXT.fullmatch(text):
        return f"its zone {found['zone'][:20]} has no one meaning: write an offset such as +02:00"
    if WORDED.match(text):
        return "its month has no English name"
    return ""


def _dated(text: str, found: re.Match[str]) -> str:
    """Of a date with the year last."""
    if NOON.search(text):
        return "its hour is above 12, and yet before or after noon (AM, PM)"
    times = [read_text(text, Zone(), order) for order in ORDERS]
    if times == [None, None]:
        return "it begins with a date, but all of it is no time in either order of month and day"
    if not any(time is not None and 0 <= time <= LATEST for time in times):
        return f"its year, {found[4]}, is out of range"
    first, second, last = int(found[1]), int(found[3]), int(found[4])
    if len(found[1]) == len(found[4]) == 2 and second <= 12 < first and 1 <= last <= 31:
        return "it looks like day and month, or year and month: which comes first is not known"
    if first > 12 >= second or second > 12 >= first:
        return f"it looks like {'day and month' if first > 12 else 'month and day'}, in this order"
    return "it looks like month and day, or day and month: which comes first is not known"


def form_of(value: int | float) -> str | None:
    """The form that one number alone shows, where nobody would mean an epoch by it."""
    for name in UNMISTAKABLE:
        found = in_form(value, name, Zone())
        if found is not None and SINCE <= found <= UNTIL:
            return name
    return None


@dataclass(frozen=True)
class NumberForm:
    """A form that all numbers of a sample have. sure: they can hardly be anything else. other: a form that they have
    just as well."""

    name: str
    sure: bool
    other: str = ""


def number_form(values: Sequence[int | float], now: int) -> NumberForm | None:
    """The form that the numbers of a log have which is no epoch, judged by a sample. now: microseconds since 1970 UTC.

    None of positions and counters, which begin near 0, and of epochs of any unit in the years that logs come from.
    """
    values = [value for value in values if math.isfinite(value)]
    if not values:
        return None
    fits = [name for name in NUMBER_FORMS if _may_be(min(values), name) and _may_be(max(values), name)]
    judged = (_form(name, values, now) for name in fits)
    return next((form for form in judged if form is not None), None)


def _may_be(value: int | float, name: str) -> bool:
    found = in_form(value, name, Zone())
    return found is not None and SINCE <= found <= UNTIL


def _months(values: Sequence[int | float], name: str) -> int:
    """In how many months these are; 0 where one is no date."""
    found = [in_form(value, name, Zone()) for value in values]
    return 0 if None in found else len({f"{datetime.fromtimestamp((f or 0) // 1_000_000, UTC):%Y%m}" for f in found})


def _form(name: str, values: Sequence[int | float], now: int) -> NumberForm | None:
    """Whether all of the numbers have this form, of which the least and the largest are."""
    low, high, different = min(values), max(values), len(set(values))
    if isinstance(NUMBER_FORMS[name], Digits) and name != "year":
        # Of random numbers of ten digits one in a hundred reads as a date and an hour: of many, all never do.
        every = all(in_form(value, name, Zone()) is not None for value in values)
        if name == "yymmdd" and _months(values, name) < 2:
            return None  # a counter goes through the days of one month, and beyond
        if every and name == "ddmmyyyy" and all(in_form(value, "mmddyyyy", Zone()) is not None for value in values):
            return NumberForm(name, True, "mmddyyyy") if different >= SOME else None
        if every and name in YEAR_AT_END:
            return NumberForm(name, True) if different >= SOME else None
        return NumberForm(name, True) if every and (name in UNMISTAKABLE or different >= MANY) else None
    if name in ("ticks", "filetime", "webkit"):
        return NumberForm(name, True)
    last = in_form(high, name, Zone()) or 0
    if name == "cocoa":
        return NumberForm(name, False) if low >= COCOA_2005 and last <= now + DAY else None
    whole = all(value == math.floor(value) for value in values)
    # Whole numbers that hardly leave one out and never come twice count something.
    counter = whole and different == len(values) >= MANY and high - low < 2 * different
    if (
        counter
        or high - low > LONGEST_DAYS
        or (name in ("days", "year", "excel", "mjd", "matlab") and last > now + DAY)
    ):
        return None
    if (name == "days" and low < DAYS_2000) or (name in ("mjd", "matlab") and whole):
        return None
    return NumberForm(name, name == "julian" or (name in ("excel", "mjd", "matlab") and not whole))
