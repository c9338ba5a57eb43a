"""Retraining: ask for it, follow it, cancel it."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from app.http.closing import Closing
from app.http.deps import READER, WRITER, ServiceDep
from app.http.who import ActorDep
from app.schemas.common import problems
from app.schemas.jobs import JobReply, JobsReply, RetrainRequest
from app.service import Service
from index.errors import StoreUnavailable
from store import jobs
from store.job import Job

router = APIRouter(tags=["jobs"])

LOOK_SECONDS = 0.5
KEEP_ALIVE_SECONDS = 10.0
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
def retrain(
    service: ServiceDep,
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

    One at a time: while one is under way this is refused with `job_running`, and `job` and Location name that one."""
    body = body or RetrainRequest()
    requested_by = actor.key_id or "anonymous"
    overrides = body.overrides.given() | ({"whole": True} if body.whole else {})
    job = jobs.enqueue(service.engine, overrides, body.force, idempotency_key, requested_by, actor)
    response.headers["Location"] = f"/jobs/{job.job_id}"
    return reply_of(service, job)


@router.get(
    "/jobs",
    summary="Trainings, newest first",
    responses=problems(*(status for status in READS if status != 404)),
    dependencies=READER,
)
def list_jobs(
    service: ServiceDep,
    limit: Annotated[int, Query(ge=1, le=200, description="at most this many")] = 20,
    cursor: Annotated[str | None, Query(max_length=100, description="next_cursor of the page before")] = None,
) -> JobsReply:
    """All trainings there ever were, in pages."""
    found, following = jobs.listed(service.engine, limit, cursor)
    replies = [reply_of(service, job) for job in found]
    return JobsReply(model_version=service.snapshots.version, jobs=replies, next_cursor=following)


@router.get("/jobs/{job_id}", summary="One training", responses=problems(*READS), dependencies=READER)
def get_job(service: ServiceDep, job_id: str) -> JobReply:
    """How far it is, and how it ended. A training whose worker died is resumed within a minute."""
    return reply_of(service, jobs.get(service.engine, job_id))


@router.delete(
    "/jobs/{job_id}",
    status_code=202,
    summary="Cancel a training",
    responses=problems(401, 403, 404, 409, 422, 429, 503),
    dependencies=WRITER,
)
def cancel_job(service: ServiceDep, actor: ActorDep, job_id: str) -> JobReply:
    """A queued one is cancelled at once, a running one within seconds; the model that serves stays."""
    return reply_of(service, jobs.cancel(service.engine, job_id, actor))


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
) -> StreamingResponse:
    """Server-sent events: `job` whenever it changes, `line` for each line of its log. Ends when the job has ended."""
    await run_in_threadpool(jobs.get, service.engine, job_id)
    content = _follow(service, request, request.app.state.closing, job_id, int(last_event_id or 0))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(content, media_type="text/event-stream", headers=headers)


async def _follow(
    service: Service, request: Request, closing: Closing | None, job_id: str, after: int
) -> AsyncIterator[str]:
    """The stream itself. While the database does not answer it stays open, and continues afterwards."""
    said, sent = "", time.monotonic()
    # At once: a client that waits for the head must not wait for the first change.
    yield "retry: 2000\n\n"
    while not closing and not await request.is_disconnected():
        try:
            # The job first: an ended one has written its last line.
            job = await run_in_threadpool(jobs.get, service.engine, job_id)
            lines = await run_in_threadpool(jobs.lines, service.engine, job_id, after)
        except StoreUnavailable:
            job, lines = None, []
        for line in lines:
            after = line.seq
            yield f"id: {line.seq}\nevent: line\ndata: {' '.join(line.text.splitlines())}\n\n"
        text = said if job is None else reply_of(service, job).model_dump_json()
        if text != said:
            yield f"event: job\ndata: {text}\n\n"
        if text != said or lines:
            said, sent = text, time.monotonic()
        elif time.monotonic() - sent > KEEP_ALIVE_SECONDS:
            sent = time.monotonic()
            yield ": still here\n\n"
        if len(lines) == jobs.MAX_LINES:
            continue
        if job is not None and job.ended:
            return
        await asyncio.sleep(LOOK_SECONDS)


def reply_of(service: Service, job: Job) -> JobReply:
    times = {name: _time(getattr(job, name)) for name in ("created", "started", "finished", "heartbeat")}
    return JobReply.model_validate({"model_version": service.snapshots.version, **asdict(job), **times})


def _time(micros: int | None) -> str | None:
    return None if micros is None else datetime.fromtimestamp(micros / 1e6, UTC).isoformat()
