"""What is asked of the model and the catalogue -> rows and scores, best first."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.answers import fallback
from app.answers.question import Ask, Found, LiveSession, Shortfall, model_of
from app.live.view import View
from index.content.newcomers import merged
from index.errors import ItemUnknown, ItemUntrained, RequestError
from index.model import Model, Score
from index.ranking.analogy import analogy
from index.ranking.diversity import diversify
from index.ranking.readings import Float, Rows
from index.ranking.recommender import Wish

CONTENT = "content"  # the source of what is near by content alone


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
        return _around(view, item_id, score, ask) or fallback.for_item(view, item_id, ask)
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
    wanted = ask.pool
    found, scores = model.nearby.beside(row, wanted, score, allowed, gone, newcomers, new_allowed)
    return _shaped(view, model, found, scores, ask, _others(view, 1))


def _around(view: View, item_id: str, score: Score, ask: Ask) -> Found | None:
    """For an item without a past: all that is near it is so by its content. None where it has no vector."""
    guest, newcomers, model = view.guest(item_id), view.newcomers, model_of(view)
    if guest is None or newcomers is None:
        return None
    allowed, new_allowed = view.allowed(ask.filter), view.allowed_new(ask.filter)
    gone = view.rows_of(ask.exclude) if ask.exclude else None
    rows, scores = model.unseen.around(guest, ask.pool, score, newcomers, allowed, new_allowed, gone)
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
        k=ask.pool,
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
        return fallback.for_session(view, session, ask)
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
        query[None, :], ask.pool, None if allowed is None else allowed.mask, exclude=[gone]
    )
    real = rows[0] >= 0
    return _shaped(view, model, rows[0][real], scores[0][real], ask, len(model.vocabulary) - len(set(gone.tolist())))


def ignored(view: View, *given: Sequence[str]) -> list[str]:
    """Of the items that are to be left out or stayed away from, those without a vector: they change nothing."""
    ids = {item for some in given for item in some}
    return sorted(ids.difference(view.trained(ids))) if ids else []


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
