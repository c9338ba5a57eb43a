"""What comes next: for a live session, for a user's stored events; and why; and items by arithmetic."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response

from app.answers import answers, bytype, mixing, rendering
from app.answers.history import session_of
from app.answers.question import REQUEST_COST, Ask, Found, LiveSession, model_of
from app.bodies.sessionitems import in_order
from app.http.deps import ServiceDep
from app.http.itempath import USER_ID
from app.http.replies import not_modified, passing, reply
from app.live.itemview import ItemView
from app.live.view import View
from app.problems import UserUnknown
from app.routes import usertypes
from app.schemas.answers import (
    AnalogyQuery,
    AnalogyReply,
    ExplainReply,
)
from app.schemas.common import READING, WRITING, problems
from app.schemas.recommend import RecommendReply, RecommendRequest, SessionItem, UserQuery, UserReply
from index.artifact.signals import dislike_types_of
from index.errors import ItemUnknown, RequestError
from index.model import Model
from index.ranking.recommender import Wish
from index.why.explanation import Explanation
from store import events as eventlog

router = usertypes.router  # which has its own routes in front


HISTORY = 200  # newest events of a user that are looked at; the session rule reads fewer


@router.post(
    "/recommend", summary="What comes next in a session", response_model=RecommendReply, responses=problems(*WRITING)
)
async def recommend(service: ServiceDep, request: Request, body: RecommendRequest) -> Response:
    """From the items of a live session, oldest first. An item may be an object with `time` (the items are then sorted
    by it) and `weight`. `disliked` items pull the other way and do not come back. Without an item that has a vector,
    `user_type` or `user` says what users of this type go for."""
    view = service.shelf.view
    typed = body.user_type is not None or body.user is not None
    if not body.items and not typed:
        raise RequestError("there are no items", [("body.items", "must have 1 values at least, or user_type or user")])
    model = model_of(view)
    user_type = bytype.user_type(model, body.user_type, body.user)
    about = {"user_type": bytype.named(model.types, user_type)} if typed else {}
    given = [item if isinstance(item, SessionItem) else SessionItem(item_id=item) for item in body.items]
    session = [item for item, _ in in_order(given, "body.items")]
    ids = [item.item_id for item in session]
    weights = [item.weight for item in session] if any(item.weight != 1 for item in session) else None
    live = LiveSession(ids, weights, body.disliked, body.exclude_seen, body.exclude_last, user_type=user_type)
    ask = body.mixed_ask(body.max_per)
    if ask.mix:
        work = partial(_mixed, view, live, ask, about)
        return passing(view.version, await service.pools.search.run(request, work, ask.cost()))
    # A thread costs 100 us and its share of the tail: worth it only for work that would hold up the others for longer.
    slow = ask.explain or ask.diversity or ask.filter.conditions or user_type is not None
    search, cost = service.pools.search, ask.cost()

    def wished() -> Wish | None:
        return answers.wish_of(view, live, ask)

    wish = await search.run(request, wished, cost) if slow else wished()
    best = None if wish is None else await service.together.best(model, wish)

    def made() -> bytes:
        content = {**about, "ignored": answers.ignored(view, ask.exclude, live.disliked)}
        return _list(view, content, ids, answers.listed(view, live, ask, wish, best), ask.explain)

    return passing(view.version, await search.run(request, made, cost) if slow else made())


def _mixed(view: View, live: LiveSession, ask: Ask, content: dict[str, Any]) -> bytes:
    found = mixing.recommend(view, live, ask)
    content = {**content, "ignored": answers.ignored(view, ask.exclude, live.disliked), **found.told()}
    return _list(view, content, live.items, found.found, ask.explain)


def _list(view: View, content: dict[str, Any], ids: Sequence[str], found: Found, explain: bool) -> bytes:
    """The evidence is that of the newest item with a vector."""
    with_vector = view.trained(ids)
    unknown = sorted(set(ids) - set(with_vector))
    anchor = with_vector[-1] if explain and with_vector else None
    return rendering.list_bytes(view, {**content, "unknown": unknown}, found, anchor)


@router.get(
    f"/users/{USER_ID}/recommendations",
    summary="What comes next for a user",
    response_model=UserReply,
    responses=problems(401, 403, 404, 422, 429, 503),
)
async def user_recommendations(
    service: ServiceDep,
    request: Request,
    user_id: Annotated[str, Path(description="id of the user, as in the events")],
    query: Annotated[UserQuery, Query()],
) -> Response:
    """As POST /recommend, from the user's stored events, newest 200; with a `user_type` that is known also where there
    are none. Events of a type that the model's training calls
    a dislike (`events.dislike_types`) are `disliked`: their items pull the other way and do not come back."""
    view = service.shelf.view
    model = model_of(view)
    user_type = bytype.user_type(model, query.user_type, None)
    if "\0" in user_id:
        raise UserUnknown("no event of this user is stored")
    events = await service.pools.manage.run(request, lambda: eventlog.of_user(service.engine, user_id, HISTORY))
    if not events and user_type is None:
        raise UserUnknown(f"no event of user {user_id[:200]!r} is stored")
    ask = query.mixed_ask(query.caps())
    half_life = service.settings.half_life_days if query.half_life_days is None else query.half_life_days
    live = session_of(events, dislike_types_of(model.manifest.config), half_life, query.exclude_seen)
    live = replace(live, user_type=user_type)

    def work() -> bytes:
        content: dict[str, Any] = {"user_id": user_id}
        if query.user_type is not None:
            content["user_type"] = bytype.named(model.types, user_type)
        if ask.mix:
            return _mixed(view, live, ask, content)
        found = answers.recommend(view, live, ask)
        content["ignored"] = answers.ignored(view, ask.exclude, live.disliked)
        return _list(view, content, live.items, found, query.explain)

    return passing(view.version, await service.pools.search.run(request, work, ask.cost()))


@router.get("/explain", summary="Why two items are close", response_model=ExplainReply, responses=problems(*READING))
async def explain(
    service: ServiceDep,
    request: Request,
    item: Annotated[str, Query(min_length=1, max_length=1024, description="the item asked about")],
    candidate: Annotated[str, Query(min_length=1, max_length=1024, description="the other item")],
) -> Any:
    """How often the two met in the training sessions, in which order and how far apart, and the candidate's rank for
    the item by both scores; where it is not among the stored neighbours, why."""
    view = service.shelf.view
    model = model_of(view)
    views = [view.item(item_id) for item_id in (item, candidate)]
    if not_modified(view, request):
        return reply(view, None)
    work = partial(_explained, view, model, item, candidate, views)
    return reply(view, await service.pools.search.run(request, work, REQUEST_COST))


def _explained(view: View, model: Model, item: str, candidate: str, views: list[ItemView]) -> bytes:
    try:
        new = model.unseen.explain(item, candidate, view.newcomers, view.fields_of)
        why = model.explain_beside(item, candidate, new)
    except ItemUnknown:
        # Only in the live catalogue: added since the model was trained.
        untrained = next(v.item_id for v in views if not v.trained)
        reason = f"item {untrained!r} was not in the sessions the model was trained on"
        why = Explanation(item, candidate, None, None, None, {"vector": reason})
    if not views[1].available:
        why = replace(why, missing={**why.missing, "hidden": f"item {candidate!r} is not available"})
    places = {"similar": why.similar, "next": why.next}
    content = {
        "model_version": view.version,
        "item_id": item,
        "candidate_id": candidate,
        "evidence": rendering.pair_json(why.pair),
        **{name: place and {"score": round(place.score, 6), "rank": place.rank} for name, place in places.items()},
        "parts": {name: round(value, 6) for name, value in why.parts.items()},
        "made_of": {
            side: [{**asdict(part), "share": round(part.share, 6)} for part in shares]
            for side, shares in why.made_of.items()
        },
        "missing": why.missing,
        "content": why.content,
        "sentences": why.sentences(views[0].title or item, views[1].title or candidate),
    }
    return rendering.json_bytes(content)


@router.get("/analogy", summary="Item arithmetic", response_model=AnalogyReply, responses=problems(*READING, 409))
async def analogy(service: ServiceDep, request: Request, query: Annotated[AnalogyQuery, Query()]) -> Response:
    """`positive=queen_hits&positive=jazz_1959&negative=queen_live`: what is to the second as the first is to the third.
    Cosine to the sum of the positive unit vectors less the negative ones."""
    view = service.shelf.view
    model_of(view)
    ask = query.ask()

    def work() -> bytes:
        found = answers.analogous(view, query.positive, query.negative, ask)
        content = {"positive": query.positive, "negative": query.negative}
        content["ignored"] = answers.ignored(view, ask.exclude)
        return rendering.list_bytes(view, content, found, query.positive[0] if query.explain else None)

    return reply(view, await service.pools.search.run(request, work, ask.cost()))
