"""From what was looked at to what is reported: the facts of an Exam as an Examination."""

import os
from datetime import UTC, datetime

import numpy as np

from training.check.exam import Exam
from training.check.examination import (
    AfterRules,
    Examination,
    Files,
    Lengths,
    Medians,
    Rejected,
    Repeats,
    Rows,
    Span,
    Split,
    When,
)
from training.check.findings import Finding, verdict
from training.check.tally import DAY, SAMPLES, Tally
from training.events.source import Sources

BUCKETS = ((1, 1), (2, 2), (3, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 999), (1000, None))


def report(exam: Exam, sources: Sources, found: list[Finding], seconds: float) -> Examination:
    people = exam.people
    return Examination(
        files=Files(
            count=len(sources.files) + len(sources.empty),
            bytes=sum(os.path.getsize(f) for f in sources.files),
            first=sources.files[:SAMPLES],
            empty=list(sources.empty[:SAMPLES]),
        ),
        rows=rows(exam),
        events=exam.events,
        users=people.users.total(),
        sessions=people.sessions.total(),
        items=len(exam.items),
        median=Medians(
            user=people.users.median(),
            session=people.sessions.median(),
            item=int(np.median(exam.occurrences)) if exam.items else 0,
        ),
        time=span(exam),
        lengths=lengths(exam),
        repeats=Repeats(people.immediate, people.repeated, people.duplicates),
        after_rules=after_rules(exam),
        split=split(exam),
        forecast=exam.forecast,
        findings=found,
        verdict=verdict(found),
        seconds=round(seconds, 1),
    )


def rows(exam: Exam) -> Rows:
    counts = exam.counts
    rejected = {
        reason: Rejected(rows=n, share=n / counts.rows, samples=exam.rejects.get(reason, []))
        for reason, n in counts.rejected.items()
    }
    return Rows(read=counts.rows, accepted=exam.events, rejected=rejected, left_out=counts.dropped)


def span(exam: Exam) -> Span:
    first, last = exam.clock.first, exam.clock.last
    if not exam.events:
        return Span(exam.clock_kind, None, None, None)
    days = round((last - first) / DAY, 2) if real(exam) else None
    return Span(exam.clock_kind, when(exam, first), when(exam, last), days)


def real(exam: Exam) -> bool:
    """Whether its times are moments, and not positions or counters."""
    return exam.clock_kind in ("clock", "same")


def when(exam: Exam, micros: int) -> When:
    return datetime.fromtimestamp(micros / 1e6, UTC).isoformat() if real(exam) else micros / 1e6


def lengths(exam: Exam) -> Lengths:
    before, after = exam.people.sessions, Tally(BUCKETS[-1][0])
    if exam.sessions is not None:
        after.add(exam.sessions.corpus.lengths())
    return Lengths(
        buckets=[str(a) if a == b else f"{a}+" if b is None else f"{a}-{b}" for a, b in BUCKETS],
        before=[before.within(a, b) for a, b in BUCKETS],
        after=[after.within(a, b) for a, b in BUCKETS],
    )


def after_rules(exam: Exam) -> AfterRules | None:
    if exam.sessions is None:
        return None
    corpus, counts = exam.sessions.corpus, exam.sessions.counts
    return AfterRules(
        sessions=len(corpus),
        items=corpus.items,
        tokens=len(corpus.tokens),
        rare_items=counts.rare_items,
        rare_events=counts.rare_events,
        removed=counts.removed(),
    )


def split(exam: Exam) -> Split | None:
    """None where nothing could be held out, or nothing would be left."""
    part = exam.test_part
    if exam.sessions is None or part is None or not part.measurable(len(exam.sessions.corpus)):
        return None
    return Split(part.kind, part.sessions, None if part.begin is None else when(exam, part.begin))
