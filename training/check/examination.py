"""What `item2vec check` reports: what a log holds, what is wrong with it, and what training on it will cost."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from training.check.exam import ClockKind, Exam, Split
from training.check.findings import Finding, Sample, Verdict, verdict
from training.check.forecast import Forecast
from training.check.metadata import Metadata
from training.check.offers.offer import Offer
from training.check.tally import DAY, SAMPLES, Tally, When
from training.events.source import Sources

BUCKETS = ((1, 1), (2, 2), (3, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 999), (1000, None))


@dataclass(frozen=True)
class Files:
    """first: up to 3 names. empty: up to 3 names of files without any bytes. read_as: up to 3 ways in which files of
    text are read, in words."""

    count: int
    bytes: int
    first: list[str]
    empty: list[str]
    read_as: list[str]


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
class Examination:
    """events, users, sessions, items: of the accepted events, before any rule. after_rules, split, forecast: None where
    nothing is left. findings: stops first. seconds: that the examination took. metadata: None where there is none.
    offers: settings of docs/objectives.md that the log has something for."""

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
    metadata: Metadata | None = None
    offers: list[Offer] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The document of `item2vec check --json`: the fields, with their values as JSON has them."""
        split = self.split and asdict(self.split)
        if split:
            split["from"] = split.pop("since")
        return asdict(self) | {"split": split, "findings": [finding.to_json() for finding in self.findings]}


def report(
    exam: Exam,
    sources: Sources,
    found: list[Finding],
    seconds: float,
    metadata: Metadata | None = None,
    offers: Sequence[Offer] = (),
) -> Examination:
    """What was looked at, as it is reported."""
    people, counts, clock, every = exam.people, exam.counts, exam.clock, sources.files
    size, empty = sources.bytes, sources.empty
    rejected = {
        reason: Rejected(n, n / counts.rows, exam.rejects.get(reason, [])) for reason, n in counts.rejected.items()
    }
    item = int(np.median(exam.occurrences)) if exam.items else 0
    time = Span(exam.clock_kind, None, None, None)
    if exam.events:
        days = round((clock.last - clock.first) / DAY, 2) if clock.real else None
        time = Span(exam.clock_kind, clock.when(clock.first), clock.when(clock.last), days)
    return Examination(
        files=Files(len(every) + len(empty), size, every[:SAMPLES], list(empty[:SAMPLES]), sources.said[:SAMPLES]),
        rows=Rows(read=counts.rows, accepted=exam.events, rejected=rejected, left_out=counts.dropped),
        events=exam.events,
        users=people.users.total(),
        sessions=people.sessions.total(),
        items=len(exam.items),
        median=Medians(people.users.median(), people.sessions.median(), item),
        time=time,
        lengths=lengths(exam),
        repeats=Repeats(people.immediate, in_session=people.repeated, duplicates=people.duplicates),
        after_rules=after_rules(exam),
        split=exam.split,
        forecast=exam.forecast,
        findings=found,
        verdict=verdict(found),
        seconds=round(seconds, 1),
        metadata=metadata,
        offers=list(offers),
    )


def lengths(exam: Exam) -> Lengths:
    after = Tally(BUCKETS[-1][0])
    if exam.sessions is not None:
        after.add(exam.sessions.corpus.lengths())
    labels = [str(a) if a == b else f"{a}+" if b is None else f"{a}-{b}" for a, b in BUCKETS]
    return Lengths(labels, *([tally.within(*b) for b in BUCKETS] for tally in (exam.people.sessions, after)))


def after_rules(exam: Exam) -> AfterRules | None:
    if exam.sessions is None:
        return None
    corpus, counts = exam.sessions.corpus, exam.sessions.counts
    return AfterRules(
        len(corpus), corpus.items, len(corpus.tokens), counts.rare_items, counts.rare_events, counts.removed()
    )
