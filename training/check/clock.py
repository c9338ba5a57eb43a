"""What the doctor says of time: clocks that are none, wrong days, shared moments, missing days."""

from collections.abc import Iterator

import numpy as np

from training.check.census import DAY
from training.check.findings import NO_CLOCK, Exam, Finding, are, have, many, moment, number, percent

MIDNIGHTS = 0.9  # share of the events
TIES_NOTE, TIES_WARN = 0.2, 0.5  # of the events that follow another in their session
GAP_DAYS, GAP_TIMES = 3, 10  # days, and times the usual gap: in a thin log days are empty by chance
GAP_WARN = 0.2  # of all days
YEAR_2000 = 10_957  # days since 1970


def no_clock(exam: Exam) -> Iterator[Finding]:
    clock, kind, given = exam.clock, exam.clock_kind, exam.config.events.session is not None
    unit = exam.config.events.time_unit
    if kind in ("positions", "counter"):
        what = (
            "positions (each user starts near 0)"
            if kind == "positions"
            else "a counter that runs through the whole log"
        )
        doubt = f" Or --time-unit {unit} is wrong: without it the size of the numbers tells." if unit != "auto" else ""
        yield Finding(
            "times_are_positions",
            "note" if given else "warn",
            clock.before_clock,
            clock.before_clock / exam.events,
            f"The times run from {number(clock.first)} to {number(clock.last)}: {what}, not clock times.",
            "Their order is used. A pause in them means nothing"
            + (", and sessions are given, so nothing is lost." if given else ", so sessions cannot be cut by pauses."),
            (
                "Nothing to do."
                if given
                else "Name the column that tells sessions apart: --session, if need be the user's."
            )
            + doubt,
        )
    if kind == "same" and exam.events > 1:
        yield Finding(
            "times_all_same",
            "note" if given else "warn",
            exam.events,
            1.0,
            f"All events have one time, {moment(clock.first)}.",
            "The order of the rows stands for the order of events"
            + ("." if given else ", and all events of a user are one session."),
            "Does --time name the date of the export?" + ("" if given else " Name the right column, or a --session."),
        )


def wrong_days(exam: Exam) -> Iterator[Finding]:
    if exam.clock_kind != "clock":
        return
    clock = exam.clock
    if clock.far_past:
        share = clock.far_past / exam.events
        old = share > NO_CLOCK and not clock.before_clock
        yield Finding(
            "times_in_far_past",
            "note" if old else "warn",
            clock.far_past,
            share,
            f"{many(clock.far_past, 'event')} ({percent(share)}) {are(clock.far_past)} dated before the year 2000, the "
            f"first {moment(clock.first)}.",
            "A missing time written as 0 looks so; it tears the event out of its session.",
            "If the log is that old, all is well. Else mend or remove them, or check --time-unit.",
            [{"user": u, "item": i, "time": moment(t)} for u, i, t in clock.past_samples],
        )
    if clock.future:
        share = clock.future / exam.events
        yield Finding(
            "times_in_future",
            "warn",
            clock.future,
            share,
            f"{many(clock.future, 'event')} ({percent(share)}) {are(clock.future)} more than a day ahead of now, the "
            f"last {moment(clock.last)}.",
            "The newest sessions are the test part: these spoil what is measured.",
            "Mend or remove them. Where most are wrong, check --time-unit.",
            [{"user": u, "item": i, "time": moment(t)} for u, i, t in clock.future_samples],
        )


def shared_moments(exam: Exam) -> Iterator[Finding]:
    if exam.clock_kind != "clock":
        return
    clock, people, given = exam.clock, exam.people, exam.config.events.session is not None
    share = clock.midnight / exam.events
    if share > MIDNIGHTS:
        yield Finding(
            "times_are_dates",
            "note" if given else "warn",
            clock.midnight,
            share,
            f"{percent(share)} of the times are exactly midnight (UTC): dates without a time of day.",
            "The order within a day is that of the rows"
            + ("." if given else ", and all a user did on one day is one session."),
            "Name a column that has the time of day: --time" + ("." if given else "; or a --session."),
        )
    elif people.following and people.tied > TIES_NOTE * people.following:
        share = people.tied / people.following
        yield Finding(
            "times_tied",
            "warn" if share > TIES_WARN else "note",
            people.tied,
            share,
            f"{percent(share)} of the events have the same time as the one before them in their session.",
            "Among them the order is that of the rows: what belongs together is learned, what comes next hardly.",
            "Keep the rows as they happened, or name a finer --time. For baskets, a --window as wide as a basket.",
        )


def mixed_units(exam: Exam) -> Iterator[Finding]:
    if len(exam.units) < 2:
        return
    total, unit = sum(exam.units.values()), exam.config.events.time_unit
    ranked = sorted(exam.units.items(), key=lambda pair: -pair[1])
    other = total - ranked[0][1]
    yield Finding(
        "units_mixed",
        "note" if unit == "auto" else "warn",
        other,
        other / total,
        f"Times come in more than one unit: {', '.join(f'{percent(n / total)} {u}' for u, n in ranked)}, by their size "
        "in the first rows of each file.",
        "Each is read by its own size, so all are read right; but two writers do not agree."
        if unit == "auto"
        else f"--time-unit {unit} takes all for one unit: the others are off by a factor of 1,000, or rejected.",
        "Nothing to do for the training." if unit == "auto" else "Leave --time-unit away: then each row is looked at.",
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
    begin, end = (moment(int(day) * DAY)[:10] for day in there[at : at + 2])
    yield Finding(
        "days_missing",
        "warn" if total > GAP_WARN * span else "note",
        total,
        total / span,
        f"{many(total, 'day')} of {span:,} {have(total)} no event; the longest gap is {longest:,} "
        f"days, between {begin} and {end}.",
        "A closed shop is harmless. A lost file hides what was liked then, and moves the split by time.",
        "Check that all files of the log are there.",
        [{"after": begin, "until": end, "days": longest}],
    )
