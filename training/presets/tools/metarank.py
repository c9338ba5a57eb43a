"""Metarank: one stream of JSON lines with four kinds of events. Interactions become events, metadata the catalogue."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from training.presets.heads import Head
from training.presets.preset import Log, Made, Preset, Row, Settings, Variant
from training.presets.rows import filled, object_of, objects, texts

NAMED = {"user": "user", "item": "item", "time": "timestamp", "event_type": "type"}
KINDS = {"interaction", "ranking", "item", "user"}
CONVERSIONS = ("purchase", "buy", "order")


def fits(head: Head) -> Settings | None:
    told = {row.get("event") for row in head.objects}
    if not told & KINDS or not head.keys.issuperset({"event", "timestamp"}):
        return None
    return NAMED


def interactions(log: Log, target: Path) -> Made:
    """Writes the interactions as they are, and lines that are no JSON too, which the reader rejects and counts."""
    kinds: Counter[str] = Counter()
    types: Counter[str] = Counter()
    sessions = people = 0
    with target.open("w", encoding="utf-8") as out:
        for file in log.files:
            for text in texts(file):
                row = object_of(text)
                kind = row.get("event") if row else None
                if kind in KINDS and kind != "interaction":
                    kinds[kind] += 1
                    continue
                if row:
                    kinds["interaction"] += 1
                    sessions += bool(row.get("session"))
                    people += bool(row.get("user"))
                    types[str(row.get("type"))] += 1
                out.write(text + "\n")
    # One that the log does not have would only be warned of.
    conversions = tuple(kind for kind in CONVERSIONS if types[kind])
    given: dict[str, Any] = {"conversion_types": conversions} if conversions else {}
    notes = [
        f"{kinds['interaction']} interactions are the events; {kinds['ranking']} rankings (what was shown) and "
        f"{kinds['user']} updates of users are not used"
    ]
    # Both are optional. A session that is missing in some rows would cost those rows; pauses cut all of them.
    if sessions and (sessions == kinds["interaction"] or not people):
        given["session"] = "session"
    elif sessions:
        notes.append(f"{kinds['interaction'] - sessions} interactions have no session, so sessions are cut by pauses")
    return Made(given, notes)


def items(log: Log) -> Iterator[Row]:
    """Each item with all fields it was given, the later over the earlier."""
    known: dict[str, dict[str, Any]] = {}
    for file in log.files:
        for row in objects(file):
            if row.get("event") == "item" and isinstance(row.get("item"), str | int):
                known.setdefault(str(row["item"]), {}).update(fields_of(row))
    yield from (item_of(item, fields) for item, fields in known.items())


def fields_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Name -> value of an event's fields."""
    fields = row.get("fields")
    named = (
        [field for field in fields if isinstance(field, dict) and "name" in field] if isinstance(fields, list) else []
    )
    return {str(field["name"]): field.get("value") for field in named}


def item_of(item: str, fields: Mapping[str, Any]) -> Row:
    title = fields.get("title") or fields.get("name")
    category = fields.get("category") or fields.get("genre") or fields.get("genres")
    first = category[0] if isinstance(category, list) and category else category
    return filled({**fields, "item_id": item, "title": title, "category": first})


PRESET = Preset(
    "metarank",
    "Metarank",
    (
        Variant(
            "Metarank's events",
            names=("*.json*", "*.ndjson*"),
            fits=fits,
            items=items,
            joined=interactions,
            makes="events.jsonl",
        ),
    ),
)
