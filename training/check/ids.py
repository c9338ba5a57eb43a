"""What the doctor says of ids: spellings that mean one item, and ids that stand for nothing."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from training.check.census import SAMPLES
from training.check.findings import PLACEHOLDERS, Exam, Finding, are, have, many, percent

CASE_WARN = 0.01  # of the items


def ids(exam: Exam) -> Iterator[Finding]:
    if not exam.items:
        return
    written = pa.array(exam.items, pa.large_string())
    trimmed = pc.utf8_trim_whitespace(written)
    space = alike(exam, written, trimmed)
    split = "Each spelling is an item of its own, with a part of the events."
    if space:
        yield Finding(
            "ids_differ_by_space",
            "warn",
            len(space),
            len(space) / len(exam.items),
            f"{many(len(space), 'item id')} {are(len(space))} written with and without space around.",
            split,
            "Trim the ids before training.",
            space,
        )
    case = alike(exam, trimmed, pc.utf8_lower(trimmed))
    if case:
        share = len(case) / len(exam.items)
        yield Finding(
            "ids_differ_by_case",
            "warn" if share > CASE_WARN else "note",
            len(case),
            share,
            f"{many(len(case), 'item id')} {are(len(case))} written in upper case here, in lower case there.",
            split,
            "If they mean one item, write them one way. If case tells your items apart, all is well.",
            case,
        )
    empty = [(int(exam.occurrences[i]), item) for i, item in enumerate(exam.items) if item.strip() in PLACEHOLDERS]
    if empty:
        count = sum(n for n, _ in empty)
        yield Finding(
            "placeholder_items",
            "warn",
            count,
            count / exam.events,
            f"{many(count, 'event')} ({percent(count / exam.events)}) {have(count)} an item id like {max(empty)[1]!r}, "
            "which stands for no item.",
            "It gets a vector, neighbours, and places in people's lists.",
            "Filter these rows out of the log.",
            [{"item": item, "events": n} for n, item in sorted(empty, reverse=True)],
        )
    nobody = exam.people.placeholders
    if nobody:
        count = sum(n for _, n in nobody)
        yield Finding(
            "placeholder_users",
            "warn",
            count,
            count / exam.events,
            f"{many(count, 'event')} ({percent(count / exam.events)}) {have(count)} a user id like null or guest, "
            "which stands for nobody.",
            "They are read as one user, whose sessions mix strangers.",
            "Name a --session, take the id of the visit as --user, or filter these rows out.",
            [{"user": user, "events": n} for user, n in nobody],
        )


def alike(exam: Exam, before: Any, after: Any) -> list[dict[str, Any]]:
    """Ids that differ in one writing and are one in the other, with their events; the most frequent first.

    before, after: Arrow strings, one per item.
    """
    groups = pc.value_counts(after)
    shared = groups.filter(pc.greater(groups.field("counts"), 1)).field("values")
    spellings: dict[str, list[int]] = {}
    for i in np.flatnonzero(pc.is_in(after, value_set=shared).to_numpy(zero_copy_only=False)).tolist():
        spellings.setdefault(after[i].as_py(), []).append(i)
    found = [
        {"items": [exam.items[i] for i in some[:SAMPLES]], "events": [int(exam.occurrences[i]) for i in some[:SAMPLES]]}
        for some in spellings.values()
        if len({before[i].as_py() for i in some}) > 1
    ]
    return sorted(found, key=lambda pair: -sum(pair["events"]))
