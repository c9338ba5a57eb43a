"""A list with caps and a share of known items, and what was left out because of them."""

from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from app.answers import answers, fallback
from app.answers.bytype import Order
from app.answers.question import Ask, Found, LiveSession, Shortfall, model_of
from app.live.view import View
from index.model import Model
from index.ranking.caps import CappedList
from index.ranking.mix import POOL, LeftOut, Mixed, Supply, mixed
from index.ranking.readings import Float, Rows
from index.ranking.recommender import Wish
from index.search.exact import Mask


@dataclass(frozen=True)
class MixedFound:
    """known: items of the list that the session has; None where nothing was asked of them."""

    found: Found
    left_out: LeftOut
    known: list[str] | None

    def told(self) -> dict[str, Any]:
        """What the reply has beside its list."""
        known = {} if self.known is None else {"known": self.known}
        return {"left_out": asdict(self.left_out), **known}


def recommend(view: View, session: LiveSession, ask: Ask) -> MixedFound:
    """As `answers.recommend`, for an `ask` with a mix. Raises NoModel, FieldUnknown."""
    model = model_of(view)
    for field, _ in ask.mix.max_per:
        view.check_field(field, "max_per")
    wish = answers.wish_of(view, session, ask)
    if wish is None:
        return _fallback(view, session, ask)
    found = mixed(model.recommender, replace(wish, k=ask.k), ask.mix, view, model.vectors, ask.diversity, ask.min_score)
    known = None
    if ask.mix.discovery is not None:
        own = set(wish.session.tolist())
        known = [model.vocabulary.ids[row] for row in found.rows if row in own]
    listed = Found(found.rows, found.scores, _shortfall(model, wish, ask, found))
    if answers.only_guests(wish):
        listed = answers.by_content(listed)
    return MixedFound(listed, found.left_out, known)


def _shortfall(model: Model, wish: Wish, ask: Ask, found: Mixed) -> Shortfall | None:
    if len(found.rows) == ask.k:
        return None
    if found.passed:
        return "max_per"
    if found.below:
        return "min_score"
    items = len(model.vocabulary)
    own = 1 if ask.mix.discovery is not None else len({row for row in wish.session.tolist() if row < items})
    return "catalogue_small" if len(found.rows) >= items - own else "filtered"


def _fallback(view: View, session: LiveSession, ask: Ask) -> MixedFound:
    """All of them are new: of the session's items none has a vector."""
    model = model_of(view)
    capped = CappedList(ask.mix.max_per, view, model.vectors)

    def pick(order: Order, mask: Mask, count: int) -> list[int]:
        def first(some: Mask | None, size: int) -> tuple[Rows, Float]:
            assert some is not None
            return order(some, size)

        before = len(capped)
        supply = Supply(first, mask, POOL * ask.k)
        supply.fill(capped, before + count, len(mask))
        return capped.rows[before:]

    found = fallback.for_session(view, session, ask, pick)
    if capped.passed and found.shortfall == "filtered":
        found = replace(found, shortfall="max_per")
    best = np.array(fallback.for_session(view, session, ask).rows, dtype=np.int32)
    out = capped.full_fields(best[~np.isin(best, capped.rows)])
    left_out = LeftOut(dict(Counter(field for field in out if field is not None)))
    return MixedFound(found, left_out, None if ask.mix.discovery is None else [])
