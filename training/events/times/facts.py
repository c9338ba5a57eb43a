"""What is known of the times of a log before it is read, and what to say of it: the same words for every command."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from store.times.likeness import NumberForm, likeness
from store.times.numbers import NUMBER_FORMS
from store.times.texts import Order
from training.events.times.formats import WORDS, Parts, format_of, offered


@dataclass(frozen=True)
class DayOrder:
    """Dates with the year last: how many there are, and how many say that the month comes first, and the day.
    maybe_year: all could as well begin with a year of two digits. example: one of them."""

    dates: int = 0
    month_first: int = 0
    day_first: int = 0
    maybe_year: bool = False
    example: str = ""

    @property
    def order(self) -> Order:
        """What the dates decide by themselves, for no month is above 12. Where some say this and some that, most do."""
        if self.month_first == self.day_first or (self.maybe_year and self.day_first):
            return ""
        return "mdy" if self.month_first > self.day_first else "dmy"

    @property
    def orders(self) -> tuple[Parts, ...]:
        """Those that no date rules out, or all where the dates contradict each other."""
        if self.maybe_year:
            year_first: tuple[Parts, ...] = () if self.month_first else ("ymd",)
            return (*(() if self.day_first else ("mdy",)), *(() if self.month_first else ("dmy",)), *year_first)
        return "mdy", "dmy"


NO_DATES = DayOrder()


@dataclass(frozen=True)
class Said:
    """What was found, what it does, and what to do: three sentences or more."""

    found: str
    effect: str
    advice: str

    def __str__(self) -> str:
        return f"{self.found} {self.effect} {self.advice}"


@dataclass(frozen=True)
class TimeFacts:
    """days: of dates with the year last. number: the form of numbers that are no epoch, with two `examples` of them.
    unread: texts of the first rows that are no time."""

    days: DayOrder = NO_DATES
    number: NumberForm | None = None
    examples: tuple[str, str] = ("", "")
    unread: tuple[str, ...] = ()

    def ambiguous(self) -> Said | None:
        """Of dates whose month and day could change places."""
        if not self.days.dates or self.days.order:
            return None
        formats = offered(self.days.example, self.days.orders)
        why = "no date has a day above 12"
        if self.days.month_first or self.days.day_first:
            why = "the dates contradict each other" if not self.days.maybe_year else "the year could be first as well"
        firsts = " or ".join(WORDS[order] for order in self.days.orders)
        return Said(
            f"Times like {self.days.example!r} may have {firsts}, and the log does not say which: {why}.",
            "None of them is read.",
            f"Say it: {formats}." if formats else "Say how they are written with --time-format.",
        )

    def no_epoch(self) -> Said | None:
        """Of numbers that count something else than a unit of time since 1970."""
        if self.number is None:
            return None
        name, likely = self.number.name, "are" if self.number.sure else "are probably"
        words, other = NUMBER_FORMS[name].words, ""
        if self.number.other:
            words += f", or {NUMBER_FORMS[self.number.other].words}: no day is above 12"
            other = f" or --time-format {self.number.other}"
        first, last = self.examples
        numbers = f"like {first}" if first == last else f"from {first} to {last}"
        return Said(
            f"The times are numbers {numbers}. These {likely} {words}.",
            "Read as a count since 1970, their pauses are wrong by a large factor: visits of different days run "
            "together.",
            f"Say it: --time-format {name}{other}. "
            "If they do count since 1970, say their unit: --time-unit s (ms, us, ns).",
        )

    def severity(self, sessions_given: bool) -> Literal["stop", "warn", "note"]:
        """Of numbers that are no epoch. Given sessions are not cut by pauses, so there they do less harm. That seconds
        count from 2001 can only be guessed: logs of the 1990s look alike."""
        if self.number is None or self.number.name == "cocoa":
            return "note"
        return "stop" if self.number.sure and not sessions_given else "warn"

    def stop(self, sessions_given: bool) -> Said | None:
        """Why a training makes no sense."""
        return self.ambiguous() or (self.no_epoch() if self.severity(sessions_given) == "stop" else None)

    def guessed(self) -> Said | None:
        """How dates are read whose month and day could change places, where the log itself decides it."""
        order = self.days.order
        if not self.days.dates or not order:
            return None
        count = self.days.month_first if order == "mdy" else self.days.day_first
        other = format_of(self.days.example, "dmy" if order == "mdy" else "mdy")
        return Said(
            f"Times like {self.days.example!r} are read with {WORDS[order]}: {count:,} of those looked at have a day "
            "above 12.",
            "A time that contradicts it is rejected.",
            "If it is wrong, say it: --time-format" + ("." if other is None else f" '{other}'."),
        )


NO_FACTS = TimeFacts()


def unread(texts: Sequence[str]) -> str:
    """Times that cannot be read, as they stand, and what they look like."""
    shown = [repr(text[:60]) for text in texts]
    why = [likeness(text) for text in texts]
    if len(set(why)) == 1:
        return ", ".join(shown) + (f" ({why[0]})" if why[0] else "")
    return ", ".join(f"{text} ({reason})" if reason else text for text, reason in zip(shown, why, strict=True))
