"""Findings about ids: spellings that mean one item, and ids that stand for nothing."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from training.check.exam import Exam
from training.check.findings import Finding, Sample, finding, grade
from training.check.tally import SAMPLES
from training.events.unknown import names_nothing
from training.items.meeting import HIDDEN, bare, without_blanks

CASE_WARN = BLANKS_WARN = FORM_WARN = 0.01  # of the items
# What an id may lose without being another one: looked for in those that have any of it.
LOOSE = r"^0\d|\.0+$|^[\"'`\x{201c}\x{2018}\x{ab}]|'$|[0-9a-fA-F]-[0-9a-fA-F]{4}-|^\d[\d-]*-[\dXx]$"

# A long number of which a spreadsheet left the first digits: 4.00638E+12, and 4,00638E+12 in half of Europe.
EXPONENT = re.compile(r"\d[.,](\d+)[eE]\+?(\d{1,2})")


def spellings(exam: Exam) -> Iterator[Finding]:
    if not exam.items:
        return
    written = pa.array(exam.items, pa.large_string())
    trimmed = without_ends(written)
    for code, found, most in (
        ("ids_differ_by_space", alike(exam, written, trimmed), 0.0),
        ("ids_differ_by_case", alike(exam, trimmed, pc.utf8_lower(trimmed)), CASE_WARN),
    ):
        if found:
            share = len(found) / len(exam.items)
            yield finding(code, grade(share, most), len(found), share=share, samples=found)
    pairs = twins(exam)
    if pairs:
        share = len(pairs) / len(exam.items)
        yield finding("ids_differ_by_form", grade(share, FORM_WARN), len(pairs), share=share, samples=pairs)


def twins(exam: Exam) -> list[Sample]:
    """Ids that are one with another but for how they are written; where blanks at the ends or letter case would do,
    they are found as such."""
    written = pa.array(exam.items, pa.large_string())
    another = pc.not_equal(written, pc.utf8_normalize(written, form="NFKC"))
    some = pc.or_(pc.match_substring_regex(written, f"{LOOSE}|[{HIDDEN}]"), another)
    at = np.flatnonzero(some.to_numpy(zero_copy_only=False)).tolist()
    if not at:
        return []
    places = {item: i for i, item in enumerate(exam.items)}
    found: list[Sample] = []
    for i in at:
        item, plain = exam.items[i], bare(exam.items[i])
        other = places.setdefault(plain, i)
        if other != i and without_blanks(item).casefold() != without_blanks(exam.items[other]).casefold():
            both = [other, i]
            found.append({"items": [exam.items[b] for b in both], "events": [int(exam.occurrences[b]) for b in both]})
    return sorted(found, key=lambda pair: -sum(pair["events"]))


def without_ends(written: Any) -> Any:
    """Without the space at the ends, and what is not seen there."""
    return pc.utf8_trim_whitespace(pc.utf8_trim(pc.utf8_trim_whitespace(written), characters=HIDDEN))


def blank_ends(exam: Exam) -> Iterator[Finding]:
    if not exam.items:
        return
    written = pa.array(exam.items, pa.large_string())
    at = np.flatnonzero(pc.not_equal(written, without_ends(written)).to_numpy(zero_copy_only=False))
    if len(at):
        share, most = len(at) / len(exam.items), at[np.argsort(-exam.occurrences[at], kind="stable")][:SAMPLES]
        samples: list[Sample] = [{"item": exam.items[i], "events": int(exam.occurrences[i])} for i in most.tolist()]
        example = exam.items[int(most[0])]
        yield finding(
            "ids_with_blanks", grade(share, BLANKS_WARN), len(at), share=share, samples=samples, example=example
        )


def whole_numbers(exam: Exam) -> Iterator[Finding]:
    if exam.whole:
        more = f" and {len(exam.whole) - 1} more" if len(exam.whole) > 1 else ""
        yield finding("ids_read_whole", "note", len(exam.whole), files=f"{exam.whole[0]}{more}")


def cut_numbers(exam: Exam) -> Iterator[Finding]:
    matched = pc.match_substring_regex(pa.array(exam.items, pa.large_string()), EXPONENT.pattern)
    some = np.flatnonzero(matched.to_numpy(zero_copy_only=False))
    found = [(int(exam.occurrences[i]), exam.items[i]) for i in some.tolist() if is_cut(exam.items[i])]
    if found:
        count, ranked = sum(n for n, _ in found), sorted(found, reverse=True)
        samples: list[Sample] = [{"item": item, "events": n} for n, item in ranked]
        share = count / exam.events
        yield finding("ids_cut_short", "warn", count, share=share, samples=samples, example=ranked[0][1])


def is_cut(item: str) -> bool:
    """Whether the number has more digits than are written."""
    found = EXPONENT.fullmatch(item.strip())
    return found is not None and len(found[1]) < int(found[2])


def placeholders(exam: Exam) -> Iterator[Finding]:
    empty = [(int(exam.occurrences[i]), item) for i, item in enumerate(exam.items) if names_nothing(item)]
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
