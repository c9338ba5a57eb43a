"""Users of a type: which types there are, and what their users go for.

The routes of single users come into the same router behind these: the id of a user may hold anything.
"""

from functools import partial
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Path, Query, Request, Response

from app.answers import answers, bytype, fallback, rendering
from app.answers.question import REQUEST_COST, model_of
from app.http.deps import READER, ServiceDep
from app.http.largejson import LargeJsonRoute
from app.http.replies import not_modified, reply, shown
from app.live.view import View
from app.schemas.common import READING, problems
from app.schemas.usertypes import TypeQuery, TypeReply, TypesReply, UserType
from index.errors import TypeUnknown
from index.types.types import NO_USERS, Types

router = APIRouter(tags=["recommend"], dependencies=READER, route_class=LargeJsonRoute)

SHOWN = 5  # item types behind a list


@router.get(
    "/users/types",
    summary="Types of users",
    response_model=TypesReply,
    responses=problems(304, 401, 403, 422, 429, 503),
)
async def types(
    service: ServiceDep,
    request: Request,
    q: Annotated[str | None, Query(max_length=1024, description="only types whose name holds this")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="how many at most")] = 100,
) -> Response:
    """The types that the model has met, by the columns of the log that `types.user` names. Without any, an empty
    list."""
    view = service.shelf.view
    model = model_of(view)
    if not_modified(view, request):
        return reply(view, None)
    work = partial(_listed, view, model.types, (q or "").casefold(), limit)
    return reply(view, await service.pools.search.run(request, work, REQUEST_COST + limit))


def _listed(view: View, types: Types | None, wanted: str, limit: int) -> bytes:
    users = None if types is None else types.users
    if users is None:
        return shown(TypesReply(model_version=view.version, columns=[], total=0, types=[]))
    places = [place for place, label in enumerate(users.labels) if wanted in label.casefold()]
    found = [
        UserType(type=users.keys[place], label=users.labels[place], events=int(users.counts[place]))
        for place in places[:limit]
    ]
    columns = list(users.buckets.columns)
    return shown(TypesReply(model_version=view.version, columns=columns, total=len(places), types=found))


@router.get(
    "/users/types/{type}/recommendations",
    summary="What users of a type go for",
    response_model=TypeReply,
    responses=problems(*READING),
)
async def recommendations(
    service: ServiceDep,
    request: Request,
    type: Annotated[str, Path(description="key of the type, or its name")],
    query: Annotated[TypeQuery, Query()],
) -> Response:
    """For users without a history: items of the types that users of this type go for, within a type by popularity.
    Filters give exactly the best that pass; of equals the more frequent item comes first."""
    view = service.shelf.view
    model = model_of(view)
    if model.types is None:
        raise TypeUnknown(NO_USERS)
    place = model.types.user(type)
    ask = query.ask()
    if not_modified(view, request):
        return reply(view, None)

    def work() -> bytes:
        content = _behind(view, place)
        found = fallback.for_user_type(view, place, ask)
        content["ignored"] = answers.ignored(view, ask.exclude)
        return rendering.list_bytes(view, content, found)

    return reply(view, await service.pools.search.run(request, work, ask.cost()))


def _behind(view: View, place: int) -> dict[str, Any]:
    """The types that a list is made of."""
    types = model_of(view).types
    assert types is not None
    assert types.users is not None
    shares, affinities = types.shares(place), types.affinities(place)
    best = np.argsort(-shares, kind="stable")[:SHOWN].tolist()
    return {
        "user_type": bytype.named(types, place),
        "item_types": [
            {
                "label": types.items.labels[each],
                "share": round(float(shares[each]), 6),
                "affinity": round(float(affinities[each]), 6),
            }
            for each in best
        ],
    }
