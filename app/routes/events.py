"""Events into the store, and what was refused of them."""

from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.bodies import eventbody, jsonbody
from app.http.deps import ADMIN, WRITER, RequestId, ServiceDep, body_cost
from app.http.replies import passing, shown
from app.http.who import ActorDep
from app.schemas.common import WRITING, problems
from app.schemas.events import REQUEST_BODY, EventsReply, KeptReject, RejectedRow, RejectsReply
from app.service import Service
from store import events as eventlog
from store.database import now
from store.events import StoredReject

LISTED = 1000

router = APIRouter(tags=["events"])


@router.post(
    "/events",
    summary="Store events",
    dependencies=WRITER,
    response_description="What became of every row; those accepted are on disk",
    responses=problems(*WRITING),
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def post_events(request: Request, service: ServiceDep, request_id: RequestId) -> EventsReply:
    """Each row is judged by itself: the good ones are stored, the others are answered with their index and a code.

    The answer comes when the rows are on disk. With an `event_id` a row may be sent again: it is stored once. A body
    that is not a list of rows is refused as a whole, and nothing of it is stored.
    """
    kind = jsonbody.media_type(request.headers.get("content-type"), eventbody.TYPES)
    encoding = request.headers.get("content-encoding")
    body = await request.body()
    store = partial(_store, service, body, kind, encoding, request_id)
    return await service.pools.write.run(request, store, body_cost(body))


def _store(service: Service, body: bytes, kind: str, encoding: str | None, request_id: str) -> EventsReply:
    settings = service.settings
    parsed = eventbody.read(jsonbody.unpack(body, encoding, settings.max_body), kind, settings.max_events, now())
    stored = eventlog.append(service.engine, parsed.rows, parsed.rejects, request_id, settings.rejects_kept)
    duplicates, refused = len(stored.duplicates), len(parsed.rejects)
    for outcome, rows in (("accepted", stored.accepted), ("duplicate", duplicates), ("rejected", refused)):
        service.metrics.events.labels(outcome).inc(rows)
    return EventsReply(
        model_version=service.snapshots.version,
        accepted=stored.accepted,
        duplicates=duplicates,
        rejected=[RejectedRow(index=r.place, code=r.code, detail=r.detail) for r in parsed.rejects[:LISTED]],
        rejected_count=refused,
    )


@router.get(
    "/events/rejects",
    summary="Rejected events",
    response_model=RejectsReply,
    dependencies=ADMIN,
    responses=problems(401, 403, 422, 429, 503),
)
async def get_rejects(
    service: ServiceDep,
    request: Request,
    actor: ActorDep,
    limit: Annotated[int, Query(ge=1, le=1000, description="how many")] = 100,
    before: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="only rejects with a smaller seq")] = None,
) -> Response:
    """The rejected rows that are still kept, the newest first, as they were sent."""
    version = service.snapshots.version

    def work() -> bytes:
        found = eventlog.rejects(service.engine, limit, before, actor)
        following = found[-1].seq if len(found) == limit else None
        kept = [_kept(reject) for reject in found]
        return shown(RejectsReply(model_version=version, rejects=kept, before=following))

    return passing(version, await service.pools.manage.run(request, work))


def _kept(reject: StoredReject) -> KeptReject:
    received = datetime.fromtimestamp(reject.received / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return KeptReject(**asdict(reject) | {"received": received, "index": reject.place})
