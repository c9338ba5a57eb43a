"""What the settings of a training said of its log that matters when the model is asked: read from the manifest, as the
release that wrote it knew them."""

from collections.abc import Mapping
from typing import Any


def segment_of(config: Mapping[str, Any]) -> str | None:
    """`objective.segment`: the field of the metadata within whose values items were told apart; None: none."""
    found = config.get("objective", {}).get("segment")
    return found if isinstance(found, str) and found else None


def dislike_types_of(config: Mapping[str, Any]) -> frozenset[str]:
    """`events.dislike_types`: types of events which say that an item was not liked."""
    return frozenset(config.get("events", {}).get("dislike_types") or ())
