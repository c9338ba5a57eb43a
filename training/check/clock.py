"""Findings about time: times that are not clock times, wrong days, shared moments, missing days."""

from collections.abc import Iterator

import numpy as np

from training.check.exam import NO_CLOCK, Exam
from training.check.findings import Finding, Severity, finding
from training.check.tally import DAY
from training.check.text import are, have, many, moment, number, percent
from training.check.words import CLOCKS, UNIT_DOUBT

MIDNIGHTS = 0.9  # share of the events
TIES_NOTE, TIES_WARN = 0.2, 0.5  # of the events that follow another in their session
GAP_DAYS, GAP_TIMES = 3, 10  # days, and times the usual gap: in a thin log days are empty by chance
GAP_WARN = 0.2  # of all days
YEAR_2000 = 10_957  # days since 1970


def no_clock(exam: Exam) -> Iterator[Finding]:
    clock, kind, unit = exam.clock, exam.clock_kind, exam.config.events.time_unit
    severity: Severity = "note" if exam.sessions_given else "warn"
    case = "sessions_given" if exam.sessions_given else None
    if kind in ("positions", "counter"):
        yield finding(
            "times_are_positions",
            severity,
            clock.before_clock,
            share=clock.before_clock / exam.events,
            case=case,
            first=number(clock.first),
            last=number(clock.last),
            what=CLOCKS[kind],
            unit=UNIT_DOUBT.format(unit=unit) if unit != "auto" else "",
        )
    if kind == "same" and exam.events > 1:
        yield finding("times_all_same", severity, exam.events, share=1.0, case=case, time=moment(clock.first))


def wrong_days(exam: Exam) -> Iterator[Finding]:
    if exam.clock_kind != "clock":
        return
    clock = exam.clock
    if clock.far_past:
        share = clock.far_past / exam.events
        old = share > NO_CLOCK and not clock.before_clock
        yield finding(
            "times_in_far_past",
            "note" if old else "warn",
            clock.far_past,
            share=share,
            samples=[{"user": u, "item": i, "time": moment(t)} for u, i, t in clock.past_samples],
            events=many(clock.far_past, "event"),
            are=are(clock.far_past),
            first=moment(clock.first),
        )
    if clock.future:
        yield finding(
            "times_in_future",
            "warn",
            clock.future,
            share=clock.future / exam.events,
            samples=[{"user": u, "item": i, "time": moment(t)} for u, i, t in clock.future_samples],
            events=many(clock.future, "event"),
            are=are(clock.future),
            last=moment(clock.last),
        )


def shared_moments(exam: Exam) -> Iterator[Finding]:
    if exam.clock_kind != "clock":
        return
    clock, people = exam.clock, exam.people
    share = clock.midnight / exam.events
    if share > MIDNIGHTS:
        severity: Severity = "note" if exam.sessions_given else "warn"
        case = "sessions_given" if exam.sessions_given else None
        yield finding("times_are_dates", severity, clock.midnight, share=share, case=case)
    elif people.following and people.tied > TIES_NOTE * people.following:
        share = people.tied / people.following
        yield finding("times_tied", "warn" if share > TIES_WARN else "note", people.tied, share=share)


def mixed_units(exam: Exam) -> Iterator[Finding]:
    if len(exam.units) < 2:
        return
    total, unit = sum(exam.units.values()), exam.config.events.time_unit
    ranked = sorted(exam.units.items(), key=lambda pair: -pair[1])
    other = total - ranked[0][1]
    yield finding(
        "units_mixed",
        "note" if unit == "auto" else "warn",
        other,
        share=other / total,
        case=None if unit == "auto" else "unit_given",
        units=", ".join(f"{percent(n / total)} {u}" for u, n in ranked),
        unit=unit,
    )


def missing_days(exam: Exam) -> Iterator[Finding]:
    """Days from the first to the last event that have none; years before 2000 and days after tomorrow do not count."""
    if exam.clock_kind != "clock":
        return
    tomorrow = int(exam.now.timestamp()) // 86_400 + 1
    there = np.flatnonzero(exam.clock.days[YEAR_2000 : tomorrow + 1]) + YEAR_2000
    if len(there) < 2:
        return
    missing = np.diff(there) - 1
    span, longest, total = int(there[-1] - there[0]) + 1, int(missing.max()), int(missing.sum())
    if longest < max(GAP_DAYS, GAP_TIMES * (total - longest) / len(missing)):
        return
    at = int(np.argmax(missing))
    after, until = (moment(int(day) * DAY)[:10] for day in there[at : at + 2])
    yield finding(
        "days_missing",
        "warn" if total > GAP_WARN * span else "note",
        total,
        share=total / span,
        samples=[{"after": after, "until": until, "days": longest}],
        days=many(total, "day"),
        span=span,
        have=have(total),
        longest=longest,
        after=after,
        until=until,
    )
