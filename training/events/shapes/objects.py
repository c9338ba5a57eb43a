"""Files of JSON objects, as sources: in lines, in an array, or one after the other."""

from collections.abc import Sequence

import duckdb

from training.events import jsonfile
from training.events.shapes.finders import JsonFinder
from training.events.shapes.jsonvalues import ValueStream
from training.events.shapes.shaping import Named, shaped
from training.events.source import Source
from training.events.sql import relation
from training.events.text.plain import Text
from training.eventsconfig import EventsConfig

RARE = ("event_type", "dwell", "weight")  # may be missing from the first objects: only the others must show


def look_json(
    connection: duckdb.DuckDBPyConnection, text: Text, config: EventsConfig, named: Named, guesses: Sequence[str]
) -> Source | None:
    """None for a file without a value. guesses: about the text. Raises EventsError."""
    with text.named():
        seen = jsonfile.look(text.path)
        if seen is None:
            return None
        marked = jsonfile.has_mark(text.path)
    keys, style = seen
    item = next(column for setting, column in named if setting == "item")
    if not any(column.split(".")[0] in keys.top for _, column in named):
        with text.named():
            jsonfile.refuse_keyed(text.path, item)
    for setting, column in named:
        if setting in RARE:
            keys.expect(column)
    wanted = [str(steps[0]) for _, column in named if (steps := keys.find(column))]
    columns = {c.lower(): c for c in sorted(keys.top)} | {c.lower(): c for c in wanted}
    streamed = style == "values"
    if streamed:
        connection.register(relation(text.name), ValueStream(text.path, text.name))
    found = Source(
        "jsonl",
        (text.name,),
        tuple((column, "JSON") for column in columns.values()),
        marked=marked and not streamed,
        streamed=streamed,
        texts=(text,),
        said=f"JSON {style} in {text.encoding.upper()}",
        guesses=tuple(guesses),
    )
    return shaped(connection, found, config, named, JsonFinder(keys))
