"""What is answered where nothing has a vector: by type, by category, by popularity."""

from collections.abc import Callable, Sequence

import numpy as np

from app.answers import bytype
from app.answers.bytype import Order
from app.answers.question import Ask, Found, LiveSession, Shortfall, model_of
from app.filters.conditions import filter_of
from app.live.view import View
from index.ranking.readings import Float, Rows
from index.search.exact import Mask

Pick = Callable[[Order, Mask, int], list[int]]


def _by_row(mask: Mask, count: int) -> tuple[Rows, Float]:
    """Rows are in the order of their frequency."""
    rows = np.flatnonzero(mask)[:count].astype(np.int32)
    return rows, np.zeros(len(rows), dtype=np.float32)


def _first(order: Order, mask: Mask, count: int) -> list[int]:
    rows: list[int] = order(mask, count)[0].tolist()
    return rows


def for_session(view: View, session: LiveSession, ask: Ask, pick: Pick = _first) -> Found:
    """Where none of the session's items has a vector. pick: the first so many rows of an order that may come."""
    last = session.items[-1] if session.items else None
    return for_item(view, last, ask, (*session.items, *session.disliked), pick, session.user_type)


def for_item(
    view: View,
    item_id: str | None,
    ask: Ask,
    gone: Sequence[str] = (),
    pick: Pick = _first,
    user_type: int | None = None,
) -> Found:
    """Items by the type of the item and of the user, then the most popular of the item's category, then the most
    popular. Where there was no log, nothing is popular: only those of the category are left."""
    model = model_of(view)
    allowed = view.allowed(ask.filter)  # first: a filter that cannot be is said whatever follows
    if ask.fallback == "none":
        return Found(shortfall="untrained")
    mask = np.ones(len(model.vocabulary), dtype=np.bool_) if allowed is None else allowed.mask.copy()
    own = [] if item_id is None else [item_id]
    mask[model.vocabulary.known_rows([*own, *gone, *ask.exclude])] = False
    rows: list[int] = []
    sources: list[str] = []

    def take(source: str, order: Order, among: Mask) -> bool:
        """Whether any came."""
        more = pick(order, among, ask.k - len(rows)) if len(rows) < ask.k else []
        mask[more] = False
        rows.extend(more)
        sources.extend([source] * len(more))
        return bool(more)

    by_type = [] if item_id is None else [bytype.of_item(view, model, item_id)]
    by_type += [] if user_type is None else [bytype.of_user(model, user_type)]
    reasons = [each.reason for each in by_type if each is not None and take("type", each.order, mask)]
    reason = "; ".join(reasons) or None
    category = None if item_id is None else view.title_of(item_id)[1]
    if category is not None:
        same = view.allowed(filter_of([category], []))
        take("category", _by_row, mask if same is None else mask & same.mask)
    if len(rows) < ask.k and not model.vocabulary.is_counted:
        return Found(rows, [None] * len(rows), "untrained", sources, reason)
    take("popular", _by_row, mask)
    shortfall: Shortfall | None = "filtered" if len(rows) < ask.k else None
    return Found(rows, [None] * len(rows), shortfall, sources, reason)


def for_user_type(view: View, user_type: int, ask: Ask) -> Found:
    """What users of a type go for, then the most popular. The scores are the expected shares of the items."""
    model = model_of(view)
    allowed = view.allowed(ask.filter)
    mask = np.ones(len(model.vocabulary), dtype=np.bool_) if allowed is None else allowed.mask.copy()
    mask[model.vocabulary.known_rows(ask.exclude)] = False
    own = bytype.of_user(model, user_type)
    best, shares = own.order(mask, ask.k)
    mask[best] = False
    more = _first(_by_row, mask, ask.k - len(best)) if ask.fallback == "popular" else []
    rows: list[int] = [*best.tolist(), *more]
    scores: list[float | None] = [*shares.tolist(), *[None] * len(more)]
    sources = ["type"] * len(best) + ["popular"] * len(more)
    shortfall: Shortfall | None = None
    if len(rows) < ask.k:
        shortfall = "catalogue_small" if len(rows) == len(model.vocabulary) else "filtered"
    return Found(rows, scores, shortfall, sources, own.reason)
