"""A finding: what was found in a log, what it does to a model, and which flag mends it. And what findings rest on."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from training.check.census import GIANT, SAMPLES, Clock, People
from training.config import TrainConfig
from training.events.reader import ReadCounts
from training.sessions.encode import Sessions

Severity = Literal["stop", "warn", "note"]

FINDINGS = {
    "no_events": "no row of the log is an event",
    "nothing_left": "the rules leave no session to train on",
    "no_test_part": "too few sessions to hold any out for measuring",
    "trial_failed": "a short trial of the training failed",
    "rows_rejected": "rows that cannot be events",
    "memory_short": "training needs more memory than there is",
    "empty_files": "files without any bytes",
    "types_unused": "the log has event types, and all count alike",
    "session_unused": "the log has a column of session ids that is not used",
    "no_conversions": "no event is a conversion",
    "little_data": "too few events or items for good vectors",
    "short_sessions": "most sessions hold one item only",
    "rare_items": "many events are of items too rare for a vector",
    "immediate_repeats": "the same item again, at once",
    "repeated_items": "items come back within a session",
    "likely_bots": "users that are probably no people",
    "giant_sessions": f"sessions of more than {GIANT:,} events",
    "day_long_sessions": "sessions that last longer than a day",
    "user_dominates": "one user makes a large part of the log",
    "item_dominates": "one item makes a large part of the log",
    "duplicate_rows": "the same user, item and time more than once",
    "times_in_future": "events later than now",
    "times_in_far_past": "events before the year 2000",
    "times_are_positions": "the times are positions or counters, no clock",
    "times_all_same": "all events have one time",
    "times_are_dates": "the times are days without a time of day",
    "times_tied": "events of a session share their time",
    "units_mixed": "times in more than one unit",
    "days_missing": "days without any event",
    "ids_differ_by_space": "item ids that differ only by surrounding space",
    "ids_differ_by_case": "item ids that differ only by upper and lower case",
    "placeholder_items": "item ids that stand for no item",
    "placeholder_users": "user ids that stand for nobody",
}
PLACEHOLDERS = (
    "null", "NULL", "Null", "none", "None", "NONE", "nan", "NaN", "NAN", "undefined", "N/A", "n/a", "NA", "<NA>", "nil",
    "unknown", "Unknown", "(not set)", "anonymous", "guest", "-", "-1",
)  # fmt: skip

NO_CLOCK = 0.99  # share of the events: a log with so many values before 1990 has no clock

NAMED = ("user", "session")  # what samples show of these is a hash until it is looked up


@dataclass(frozen=True)
class Finding:
    """One problem. share: of what `found` counts, or None. samples: rows or ids, as dicts of JSON values."""

    code: str
    severity: Severity
    count: int
    share: float | None
    found: str
    effect: str
    advice: str
    samples: list[dict[str, Any]] = field(default_factory=list)

    def hashes(self, kind: Literal["user", "session"]) -> set[int]:
        """Of which ids the names are wanted."""
        return {s[kind] for s in self.samples[:SAMPLES] if isinstance(s.get(kind), int)}

    def as_dict(self, names: dict[int, str]) -> dict[str, Any]:
        """names: hash -> id."""
        message = f"{self.found} {self.effect} {self.advice}"
        samples = [
            {k: names.get(v, f"#{v:x}") if k in NAMED and isinstance(v, int) else v for k, v in sample.items()}
            for sample in self.samples[:SAMPLES]
        ]
        return {**vars(self), "title": FINDINGS[self.code], "message": message, "samples": samples}


@dataclass(frozen=True)
class Exam:
    """All that was looked at.

    rejects: reason -> example rows. items, occurrences: every item id, and its events. sessions: after the rules, or
    None with `nothing_left` saying why; no_split: why no test part can be cut off, or empty. session_column, types:
    columns that the settings leave aside, with the values of the latter, most frequent first. units: unit of time ->
    rows, in the first rows of each file.
    """

    config: TrainConfig
    now: datetime
    counts: ReadCounts
    rejects: dict[str, list[dict[str, Any]]]
    events: int
    converted: int
    clock: Clock
    people: People
    items: list[str]
    occurrences: NDArray[np.int64]
    sessions: Sessions | None
    nothing_left: str
    no_split: str
    forecast: dict[str, Any] | None
    session_column: str | None
    types: tuple[str, dict[str, int]] | None
    units: dict[str, int]

    @property
    def clock_kind(self) -> Literal["clock", "positions", "counter", "same", "none"]:
        """positions: each user starts at 0; counter: one for the whole log; same: one moment; none: no events."""
        if not self.events:
            return "none"
        if self.clock.first == self.clock.last:
            return "same"
        if self.clock.before_clock < NO_CLOCK * self.events:
            return "clock"
        return "positions" if self.people.from_zero > 0.5 * self.people.users.total() else "counter"

    def when(self, micros: int) -> str:
        """A moment; for positions and counters the number itself."""
        return number(micros) if self.clock_kind in ("positions", "counter") else moment(micros)


def verdict(found: list[Finding]) -> tuple[Literal["ready", "look", "stop"], str]:
    """What to do now: in a word, and in a sentence."""
    stops = [FINDINGS[f.code] for f in found if f.severity == "stop"]
    warnings = [FINDINGS[f.code] for f in found if f.severity == "warn"]
    if stops:
        return "stop", f"do not train yet: {'; '.join(stops)}"
    if warnings:
        return "look", f"train, but look at: {'; '.join(warnings)}"
    return "ready", "ready to train"


def percent(share: float) -> str:
    """12 %, 0.34 %, under 0.01 %."""
    if 0 < share < 0.0001:
        return "under 0.01 %"
    if 0.995 <= share < 1:
        return f"{min(share * 100, 99.99):.4g} %"
    return f"{share * 100:.0f} %" if share >= 0.1 or share == 0 else f"{share * 100:.2g} %"


def many(count: int, one: str) -> str:
    return f"{count:,} {one if count == 1 else one + 's'}"


def are(count: int) -> str:
    return "is" if count == 1 else "are"


def have(count: int) -> str:
    return "has" if count == 1 else "have"


def moment(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")


def number(micros: int) -> str:
    """A time that is no clock time, as it stands in the log: whole where it is whole."""
    return f"{micros // 1_000_000:,}" if micros % 1_000_000 == 0 else f"{micros / 1e6:,.3f}"
