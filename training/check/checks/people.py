"""Findings about users and sessions: repeats, bots, giants, duplicates, and users and items far above the rest."""

from collections.abc import Iterator

import numpy as np

from training.check.census import BURST
from training.check.exam import Exam
from training.check.findings import Finding, Sample, Severity, finding, grade
from training.check.tally import SAMPLES
from training.sessions.repeats import has_steps

# Where a finding begins. Shares are of the events, unless it says otherwise.
DOMINATES, FAR_ABOVE = 0.1, 20  # a share, and times the median: in a small world everybody has a large share
OUTSIZED, OUTSIZED_SHARE = 1000, 0.01
ONCE_NOTE, REPEATED_NOTE = 0.1, 0.3
GIANT_WARN = 0.01
DUPLICATES_WARN = 0.01
UNKNOWN_WARN = 0.01
DAY_LONG_NOTE, DAY_LONG_WARN = 0.001, 0.05  # of the sessions


def repeats(exam: Exam) -> Iterator[Finding]:
    people = exam.people
    found = exam.sessions.repeats if exam.sessions is not None else None
    steps = has_steps(exam.config.events)
    real = found is not None and found.kind == "real" and not steps
    # Those that count once, as they should, are only told where they are many.
    if found is not None and found.kind != "few" and (found.kept or real or found.share > ONCE_NOTE):
        case = ("real_kept" if found.kept else "real") if real else "kept" if found.kept else "steps" if steps else None
        severity: Severity = "note" if found.kept == real else "warn"
        yield finding("immediate_repeats", severity, found.count, share=found.share, case=case)
    back = people.repeated - people.immediate
    if back > REPEATED_NOTE * exam.events:
        yield finding("repeated_items", "note", back, share=back / exam.events)


def unknown(exam: Exam) -> Iterator[Finding]:
    """Users who are nobody: each of their events is a session, or the settings keep them as they are."""
    for found, case in ((exam.people.unknown, None), (exam.people.placeholders, "kept")):
        words = [(exam.unknown[user], n) for user, n in found if user in exam.unknown]
        if words:
            count = sum(n for _, n in words)
            share, shown = count / exam.events, ", ".join(f"{word!r} ({n:,})" for word, n in words[:SAMPLES])
            samples: list[Sample] = [{"user": word, "events": n} for word, n in words]
            more = f" and {len(words) - SAMPLES} more" if len(words) > SAMPLES else ""
            severity = "warn" if case else grade(share, UNKNOWN_WARN)
            yield finding(
                "placeholder_users", severity, count, share=share, samples=samples, case=case, names=f"{shown}{more}"
            )
    for user, count in exam.people.unknown:
        if user not in exam.unknown:
            share, samples, median = count / exam.events, [{"user": user, "events": count}], exam.people.users.median()
            yield finding("user_dominates", "warn", count, share=share, samples=samples, case="unknown", median=median)


def bots(exam: Exam) -> Iterator[Finding]:
    """Users above the ceiling, users a thousand times above the rest, and users faster than any hand."""
    people, ceiling, events = exam.people, exam.config.sessions.max_user_events, exam.events
    median = max(1, people.users.median())
    found: dict[int, tuple[int, list[str]]] = {}
    for user, count in people.top:
        if ceiling and count > ceiling:
            found.setdefault(user, (count, []))[1].append("above --max-user-events, left out")
        elif count > OUTSIZED * median and count > OUTSIZED_SHARE * events:
            found.setdefault(user, (count, []))[1].append(f"{count / median:,.0f} times the median user")
    fast = exam.clock_kind == "clock" and people.burst_users > 0
    for user, count in people.bursts if fast else []:
        found.setdefault(user, (count, []))[1].append(f"{BURST:,} events within half an hour")
    if not found:
        yield from dominant_user(exam, median)
        return
    ranked = sorted(found.items(), key=lambda pair: -pair[1][0])
    out = exam.sessions.counts if exam.sessions is not None else None
    count = max(len(found), people.burst_users if fast else 0, out.bot_users if out else 0)
    total = max(sum(n for _, (n, _) in ranked), people.burst_events if fast else 0, out.bot_events if out else 0)
    left_out = out is not None and out.bot_users >= count
    yield finding(
        "likely_bots",
        "note" if left_out else "warn",
        count,
        share=total / events,
        samples=[{"user": user, "events": n, "why": "; ".join(why)} for user, (n, why) in ranked],
        case="left_out" if left_out else None,
        events=total,
        least=ranked[-1][1][0],
        ceiling=ceiling,
        median=median,
    )


def dominant_user(exam: Exam, median: int) -> Iterator[Finding]:
    user, count = exam.people.top[0] if exam.people.top else (0, 0)
    if dominates(exam, count, median):
        share, samples, ceiling = count / exam.events, [{"user": user, "events": count}], median * FAR_ABOVE
        yield finding("user_dominates", "warn", count, share=share, samples=samples, median=median, ceiling=ceiling)


def dominant_item(exam: Exam) -> Iterator[Finding]:
    if not exam.items:
        return
    item, median = int(np.argmax(exam.occurrences)), max(1, int(np.median(exam.occurrences)))
    count = int(exam.occurrences[item])
    if dominates(exam, count, median):
        share, samples = count / exam.events, [{"item": exam.items[item], "events": count}]
        yield finding("item_dominates", "warn", count, share=share, samples=samples, median=median)


def dominates(exam: Exam, count: int, median: int) -> bool:
    return count > DOMINATES * exam.events and count > FAR_ABOVE * median


def long_sessions(exam: Exam) -> Iterator[Finding]:
    people, rules = exam.people, exam.config.sessions
    if people.giant_sessions:
        share = people.giant_events / exam.events
        yield finding(
            "giant_sessions",
            grade(share, GIANT_WARN),
            people.giant_sessions,
            share=share,
            samples=[giant(exam, *g) for g in people.giants],
            longest=people.sessions.largest,
            max_length=rules.max_length,
        )
    long = people.day_long
    if exam.clock_kind == "clock" and long > DAY_LONG_NOTE * people.sessions.total():
        share, gap = long / people.sessions.total(), rules.gap_minutes
        severity = grade(share, DAY_LONG_WARN)
        yield finding("day_long_sessions", severity, long, share=share, case=exam.given, gap_minutes=gap)


def giant(exam: Exam, user: int, session: int, begin: int, length: int) -> Sample:
    named = {"session": session} if session else {}
    return {"user": user, **named, "from": exam.when(begin), "events": length}


def duplicates(exam: Exam) -> Iterator[Finding]:
    people = exam.people
    if people.duplicates:
        share = people.duplicates / exam.events
        samples = [{"user": u, "item": exam.items[i], "time": exam.when(t)} for u, i, t in people.duplicated]
        yield finding("duplicate_rows", grade(share, DUPLICATES_WARN), people.duplicates, share=share, samples=samples)
