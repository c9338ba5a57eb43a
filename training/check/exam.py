"""All that the checks look at: the log as it was counted, what the rules leave of it, and the cost of training."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from training.check.findings import Sample
from training.check.forecast import Forecast
from training.check.tally import Clock, People
from training.check.text import moment, number
from training.config import TrainConfig
from training.events.reader import ReadCounts
from training.sessions.encode import Sessions

ClockKind = Literal["clock", "positions", "counter", "same", "none"]

PLACEHOLDERS = (
    "null", "NULL", "Null", "none", "None", "NONE", "nan", "NaN", "NAN", "undefined", "N/A", "n/a", "NA", "<NA>", "nil",
    "unknown", "Unknown", "(not set)", "anonymous", "guest", "-", "-1",
)  # fmt: skip

NO_CLOCK = 0.99  # share of the events: a log with so many values before 1990 has no clock


@dataclass(frozen=True)
class TestPart:
    """What a run would hold out to measure on. begin: microseconds, start of its first session where time cuts."""

    kind: str
    sessions: int
    begin: int | None

    def measurable(self, of: int) -> bool:
        """Whether something is left on both sides. of: all sessions. `last` holds out an item of each."""
        return self.kind == "last" or 0 < self.sessions < of


@dataclass(frozen=True)
class Exam:
    """rejects: reason -> example rows. items, occurrences: every item id, and its events. sessions, test_part: after
    the rules, or None with `nothing_left` saying why. session_column, types: columns that the settings leave aside,
    with the values of the latter, most frequent first. units: unit of time -> rows, in the first rows of each file.
    """

    config: TrainConfig
    now: datetime
    counts: ReadCounts
    rejects: dict[str, list[Sample]]
    events: int
    converted: int
    clock: Clock
    people: People
    items: list[str]
    occurrences: NDArray[np.int64]
    sessions: Sessions | None
    nothing_left: str
    test_part: TestPart | None
    forecast: Forecast | None
    session_column: str | None
    types: tuple[str, dict[str, int]] | None
    units: dict[str, int]

    @property
    def sessions_given(self) -> bool:
        return self.config.events.session is not None

    @property
    def clock_kind(self) -> ClockKind:
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
