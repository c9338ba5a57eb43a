"""Findings about rows and columns: rows that are not events, and columns that the settings leave aside."""

from collections.abc import Iterator

from training.check.checks import clock
from training.check.exam import Exam
from training.check.findings import Finding, finding, grade
from training.check.text import percent

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
    late, times = clock.unread(exam)
    samples = [{"reason": reason, **some[0]} for reason, some in exam.rejects.items() if some]
    if not exam.events:
        sound = sum(counts.dropped.values())
        case = "left_out" if sound else None if counts.rows else "no_rows"
        case = "times" if times and 2 * late > counts.rows else case
        yield finding("no_events", "stop", counts.rows, share=1.0, samples=samples, case=case, sound=sound, times=times)
    total = sum(counts.rejected.values())
    if total:
        share = total / counts.rows
        refused = share > allowed
        ranked = sorted(counts.rejected.items(), key=lambda pair: -pair[1])
        yield finding(
            "rows_rejected",
            "stop" if refused else grade(share, REJECTED_WARN),
            total,
            share=share,
            samples=samples,
            case="refused_times" if refused and times and 2 * late > total else "refused" if refused else None,
            times=times,
            read=counts.rows,
            reasons=", ".join(f"{n:,} {reason.replace('_', ' ')}" for reason, n in ranked),
            allowed=percent(allowed),
        )


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
        yield finding("no_conversions", "warn", 0, share=0.0, types=" or ".join(types))
    types = exam.config.events.dislike_types
    if types and exam.events and not exam.disliked:
        yield finding("no_dislikes", "warn", 0, share=0.0, types=" or ".join(types))
