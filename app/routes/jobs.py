"""Retraining: ask for it, follow it, cancel it."""

from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.admission.admission import check_scope
from app.http.deps import READER, WRITER, ServiceDep
from app.http.who import ActorDep
from app.problems import without_places
from app.schemas.common import problems
from app.schemas.jobs import JobReply, JobsReply, RetrainRequest
from app.streams.eventstream import EventStream, follow
from store import jobs
from store.job import Job

router = APIRouter(tags=["jobs"])

GRACE_SECONDS = 10.0  # for a stream to end by itself, before it is broken off
READS, WRITES = (401, 403, 404, 422, 429, 503), (401, 403, 409, 413, 415, 422, 429, 503)
LOCATION = {"Location": {"description": "the job", "schema": {"type": "string"}}}
STREAM: dict[str, Any] = {
    "description": "Server-sent events: `job` with a job as JSON, `line` with a line of its log",
    "content": {
        "text/event-stream": {"schema": {"type": "string"}, "example": "id: 7\nevent: line\ndata: step=read\n"}
    },
}


@router.post(
    "/retrain",
    status_code=202,
    summary="Train a new model",
    responses={
        202: {"headers": LOCATION, "description": "Queued; Location says where to follow it"},
        **problems(*WRITES),
    },
    dependencies=WRITER,
)
async def retrain(
    service: ServiceDep,
    request: Request,
    actor: ActorDep,
    response: Response,
    body: RetrainRequest | None = None,
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=200, description="the same key and body again: the same job, not a new one"),
    ] = None,
) -> JobReply:
    """Queues a training on the configured files and on all events and items posted so far; a worker does it. Where only
    events came since the last one, they are added to the model that serves, which takes seconds.

    `force` needs the scope admin, and so do overrides of `sessions` (but for `half_life_days`), `index` and
    `evaluation`: what the gate compares is made of them.

    One at a time: while one is under way this is refused with `job_running`, and `job` and Location name that one."""
    body = body or RetrainRequest()
    if body.may_pass_the_gate:
        check_scope(service.keyring, request.scope["state"].get("key"), "admin")
    requested_by = actor.key_id or "anonymous"
    overrides = body.overrides.given() | ({"whole": True} if body.whole else {})
    force = body.force

    def work() -> Job:
        return jobs.enqueue(service.engine, overrides, force, idempotency_key, requested_by, actor)

    job = await service.pools.manage.run(request, work)
    response.headers["Location"] = f"/jobs/{job.job_id}"
    return reply_of(service.snapshots.version, job)


@router.get(
    "/jobs",
    summary="Trainings, newest first",
    responses=problems(*(status for status in READS if status != 404)),
    dependencies=READER,
)
async def list_jobs(
    service: ServiceDep,
    request: Request,
    limit: Annotated[int, Query(ge=1, le=200, description="at most this many")] = 20,
    cursor: Annotated[str | None, Query(max_length=100, description="next_cursor of the page before")] = None,
) -> JobsReply:
    """All trainings there ever were, in pages."""
    version = service.snapshots.version
    found, following = await service.pools.manage.run(request, lambda: jobs.listed(service.engine, limit, cursor))
    replies = [reply_of(version, job) for job in found]
    return JobsReply(model_version=version, jobs=replies, next_cursor=following)


@router.get("/jobs/{job_id}", summary="One training", responses=problems(*READS), dependencies=READER)
async def get_job(service: ServiceDep, request: Request, job_id: str) -> JobReply:
    """How far it is, and how it ended. A training whose worker died is resumed within a minute."""
    job = await service.pools.manage.run(request, lambda: jobs.get(service.engine, job_id))
    return reply_of(service.snapshots.version, job)


@router.delete(
    "/jobs/{job_id}",
    status_code=202,
    summary="Cancel a training",
    responses=problems(401, 403, 404, 409, 422, 429, 503),
    dependencies=WRITER,
)
async def cancel_job(service: ServiceDep, request: Request, actor: ActorDep, job_id: str) -> JobReply:
    """A queued one is cancelled at once, a running one within seconds; the model that serves stays, and what the job
    has published is deleted. Once its version is about to become current this is refused with `job_ended`."""
    job = await service.pools.manage.run(request, lambda: jobs.cancel(service.engine, job_id, actor))
    return reply_of(service.snapshots.version, job)


@router.get(
    "/jobs/{job_id}/stream",
    summary="Follow a training",
    response_class=StreamingResponse,
    responses={200: STREAM, **problems(*READS)},
    dependencies=READER,
)
async def stream_job(
    service: ServiceDep,
    request: Request,
    job_id: str,
    last_event_id: Annotated[
        str | None, Header(pattern="^[0-9]{1,18}$", description="id of the last line seen: only later ones are sent")
    ] = None,
) -> EventStream:
    """Server-sent events: `job` whenever it changes, `line` for each line of its log. Ends when the job has ended, and
    after `stream_seconds`: come again with the id of the last line as `Last-Event-ID`, as browsers do."""
    state, seconds, keyring = request.scope["state"], service.settings.stream_seconds, service.keyring
    await service.pools.manage.run(request, lambda: jobs.get(service.engine, job_id))
    key, closing = state["key"], request.app.state.closing

    def ends() -> bool:
        """The process ends, or whoever follows may not read any more."""
        return bool(closing) or (keyring.configured and (key is None or not keyring.holds(key)))

    held = ExitStack()
    held.enter_context(service.streams.one(state["who"]))
    feed = held.enter_context(service.feeds.of(job_id))
    content = follow(service.feeds, feed, int(last_event_id or 0), seconds, ends)
    return EventStream(content, held, seconds + GRACE_SECONDS)


def event_of(version: str | None, job: Job) -> str:
    """The job as an event of its streams."""
    return f"event: job\ndata: {reply_of(version, job).model_dump_json()}\n\n"


def reply_of(version: str | None, job: Job) -> JobReply:
    """version: of the model that serves."""
    times = {name: _time(getattr(job, name)) for name in ("created", "started", "finished", "heartbeat")}
    found = {"model_version": version, **asdict(job), **times}
    if job.error is not None:
        # The worker's log has the paths; who may read jobs need not know the machine.
        found["error"] = {"code": job.error.code, "detail": without_places(job.error.detail)}
    return JobReply.model_validate(found)


def _time(micros: int | None) -> str | None:
    return None if micros is None else datetime.fromtimestamp(micros / 1e6, UTC).isoformat()
