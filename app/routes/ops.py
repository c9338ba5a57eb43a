"""Alive, able to serve, measured."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Request, Response

from app.http.deps import READER, ServiceDep
from app.problems import FIRST_STEP, Busy, TimeExceeded
from app.schemas.common import problems
from app.schemas.ops import Alive, Ready
from index.errors import StoreUnavailable
from store import jobs
from store.database import Database, file_of

JOBS_SECONDS = 2.0  # that the metrics wait for the database

router = APIRouter(tags=["operations"])


@router.get("/healthz", summary="Alive", response_model=Alive, responses={503: {"model": Alive}})
async def healthz(service: ServiceDep, request: Request, response: Response) -> Alive:
    """200 as long as the process answers, also while it loads its first model; 503 when it is about to end and wants
    no more requests. Needs no key."""
    leaving = bool(request.app.state.closing)
    if leaving:
        response.status_code = 503
    status: Literal["ok", "loading"] = "loading" if service.snapshots.loading else "ok"
    return Alive(status="leaving" if leaving else status, model_version=service.shelf.view.version)


@router.get("/readyz", summary="Able to serve", response_model=Ready, responses={503: {"model": Ready}})
async def readyz(service: ServiceDep, response: Response) -> Ready:
    """200 once a model is loaded and warm, 503 before, and where work hangs: `reason` says which. `refused` names
    versions that could not be loaded; the one before them still serves. Needs no key."""
    view = service.shelf.view
    stuck = service.pools.stuck
    reason: Literal["loading", "no_model", "stuck"] | None = "stuck" if stuck else None
    if view.snapshot is None:
        reason = "loading" if service.snapshots.loading else "no_model"
    ready = reason is None
    if not ready:
        response.status_code = 503
        response.headers["Retry-After"] = "2"
    return Ready(
        ready=ready,
        model_version=view.version,
        catalogue_change=view.number,
        reason=reason,
        stuck=stuck,
        refused=dict(service.snapshots.refused),
        next_step=FIRST_STEP if reason == "no_model" else None,
    )


@router.get(
    "/openapi.json",
    summary="This API as an OpenAPI document",
    response_class=Response,
    dependencies=READER,
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}, **problems(401, 403, 429)},
)
async def openapi(request: Request) -> Response:
    """Every route with its parameters, replies, errors and examples."""
    document: bytes = request.app.document
    return Response(document, media_type="application/json")


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=Response,
    dependencies=READER,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems(401, 403, 429, 503)},
)
async def metrics(service: ServiceDep, request: Request) -> Response:
    """In Prometheus's text format; docs/alerts.md lists them."""
    # All else is worth knowing without a database too, and most of all where one hangs.
    with suppress(StoreUnavailable, Busy, TimeExceeded, TimeoutError):
        async with asyncio.timeout(JOBS_SECONDS):
            counts = await service.pools.manage.run(request, lambda: jobs.counts(service.engine))
            for state, number in counts.items():
                service.metrics.jobs.labels(state).set(number)
    service.metrics.silent.set(time.monotonic() - service.shelf.read_at)
    service.pools.note()
    snapshot = service.snapshots.current
    created = snapshot.model.manifest.created.timestamp() if snapshot else None

    def text() -> bytes:
        for place, folder in folders(service.engine, service.settings.models).items():
            service.metrics.disk(place, folder)
        return service.metrics.text(created)

    written = await service.pools.metrics.run(request, text)
    return Response(written, media_type="text/plain; version=0.0.4")


def folders(database: Database, models: Path) -> dict[str, Path]:
    """What we write to, by its name in the metrics; a server's disk is not ours to see."""
    file = file_of(database)
    return {"models": models} if file is None else {"models": models, "database": file.parent}
