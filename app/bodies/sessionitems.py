"""The items of a live session in the order of their times."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from index.errors import RequestError
from store.times.reading import TimeRule, read_time


class Timed(Protocol):
    """time: epoch seconds, or text in a form of docs/times.md."""

    @property
    def time(self) -> float | str | None: ...


Item = TypeVar("Item", bound=Timed)


def in_order(items: Sequence[Item], place: str) -> list[tuple[Item, float | None]]:
    """Each with its time in epoch seconds, sorted by it; where none has one as given. place: what of the request they
    are. Raises RequestError where some have a time and some none, and for one that cannot be read."""
    times = [None if item.time is None else moment(item.time, f"{place}.time") for item in items]
    given = [time for time in times if time is not None]
    if given and len(given) < len(items):
        raise RequestError("some items have a time and some have none", [(place, "time: all or none")])
    pairs = list(zip(items, times, strict=True))
    return sorted(pairs, key=lambda pair: pair[1] or 0.0) if given else pairs


def moment(time: float | str, place: str) -> float:
    """Epoch seconds. place: what of the request it is. Raises RequestError."""
    try:
        if isinstance(time, str):
            if (found := read_time(time, TimeRule())) is None:
                raise ValueError(time)
            return found / 1e6
        number = float(time)
    except (ValueError, OverflowError) as error:
        raise RequestError(
            f"time {str(time)[:50]!r} is neither a number nor a text that is read as a time", [(place, "no time")]
        ) from error
    if number != number:
        raise RequestError("a time is not a number", [(place, "not a number")])
    return number
