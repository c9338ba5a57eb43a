"""The loading itself: items before events, in batches, every row counted."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Protocol

from pydantic import ValidationError

from app.bodies import eventrow
from app.schemas.items import ItemIn, item_error
from cli.loading import gorse, personalize
from cli.loading.dump import KINDS, Dump, Kind, Read, Tool
from cli.loading.rejects import Rejects
from cli.loading.service import Refused, Taken
from index.errors import EventsError, EventsMissing
from store.database import now
from training.presets.choose import files_of
from training.presets.heads import head_of
from training.presets.tools.personalize import schema_of
from training.presets.tools.table import PRESETS
from training.progress import Reporter

TOOLS: dict[str, Tool] = {"gorse": gorse.dumps, "personalize": personalize.dumps}
# Rows of a request: as many as the service tells the refusals of, and as many items as it takes at once.
AT_ONCE = {"events": 1000, "items": 500}


@dataclass
class Counts:
    """rows: that were read. stored: on disk in the service now. duplicates: that were there. refused: see the file of
    rejects."""

    files: list[str] = field(default_factory=list)
    rows: int = 0
    stored: int = 0
    duplicates: int = 0
    refused: int = 0


class Target(Protocol):
    """Where rows go: a service, or for a dry run its rules alone."""

    def events(self, rows: Sequence[dict[str, object]]) -> Taken: ...

    def items(self, rows: Sequence[dict[str, object]]) -> Taken: ...


class DryRun:
    """Judges rows as the service would, as far as that shows in the rows, and stores nothing."""

    def events(self, rows: Sequence[dict[str, object]]) -> Taken:
        moment = now()
        return _judged(rows, lambda row: eventrow.parse(row, moment))

    def items(self, rows: Sequence[dict[str, object]]) -> Taken:
        return _judged(rows, ItemIn.model_validate)


def _judged(rows: Sequence[dict[str, object]], judge: Callable[[dict[str, object]], object]) -> Taken:
    refused = []
    for index, row in enumerate(rows):
        try:
            judge(row)
        except eventrow.RowError as error:
            refused.append(Refused(index, error.code, error.detail))
        except ValidationError as error:
            refused.append(Refused(index, *item_error(row, error)))
    return Taken(len(rows) - len(refused), 0, tuple(refused))


def dumps_of(tool: str, paths: Sequence[str]) -> list[Dump]:
    """The files of the tool among those named, and in folders that are named; items first.

    Raises EventsError for a file that is named and is another's, EventsMissing where none is the tool's.
    """
    named, found = files_of(paths)
    heads = [head_of(file) for file in [*named, *found]]
    dumps = TOOLS[tool](heads)
    taken = {dump.file for dump in dumps}
    title = PRESETS[tool].tool
    odd = next((head for head in heads if head.file in named and head.file not in taken and not schema_of(head)), None)
    if odd is not None:
        raise EventsError(f"{odd.file}: is none of {title}'s files of users, items or events: it {odd.described()}")
    if not dumps:
        raise EventsMissing(f"{', '.join(paths)}: no file of {title}'s users, items or events")
    return sorted(dumps, key=lambda dump: KINDS.index(dump.kind))


def load(dumps: Sequence[Dump], target: Target, rejects: Rejects, told: Reporter) -> dict[Kind, Counts]:
    """What became of every row, by kind. Users are counted only: the service keeps nothing of a person but events.

    Raises LoadFailed where the service takes no more, EventsError.
    """
    counts = {kind: Counts() for kind in KINDS}
    for dump in dumps:
        of_kind = counts[dump.kind]
        of_kind.files.append(dump.file)
        with told.step(dump.kind, unit="rows") as step:
            for batch in _batches(dump, AT_ONCE.get(dump.kind, 10_000)):
                of_kind.rows += len(batch)
                if dump.kind != "users":
                    _send(batch, target.events if dump.kind == "events" else target.items, of_kind, rejects)
                step.count(of_kind.rows)
            step.facts |= {"file": dump.file, **{k: v for k, v in asdict(of_kind).items() if k != "files"}}
    return counts


def _send(
    batch: Sequence[Read], send: Callable[[Sequence[dict[str, object]]], Taken], counts: Counts, rejects: Rejects
) -> None:
    good = [(row, row.row) for row in batch if row.row is not None]
    for row in batch:
        if row.row is None:
            rejects.add(row, "row_unreadable", row.wrong)
    taken = send([made for _, made in good]) if good else Taken(0, 0, ())
    for refused in taken.refused:
        rejects.add(good[refused.index][0], refused.code, refused.detail)
    counts.stored += taken.stored
    counts.duplicates += taken.duplicates
    counts.refused += len(batch) - len(good) + len(taken.refused)


def _batches(rows: Iterable[Read], size: int) -> Iterator[list[Read]]:
    waiting = iter(rows)
    while batch := list(islice(waiting, size)):
        yield batch
