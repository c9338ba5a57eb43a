"""Events and items as the service takes them."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

OWN = ("item_id", "title", "category", "available")


def event(tool: str, user: object, item: object, time: object, kind: object) -> dict[str, Any]:
    """With an id made of what it says: the same row, sent again or exported again, is the same event."""
    said = json.dumps([user, item, time, kind], default=str).encode("utf-8", "surrogatepass")
    found = {
        "event_id": f"{tool}-{hashlib.sha256(said).hexdigest()[:32]}",
        "user_id": user,
        "item_id": item,
        # An empty one would be "now".
        "time": "missing" if time in (None, "") else time,
        "event_type": kind,
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def item(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is no title, category or availability goes into metadata, under names that it may have there."""
    own = {name: row[name] for name in OWN if name in row}
    own |= {name: str(own[name]) for name in ("title", "category") if name in own}
    return own | {"metadata": {named(name): plain(value) for name, value in row.items() if name not in OWN}}


def named(name: str) -> str:
    """Letters, digits, _ . and - only; 64 of them at most."""
    return re.sub(r"[^A-Za-z0-9_.\-]", "_", name)[:64]


def plain(value: Any) -> Any:
    """Lists of values stay lists, without nulls; what is nested deeper is its JSON."""
    if isinstance(value, list):
        there = (inner for inner in value if inner is not None)
        return [inner if isinstance(inner, str | int | float) else json.dumps(inner) for inner in there]
    return json.dumps(value) if isinstance(value, dict) else value
