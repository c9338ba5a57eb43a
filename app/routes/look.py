"""What the explorer looks at besides lists: the map, and vectors."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from app import headers
from app.answers import look
from app.answers.question import REQUEST_COST, model_of
from app.http.deps import READER, ServiceDep
from app.http.replies import TaggedView, not_modified, reply
from app.live.view import View
from app.problems import FIRST_STEP
from app.schemas.common import READING, ItemId, problems
from app.schemas.look import MapNames, MapReply, RatesNow, StatusReply, SuggestedItem, SuggestReply, VectorsReply
from app.service import Service
from index.errors import RegistryError
from index.model import Model
from index.report import MODEL

router = APIRouter(tags=["explorer"], dependencies=READER)

MOST_NAMES, MOST_VECTORS = 20_000, 200
POPULARITY = "popularity"  # what the reports call the most popular items
FOREVER = "private, max-age=31536000, immutable"
BINARY: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}
Version = Annotated[str, Path(description="the model version that GET /map names", examples=["20261129-014523"])]


@router.get("/map", summary="The map of all items", response_model=MapReply, responses=problems(*READING))
async def get_map(service: ServiceDep, request: Request) -> Response:
    """Where each item lies in the plane, so that items that are alike lie near each other: names of regions, and where
    the points are. A model that was published without a map has none: 404 `no_map`."""
    view = service.shelf.view
    look.map_of(model_of(view))
    if not_modified(view, request):
        return reply(view, None)
    return reply(view, await service.pools.search.run(request, partial(look.map_bytes, view), _cost(view)))


@router.get(
    "/map/{version}/points",
    summary="The points of the map",
    response_class=Response,
    responses=BINARY | problems(*READING),
)
async def get_points(service: ServiceDep, request: Request, version: Version) -> Response:
    """uint16 x of all items, the most frequent first, then uint16 y, little-endian; then a byte each: 0 for no
    category, 1 and its place among `categories`, 255 for a hidden item; then a byte each: how often it was seen. They
    never change."""
    view = service.shelf.view
    model = _serving(service, version)
    found = await service.pools.search.run(request, partial(look.points_bytes, model), _cost(view))
    return Response(
        found, media_type="application/octet-stream", headers={"Cache-Control": FOREVER, "X-Model-Version": version}
    )


@router.get(
    "/map/{version}/items", summary="Names of the points", response_model=MapNames, responses=problems(*READING)
)
async def get_names(
    service: ServiceDep,
    request: Request,
    version: Version,
    first: Annotated[int, Query(ge=0, le=2**31, description="the first point")] = 0,
    count: Annotated[int, Query(ge=1, le=MOST_NAMES, description="how many")] = MOST_NAMES,
) -> Response:
    """Ids and titles in the order of the points, as the catalogue has them now; null for what is hidden."""
    view = service.shelf.view
    look.map_of(_serving(service, version))
    if not_modified(view, request):
        return reply(view, None)
    work = partial(look.names_bytes, view, first, count)
    return reply(view, await service.pools.search.run(request, work, REQUEST_COST + count))


@router.get("/vectors", summary="Vectors as small numbers", response_model=VectorsReply, responses=problems(*READING))
async def get_vectors(
    service: ServiceDep,
    request: Request,
    item_id: Annotated[list[ItemId], Query(max_length=MOST_VECTORS, description="of these items")],
) -> Response:
    """The unit vectors that similarity is measured with, a signed byte b for each number, in base64: sign(b) x
    (b / 127)^2 x `scale`. To look at; `item2vec export` has them whole."""
    view = service.shelf.view
    model_of(view)
    if not_modified(view, request):
        return reply(view, None)
    return reply(view, look.vectors_bytes(view, item_id))


@router.get("/suggest", summary="Items as one types", response_model=SuggestReply, responses=problems(*READING))
async def suggest(
    service: ServiceDep,
    view: TaggedView,
    q: Annotated[str, Query(max_length=200, description="what was typed so far")],
    k: Annotated[int, Query(ge=1, le=50, description="how many at most")] = 8,
) -> SuggestReply:
    """Items with words in title or id that begin so, the most frequent first; a typo is forgiven where nothing else
    fits. A new title is known after some seconds."""
    found = service.suggester.find(view, q, k)
    items = [SuggestedItem(item_id=item.item_id, title=item.title, category=item.category) for item in found]
    return SuggestReply(items=items, model_version=view.version)


@router.get(
    "/status", summary="What serves, and how well", response_model=StatusReply, responses=problems(401, 403, 429)
)
async def status(service: ServiceDep, view: TaggedView, response: Response) -> StatusReply:
    """In a few numbers: the model and its quality beside the most popular items, and the rates of the last minute."""
    response.headers.update(headers.of_answer(view.version))  # rates change without the view
    del response.headers["ETag"]
    manifest = view.model.manifest if view.model is not None else None
    report = manifest.metrics if manifest is not None else None
    ours, popular = (None if report is None else report.tasks.row("T1", name) for name in (MODEL, POPULARITY))
    return StatusReply(
        model_version=view.version,
        serving=manifest is not None,
        created=manifest and manifest.created,
        sessions=manifest and manifest.data.sessions,
        items=manifest and manifest.data.items,
        events=manifest and manifest.data.events,
        hr20=ours and ours.hr20.mean,
        hr20_popular=popular and popular.hr20.mean,
        interval=ours and (ours.hr20.low, ours.hr20.high),
        next_step=FIRST_STEP if manifest is None and not service.snapshots.loading else None,
        rates=RatesNow(**service.rates.now, recall=service.metrics.recall_now),
    )


def _serving(service: Service, version: str) -> Model:
    """The model, if it is this version. Raises RegistryError: another version's points would have other names."""
    model = model_of(service.shelf.view)
    if model.manifest.version != version:
        raise RegistryError(f"version {version!r} does not serve; GET /map names the one that does")
    return model


def _cost(view: View) -> int:
    return REQUEST_COST + len(model_of(view).vocabulary) // 10
