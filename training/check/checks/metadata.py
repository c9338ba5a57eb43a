"""Findings about the metadata of the items: whether it meets the log, what was left out of it, what was guessed."""

from collections.abc import Iterator

from training.check.findings import Finding, Sample, Severity, finding, grade
from training.items.look import Look

REJECTED_WARN = 0.01  # of the rows
MET_WARN = 0.5  # of the log's items: with fewer, the metadata is that of others
SHOWN = 3


def unmatched(look: Look) -> Iterator[Finding]:
    meeting = look.meeting
    if not meeting.is_poor or not meeting.log or not look.items.columns:
        return
    left, right = meeting.pair
    samples: list[Sample] = [{"in the log": left, "in the metadata": right}] if left and right else []
    yield finding(
        "metadata_unmatched",
        "warn" if meeting.share < MET_WARN else "note",
        meeting.log - meeting.in_catalogue,
        share=1 - meeting.share,
        samples=samples,
        files=_files(list(look.items.columns)),
        said=meeting.found,
        advice=meeting.advice,
    )


def rejected(look: Look) -> Iterator[Finding]:
    items = look.items
    if not items.rejects:
        return
    share = len(items.rejects) / items.rows
    reasons = ", ".join(f"{n:,} {reason.replace('_', ' ')}" for reason, n in items.rejected.items())
    samples: list[Sample] = [
        {"file": r.file, "row": r.row, "reason": r.reason} | ({"detail": r.detail[:120]} if r.detail else {})
        for r in items.rejects[:SHOWN]
    ]
    severity = grade(share, REJECTED_WARN)
    count = len(items.rejects)
    yield finding("metadata_rejected", severity, count, share=share, samples=samples, read=items.rows, reasons=reasons)


def all_hidden(look: Look) -> Iterator[Finding]:
    if look.meeting.log and not look.returnable:
        yield finding("metadata_all_hidden", "warn", look.items.hidden)


def unclear_availability(look: Look) -> Iterator[Finding]:
    unclear = look.items.unclear
    if unclear:
        values = ", ".join(f"{text!r} ({n:,})" for text, n in unclear.most_common(SHOWN))
        yield finding("available_unclear", "warn", unclear.total(), values=values)


def guessed_form(look: Look) -> Iterator[Finding]:
    for said in dict.fromkeys(look.items.guesses.values()):
        files = [file for file, guess in look.items.guesses.items() if guess == said]
        severity: Severity = "warn" if "encoding" in said else "note"
        yield finding("metadata_guessed", severity, len(files), files=_files(files), guesses=said)


def id_column(look: Look) -> Iterator[Finding]:
    columns = look.items.columns
    for column in dict.fromkeys(columns.values()):
        if column not in (look.config.item, look.config.items_id):
            files = [file for file, used in columns.items() if used == column]
            yield finding("metadata_id_guessed", "note", len(files), files=_files(files), column=column)


def whole_ids(look: Look) -> Iterator[Finding]:
    if look.items.whole:
        yield finding("ids_read_whole", "note", len(look.items.whole), files=_files(look.items.whole))


def lists(look: Look) -> Iterator[Finding]:
    for name, mark in look.items.lists.items():
        if name not in look.config.items_lists:
            how = "as JSON or Python writes lists" if mark == "[" else f"with {mark!r} between the elements"
            yield finding("metadata_lists", "note", 1, field=name, how=how)


def repeated(look: Look) -> Iterator[Finding]:
    if look.items.repeated:
        share = look.items.repeated / look.items.rows
        yield finding("metadata_repeated", "note", look.items.repeated, share=share)


def empty_files(look: Look) -> Iterator[Finding]:
    if look.items.empty:
        every = not look.items.columns
        yield finding(
            "metadata_empty",
            "warn" if every else "note",
            len(look.items.empty),
            case="every" if every else None,
            files=_files(look.items.empty),
        )


def _files(files: list[str]) -> str:
    return files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
