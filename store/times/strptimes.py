"""Times in a format that someone gave, in the directives of strptime."""

import re
from datetime import datetime
from functools import lru_cache

from store.times.civil import Zone, moment
from store.times.texts import NAMED

DIRECTIVES = "aAwdbBmyYHIpMSfzZjUWGuV%"
YEARS = ("%Y", "%y", "%G")
ZONES = re.compile(
    rf"(?<![a-z])(?:{'|'.join(sorted(NAMED, key=len, reverse=True))})(?![a-z])", re.ASCII | re.IGNORECASE
)
UTC_AT_END = re.compile(r"(?<!%)Z$|\b(?:UTC|GMT)$|[+-]00:?(?:00)?$")  # not as a directive
LONG = re.compile(r"(?<=[.,:]\d{6})\d{1,6}(?!\d)", re.ASCII)  # nanoseconds, where Python ends at microseconds


def check_format(form: str) -> None:
    """Raises ValueError, saying what to write instead, for what strptime cannot read a time by."""
    unknown = [d for d in re.findall(r"%(.?)", form, re.DOTALL) if d not in DIRECTIVES or not d]
    if unknown:
        raise ValueError(f"%{unknown[0]} is no directive of strptime that is read; these are: %{' %'.join(DIRECTIVES)}")
    if not any(year in form.replace("%%", "") for year in YEARS):
        raise ValueError("it has no year (%Y or %y), so no text is a time")
    try:
        datetime.strptime("", form)
    except re.error as error:
        raise ValueError(f"it names something twice ({error})") from None
    except ValueError as error:
        if "does not match" not in str(error):
            raise ValueError(str(error)) from None


@lru_cache(maxsize=64)
def _plain(form: str) -> str:
    """With an offset in place of a zone's name: of names strptime knows only those of the machine it runs on."""
    return re.sub("%Z", "%z", form) if "%z" not in form else re.sub(r"\s*%Z", "", form)


def names_zone(form: str) -> bool:
    """Whether every time in this format says its zone."""
    return "%z" in form or "%Z" in form or UTC_AT_END.search(form) is not None


def by_format(text: str, form: str, zone: Zone) -> int | None:
    """Microseconds since 1970 UTC; None for a text that is not in this format, and blanks at the ends aside."""
    named_utc = UTC_AT_END.search(form) is not None
    if "%Z" in form.replace("%%", ""):
        named = "" if "%z" in form else r"+%02d:00"
        text, form = ZONES.sub(lambda m: named and _hours(NAMED[m[0].lower()]), text, count=1).strip(), _plain(form)
    for candidate in (text, LONG.sub("", text, count=1) if "%f" in form else text):
        try:
            found = datetime.strptime(candidate, form)
            break
        except ValueError:
            continue
    else:
        return None
    offset = found.utcoffset()
    seconds = offset.days * 86_400 + offset.seconds if offset is not None else 0 if named_utc else None
    return moment(found.date(), (found.hour, found.minute, found.second, found.microsecond), seconds, zone)


def _hours(hours: int) -> str:
    return f"{'-' if hours < 0 else '+'}{abs(hours):02d}:00"
