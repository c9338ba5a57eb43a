"""create_app(settings): the service. Nothing happens at import."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException

from app.http.accesslog import AccessLog
from app.http.edge import Edge
from app.http.quick import Quick
from app.http.replies import NotModified, reply
from app.live.recall import RecallMeter
from app.live.shelf import Shelf
from app.live.snapshot import Snapshots
from app.metrics import Metrics
from app.problems import PROBLEM_JSON, BodyTooLarge, MethodRefused, RouteUnknown, TypeUnsupported, problem_of
from app.refresher import Refresher
from app.routes import events, items, jobs, models, ops, recommend, similar
from app.schemas.common import REASONS, Problem
from app.service import Service
from app.settings import Settings
from index.artifact.registry import Registry
from index.errors import Item2vecError, RequestError
from store.database import connect
from store.keys import Keyring

log = logging.getLogger(__name__)

DESCRIPTION = """Similar items from a log of what users did. Every reply names the model version that made it; errors
are RFC 9457 problems with a stable `code`."""


class App(FastAPI):
    """FastAPI behind `edge`: not as one of its middlewares, because what stands before those takes 20 us a request."""

    edge: Edge | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.edge is None or scope["type"] != "http":
            await self.inner(scope, receive, send)
        else:
            await self.edge(scope, receive, send)

    async def inner(self, scope: Any, receive: Any, send: Any) -> None:
        await super().__call__(scope, receive, send)


def from_environment() -> App:
    """For uvicorn's workers."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s", level=logging.INFO)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # How long a thread may hold up requests before it hands the interpreter over; 5 ms would be most of the tail.
    sys.setswitchinterval(0.0005)
    return create_app(Settings.from_environment())


def create_app(settings: Settings) -> App:
    """The service over one folder of models and one database; both are opened when it starts."""
    engine = connect(settings.database_url)
    metrics = Metrics(os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
    registry = Registry(settings.models)
    snapshots = Snapshots(registry, metrics)
    service = Service(settings, engine, registry, snapshots, Shelf(engine, snapshots), Keyring(engine), metrics)
    access = AccessLog(settings.access_log)
    recall = RecallMeter(settings.recall_sample, metrics)
    quick = Quick(service.keyring, recall, settings.cache_mb << 20)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        refresher = Refresher(service, access, recall, quick)
        await asyncio.to_thread(refresher.first)
        refresher.start()
        try:
            yield
        finally:
            await asyncio.to_thread(refresher.stop)
            engine.dispose()

    app = App(
        title="item2vec",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # A path of ours may end in a slash that belongs to an item's id.
        redirect_slashes=False,
    )
    app.state.service = service
    # models before items and similar: their paths hold {..:path}, which takes everything below.
    for router in (
        ops.router,
        jobs.router,
        models.router,
        events.router,
        items.router,
        similar.router,
        recommend.router,
    ):
        app.include_router(router)
    app.add_exception_handler(Item2vecError, _on_error)
    app.add_exception_handler(NotModified, _on_not_modified)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["*"],
            allow_headers=["Authorization", "X-API-Key", "Content-Type", "Idempotency-Key", "If-None-Match"],
            expose_headers=["ETag", "X-Model-Version", "X-Request-Id", "Location", "Retry-After"],
        )
    app.edge = Edge(app.inner, service, access, quick)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _response(request: Request, error: Item2vecError) -> Response:
    found = problem_of(error, request.app.state.service.settings.models)
    body = found.body(request.scope["state"]["request_id"])
    return Response(body, found.status, {"Cache-Control": "no-store", **found.headers}, PROBLEM_JSON)


async def _on_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, Item2vecError)
    if problem_of(error).status >= 500:
        log.warning("refused code=%s request_id=%s", error.code, request.scope["state"]["request_id"])
    return _response(request, error)


async def _on_not_modified(_request: Request, error: Exception) -> Response:
    assert isinstance(error, NotModified)
    return reply(error.view, None)


async def _on_invalid(request: Request, error: Exception) -> Response:
    """The fields and what is wrong with them; never the values, which may be large or secret."""
    assert isinstance(error, RequestValidationError)
    fields = [(".".join(str(part)[:100] for part in e["loc"]), str(e["msg"])[:300]) for e in error.errors()[:50]]
    detail = "; ".join(f"{name}: {message}" for name, message in fields[:3])
    return _response(request, RequestError(detail, fields))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__ or error.__context__, Item2vecError):
        # FastAPI reads the body inside a try of its own and hides what our layer said of it.
        return _response(request, error.__cause__ or error.__context__)  # type: ignore[arg-type]
    ours: dict[int, RequestError] = {
        404: RouteUnknown("there is no such route; GET /openapi.json lists them"),
        405: MethodRefused("the route exists, but not for this method", headers=dict(error.headers or {})),
        413: BodyTooLarge("the body is too large"),
        415: TypeUnsupported("the body's type is not one the route reads"),
    }
    return _response(request, ours.get(error.status_code) or RequestError("the body cannot be read as JSON"))


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's document, with the Problem schema that every error refers to, and the errors any route may give."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            openapi_version="3.1.0",
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs", {})
        schemas["Problem"] = problem
        content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for path in document["paths"].values():
            for operation in path.values():
                answers = operation["responses"]
                if "application/json" in answers.get("422", {}).get("content", {}):
                    answers["422"] = {"description": "A field is wrong", "content": content}
                answers.setdefault("429", {"description": REASONS[429], "content": content})
                answers.setdefault("431", {"description": REASONS[431], "content": content})
        app.openapi_schema = document
    return app.openapi_schema
