"""What a route may ask for: the running service, a scope, the request's id."""

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPBearer

from app.admission.admission import check_scope
from app.service import Service


# All async: FastAPI sends plain functions through its thread pool, 100 us each.
async def _service(request: Request) -> Service:
    found: Service = request.app.state.service
    return found


async def _request_id(request: Request) -> str:
    found: str = request.scope["state"]["request_id"]
    return found


ServiceDep = Annotated[Service, Depends(_service)]
RequestId = Annotated[str, Depends(_request_id)]

# For the OpenAPI document; the key itself is checked in app.http.edge, before any body is read.
_bearer = HTTPBearer(auto_error=False, description="Authorization: Bearer KEY")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="X-API-Key: KEY")


def _needs(scope: str) -> Any:
    """The request's key has this scope, or no keys are configured. Raises KeyMissing or KeyForbidden."""

    async def check(
        request: Request, _a: Annotated[Any, Depends(_bearer)], _b: Annotated[Any, Depends(_header)]
    ) -> None:
        service: Service = request.app.state.service
        check_scope(service.keyring, request.scope["state"].get("key"), scope)

    check.scope = scope  # type: ignore[attr-defined]
    return Depends(check)


def scope_of(route: Any) -> str | None:
    """What a key needs for the route; None for one that is open."""
    found = [getattr(depends.dependency, "scope", None) for depends in getattr(route, "dependencies", ())]
    return next((scope for scope in found if scope), None)


SMALL, SMALLEST = 1 << 20, 64 << 10
LARGE = {"/events", "/items"}
NEVER_LARGE = {"/retrain"}  # nor is it read in pieces


def body_of(route: Any, most: int) -> int:
    """Bytes that a body of this route may have: only those that carry a log or a catalogue are large."""
    path = getattr(route, "path", None)
    return most if path in LARGE else min(most, SMALLEST if path in NEVER_LARGE else SMALL)


def body_cost(body: bytes) -> int:
    """In the pool that stores what it holds: that of a small one is 1."""
    return 1 + len(body) // 100_000


# For `dependencies=` of a route.
READER, WRITER, ADMIN = ([_needs(scope)] for scope in ("read", "write", "admin"))
