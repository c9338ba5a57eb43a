"""What a route raised -> the problem that the client gets."""

import logging
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from app.http.replies import NotModified, reply
from app.problems import (
    FAILED,
    LOADING,
    PROBLEM_JSON,
    BodyTooLarge,
    InternalError,
    MethodRefused,
    ModelLoading,
    RouteUnknown,
    TypeUnsupported,
    problem_of,
)
from index.errors import DiskFull, Item2vecError, NoModel, RequestError, StoreUnavailable

log = logging.getLogger(__name__)


def _response(request: Request, error: Item2vecError) -> Response:
    found = problem_of(error, request.app.state.service.settings.models)
    body = found.body(request.scope["state"]["request_id"])
    return Response(body, found.status, {"Cache-Control": "no-store", **found.headers}, PROBLEM_JSON)


async def on_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, Item2vecError)
    if isinstance(error, StoreUnavailable | DiskFull):
        request.app.state.service.metrics.failures.labels(error.code).inc()
    if isinstance(error, NoModel) and request.app.state.service.snapshots.loading:
        error = ModelLoading(LOADING)
    if problem_of(error).status >= 500:
        log.warning("refused code=%s request_id=%s", error.code, request.scope["state"]["request_id"])
    return _response(request, error)


async def on_not_modified(_request: Request, error: Exception) -> Response:
    assert isinstance(error, NotModified)
    return reply(error.view, None)


async def on_invalid(request: Request, error: Exception) -> Response:
    """The fields and what is wrong with them; never the values, which may be large or secret."""
    assert isinstance(error, RequestValidationError)
    fields = [(".".join(str(part)[:100] for part in e["loc"]), str(e["msg"])[:300]) for e in error.errors()[:50]]
    detail = "; ".join(f"{name}: {message}" for name, message in fields[:3])
    return _response(request, RequestError(detail, fields))


async def on_http(request: Request, error: Exception) -> Response:
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


async def on_failure(request: Request, _error: Exception) -> Response:
    """Starlette raises it again once this is sent, and the first layer logs it."""
    return _response(request, InternalError(FAILED))


HANDLERS: dict[Any, Any] = {
    Exception: on_failure,
    Item2vecError: on_error,
    NotModified: on_not_modified,
    RequestValidationError: on_invalid,
    HTTPException: on_http,
}
