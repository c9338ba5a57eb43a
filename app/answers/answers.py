"""What is asked of the model and the catalogue -> rows and scores, best first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from app.answers import bytype
from app.answers.bytype import Order
from app.filters.conditions import EVERYTHING, Filter, filter_of
from app.live.view import View
from app.problems import FIRST_STEP
from index.content.newcomers import merged
from index.errors import ItemUnknown, ItemUntrained, NoModel, RequestError
from index.model import Model, Score
from index.ranking.analogy import analogy
from index.ranking.diversity import diversify
from index.ranking.mix import POOL, Mix
from index.ranking.readings import Float, Rows
from index.ranking.recommender import Wish
from index.search.exact import Mask

Fallback = Literal["popular", "none"]
Shortfall = Literal["filtered", "min_score", "untrained", "catalogue_small", "max_per"]
CONTENT = "content"  # the source of what is near by content alone
MOST_K = 500
REQUEST_COST, LIST_COST = 500, 50  # results that are rendered in the time that either takes besides


ONE_KIND = Mix()


@dataclass(frozen=True)
class Ask:
    """What the caller wants of a list. k: from 1 to MOST_K."""

    k: int = 10
    filter: Filter = EVERYTHING
    exclude: tuple[str, ...] = ()
    min_score: float | None = None
    diversity: float = 0.0
    explain: bool = False
    fallback: Fallback = "popular"
    mix: Mix = ONE_KIND

    @cached_property
    def is_plain(self) -> bool:
        """Whether only `k` says what the list is like."""
        return not self.filter.conditions and not self.exclude and self.min_score is None and not self.diversity

    def cost(self, lists: int = 1) -> int:
        """Of so many lists, in results: their candidates, and what a list and a request take besides."""
        return REQUEST_COST + lists * (LIST_COST + _pool(self))


@dataclass(frozen=True, slots=True)
class Found:
    """rows: best first, newcomers behind those of the model. scores: the same length. sources: None where all are of
    the model; else each has its own, and fallback items have no score. reason: why fallback items come, where more is
    known than that they are popular."""

    rows: Sequence[int] = ()
    scores: Sequence[float | None] = ()
    shortfall: Shortfall | None = None
    sources: Sequence[str] | None = None
    reason: str | None = None


Pick = Callable[[Order, Mask, int], list[int]]


def _by_row(mask: Mask, count: int) -> tuple[Rows, Float]:
    """Rows are in the order of their frequency."""
    rows = np.flatnonzero(mask)[:count].astype(np.int32)
    return rows, np.zeros(len(rows), dtype=np.float32)


def _first(order: Order, mask: Mask, count: int) -> list[int]:
    rows: list[int] = order(mask, count)[0].tolist()
    return rows


def model_of(view: View) -> Model:
    """Raises NoModel."""
    if view.model is None:
        raise NoModel(f"no model has been published yet: {FIRST_STEP}")
    return view.model


def similar(view: View, item_id: str, score: Score, ask: Ask) -> Found:
    """Raises NoModel, and ItemUnknown for an id nobody knows or that was deleted."""
    model = model_of(view)
    if view.deleted(item_id):
        raise ItemUnknown.named(item_id)
    try:
        row = model.row(item_id)
    except (ItemUntrained, ItemUnknown):
        if view.get(item_id) is None:
            raise
        return _around(view, item_id, score, ask) or _fallback(view, item_id, ask)
    newcomers = view.newcomers
    if ask.is_plain:
        # Most questions: the stored list as it is, where nothing of it is hidden.
        stored = model.stored[score]
        rows = stored.rows[row, : ask.k].tolist()
        if len(rows) == ask.k and rows[-1] >= 0 and view.shows(rows):
            scores = stored.scores[row, : ask.k]
            if newcomers is None or not newcomers.used:
                return Found(rows, scores.tolist())
            near, close = model.unseen.nearest(row, ask.k, score, newcomers)
            if not len(near) or close[0] <= scores[-1]:  # none is near enough
                return Found(rows, scores.tolist())
            return _found(model, *merged(stored.rows[row, : ask.k], scores, near, close, ask.k))
    allowed, new_allowed = view.allowed(ask.filter), view.allowed_new(ask.filter)
    gone = view.rows_of(ask.exclude) if ask.exclude else None
    wanted = _pool(ask)
    found, scores = model.nearby.beside(row, wanted, score, allowed, gone, newcomers, new_allowed)
    return _shaped(view, model, found, scores, ask, _others(view, 1))


def _around(view: View, item_id: str, score: Score, ask: Ask) -> Found | None:
    """For an item without a past: all that is near it is so by its content. None where it has no vector."""
    guest, newcomers, model = view.guest(item_id), view.newcomers, model_of(view)
    if guest is None or newcomers is None:
        return None
    allowed, new_allowed = view.allowed(ask.filter), view.allowed_new(ask.filter)
    gone = view.rows_of(ask.exclude) if ask.exclude else None
    rows, scores = model.unseen.around(guest, _pool(ask), score, newcomers, allowed, new_allowed, gone)
    return by_content(_shaped(view, model, rows, scores, ask, _others(view, 1)))


def _others(view: View, asked: int) -> int:
    """Items that a list could hold: all but those that are asked about."""
    new = len(view.newcomers) if view.newcomers is not None and view.has_new else 0
    return len(model_of(view).vocabulary) + new - asked


def _found(model: Model, rows: Rows, scores: Float, shortfall: Shortfall | None = None) -> Found:
    """With sources where newcomers are among them."""
    listed, items = rows.tolist(), len(model.vocabulary)
    new = any(row >= items for row in listed)
    sources = [CONTENT if row >= items else "model" for row in listed] if new else None
    return Found(listed, scores.tolist(), shortfall, sources)


@dataclass(frozen=True)
class LiveSession:
    """items: oldest first. weights: the caller's, one per item. timed: they fall with time, see `Question`.
    exclude_last: whether the last item is left out; None: as `exclude_seen` or the model says. user_type: place of the
    user's type in the model, where it is known: asked where none of the items has a vector."""

    items: Sequence[str]
    weights: Sequence[float] | None = None
    disliked: Sequence[str] = ()
    exclude_seen: bool = True
    exclude_last: bool | None = None
    timed: bool = False
    user_type: int | None = None


def recommend(view: View, session: LiveSession, ask: Ask) -> Found:
    """What comes next in a session; where none of its items has a vector, fallback items. Raises NoModel."""
    wish = wish_of(view, session, ask)
    return listed(view, session, ask, wish, None if wish is None else model_of(view).recommender.among([wish])[0])


def wish_of(view: View, session: LiveSession, ask: Ask) -> Wish | None:
    """As the model is asked; None where none of the items has a vector. Raises NoModel."""
    model = model_of(view)
    vocabulary, newcomers = model.vocabulary, view.newcomers
    known = set(view.trained(session.items)) if view.has_new else vocabulary
    places = [i for i, item in enumerate(session.items) if item in known]
    if not places:
        return None
    weights = session.weights
    rows, guests = model.unseen.session_of((session.items[i] for i in places), newcomers, view.fields_of)
    disliked, more = model.unseen.session_of(session.disliked, newcomers, view.fields_of)
    allowed = view.allowed(ask.filter)
    mask = None if allowed is None else allowed.mask
    new_allowed = view.allowed_new(ask.filter)
    if ask.exclude and len(out := view.rows_of(ask.exclude)):
        mask = np.ones(len(vocabulary), dtype=np.bool_) if mask is None else mask.copy()
        mask[out[out < len(vocabulary)]] = False
        if newcomers is not None:
            new_allowed = newcomers.shown.copy() if new_allowed is None else new_allowed.copy()
            new_allowed[out[out >= len(vocabulary)] - len(vocabulary)] = False
    return Wish(
        session=rows,
        k=_pool(ask),
        allowed=mask,
        exclude_seen=session.exclude_seen,
        weights=None if weights is None else np.array([weights[i] for i in places], dtype=np.float32),
        disliked=disliked if session.disliked else None,
        last_may_return=None if session.exclude_last is None else not session.exclude_last,
        newcomers=newcomers if view.has_new else None,
        new_allowed=new_allowed,
        guests={**guests, **more},
        timed=session.timed,
    )


def listed(view: View, session: LiveSession, ask: Ask, wish: Wish | None, best: tuple[Rows, Float] | None) -> Found:
    """best: what the model answered to the wish; of None both."""
    if wish is None or best is None:
        return fallback(view, session, ask)
    model, asked = model_of(view), set(wish.session.tolist())
    found = _shaped(view, model, *best, ask, _others(view, len(asked)))
    return by_content(found) if only_guests(wish) else found


def only_guests(wish: Wish) -> bool:
    """Whether nothing of the session was ever seen: all that comes is by content."""
    return wish.guests.keys() >= set(wish.session.tolist())


def by_content(found: Found) -> Found:
    return replace(found, sources=[CONTENT] * len(found.rows))


def analogous(view: View, positive: Sequence[str], negative: Sequence[str], ask: Ask) -> Found:
    """positive - negative, as king - man + woman. Raises ItemUnknown, ItemUntrained."""
    model = model_of(view)
    plus = np.array([model.row(item) for item in positive], dtype=np.int32)
    minus = np.array([model.row(item) for item in negative], dtype=np.int32)
    try:
        query = analogy(model.vectors, plus, minus)
    except ValueError as error:
        raise RequestError(str(error), [("query.negative", "the items cancel each other out")]) from error
    gone = np.concatenate([plus, minus, model.vocabulary.known_rows(ask.exclude)]).astype(np.int32)
    allowed = view.allowed(ask.filter)
    rows, scores = model.searcher.search(
        query[None, :], _pool(ask), None if allowed is None else allowed.mask, exclude=[gone]
    )
    real = rows[0] >= 0
    return _shaped(view, model, rows[0][real], scores[0][real], ask, len(model.vocabulary) - len(set(gone.tolist())))


def ignored(view: View, *given: Sequence[str]) -> list[str]:
    """Of the items that are to be left out or stayed away from, those without a vector: they change nothing."""
    ids = {item for some in given for item in some}
    return sorted(ids.difference(view.trained(ids))) if ids else []


def _pool(ask: Ask) -> int:
    return ask.k * POOL if ask.diversity or ask.mix else ask.k


def _shaped(view: View, model: Model, rows: Rows, scores: Float, ask: Ask, others: int) -> Found:
    shortfall: Shortfall | None = None
    if len(rows) < ask.k:
        shortfall = "catalogue_small" if len(rows) >= others else "filtered"
    if ask.min_score is not None:
        enough = scores >= ask.min_score
        if not enough.all():
            rows, scores = rows[enough], scores[enough]
            shortfall = "min_score" if len(rows) < ask.k else shortfall
    new = view.has_new and bool((rows >= len(model.vocabulary)).any())
    if ask.diversity and new:
        places = np.arange(len(rows), dtype=np.int32)
        places, scores = diversify(places, scores, vectors_of(view, model, rows), ask.k, ask.diversity)
        rows = rows[places]
    elif ask.diversity:
        rows, scores = diversify(rows, scores, model.vectors, ask.k, ask.diversity)
    rows, scores = rows[: ask.k], scores[: ask.k]
    return _found(model, rows, scores, shortfall) if new else Found(rows.tolist(), scores.tolist(), shortfall)


def vectors_of(view: View, model: Model, rows: Rows) -> Float:
    """What similarity is measured with, of rows of the model and of newcomers."""
    items = len(model.vocabulary)
    vectors = np.array(model.vectors[np.minimum(rows, items - 1)], dtype=np.float32)
    if view.newcomers is not None:
        new = rows >= items
        vectors[new] = view.newcomers.similar[rows[new] - items]
    return vectors


def fallback(view: View, session: LiveSession, ask: Ask, pick: Pick = _first) -> Found:
    """Where none of the session's items has a vector. pick: the first so many rows of an order that may come."""
    last = session.items[-1] if session.items else None
    return _fallback(view, last, ask, (*session.items, *session.disliked), pick, session.user_type)


def _fallback(
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
