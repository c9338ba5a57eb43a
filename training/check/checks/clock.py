"""Findings about time: times that are not clock times, wrong days, shared moments, missing days."""

from collections.abc import Iterator

import numpy as np

from training.check.exam import Exam
from training.check.findings import Finding, Sample, Severity, finding, grade
from training.check.tally import DAY, NO_CLOCK, SAMPLES
from training.check.text import moment, number, percent

MIDNIGHTS = 0.9  # share of the events
TIES_NOTE, TIES_WARN = 0.2, 0.5  # of the events that follow another in their session
GAP_DAYS, GAP_TIMES = 3, 10  # days, and times the usual gap: in a thin log days are empty by chance
GAP_WARN = 0.2  # of all days
YEAR_2000 = 10_957  # days since 1970
CLOCKS = {"positions": "positions (each user starts near 0)", "counter": "a counter that runs through the whole log"}


def ambiguous_dates(exam: Exam) -> Iterator[Finding]:
    if said := exam.times.ambiguous():
        yield finding("times_ambiguous", "stop", exam.times.days.dates, **vars(said))


def guessed_dates(exam: Exam) -> Iterator[Finding]:
    if said := exam.times.guessed():
        yield finding("times_guessed", "note", exam.times.days.dates, **vars(said))


def no_epoch(exam: Exam) -> Iterator[Finding]:
    """Numbers that count something else than time since 1970; then no other finding about the clock means anything."""
    if said := exam.times.no_epoch():
        severity = exam.times.severity(exam.given is not None)
        yield finding("times_no_epoch", severity, exam.counts.rows, **vars(said))


def unread(exam: Exam) -> tuple[int, list[str]]:
    """Rows whose time cannot be read, and examples of their times."""
    rows = exam.counts.rejected.get("bad_time", 0)
    texts = dict.fromkeys(row["time"] for row in exam.rejects.get("bad_time", ()) if row.get("time"))
    return rows, list(texts)[:SAMPLES]


def no_clock(exam: Exam) -> Iterator[Finding]:
    if exam.times.number is not None:
        return
    clock, kind, unit = exam.clock, exam.clock_kind, exam.config.events.time_unit
    severity: Severity = "note" if exam.given else "warn"
    if kind in ("positions", "counter"):
        doubt = f" Or --time-unit {unit} is wrong: without it, the unit follows from the size of the numbers."
        yield finding(
            "times_are_positions",
            severity,
            clock.before_clock,
            share=clock.before_clock / exam.events,
            case=exam.given,
            first=number(clock.first),
            last=number(clock.last),
            what=CLOCKS[kind],
            unit="" if unit == "auto" else doubt,
        )
    if kind == "same" and exam.events > 1:
        time = moment(clock.first)
        yield finding("times_all_same", severity, exam.events, share=1.0, case=exam.given, time=time)


def wrong_days(exam: Exam) -> Iterator[Finding]:
    clock = exam.clock
    if exam.clock_kind != "clock" or exam.times.number is not None:
        return
    if clock.far_past:
        share, first = clock.far_past / exam.events, moment(clock.first)
        severity: Severity = "note" if share > NO_CLOCK and not clock.before_clock else "warn"
        samples = shown(clock.past_samples)
        yield finding("times_in_far_past", severity, clock.far_past, share=share, samples=samples, first=first)
    if clock.future:
        share, samples = clock.future / exam.events, shown(clock.future_samples)
        last = moment(clock.last)
        yield finding("times_in_future", "warn", clock.future, share=share, samples=samples, last=last)


def shown(events: list[tuple[int, str, int]]) -> list[Sample]:
    return [{"user": user, "item": item, "time": moment(time)} for user, item, time in events]


def shared_moments(exam: Exam) -> Iterator[Finding]:
    clock, people = exam.clock, exam.people
    if exam.clock_kind != "clock" or exam.times.number is not None:
        return
    share = clock.midnight / exam.events
    if share > MIDNIGHTS:
        severity: Severity = "note" if exam.given else "warn"
        yield finding("times_are_dates", severity, clock.midnight, share=share, case=exam.given)
    elif people.following and people.tied > TIES_NOTE * people.following:
        share = people.tied / people.following
        yield finding("times_tied", grade(share, TIES_WARN), people.tied, share=share)


def mixed_units(exam: Exam) -> Iterator[Finding]:
    if len(exam.units) < 2:
        return
    total, unit = sum(exam.units.values()), exam.config.events.time_unit
    ranked = sorted(exam.units.items(), key=lambda pair: -pair[1])
    other = total - ranked[0][1]
    severity: Severity = "note" if unit == "auto" else "warn"
    units, case = ", ".join(f"{percent(n / total)} {u}" for u, n in ranked), None if unit == "auto" else "unit_given"
    yield finding("units_mixed", severity, other, share=other / total, case=case, units=units, unit=unit)


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
        grade(total / span, GAP_WARN),
        total,
        share=total / span,
        samples=[{"after": after, "until": until, "days": longest}],
        span=span,
        longest=longest,
        after=after,
        until=until,
    )
