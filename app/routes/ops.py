"""Alive, able to serve, measured."""

from contextlib import suppress

from fastapi import APIRouter, Request, Response

from app.http.deps import READER, ServiceDep
from app.problems import FIRST_STEP
from app.schemas.common import problems
from app.schemas.ops import Alive, Ready
from index.errors import StoreUnavailable
from store import jobs

router = APIRouter(tags=["operations"])


@router.get("/healthz", summary="Alive", response_model=Alive, responses={503: {"model": Alive}})
async def healthz(service: ServiceDep, request: Request, response: Response) -> Alive:
    """200 as long as the process answers; 503 when it is about to end and wants no more requests. Needs no key."""
    leaving = bool(request.app.state.closing)
    if leaving:
        response.status_code = 503
    return Alive(status="leaving" if leaving else "ok", model_version=service.shelf.view.version)


@router.get("/readyz", summary="Able to serve", response_model=Ready, responses={503: {"model": Ready}})
async def readyz(service: ServiceDep, response: Response) -> Ready:
    """200 once a model is loaded and warm, 503 before. `refused` names versions that could not be loaded; the one
    before them still serves. Needs no key."""
    view = service.shelf.view
    ready = view.snapshot is not None
    if not ready:
        response.status_code = 503
        response.headers["Retry-After"] = "2"
    return Ready(
        ready=ready,
        model_version=view.version,
        catalogue_change=view.number,
        refused=dict(service.snapshots.refused),
        next_step=None if ready else FIRST_STEP,
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
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems(401, 403, 429)},
)
def metrics(service: ServiceDep) -> Response:
    """In Prometheus's text format; docs/alerts.md lists them."""
    with suppress(StoreUnavailable):  # all else is worth knowing without a database too
        for state, number in jobs.counts(service.engine).items():
            service.metrics.jobs.labels(state).set(number)
    snapshot = service.snapshots.current
    created = snapshot.model.manifest.created.timestamp() if snapshot else None
    return Response(service.metrics.text(created), media_type="text/plain; version=0.0.4")
