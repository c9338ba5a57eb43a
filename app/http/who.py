"""Who asks, as the audit has it."""

from typing import Annotated, Any

from fastapi import Depends, Request

from app.asgi import Scope
from store.audit import Actor


def actor_of(scope: Scope) -> Actor:
    """The key of the request, or nobody by name where no keys are made; and where it came from."""
    state: dict[str, Any] = scope.get("state", {})
    key, address = state.get("key"), (scope.get("client") or (None,))[0]
    if key is None:
        return Actor("http", "anonymous", None, address, state.get("request_id"))
    return Actor("http", key.name, key.key_id, address, state.get("request_id"))


# Async: FastAPI sends plain functions through its thread pool.
async def _actor(request: Request) -> Actor:
    return actor_of(request.scope)


ActorDep = Annotated[Actor, Depends(_actor)]
