"""Candidates of a search page, by what a user has just done."""

from functools import partial

from fastapi import APIRouter, Request, Response

from app.answers import candidates
from app.answers.question import REQUEST_COST, model_of
from app.bodies.sessionitems import in_order, moment
from app.http.deps import READER, ServiceDep
from app.http.largejson import LargeJsonRoute
from app.http.replies import passing
from app.schemas.common import WRITING, problems
from app.schemas.rank import ItemEvent, RankReply, RankRequest
from index.ranking.rank import ACTIONS, Event
from store.database import now

router = APIRouter(tags=["rank"], dependencies=READER, route_class=LargeJsonRoute)

# Candidates and events that are ranked while other requests wait, about 2 ms; more of them have a thread.
IN_LOOP = 300
DAY = 86_400


@router.post("/rank", summary="Candidates by what a user did", response_model=RankReply, responses=problems(*WRITING))
async def rank(service: ServiceDep, request: Request, body: RankRequest) -> Response:
    """Each candidate with a score and the similarities behind it: the cosine to what was clicked, skipped, booked, ...,
    the largest over segments. To sort a search page by, or as features of another ranker."""
    view, settings = service.shelf.view, service.settings
    model_of(view)
    done = {name: _events(getattr(body, name), f"body.{name}") for name in ACTIONS}
    since = now() / 1e6 - settings.rank_days * DAY if body.since is None else moment(body.since, "body.since")
    wanted = candidates.Wanted(body.candidates, done, body.weights.model_dump(), since)
    segment = candidates.segment_of(view, body.segment, settings.rank_segment)
    work = partial(candidates.ranked_bytes, view, wanted, segment)
    size = len(body.candidates) + sum(map(len, done.values()))
    quick = size <= IN_LOOP
    return passing(
        view.version, work() if quick else await service.pools.search.run(request, work, REQUEST_COST + size)
    )


def _events(given: list[str | ItemEvent], place: str) -> list[Event]:
    """Oldest first. Raises RequestError."""
    if all(isinstance(event, str) for event in given):
        return [Event(event) for event in given if isinstance(event, str)]
    events = [event if isinstance(event, ItemEvent) else ItemEvent(item_id=event) for event in given]
    return [Event(event.item_id, time) for event, time in in_order(events, place)]
