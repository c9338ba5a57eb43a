"""Findings about rows and columns: rows that are not events, and columns that the settings leave aside."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from training.check.checks import clock
from training.check.exam import Exam
from training.check.findings import Finding, Sample, finding, grade
from training.check.text import percent
from training.events.files import format_of
from training.events.rejects import HALF
from training.events.remedies import QUOTES, remedy
from training.events.times import facts
from training.events.times.formats import reading

SHOWN = 8  # event types
REJECTED_WARN = 0.01  # of the rows


def empty_files(exam: Exam) -> Iterator[Finding]:
    files = exam.counts.empty_files
    if files:
        yield finding("empty_files", "note", len(files), samples=[{"file": file} for file in files])


def guessed_text(exam: Exam) -> Iterator[Finding]:
    if exam.guesses:
        encoding = any("encoding" in guess for guess in exam.guesses)
        said = "; ".join(exam.guesses)
        yield finding(
            "text_guessed", "warn" if encoding else "note", len(exam.guessed), samples=exam.guessed, guesses=said
        )


def bad_rows(exam: Exam) -> Iterator[Finding]:
    counts, allowed = exam.counts, exam.config.events.max_bad_share
    if exam.times.ambiguous() and set(counts.rejected) == {"bad_time"}:
        return  # said with its reason
    late, texts = clock.unread(exam)
    times, formats = facts.unread(texts), reading(texts)
    offer = f" It may be {formats}." if formats else ""
    samples = [{"reason": reason, **some[0]} for reason, some in exam.rejects.items() if some]
    ranked = sorted(counts.rejected.items(), key=lambda pair: -pair[1])
    malformed = exam.rejects.get("malformed", [])
    json = bool(malformed) and all(format_of(str(row["file"])) == "jsonl" for row in malformed)
    advice = remedy(ranked[0][0], json=json) if ranked else ""
    if not exam.events:
        sound = sum(counts.dropped.values())
        case = "left_out" if sound else "rejected" if ranked else None if counts.rows else "no_rows"
        case = "times" if times and 2 * late > counts.rows else case
        yield finding(
            "no_events",
            "stop",
            counts.rows,
            share=1.0,
            samples=samples,
            case=case,
            sound=sound,
            times=times,
            remedy=advice,
            offer=offer,
            there=types_there(exam, exam.config.events.event_types),
        )
    total = sum(counts.rejected.values())
    if total:
        share = total / counts.rows
        refused = share > allowed
        yield finding(
            "rows_rejected",
            "stop" if refused else grade(share, REJECTED_WARN),
            total,
            share=share,
            samples=samples,
            case="refused_times" if refused and times and 2 * late > total else "refused" if refused else None,
            times=times,
            remedy=advice,
            offer=offer,
            read=counts.rows,
            quotes=_cause(malformed),
            reasons=", ".join(f"{n:,} {reason.replace('_', ' ')}" for reason, n in ranked),
            allowed=percent(allowed),
        )


def _cause(malformed: Sequence[Sample]) -> str:
    """What else to do, by the first rows that are malformed."""
    details = [row.get("detail", "") for row in malformed]
    if any(detail.startswith(HALF) for detail in details):
        return " Some hold \\ud800 to \\udfff alone, half of a character: write the texts in UTF-8, or without them."
    return f" {QUOTES}." if any("quote" in detail.partition(" in: ")[0] for detail in details) else ""


def types_there(exam: Exam, wanted: Sequence[str]) -> str:
    """A sentence on the event types that the log has, and those nearest to what is wanted; "" where it has none."""
    if not exam.there:
        return ""
    folded = {value.casefold().strip(): value for value in reversed(exam.there)}
    near = [near[0] for word in wanted if (near := get_close_matches(word.casefold().strip(), folded, 1))]
    meant = f"; did you mean {' or '.join(dict.fromkeys(repr(folded[word]) for word in near))}?" if near else "."
    more = ", ..." if len(exam.there) > SHOWN else ""
    return f" The log has {', '.join(repr(value[:40]) for value in exam.there[:SHOWN])}{more}{meant}"


def unused_columns(exam: Exam) -> Iterator[Finding]:
    if exam.session_column is not None:
        gap = exam.config.sessions.gap_minutes
        yield finding("session_unused", "note", 1, column=exam.session_column, gap_minutes=gap)
    if exam.types is not None:
        column, values = exam.types
        total = sum(values.values())
        shown = ", ".join(f"{value or 'empty'} {percent(n / total)}" for value, n in list(values.items())[:5])
        yield finding("types_unused", "warn", len(values), column=column, values=shown, first=next(iter(values)))
    types = exam.config.events.conversion_types
    if types and exam.events and not exam.converted:
        yield finding("no_conversions", "warn", 0, share=0.0, types=" or ".join(types), there=types_there(exam, types))
    types = exam.config.events.dislike_types
    if types and exam.events and not exam.disliked:
        yield finding("no_dislikes", "warn", 0, share=0.0, types=" or ".join(types), there=types_there(exam, types))
