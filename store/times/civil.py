"""Days and clocks as moments, in a zone: an offset, or a name of the IANA database with its summer times."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EPOCH_DAY = date(1970, 1, 1).toordinal()
LAST_YEAR = 2200  # what is later is no time of an event
STEP = 86_400  # seconds between two looks at a zone: no offset was ever in force for less than a day
OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2})(?::?(\d{2}))?)?", re.ASCII)


@dataclass(frozen=True)
class Zone:
    """The offsets of a zone. breaks: wall clock seconds since 1970 from which `offsets` (one more) are in force.

    Where clocks go back an hour comes twice: the first is meant. Where they go forward an hour is left out: a time
    within it is read with the offset before. (RFC 5545, section 3.3.5, and "compatible" in ECMAScript's Temporal.)
    """

    offsets: tuple[int, ...] = (0,)
    breaks: tuple[int, ...] = ()

    def utc(self, wall: int) -> int:
        """Seconds since 1970 UTC of a wall clock that shows `wall` seconds since 1970."""
        return wall - self.offsets[bisect_right(self.breaks, wall)]


@lru_cache(maxsize=64)
def zone_of(name: str) -> Zone:
    """Raises ValueError for what is neither a name nor an offset such as +02:00."""
    if name.upper() in ("UTC", "GMT", "Z"):
        return Zone()
    if found := OFFSET.fullmatch(name):
        return Zone((seconds_of(*found.groups()),))
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{name!r} is neither a time zone such as Europe/Berlin nor an offset such as +02:00"
        ) from None
    offsets, breaks = [_offset(zone, 0)], []
    for day in range(STEP, (date(LAST_YEAR, 1, 1).toordinal() - EPOCH_DAY) * 86_400, STEP):
        after = _offset(zone, day)
        if after != offsets[-1]:
            # Both readings of a repeated or missing hour are before this point, as the docstring of Zone has it.
            breaks.append(_change(zone, day - STEP, day) + max(offsets[-1], after))
            offsets.append(after)
    return Zone(tuple(offsets), tuple(breaks))


def _offset(zone: ZoneInfo, seconds: int) -> int:
    offset = datetime.fromtimestamp(seconds, UTC).astimezone(zone).utcoffset()
    return 0 if offset is None else offset.days * 86_400 + offset.seconds


def _change(zone: ZoneInfo, before: int, after: int) -> int:
    """The first second with the offset that is in force at `after`."""
    wanted = _offset(zone, after)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if _offset(zone, middle) == wanted else (middle, after)
    return after


def seconds_of(sign: str, hours: str, minutes: str | None = None, seconds: str | None = None) -> int:
    """An offset in seconds. Raises ValueError for one of a day or more."""
    found = int(hours), int(minutes or 0), int(seconds or 0)
    if found[0] > 23 or found[1] > 59 or found[2] > 59:
        raise ValueError(f"no zone is {sign}{hours}:{minutes or '00'} away from UTC")
    return (found[0] * 3600 + found[1] * 60 + found[2]) * (-1 if sign == "-" else 1)


def moment(day: date, clock: tuple[int, int, int, int], offset: int | None, zone: Zone) -> int:
    """Microseconds since 1970 UTC. clock: hour, minute, second, microsecond. offset: seconds, in place of the zone.

    24:00 is the end of the day, and a leap second (:60) the begin of the next. Raises ValueError for other clocks.
    """
    hour, minute, second, micro = clock
    if (
        minute > 59
        or (second > 59 and (second, minute) != (60, 59))
        or (hour > 23 and clock != (24, 0, 0, 0))
        or min(clock) < 0
    ):
        raise ValueError(f"{hour}:{minute}:{second} is not a time of day")
    wall = (day.toordinal() - EPOCH_DAY) * 86_400 + hour * 3600 + minute * 60 + second
    return (zone.utc(wall) if offset is None else wall - offset) * 1_000_000 + micro
