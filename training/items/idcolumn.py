"""Which column of a catalogue holds the item ids, where it is not called as in the log."""

import re

import duckdb

from training.events.source import Source
from training.events.sources import mistyped
from training.eventsconfig import EventsConfig
from training.items.meeting import Known, loose

LOOK_ROWS = 20_000
# As the last word of a name, and as all of it.
WORDS = {"id", "key", "sku", "asin", "isbn", "isbn13", "ean", "gtin", "upc", "guid", "uuid", "code"}
FIRST = ("itemid", "item", "id")


def id_column(
    connection: duckdb.DuckDBPyConnection, source: Source, config: EventsConfig, known: Known | None
) -> str | None:
    """The one that the settings name. Without one, the log's if it is there and any of its values is in the log; else
    the one with the most ids of the log, of those that are called as ids are. None where nothing tells.

    known: ids of the log; without them names alone decide, and only where they name one."""
    if config.items_id is not None:
        return config.items_id if source.has(config.items_id) else None
    own = [config.item] if source.has(config.item) else []
    if own and (known is None or len(source.columns) == 1):
        return own[0]
    columns = [c for c in source.types if not mistyped("", "item", c, source.types[c])]
    ranked = sorted((c for c in columns if c not in own and _rank(c, config.item)), key=lambda c: _rank(c, config.item))
    if known is None:
        best = [c for c in ranked if _rank(c, config.item) == _rank(ranked[0], config.item)]
        return best[0] if len(best) == 1 else None
    candidates = own + ranked
    # A file without a header calls its columns by number: there no name says anything.
    if all(column.isdigit() for column in columns):
        candidates = own + [c for c in columns if c not in own]
    for met in (lambda text: text in known.exact, lambda text: loose(text) in known.loose):
        counts: dict[str, int] = {}
        for column in candidates:
            counts[column] = sum(map(met, _first_ids(connection, source, column)))
            if column in own and counts[column]:
                return column
        if any(counts.values()):
            return max(candidates, key=lambda column: counts[column])
    if own or len(ranked) == 1 or (ranked and _letters(ranked[0]) in FIRST):
        return (own or ranked)[0]
    return None


def has_names(source: Source, config: EventsConfig, known: Known | None) -> bool:
    """Whether the first line, which was taken for the names of the columns, is no row."""
    if known is not None and any(column in known.exact for column in source.types):
        return False
    return any(_rank(column, config.item) for column in source.types)


def _rank(column: str, item: str) -> int:
    """Of a name that says ids, from 1, the likeliest first; 0 of any other."""
    letters = _letters(column)
    if letters == _letters(item):
        return 1
    if letters in FIRST:
        return 2 + FIRST.index(letters)
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+\d*|\d+", _stem(column))
    return 5 if words and (words[-1].casefold() in WORDS or letters.endswith("id")) else 0


def _stem(column: str) -> str:
    """Without a type behind a colon, as RecBole writes it."""
    return column.partition(":")[0]


def _letters(column: str) -> str:
    return re.sub(r"[\W_]+", "", _stem(column)).casefold()


def _first_ids(connection: duckdb.DuckDBPyConnection, source: Source, column: str) -> list[str]:
    query = f"SELECT {source.id_text(column)} FROM {source.scan()} LIMIT {LOOK_ROWS}"
    return [text for (text,) in connection.execute(query).fetchall() if text]
