"""Gorse (gorse.io): feedback and items as its dashboard exports them (JSON lines), and as its former CSV files."""

from collections.abc import Iterator, Mapping
from typing import Any

from training.presets.heads import Head
from training.presets.preset import Log, Preset, Row, Settings, Variant, headed
from training.presets.rows import filled, objects, several, table

KEYS = {"user": "UserId", "item": "ItemId", "time": "Timestamp", "event_type": "FeedbackType"}
CSV = {"user": "user_id", "item": "item_id", "time": "time_stamp", "event_type": "feedback_type"}
ONCE = "Gorse keeps one row for each user, item and type of feedback: repeats are not in its files"


def item_of(row: Mapping[str, Any]) -> Row:
    """An item of Gorse, from its JSON. Comment is what its dashboard shows as the name."""
    categories = [str(value) for value in row.get("Categories") or []]
    labels = row.get("Labels")
    more = flat(labels) if isinstance(labels, dict) else {"labels": labels}
    own = {
        "item_id": row.get("ItemId"),
        "title": row.get("Comment"),
        "category": categories[0] if categories else None,
        "categories": categories,
        "added": row.get("Timestamp"),
    }
    return {**filled({**more, **own}), "available": not row.get("IsHidden")}


def item_of_csv(row: Mapping[str, str]) -> Row:
    """The same from its CSV: lists have | between their values."""
    hidden = row.get("is_hidden", "").strip().lower() in ("1", "true", "t")
    return item_of(
        {
            "ItemId": row.get("item_id"),
            "Comment": row.get("description") or row.get("comment"),
            "Categories": several(row.get("categories")),
            "Timestamp": row.get("time_stamp"),
            "Labels": several(row.get("labels")),
            "IsHidden": hidden,
        }
    )


def flat(labels: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested labels by dotted names: {"a": {"b": 1}} is {"a.b": 1}."""
    found: dict[str, Any] = {}
    for name, value in labels.items():
        found |= flat(value, f"{above}{name}.") if isinstance(value, dict) else {f"{above}{name}": value}
    return found


def items_json(log: Log) -> Iterator[Row]:
    yield from (item_of(row) for file in log.others("items*.json*") for row in objects(file))


def items_csv(log: Log) -> Iterator[Row]:
    yield from (item_of_csv(row) for file in log.others("items*.csv*") for row in table(file))


def fits_json(head: Head) -> Settings | None:
    return KEYS if head.keys.issuperset(KEYS.values()) else None


PRESET = Preset(
    "gorse",
    "Gorse",
    (
        Variant(
            "Gorse's feedback as JSON lines",
            names=("feedback*.json*",),
            fits=fits_json,
            beside=("items*.json*",),
            items=items_json,
            notes=(ONCE,),
        ),
        Variant(
            "Gorse's feedback as CSV",
            names=("feedback*.csv*",),
            fits=headed(",", CSV),
            beside=("items*.csv*",),
            items=items_csv,
            notes=(ONCE,),
        ),
    ),
)
