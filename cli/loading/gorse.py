"""Gorse's users, items and feedback: JSON lines as the dashboard exports them, and the CSV files of former releases."""

from collections.abc import Mapping, Sequence
from typing import Any

from cli.loading.dump import Dump
from cli.loading.rows import event, item
from training.presets.heads import Head
from training.presets.tools import gorse


def dumps(heads: Sequence[Head]) -> list[Dump]:
    return [dump for head in heads if (dump := _json(head) or _csv(head))]


def _json(head: Head) -> Dump | None:
    keys = head.keys
    if keys >= {"UserId", "ItemId", "FeedbackType"}:
        return Dump(head.file, "events", _feedback, columns=False)
    if "ItemId" in keys:
        return Dump(head.file, "items", lambda row: item(gorse.item_of(row)), columns=False)
    return Dump(head.file, "users", dict, columns=False) if "UserId" in keys else None


def _csv(head: Head) -> Dump | None:
    names = set(head.header())
    if names >= {"user_id", "item_id", "feedback_type"}:
        return Dump(head.file, "events", _feedback_of_csv, columns=True)
    if "item_id" in names and "user_id" not in names:
        return Dump(head.file, "items", lambda row: item(gorse.item_of_csv(row)), columns=True)
    return Dump(head.file, "users", dict, columns=True) if "user_id" in names and "item_id" not in names else None


def _feedback(row: Mapping[str, Any]) -> dict[str, Any]:
    """Value is left out: it is 0 in files of former releases, and would be a weight of none."""
    return event("gorse", row.get("UserId"), row.get("ItemId"), row.get("Timestamp"), row.get("FeedbackType"))


def _feedback_of_csv(row: Mapping[str, Any]) -> dict[str, Any]:
    return event("gorse", row.get("user_id"), row.get("item_id"), row.get("time_stamp"), row.get("feedback_type"))
