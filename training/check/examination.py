"""What `item2vec check` reports: what a log holds, what is wrong with it, and what training on it will cost."""

from dataclasses import asdict, dataclass
from typing import Any

from training.check.exam import ClockKind
from training.check.findings import Finding, Sample, Verdict
from training.check.forecast import Forecast

When = str | float  # ISO 8601, or a number where the times are positions or counters


@dataclass(frozen=True)
class Files:
    """first: up to 3 names. empty: up to 3 names of files without any bytes."""

    count: int
    bytes: int
    first: list[str]
    empty: list[str]


@dataclass(frozen=True)
class Rejected:
    """Rows rejected for one reason. share: of all rows."""

    rows: int
    share: float
    samples: list[Sample]


@dataclass(frozen=True)
class Rows:
    """rejected: by reason. left_out: rule of the settings -> rows."""

    read: int
    accepted: int
    rejected: dict[str, Rejected]
    left_out: dict[str, int]


@dataclass(frozen=True)
class Medians:
    """Events of the median user, session and item."""

    user: int
    session: int
    item: int


@dataclass(frozen=True)
class Span:
    """The times of the log. first, last: None without events. days: None where the times are not clock times."""

    kind: ClockKind
    first: When | None
    last: When | None
    days: float | None


@dataclass(frozen=True)
class Lengths:
    """Sessions by number of events: labels of the buckets, and the sessions in each, before and after the rules."""

    buckets: list[str]
    before: list[int]
    after: list[int]


@dataclass(frozen=True)
class Repeats:
    """Events that repeat the item just before; those of any earlier item of their session; copies of whole events."""

    immediate: int
    in_session: int
    duplicates: int


@dataclass(frozen=True)
class AfterRules:
    """What is left to train on. removed: rule -> count."""

    sessions: int
    items: int
    tokens: int
    rare_items: int
    rare_events: int
    removed: dict[str, int]


@dataclass(frozen=True)
class Split:
    """What a run would hold out to measure on. since: start of its first session, where time cuts."""

    kind: str
    test_sessions: int
    since: When | None


@dataclass(frozen=True)
class Examination:
    """events, users, sessions, items: of the accepted events, before any rule. after_rules, split, forecast: None where
    nothing is left. findings: stops first. seconds: that the examination took."""

    files: Files
    rows: Rows
    events: int
    users: int
    sessions: int
    items: int
    median: Medians
    time: Span
    lengths: Lengths
    repeats: Repeats
    after_rules: AfterRules | None
    split: Split | None
    forecast: Forecast | None
    findings: list[Finding]
    verdict: Verdict
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The document of `item2vec check --json`: the fields, with their values as JSON has them."""
        split = self.split and {
            "kind": self.split.kind,
            "test_sessions": self.split.test_sessions,
            "from": self.split.since,
        }
        return asdict(self) | {"split": split, "findings": [finding.to_json() for finding in self.findings]}
