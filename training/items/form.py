"""In what form a file of the catalogue is: as its own settings say, else as the log's where those fit it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import duckdb

from index.errors import EventsError, EventsMissing
from training.events.files import TEXTS, find_files, format_of
from training.events.source import Source
from training.events.sources import check_type, look
from training.events.text.plain import texts_of
from training.eventsconfig import EventsConfig
from training.items.idcolumn import has_names, id_column
from training.items.meeting import Known

OWN = ("delimiter", "encoding", "header", "columns", "quoting")  # settings with one of their own for the catalogue
HEAD_BYTES = 1 << 18
FOLLOWED = ("delimiter", "encoding", "quoting")  # those of the log that a catalogue may share


@dataclass(frozen=True)
class Table:
    """Files of one shape, and which of their columns holds the ids; several are members of one archive."""

    source: Source
    column: str

    def parts(self) -> list["Table"]:
        """One for each file."""
        source = self.source
        return [
            replace(self, source=replace(source, files=(file,), texts=(source.text(file),) if source.texts else ()))
            for file in source.files
        ]

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
    for settings, if_named in _readings(file, kind, config):
        try:
            source = look(connection, file, kind, settings)
        except EventsError as error:
            failed = failed or error
            continue
        if source is None:
            return None
        if if_named and not has_names(source, config, known):
            continue
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
        "Name the right one with --items-id; by its number, where the first line names no columns"
    )


def _readings(file: str, kind: str, config: EventsConfig) -> Iterator[tuple[EventsConfig, bool]]:
    """The settings that the file may be read by, likeliest first; and whether those hold only if its first line names
    columns."""
    fields = EventsConfig.model_fields
    own = {name: value for name in OWN if (value := getattr(config, f"items_{name}")) not in (None, (), "auto")}
    shared = {name: value for name in FOLLOWED if (value := getattr(config, name)) != fields[name].default}
    if "encoding" in shared and kind in TEXTS and "encoding" not in own and _is_utf8(file):
        del shared["encoding"]
    wanted = config.items_id or config.item
    plain = {"paths": (file,), "user": wanted, "item": wanted, "time": wanted, "memory_mb": config.memory_mb}
    ways = [shared | own, own] if shared.keys() - own.keys() else [own]
    if config.items_id is None and config.item.isdecimal() and not own.keys() & {"header", "columns"}:
        # The log's columns have no names; the catalogue's may have some.
        names = {"user": "item_id", "item": "item_id", "time": "item_id", "header": "yes"}
        yield from ((EventsConfig.model_validate(plain | way | names), True) for way in ways)
    if config.items_id is not None and config.items_id.isdecimal() and not own.keys() & {"header", "columns"}:
        # A first row that holds the number itself, as that of MovieLens does, would be taken for names.
        ways = [way | {"header": "no"} for way in ways]
    yield from ((EventsConfig.model_validate(plain | way), False) for way in ways)


def _is_utf8(file: str) -> bool:
    """Whether it holds letters beyond ASCII in UTF-8: other text hardly ever reads as UTF-8 by chance."""
    texts = texts_of(file, "auto")
    return any(text.encoding == "utf-8" and not text.head(HEAD_BYTES).isascii() for text in texts)
