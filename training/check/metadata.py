"""The metadata of the items, as a check and a training look at it: what was read, and whether it meets the log."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from index.catalogue.catalogue import AVAILABLE
from training.check.checks import metadata as checks
from training.check.findings import Finding, finding
from training.eventsconfig import EventsConfig
from training.items.look import Look
from training.items.meeting import meet
from training.items.read import read_items

CHECKS = (
    checks.unmatched,
    checks.rejected,
    checks.all_hidden,
    checks.unclear_availability,
    checks.guessed_form,
    checks.id_column,
    checks.whole_ids,
    checks.lists,
    checks.repeated,
    checks.empty_files,
)


def look_at(config: EventsConfig, log: Sequence[str]) -> Look:
    """log: its item ids, the most frequent first. Raises EventsMissing, EventsError."""
    items = read_items(config, log)
    hidden = {item for item, fields in items.fields.items() if fields.get(AVAILABLE) is False}
    return Look(config, items, meet(log, list(items.fields)), len(set(log) - hidden))


def judge_metadata(look: Look) -> list[Finding]:
    return [found for check in CHECKS for found in check(look)]


def unreadable(why: str) -> Finding:
    return finding("metadata_unreadable", "stop", 0, why=why)


@dataclass(frozen=True)
class Field:
    """kind: text, number, date, true or false, list, mixed, or empty. filled: items that have it."""

    name: str
    kind: str
    filled: int


@dataclass(frozen=True)
class Metadata:
    """As it is reported. rows: of all files. items: different ids; `in_log` of them are in the log, and `of_log` of the
    log's items are among them. unavailable: items that are hidden."""

    files: list[str]
    rows: int
    items: int
    in_log: int
    of_log: int
    log_items: int
    unavailable: int
    fields: list[Field]

    @classmethod
    def of(cls, look: Look) -> "Metadata":
        items, meeting = look.items, look.meeting
        return cls(
            list(items.columns),
            items.rows,
            len(items.fields),
            meeting.in_log,
            meeting.in_catalogue,
            meeting.log,
            items.hidden,
            fields_of(items.fields.values()),
        )


def fields_of(rows: Collection[dict[str, Any]]) -> list[Field]:
    """In order of appearance."""
    kinds: dict[str, Counter[str]] = {}
    for row in rows:
        for name, value in row.items():
            found = kinds.setdefault(name, Counter())
            if value is not None and value != "":
                found[_kind(value)] += 1
    return [
        Field(name, next(iter(found)) if len(found) == 1 else "mixed" if found else "empty", found.total())
        for name, found in kinds.items()
    ]


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, list):
        return "list"
    return "text" if isinstance(value, str) else "date" if hasattr(value, "isoformat") else "number"
