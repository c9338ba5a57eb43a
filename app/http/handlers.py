"""What a route raised -> the problem that the client gets."""

import logging
from collections.abc import Iterable
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Match

from app.asgi import Scope
from app.problems import (
    FAILED,
    LOADING,
    PROBLEM_JSON,
    BodyTooLarge,
    Busy,
    InternalError,
    MethodRefused,
    ModelLoading,
    RouteUnknown,
    TypeUnsupported,
    problem_of,
)
from index.errors import DiskFull, Item2vecError, NoModel, RequestError, StoreUnavailable
from index.wording import wrong_values

log = logging.getLogger(__name__)

GONE = 499  # nginx's word for it: HTTP has none
METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


def _response(request: Request, error: Item2vecError) -> Response:
    found = problem_of(error, request.app.state.service.settings.models)
    request.scope["state"]["code"] = found.code  # for the first layer, which counts it
    body = found.body(request.scope["state"]["request_id"])
    return Response(body, found.status, {"Cache-Control": "no-store", **found.headers}, PROBLEM_JSON)


async def on_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, Item2vecError)
    if isinstance(error, StoreUnavailable | DiskFull):
        request.app.state.service.metrics.failures.labels(error.code).inc()
    if isinstance(error, NoModel) and request.app.state.service.snapshots.loading:
        error = ModelLoading(LOADING)
    # Not of Busy: who is refused may come by the thousand, and each line lets the threads that work go first.
    if problem_of(error).status >= 500 and not isinstance(error, Busy):
        log.warning("refused code=%s request_id=%s", error.code, request.scope["state"]["request_id"])
    return _response(request, error)


async def on_invalid(request: Request, error: Exception) -> Response:
    """The fields and what is wrong with them; never the values, which may be large or secret."""
    assert isinstance(error, RequestValidationError)
    fields = [(name, message[:300]) for name, message in wrong_values(error.errors()[:50])]
    detail = "; ".join(f"{name}: {message}" for name, message in fields[:3])
    return _response(request, RequestError(detail, fields))


async def on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__ or error.__context__, Item2vecError):
        # FastAPI reads the body inside a try of its own and hides what our layer said of it.
        return _response(request, error.__cause__ or error.__context__)  # type: ignore[arg-type]
    if isinstance(error.__cause__ or error.__context__, ClientDisconnect):
        return await on_gone(request, error)
    ours: dict[int, RequestError] = {
        404: RouteUnknown("there is no such route; GET /openapi.json lists them"),
        405: MethodRefused("the route exists, but not for this method", headers={"Allow": _allowed(request)}),
        413: BodyTooLarge("the body is too large"),
        415: TypeUnsupported("the body's type is not one the route reads"),
    }
    return _response(request, ours.get(error.status_code) or RequestError("the body cannot be read as JSON"))


def _allowed(request: Request) -> str:
    """The methods of all routes with this path: Starlette names those of the first one. HEAD is answered as GET."""
    found = [method for method in METHODS if _is_served({**request.scope, "method": method}, request.app.routes)]
    return ", ".join([*found, "HEAD"] if "GET" in found else found)


def _is_served(scope: Scope, routes: Iterable[BaseRoute]) -> bool:
    return any(route.matches(scope)[0] is Match.FULL for route in routes)


async def on_gone(_request: Request, _error: Exception) -> Response:
    """The client went away in the middle of its body, which is no fault of the service. Nobody reads the answer; the
    status is for the log and the metrics."""
    return Response(status_code=GONE)


async def on_failure(request: Request, _error: Exception) -> Response:
    """Starlette raises it again once this is sent, and the first layer logs it."""
    return _response(request, InternalError(FAILED))


HANDLERS: dict[Any, Any] = {
    Exception: on_failure,
    Item2vecError: on_error,
    ClientDisconnect: on_gone,
    RequestValidationError: on_invalid,
    HTTPException: on_http,
}
