"""What an item's type and a user's type say where there are no vectors: an order of rows, and the reason in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.live.view import View
from index.model import Model
from index.ranking.readings import Float, Rows
from index.search.exact import Mask
from index.types.types import Types

Order = Callable[[Mask, int], tuple[Rows, Float]]
"""The first so many of a mask's rows, best first: (rows, float32 scores), fewer where there are no more."""


@dataclass(frozen=True)
class ByType:
    """reason: why these come, in words."""

    order: Order
    reason: str


def of_item(view: View, model: Model, item_id: str) -> ByType | None:
    """Items of the item's type, then of near types, each type by popularity; by what the catalogue says of the item
    now. None where nothing is known of its type."""
    types = model.types
    if types is None or (place := _type_of(view, types, item_id)) is None:
        return None
    ranks = types.ranks_near(place)

    def order(mask: Mask, count: int) -> tuple[Rows, Float]:
        rows = types.first(ranks, mask, count)
        return rows, np.zeros(len(rows), dtype=np.float32)

    return ByType(
        order, f"no session holds {item_id!r}: items of its type, {types.items.labels[place]}, and of near ones"
    )


def of_user(model: Model, place: int) -> ByType:
    """What users of the type go for; the scores are the expected shares of the items."""
    types = model.types
    assert types is not None
    assert types.users is not None
    shares = types.shares(place)

    def order(mask: Mask, count: int) -> tuple[Rows, Float]:
        rows, scores = types.best(shares, model.vocabulary.counts, mask, count)
        return rows, scores.astype(np.float32)

    return ByType(order, f"no history: what users of the type {types.users.labels[place]} go for")


def user_type(model: Model, text: str | None, attributes: Mapping[str, Any] | None) -> int | None:
    """The type that a request names, or whose values it gives; None where the model does not know it."""
    types = model.types
    if types is None or types.users is None:
        return None
    if text is not None:
        return types.users.find(text)
    return None if attributes is None else types.user_with(attributes)


def named(types: Types | None, place: int | None) -> dict[str, str] | None:
    """As replies show a user type."""
    if place is None or types is None or types.users is None:
        return None
    return {"type": types.users.keys[place], "label": types.users.labels[place]}


def _type_of(view: View, types: Types, item_id: str) -> int | None:
    found = view.get(item_id)
    if found is None:
        return None
    values = {**found.metadata, "title": found.title, "category": found.category}
    return types.items.of([values.get(column) for column in types.items.buckets.columns])
