"""What the doctor says of people: repeats, bots, giants, copies, and whoever is far above the rest."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from training.check.census import BURST, GIANT
from training.check.findings import Exam, Finding, are, many, percent

# Where a finding begins. Shares are of the events, unless it says otherwise.
DOMINATES, FAR_ABOVE = 0.1, 20  # a share, and times the median: in a small world everybody has a large share
OUTSIZED, OUTSIZED_SHARE = 1000, 0.01
REPEATS_NOTE, REPEATED_NOTE = 0.1, 0.3
GIANT_WARN = 0.01
DUPLICATES_WARN = 0.01
DAY_LONG_NOTE, DAY_LONG_WARN = 0.001, 0.05  # of the sessions


def repeats(exam: Exam) -> Iterator[Finding]:
    people = exam.people
    share = people.immediate / max(exam.events, 1)
    if share > REPEATS_NOTE:
        kept = not exam.config.sessions.collapse_repeats
        yield Finding(
            "immediate_repeats",
            "warn" if kept else "note",
            people.immediate,
            share,
            f"{people.immediate:,} events ({percent(share)}) repeat the item just before them.",
            "Page reloads and heartbeats look so. "
            + ("Each item becomes its own neighbour." if kept else "They count once, so the model is safe."),
            "Set --collapse-repeats." if kept else "Nothing to do; --no-collapse-repeats would keep them.",
        )
    back = people.repeated - people.immediate
    if back > REPEATED_NOTE * exam.events:
        share = back / exam.events
        yield Finding(
            "repeated_items",
            "note",
            back,
            share,
            f"{percent(share)} of the events are of an item that came earlier in the same session.",
            "People go back to what they know: lists that may repeat seen items will score higher.",
            "Decide what your page wants; item2vec recommend --exclude-seen leaves seen items out.",
        )


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
    harmless = out is not None and out.bot_users >= count
    yield Finding(
        "likely_bots",
        "note" if harmless else "warn",
        count,
        total / events,
        f"{many(count, 'user')} with {total:,} events ({percent(total / events)}) {are(count)} probably not people.",
        "They are left out of the training."
        if harmless
        else "A crawler walks the catalogue in its own order, and makes neighbours of whatever it passes.",
        "Nothing to do."
        if harmless
        else f"Lower --max-user-events below {ranked[-1][1][0]:,} (now {ceiling:,}; the median user has {median:,}), "
        "or filter them out of the log.",
        [{"user": user, "events": n, "why": "; ".join(why)} for user, (n, why) in ranked],
    )


def dominant_user(exam: Exam, median: int) -> Iterator[Finding]:
    user, count = exam.people.top[0] if exam.people.top else (0, 0)
    if count > DOMINATES * exam.events and count > FAR_ABOVE * median:
        share = count / exam.events
        yield Finding(
            "user_dominates",
            "warn",
            count,
            share,
            f"One user makes {percent(share)} of all events ({count:,}; the median user has {median:,}).",
            "The model learns that user's habits. Often it is one id for all who did not log in.",
            f"Leave such users out (--max-user-events {median * FAR_ABOVE:,}), or name a better --user.",
            [{"user": user, "events": count}],
        )


def dominant_item(exam: Exam) -> Iterator[Finding]:
    if not exam.items:
        return
    item, median = int(np.argmax(exam.occurrences)), max(1, int(np.median(exam.occurrences)))
    count = int(exam.occurrences[item])
    if count > DOMINATES * exam.events and count > FAR_ABOVE * median:
        share = count / exam.events
        yield Finding(
            "item_dominates",
            "warn",
            count,
            share,
            f"One item makes {percent(share)} of all events ({count:,}; the median item has {median:,}).",
            "It is in everybody's sessions, so it says nothing of them, and it crowds the windows of other items.",
            "If it is no real item (a home page, a shipping fee), filter it out; else try --sample 1e-3.",
            [{"item": exam.items[item], "events": count}],
        )


def long_sessions(exam: Exam) -> Iterator[Finding]:
    people, rules, given = exam.people, exam.config.sessions, exam.config.events.session is not None
    if people.giant_sessions:
        share = people.giant_events / exam.events
        yield Finding(
            "giant_sessions",
            "warn" if share > GIANT_WARN else "note",
            people.giant_sessions,
            share,
            f"{many(people.giant_sessions, 'session')} with more than {GIANT:,} events, {percent(share)} of the log; "
            f"the longest has {people.sessions.largest:,}.",
            "No visit has a thousand items: it is a machine, a reused id, or a long history read as one visit. "
            f"Above {rules.max_length:,} they are split.",
            "Look at the examples. Histories of customers are harmless; against machines, lower --max-user-events.",
            [giant(exam, *g) for g in people.giants],
        )
    long = people.day_long
    if exam.clock_kind == "clock" and long > DAY_LONG_NOTE * people.sessions.total():
        share = long / people.sessions.total()
        yield Finding(
            "day_long_sessions",
            "warn" if share > DAY_LONG_WARN else "note",
            long,
            share,
            f"{many(long, 'session')} ({percent(share)}) {'lasts' if long == 1 else 'last'} longer than a day.",
            "Items of different days and moods become neighbours.",
            "Are the session ids reused? Without --session a pause cuts."
            if given
            else f"Lower --gap-minutes (now {rules.gap_minutes:g}).",
        )


def giant(exam: Exam, user: int, session: int, begin: int, length: int) -> dict[str, Any]:
    named = {"session": session} if session else {}
    return {"user": user, **named, "from": exam.when(begin), "events": length}


def duplicates(exam: Exam) -> Iterator[Finding]:
    count = exam.people.duplicates
    if count:
        share = count / exam.events
        yield Finding(
            "duplicate_rows",
            "warn" if share > DUPLICATES_WARN else "note",
            count,
            share,
            f"{many(count, 'row')} ({percent(share)}) {'repeats' if count == 1 else 'repeat'} the user, item and time "
            "of another row.",
            "Files loaded twice or double clicks: they make items look more frequent than they are.",
            "Find the file that is there twice, or remove them (SELECT DISTINCT).",
            [{"user": u, "item": exam.items[i], "time": exam.when(t)} for u, i, t in exam.people.duplicated],
        )
