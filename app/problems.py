"""Error class -> RFC 9457 problem: one table. A new leaf inherits its parent's status."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from index import errors

PROBLEM_JSON = "application/problem+json"


class RequestError(errors.Item2vecError):
    """A request that cannot be carried out as it was sent."""

    code = "request_invalid"

    def __init__(self, detail: str, fields: Sequence[tuple[str, str]] = (), headers: dict[str, str] | None = None):
        super().__init__(detail)
        self.fields = tuple(fields)
        self.headers = headers or {}


class KeyMissing(RequestError):
    """The route needs a key, and the request has none that is valid."""

    code = "key_invalid"


class KeyForbidden(RequestError):
    """The key is valid, but does not have the scope the route needs."""

    code = "scope_missing"


class OriginRefused(RequestError):
    """A browser on another site sent a writing request."""

    code = "origin_refused"


class RouteUnknown(RequestError):
    """No such route."""

    code = "route_unknown"


class MethodRefused(RequestError):
    """The route exists, but not for this method."""

    code = "method_not_allowed"


class BodyTooLarge(RequestError):
    """The body, or what it unpacks to, is larger than the settings allow."""

    code = "body_too_large"


class TypeUnsupported(RequestError):
    """The body's type or encoding is not one the route reads."""

    code = "media_type_unsupported"


class RateExceeded(RequestError):
    """More requests than the settings allow for this key or address."""

    code = "rate_exceeded"


class JobUnknown(RequestError):
    """No job has this id."""

    code = "job_unknown"


class JobRunning(RequestError):
    """A retraining is queued or runs already."""

    code = "job_running"


class JobEnded(RequestError):
    """The job has ended and cannot be cancelled."""

    code = "job_ended"


class KeyReused(RequestError):
    """The Idempotency-Key was used before, with another body."""

    code = "idempotency_key_reused"


class UserUnknown(RequestError):
    """No event of this user is stored."""

    code = "user_unknown"


class InternalError(RequestError):
    """A fault of the service; the log has it under the request id."""

    code = "internal_error"


STATUS: dict[type[errors.Item2vecError], int] = {
    errors.Item2vecError: 500,
    errors.ConfigError: 422,
    errors.EventsError: 422,
    errors.ArtifactError: 409,
    errors.RegistryError: 404,
    errors.NoModel: 503,
    errors.StoreUnavailable: 503,
    errors.NothingToRollBack: 409,
    errors.ItemUnknown: 404,
    errors.ItemUntrained: 409,
    RequestError: 422,
    KeyMissing: 401,
    KeyForbidden: 403,
    OriginRefused: 403,
    RouteUnknown: 404,
    MethodRefused: 405,
    BodyTooLarge: 413,
    TypeUnsupported: 415,
    RateExceeded: 429,
    JobUnknown: 404,
    JobRunning: 409,
    JobEnded: 409,
    KeyReused: 422,
    UserUnknown: 404,
    InternalError: 500,
}
# What a client should wait before it asks again, where the error does not say it itself.
RETRY_AFTER = {errors.NoModel: "5", errors.StoreUnavailable: "2"}


@dataclass(frozen=True)
class Problem:
    """What the client gets."""

    status: int
    code: str
    title: str
    detail: str
    fields: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    def body(self, request_id: str) -> bytes:
        content: dict[str, Any] = {
            "type": f"urn:item2vec:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "request_id": request_id,
        }
        if self.fields:
            content["errors"] = [{"field": name, "message": message} for name, message in self.fields]
        return json.dumps(content | self.extra, separators=(",", ":")).encode()


def problem_of(error: errors.Item2vecError) -> Problem:
    kinds = [kind for kind in type(error).__mro__ if kind in STATUS]
    headers = dict(getattr(error, "headers", {}))
    waits = [RETRY_AFTER[kind] for kind in type(error).__mro__ if kind in RETRY_AFTER]
    if waits:
        headers.setdefault("Retry-After", waits[0])
    title = (type(error).__doc__ or error.code).strip().splitlines()[0]
    extra = getattr(error, "extra", {})
    return Problem(STATUS[kinds[0]], error.code, title, str(error), getattr(error, "fields", ()), headers, extra)
