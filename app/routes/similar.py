"""Similar items, of one or of many."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.answers import answers, rendering
from app.answers.question import Ask, Found, model_of
from app.answers.rendering import Entry
from app.http.deps import READER, ServiceDep
from app.http.itempath import ITEM_ID
from app.http.largejson import LargeJsonRoute
from app.http.replies import not_modified, passing, reply
from app.live.view import View
from app.pools.task import Steps
from app.problems import BodyTooLarge, TooManyResults, problem_of
from app.schemas.answers import BatchReply, ItemQuery, SimilarBatch, SimilarQuery, SimilarReply
from app.schemas.common import READING, WRITING, problems
from index.errors import Item2vecError
from index.model import Score

router = APIRouter(tags=["similar"], dependencies=READER, route_class=LargeJsonRoute)


async def _similar(service: ServiceDep, request: Request, item_id: str, query: SimilarQuery) -> Response:
    view = service.shelf.view
    model = model_of(view)
    ask = query.ask()
    if not_modified(view, request) and view.get(item_id) is not None:
        return reply(view, None)

    def work() -> bytes:
        found = answers.similar(view, item_id, query.score, ask)
        anchor, ignored = item_id if query.explain else None, answers.ignored(view, ask.exclude)
        return rendering.similar_bytes(view, item_id, query.score, found, anchor, ignored)

    # A thread costs 100 us and its share of the tail: worth it only for work that would hold up the others for longer.
    quick = not query.explain and not query.diversity and view.is_short(ask.filter, query.score, ask.k, item_id)
    quick = quick and (model.types is None or item_id in model.vocabulary)
    return reply(view, work() if quick else await service.pools.search.run(request, work, ask.cost()))


@router.get(
    "/similar",
    summary="Similar items, the id as a parameter",
    response_model=SimilarReply,
    responses=problems(*READING),
)
async def similar_by_parameter(service: ServiceDep, request: Request, query: Annotated[ItemQuery, Query()]) -> Response:
    """For ids that a path cannot carry unchanged (`..`, an empty segment); else as `/similar/{item_id}`."""
    return await _similar(service, request, query.item_id, query)


@router.get(f"/similar/{ITEM_ID}", summary="Similar items", response_model=SimilarReply, responses=problems(*READING))
async def similar_by_path(
    service: ServiceDep, request: Request, item_id: str, query: Annotated[SimilarQuery, Query()]
) -> Response:
    """The items most similar to one (`score=similar`: cosine of their vectors), or what comes with or after it
    (`score=next`). Filters give exactly the best that pass. An item that is known but has no vector gets fallback
    items, labelled in `source`."""
    return await _similar(service, request, item_id, query)


@router.post("/similar", summary="Similar items of many", response_model=BatchReply, responses=problems(*WRITING))
async def similar_of_many(service: ServiceDep, request: Request, body: SimilarBatch) -> Response:
    """One entry per item asked about, in their order, each with a status of its own."""
    items, settings = len(body.items), service.settings
    if items > settings.max_batch:
        raise BodyTooLarge(f"{items} items, at most {settings.max_batch} in one request")
    if items * body.k > settings.max_results:
        raise TooManyResults(
            f"{items} items with k={body.k} are {items * body.k:,} results, at most {settings.max_results:,} in one "
            "request: ask for less, or in parts"
        )
    view, ask = service.shelf.view, body.ask()
    model_of(view)
    found = await service.pools.search.steps(request, _many(view, body.items, body.score, ask), ask.cost(items))
    return passing(view.version, found)


def _many(view: View, items: list[str], score: Score, ask: Ask) -> Steps[bytes]:
    """The body of the reply, item by item."""
    view.allowed(ask.filter)  # a filter that cannot be is an error of all, and not of each
    failed, parts = 0, []
    for item_id in items:
        entry = _entry(view, item_id, score, ask)
        failed += entry.status != 200
        parts.append(rendering.entry_bytes(view, entry))
        yield
    return rendering.batch_bytes(view, failed, parts, answers.ignored(view, ask.exclude))


def _entry(view: View, item_id: str, score: Score, ask: Ask) -> Entry:
    try:
        return Entry(item_id, answers.similar(view, item_id, score, ask), anchor=item_id if ask.explain else None)
    except Item2vecError as error:
        problem = problem_of(error)
        return Entry(item_id, Found(), problem.status, problem.code)
