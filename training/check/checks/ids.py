"""Findings about ids: spellings that mean one item, and ids that stand for nothing."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from training.check.exam import PLACEHOLDERS, Exam
from training.check.findings import Finding, Sample, finding, grade
from training.check.tally import SAMPLES

CASE_WARN = 0.01  # of the items


def spellings(exam: Exam) -> Iterator[Finding]:
    if not exam.items:
        return
    written = pa.array(exam.items, pa.large_string())
    trimmed = pc.utf8_trim_whitespace(written)
    for code, found, most in (
        ("ids_differ_by_space", alike(exam, written, trimmed), 0.0),
        ("ids_differ_by_case", alike(exam, trimmed, pc.utf8_lower(trimmed)), CASE_WARN),
    ):
        if found:
            share = len(found) / len(exam.items)
            yield finding(code, grade(share, most), len(found), share=share, samples=found)


def placeholders(exam: Exam) -> Iterator[Finding]:
    empty = [(int(exam.occurrences[i]), item) for i, item in enumerate(exam.items) if item.strip() in PLACEHOLDERS]
    if empty:
        count, example = sum(n for n, _ in empty), max(empty)[1]
        samples: list[Sample] = [{"item": item, "events": n} for n, item in sorted(empty, reverse=True)]
        share = count / exam.events
        yield finding("placeholder_items", "warn", count, share=share, samples=samples, example=example)


def alike(exam: Exam, before: Any, after: Any) -> list[Sample]:
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
