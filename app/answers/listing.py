"""The catalogue in pages, by id, for those who look through it."""

import base64
import binascii
import json
from dataclasses import dataclass

from app.live.itemview import ItemView
from app.live.view import View
from app.pools.task import Steps
from index.errors import RequestError

PART = 1000  # ids looked at in one go


@dataclass(frozen=True)
class Wanted:
    """q: a part of the id or of the title, letter case aside. None: any."""

    q: str | None = None
    category: str | None = None
    available: bool | None = None

    def has(self, item: ItemView) -> bool:
        if self.category is not None and item.category != self.category:
            return False
        if self.available is not None and item.available != self.available:
            return False
        if not self.q:
            return True
        q = self.q.casefold()
        return q in item.item_id.casefold() or q in (item.title or "").casefold()


def page(view: View, wanted: Wanted, limit: int, cursor: str | None) -> Steps[tuple[list[ItemView], str | None]]:
    """At most `limit` items, and the cursor of the next page; worked in pieces.

    Raises RequestError for a cursor that is not one.
    """
    found: list[ItemView] = []
    after = None if cursor is None else _after(cursor)
    while ids := view.ids.after(after, PART):
        for item_id in ids:
            item = view.get(item_id)
            if item is None or not wanted.has(item):
                continue
            if len(found) == limit:
                return found, _cursor(found[-1].item_id)
            found.append(item)
        after = ids[-1]
        yield
    return found, None


def _cursor(item_id: str) -> str:
    """Opaque, so that the order may become another one."""
    return base64.urlsafe_b64encode(json.dumps({"after": item_id}).encode()).decode()


def _after(cursor: str) -> str:
    try:
        after = json.loads(base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True))["after"]
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError):
        after = None
    if not isinstance(after, str):
        raise RequestError("the cursor is not one that this service gave: begin without")
    return after
