"""Similar items, of one or of many."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from app.http.deps import READER, ServiceDep
from app.http.itempath import ITEM_ID
from app.http.replies import not_modified, passing, reply
from app.live import answers, rendering
from app.live.answers import Ask
from app.live.rendering import Entry
from app.live.view import View
from app.problems import BodyTooLarge, problem_of
from app.schemas.answers import BatchReply, ItemQuery, SimilarBatch, SimilarQuery, SimilarReply
from app.schemas.common import READING, WRITING, problems
from index.errors import Item2vecError
from index.model import Score

router = APIRouter(tags=["similar"], dependencies=READER)


async def _similar(service: ServiceDep, request: Request, item_id: str, query: SimilarQuery) -> Response:
    view = service.shelf.view
    answers.model_of(view)
    ask = query.ask()
    if not_modified(view, request) and view.get(item_id) is not None:
        return reply(view, None)

    def work() -> bytes:
        found = answers.similar(view, item_id, query.score, ask)
        return rendering.similar_bytes(view, item_id, query.score, found, item_id if query.explain else None)

    # A thread costs 100 us and its share of the tail: worth it only for work that would hold up the others for longer.
    quick = not query.explain and not query.diversity and view.is_short(ask.filter, query.score, ask.k)
    return reply(view, work() if quick else await run_in_threadpool(work))


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
def similar_of_many(service: ServiceDep, body: SimilarBatch) -> Response:
    """One entry per item asked about, in their order, each with a status of its own."""
    if len(body.items) > service.settings.max_batch:
        raise BodyTooLarge(f"{len(body.items)} items, at most {service.settings.max_batch} in one request")
    view, ask = service.shelf.view, body.ask()
    answers.model_of(view)
    entries = [_entry(view, item_id, body.score, ask) for item_id in body.items]
    return passing(view.version, rendering.batch_bytes(view, entries))


def _entry(view: View, item_id: str, score: Score, ask: Ask) -> Entry:
    try:
        return Entry(item_id, answers.similar(view, item_id, score, ask), anchor=item_id if ask.explain else None)
    except Item2vecError as error:
        problem = problem_of(error)
        return Entry(item_id, answers.Found(), problem.status, problem.code)
