"""All that the checks look at: the log as it was counted, what the rules leave of it, and the cost of training."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from index.artifact.manifest import Manifest
from training.check.findings import Sample
from training.check.forecast import Forecast
from training.check.tally import Clock, People, When
from training.check.text import moment, number
from training.config import TrainConfig
from training.events.reader import ReadCounts
from training.events.times.facts import NO_FACTS, TimeFacts
from training.sessions.encode import Sessions

ClockKind = Literal["clock", "positions", "counter", "same", "none"]

PLACEHOLDERS = (
    "null", "NULL", "Null", "none", "None", "NONE", "nan", "NaN", "NAN", "undefined", "N/A", "n/a", "NA", "<NA>", "nil",
    "unknown", "Unknown", "(not set)", "anonymous", "guest", "-", "-1",
)  # fmt: skip


@dataclass(frozen=True)
class Split:
    """What a run would hold out to measure on. since: start of its first session, where time cuts."""

    kind: str
    test_sessions: int
    since: When | None


@dataclass(frozen=True)
class Exam:
    """rejects: reason -> example rows. unknown: hash -> id, of users whose id says that they are not known. items,
    occurrences: every item id, and its events. sessions: after the rules, or None with `nothing_left`: why, and what
    would change it. split: None where nothing can be measured; held: the sessions that would be held out.
    session_column, types: columns that the settings leave aside, with the values of the latter, most frequent first.
    units: unit of time -> rows, in the first rows of each file. serving: of the model that serves, None where there is
    none. whole: files whose ids are written as 300.0. guesses: what was guessed of the files' text, in words; guessed:
    files, with what they say. times: what was known of them before the log was read.
    """

    config: TrainConfig
    now: datetime
    counts: ReadCounts
    rejects: dict[str, list[Sample]]
    converted: int
    disliked: int
    clock: Clock
    people: People
    unknown: dict[int, str]
    items: list[str]
    occurrences: NDArray[np.int64]
    sessions: Sessions | None
    nothing_left: tuple[str, str]
    split: Split | None
    held: int
    forecast: Forecast | None
    session_column: str | None
    types: tuple[str, dict[str, int]] | None
    units: dict[str, int]
    serving: Manifest | None = None
    whole: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
    guessed: tuple[Sample, ...] = ()
    times: TimeFacts = NO_FACTS

    @property
    def events(self) -> int:
        return self.clock.events

    @property
    def given(self) -> Literal["sessions_given"] | None:
        """The case of a finding, where the log gives its sessions."""
        return "sessions_given" if self.config.events.session is not None else None

    @property
    def clock_kind(self) -> ClockKind:
        """positions: each user starts at 0; counter: one for the whole log; same: one moment; none: no events."""
        if not self.events:
            return "none"
        if self.clock.first == self.clock.last:
            return "same"
        if self.clock.real:
            return "clock"
        return "positions" if self.people.from_zero > 0.5 * self.people.users.total() else "counter"

    def when(self, micros: int) -> str:
        """A moment; for positions and counters the number itself."""
        return moment(micros) if self.clock.real else number(micros)
