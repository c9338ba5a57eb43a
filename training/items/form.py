"""In what form a file of the catalogue is: as its own settings say, else as the log's where those fit it."""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from index.errors import EventsError, EventsMissing
from training.config import EventsConfig
from training.events.files import find_files, format_of, open_file, reading
from training.events.source import Source
from training.events.sources import check_type, look
from training.items.idcolumn import id_column
from training.items.meeting import Known

OWN = ("delimiter", "encoding", "header", "columns", "quoting")  # settings with one of their own for the catalogue
FOLLOWED = ("delimiter", "encoding", "quoting")  # those of the log that a catalogue may share
HEAD_BYTES = 1 << 18


@dataclass(frozen=True)
class Table:
    """One file, and which of its columns holds the ids."""

    source: Source
    column: str

    @property
    def file(self) -> str:
        return self.source.files[0]


def files_of(config: EventsConfig) -> list[tuple[str, str]]:
    """(file, format) of the catalogue: as items_format says, else by the name of each, else as the log's is.

    Raises EventsMissing, EventsError."""
    stated = config.items_format if config.items_format != "auto" else config.format
    found = find_files(config.items, stated)
    if config.items_format != "auto":
        return found
    return [(file, format_of(file) or kind) for file, kind in found]


def table_of(
    connection: duckdb.DuckDBPyConnection, file: str, kind: str, config: EventsConfig, known: Known | None
) -> Table | None:
    """None for a file that holds nothing. known: ids of the log, by which the column of ids is told.

    Raises EventsMissing where no column holds them, EventsError for a file that cannot be read."""
    narrow, failed = None, None
    found: list[str] = []
    for settings in _readings(file, config):
        try:
            source = look(connection, file, kind, settings)
        except EventsError as error:
            failed = failed or error
            continue
        if source is None:
            return None
        column = id_column(connection, source, config, known)
        if column is not None:
            check_type(file, "items_id", column, source.types[column])
            if len(source.columns) > 1:
                return Table(source, column)
            narrow = narrow or Table(source, column)
        elif len(source.columns) > len(found):
            found = list(source.types)
    if narrow is not None:
        return narrow
    if failed is not None and not found:
        raise failed
    named = f"no column {config.items_id!r}" if config.items_id else f"no column {config.item!r}, as the log has it,"
    raise EventsMissing(
        f"{file}: {named} for the item id; columns found: {', '.join(found)[:500] or 'none'}. "
        "Name the right one with --items-id"
    )


def _readings(file: str, config: EventsConfig) -> Iterator[EventsConfig]:
    """The settings that the file may be read by, likeliest first."""
    fields = EventsConfig.model_fields
    own = {name: value for name in OWN if (value := getattr(config, f"items_{name}", None)) not in (None, (), "auto")}
    shared = {
        name: value for name in FOLLOWED if name in fields and (value := getattr(config, name)) != fields[name].default
    }
    if shared.get("encoding") and _is_utf8(file):
        del shared["encoding"]
    wanted = config.items_id or config.item
    plain = {"paths": (file,), "user": wanted, "item": wanted, "time": wanted, "memory_mb": config.memory_mb}
    yield EventsConfig.model_validate(plain | shared | own)
    if shared.keys() - own.keys():
        yield EventsConfig.model_validate(plain | own)


def _is_utf8(file: str) -> bool:
    """Whether it holds letters beyond ASCII in UTF-8: other text hardly ever reads as UTF-8 by chance."""
    with reading(file), open_file(file) as stream:
        head = stream.read(HEAD_BYTES)
    try:
        # What a cut in the middle of a letter leaves is no error here.
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return False
        text = head[: error.start].decode("utf-8")
    return not text.isascii()
