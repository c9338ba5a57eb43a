"""The stored events and items as files, which a training reads beside the configured ones.

Each file is complete or not there: it is written under a hidden name and renamed. One that is there stays as it is,
since a training that is resumed knows its files by size and time.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from index.artifact.files import private_directory, sync_directory, sync_file
from index.catalogue.catalogue import AVAILABLE
from index.catalogue.values import plain
from index.errors import ConfigError
from store import events, items
from store.database import Database
from store.event import EventRow
from store.items import ItemRow
from training.config import TrainConfig
from training.events.files import find_files, kind_of
from training.events.unknown import names_nobody
from training.eventsconfig import EventsConfig
from training.items.read import read_items

EVENTS, ITEMS = "events.parquet", "items.jsonl"
# setting that names the log's column -> (what of an event is in it, type)
COLUMNS = {
    "user": ("user_id", pa.string()),
    "item": ("item_id", pa.string()),
    "time": ("time", pa.timestamp("us", tz="UTC")),
    "session": ("session_id", pa.string()),
    "event_type": ("event_type", pa.string()),
    "dwell": ("dwell", pa.float64()),
    "weight": ("weight", pa.float64()),
}


@dataclass(frozen=True)
class StoredLog:
    """None where nothing is stored. rows: events written; left_out: events without the session the settings need."""

    events: Path | None
    items: Path | None
    rows: int
    left_out: int


def export(
    database: Database,
    config: EventsConfig,
    folder: Path,
    progress: Callable[[float], None],
    after: int = 0,
    until: int | None = None,
) -> StoredLog:
    """Writes the files that are not there yet: events with numbers above `after`, up to `until`, and all items.
    `progress` may raise to stop, and then nothing half stays.

    Raises StoreUnavailable, and what read_items raises.
    """
    private_directory(folder)
    rows, left_out = _once(folder, EVENTS, lambda path: _write_events(database, config, path, progress, after, until))
    items, _ = _once(folder, ITEMS, lambda path: _write_items(database, config, path))
    return StoredLog(folder / EVENTS if rows else None, folder / ITEMS if items else None, rows, left_out)


def with_stored(config: TrainConfig, stored: StoredLog, alone: bool = False) -> TrainConfig:
    """The settings with the files added. alone: with the stored events in place of the configured ones.

    Raises ConfigError where they cannot be read by the same settings."""
    events = config.events.model_copy(update={"paths": ()}) if alone else config.events
    changed: dict[str, Any] = {}
    if stored.events is not None:
        changed["paths"] = (*events.paths, str(stored.events))
        if events.format != "auto":
            named = find_files(events.paths, events.format) if events.paths else []
            if any(kind_of(file) != events.format for file, _ in named):
                raise ConfigError(
                    f"events.format: files whose names do not end as {events.format} files do cannot be read together "
                    "with the stored events: rename them, and set format to auto"
                )
            changed["format"] = "auto"
    if stored.items is not None:
        changed["items"] = (str(stored.items),)
        # It is all of the catalogue, and in our own form.
        fields = EventsConfig.model_fields
        changed |= {name: fields[name].default for name in fields if name.startswith("items_")}
    return config.model_copy(update={"events": events.model_copy(update=changed)})


def _once(folder: Path, name: str, write: Callable[[Path], tuple[int, int]]) -> tuple[int, int]:
    """The counts `write` returned, now or the first time. A file with nothing in it is not kept."""
    note = folder / f"{name}.json"
    if not note.exists():
        unfinished = folder / f".{name}.writing"
        counts = write(unfinished)
        if counts[0]:
            sync_file(unfinished)
            unfinished.rename(folder / name)
        else:
            unfinished.unlink(missing_ok=True)
        unfinished.write_text(json.dumps(counts), encoding="utf-8")
        sync_file(unfinished)
        unfinished.rename(note)
        sync_directory(folder)
    rows, left_out = json.loads(note.read_text(encoding="utf-8"))
    return int(rows), int(left_out)


def _write_events(
    database: Database,
    config: EventsConfig,
    path: Path,
    progress: Callable[[float], None],
    after: int,
    until: int | None,
) -> tuple[int, int]:
    # By the name in the log: where user and session are one column there, that is the session.
    columns = {getattr(config, setting): source for setting, source in COLUMNS.items() if getattr(config, setting)}
    schema = pa.schema([(name, kind) for name, (_, kind) in columns.items()])
    written = left_out = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for stored, share in events.stream(database, after, until):
            progress(share)
            rows = stored if config.session is None else [row for row in stored if row.session_id]
            left_out += len(stored) - len(rows)
            written += len(rows)
            arrays = [pa.array(values_of(rows, name), kind) for name, kind in columns.values()]
            writer.write_table(pa.table(arrays, schema=schema))
    return written, left_out


def values_of(rows: Sequence[EventRow], name: str) -> list[Any]:
    """The column of the log that holds this field."""
    # A log with a column of users needs one in every row; what has only a session is a user of its own, and so is a
    # guest.
    if name != "user_id":
        return [getattr(row, name) for row in rows]
    return [(row.session_id if names_nobody(row.user_id) else None) or row.user_id or row.session_id for row in rows]


def _write_items(database: Database, config: EventsConfig, path: Path) -> tuple[int, int]:
    """The configured metadata, with the stored items in place of those with the same id, and without deleted ones."""
    stored = {item.item_id: item for item in items.changes_since(database, 0)}
    if not stored:
        return 0, 0
    rows = read_items(config).fields if config.items else {}
    rows |= {item_id: _fields(item) for item_id, item in stored.items()}
    kept = {item_id: row for item_id, row in rows.items() if item_id not in stored or not stored[item_id].deleted}
    with path.open("w", encoding="utf-8") as file:
        for item_id, row in kept.items():
            file.write(json.dumps({**row, config.item: item_id}, default=plain) + "\n")
    return len(kept), 0


def _fields(item: ItemRow) -> dict[str, Any]:
    own = {"title": item.title, "category": item.category, AVAILABLE: None if item.available else False}
    return {**item.metadata, **{name: value for name, value in own.items() if value is not None}}
