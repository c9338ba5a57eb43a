"""The whole catalogue: its files one after the other, the later row of an id in place of the earlier one."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from index.catalogue.catalogue import AVAILABLE
from index.errors import EventsMissing
from training.events.sql import connect
from training.events.wholeids import with_whole_ids
from training.eventsconfig import EventsConfig
from training.items.form import files_of, table_of
from training.items.meeting import Known
from training.items.rows import Account, Reject, rows_of
from training.items.values import available_of, is_blank, split_columns


@dataclass
class Items:
    """What was read. fields: by id, in the order of first appearance. rows: of all files; repeated: those with an id of
    an earlier row, which they replace. columns: file -> its column of ids. lists: field -> what stood between its
    elements. hidden: items that are not available. unclear: what stands in `available` and says neither, and how often.
    whole: columns whose ids were written as 300.0. empty: files that hold nothing.
    guesses: file -> what of its form no setting asked for, in words.
    """

    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: int = 0
    repeated: int = 0
    rejects: list[Reject] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    hidden: int = 0
    unclear: Counter[str] = field(default_factory=Counter)
    whole: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    guesses: dict[str, str] = field(default_factory=dict)

    @property
    def rejected(self) -> dict[str, int]:
        """Rows by reason."""
        return dict(Counter(reject.reason for reject in self.rejects))


def read_items(config: EventsConfig, ids: Collection[str] | None = None) -> Items:
    """The metadata of `config.items`. ids: of the log, by which the column of ids is told where its name does not say.

    Raises EventsMissing for a file, a column of ids or a list that is not there, EventsError for a file that cannot be
    read."""
    items, known = Items(), None if ids is None else Known(ids)
    connection = connect(config.memory_mb)
    texts: set[str] = set()  # ids of rows of CSV files, where a list can only be a text
    for file, kind in files_of(config):
        table = table_of(connection, file, kind, config, known)
        if table is None:
            items.empty.append(file)
            continue
        source = with_whole_ids(connection, table.source, [table.column], known.exact if known else None)
        if source.whole:
            items.whole.append(file)
        if source.guesses:
            items.guesses[file] = "; ".join(source.guesses)
        items.columns[file] = table.column
        for part in replace(table, source=source).parts():
            account = Account()
            for item, fields in rows_of(connection, part, account):
                items.repeated += item in items.fields
                items.fields[item] = fields
                (texts.add if source.format == "csv" else texts.discard)(item)
            items.rows += account.rows
            items.rejects += account.rejects
    connection.close()
    _split(items, texts, config.items_lists)
    _hide(items)
    return items


def _split(items: Items, texts: set[str], named: tuple[str, ...]) -> None:
    columns = {name for fields in items.fields.values() for name in fields}
    missing = [name for name in named if name not in columns]
    if missing and items.fields:
        raise EventsMissing(
            f"items_lists: the metadata has no field {missing[0]!r}; its fields: {', '.join(sorted(columns))[:500]}"
        )
    from_text = [fields for item, fields in items.fields.items() if item in texts]
    others = [fields for item, fields in items.fields.items() if item not in texts]
    items.lists = split_columns(from_text, named, clear=True) | split_columns(others, named, clear=False)


def _hide(items: Items) -> None:
    """What stands under `available`, in any letter case, as true or false."""
    names = {name for fields in items.fields.values() for name in fields}
    for name in [name for name in names if name.strip().casefold() == AVAILABLE]:
        for fields in items.fields.values():
            if name not in fields:
                continue
            value = fields.pop(name)
            found = available_of(value)
            if found is not None:
                fields[AVAILABLE] = found
                items.hidden += not found
            elif not is_blank(value):
                items.unclear[str(value)[:60]] += 1


def write_rejects(rejects: list[Reject], path: Path) -> None:
    """As Parquet: file, row, reason, detail. Without any, the file is removed."""
    path.unlink(missing_ok=True)
    if rejects:
        path.parent.mkdir(parents=True, exist_ok=True)
        names = ("file", "row", "reason", "detail")
        pq.write_table(pa.table({name: [getattr(reject, name) for reject in rejects] for name in names}), path)
        path.chmod(0o600)
