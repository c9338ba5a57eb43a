"""Error class -> RFC 9457 problem: one table. A new leaf inherits its parent's status."""

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from index import errors

PROBLEM_JSON = "application/problem+json"
FAILED = "the service failed; the log has the reason under the request id"
LOADING = "the model is being loaded; ask again in a moment"
FIRST_STEP = "post events and POST /retrain, or run item2vec train"  # where nothing can be served yet


class KeyMissing(errors.RequestError):
    """The route needs a key, and the request has none that is valid."""

    code = "key_invalid"


class KeyForbidden(errors.RequestError):
    """The key is valid, but does not have the scope the route needs."""

    code = "scope_missing"


class OriginRefused(errors.RequestError):
    """A browser on another site sent a writing request."""

    code = "origin_refused"


class RouteUnknown(errors.RequestError):
    """No such route."""

    code = "route_unknown"


class MethodRefused(errors.RequestError):
    """The route exists, but not for this method."""

    code = "method_not_allowed"


class BodyTooLarge(errors.RequestError):
    """The body, or what it unpacks to, is larger than the settings allow."""

    code = "body_too_large"


class BodyTooSlow(errors.RequestError):
    """The body did not come in the time that the settings allow."""

    code = "body_too_slow"


class Busy(errors.RequestError):
    """The service has as much work as it takes at once."""

    code = "busy"


class TimeExceeded(errors.RequestError):
    """The answer took longer than the settings allow."""

    code = "time_exceeded"


class TooManyResults(errors.RequestError):
    """The request asks for more results than the settings allow."""

    code = "too_many_results"


class FieldUnknown(errors.RequestError):
    """The request names a field that no item has; `fields` has those that there are, 50 at most."""

    code = "filter_field_unknown"


class ValueUnfit(errors.RequestError):
    """The filter asks for a value of another kind than the field has."""

    code = "filter_value_unfit"


class StreamsExceeded(errors.RequestError):
    """The client has as many open streams as the settings allow."""

    code = "streams_exceeded"


class ClientGone(errors.RequestError):
    """The client closed its connection before the answer was there; nobody gets this."""

    code = "client_gone"


class ModelLoading(errors.NoModel):
    """The service has just started and loads its model."""

    code = "model_loading"


class HostRefused(errors.RequestError):
    """The request is for a host that this service is not."""

    code = "host_refused"


class HostInvalid(errors.RequestError):
    """The request does not say with exactly one Host header which host it is for."""

    code = "host_invalid"


class RequestMalformed(errors.RequestError):
    """What came is not a request as HTTP/1.1 has it."""

    code = "request_malformed"


class HeadTooLarge(errors.RequestError):
    """URL and headers of the request are larger than the service reads."""

    code = "headers_too_large"


class HeadTooSlow(errors.RequestError):
    """URL and headers of the request did not come in time."""

    code = "head_too_slow"


class TypeUnsupported(errors.RequestError):
    """The body's type or encoding is not one the route reads."""

    code = "media_type_unsupported"


class RateExceeded(errors.RequestError):
    """More requests than the settings allow for this key or address."""

    code = "rate_exceeded"


class UserUnknown(errors.RequestError):
    """No event of this user is stored."""

    code = "user_unknown"


class InternalError(errors.RequestError):
    """A fault of the service; the log has it under the request id."""

    code = "internal_error"


KINDS: tuple[tuple[int, tuple[type[errors.Item2vecError], ...]], ...] = (
    (400, (HostInvalid, RequestMalformed)),
    (401, (KeyMissing,)),
    (403, (KeyForbidden, OriginRefused)),
    (
        404,
        (
            errors.RegistryError,
            errors.ItemUnknown,
            errors.TypeUnknown,
            errors.NoMap,
            errors.JobUnknown,
            RouteUnknown,
            UserUnknown,
        ),
    ),
    (405, (MethodRefused,)),
    (408, (BodyTooSlow, HeadTooSlow)),
    (409, (errors.ArtifactError, errors.NothingToRollBack, errors.RunUnderWay, errors.ItemUntrained)),
    (409, (errors.JobRunning, errors.JobEnded)),
    (413, (BodyTooLarge,)),
    (415, (TypeUnsupported,)),
    (421, (HostRefused,)),
    (422, (errors.ConfigError, errors.EventsError, errors.VectorsError, errors.RequestError)),
    (429, (RateExceeded, StreamsExceeded)),
    (431, (HeadTooLarge,)),
    (499, (ClientGone,)),
    (500, (errors.Item2vecError, InternalError)),
    (503, (errors.NoModel, errors.StoreUnavailable, errors.DiskFull, Busy, TimeExceeded)),
    (507, (errors.ItemsFull,)),
)
STATUS = {kind: status for status, kinds in KINDS for kind in kinds}
# What a client should wait before it asks again, where the error does not say it itself.
RETRY_AFTER = {errors.NoModel: "5", errors.DiskFull: "30", errors.StoreUnavailable: "2", TimeExceeded: "5"}


# What these say may name a place on the machine that no `path` tells; all others speak of what the client sent.
OF_THE_MACHINE = (
    errors.ArtifactError,
    errors.RegistryError,
    errors.ConfigError,
    errors.EventsError,
    errors.VectorsError,
    errors.TrainingFailed,
    errors.StoreUnavailable,
)
# Not the path of a route, which stands behind its method.
ROUTE = "".join(f"(?<!{method} )" for method in ("GET", "POST", "PUT", "PATCH", "DELETE"))
PLACE = re.compile(ROUTE + r"""(?<![\w./:~-])~?/(?:[^\s/:;,'"()]+/)*([^\s/:;,'"()]+)/?""")


def without_places(text: str) -> str:
    """Of each absolute path only its last name."""
    return PLACE.sub(r"\1", text)


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


def problem_of(error: errors.Item2vecError, models: Path = Path()) -> Problem:
    """models: the folder of the models, whose place on this machine is left out of the detail."""
    kinds = type(error).__mro__
    status = next(STATUS[kind] for kind in kinds if kind in STATUS)
    title = (type(error).__doc__ or error.code).strip().splitlines()[0]
    detail = error.within(models)
    found = Problem(status, error.code, title, without_places(detail) if isinstance(error, OF_THE_MACHINE) else detail)
    wait = next((RETRY_AFTER[kind] for kind in kinds if kind in RETRY_AFTER), None)
    if wait is not None:
        return replace(found, headers={"Retry-After": wait})
    if isinstance(error, errors.RequestError):
        return replace(found, fields=error.fields, headers=error.headers, extra=error.extra)
    return found
