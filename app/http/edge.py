"""The first layer: request id, key, rate, body size, the quick answer to GET /similar, headers, measure, log line.

A plain ASGI application around FastAPI's. GET /similar/{id} with nothing but k, score and category is answered here, by
the same `answers.similar` that the documented route calls: the same bytes without the framework.
"""

import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app.headers import SECURITY
from app.http.accesslog import AccessLog
from app.http.deps import Service, check_scope
from app.http.limits import Rate
from app.http.protocol import cycle_of, respond
from app.http.replies import matches
from app.live import answers
from app.live.answers import Ask
from app.live.filters import filter_of
from app.live.recall import RecallMeter
from app.live.view import View
from app.problems import PROBLEM_JSON, BodyTooLarge, InternalError, KeyMissing, OriginRefused, RateExceeded, problem_of
from index.errors import Item2vecError
from index.model import Score
from store.keys import Key

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger(__name__)

QUICK = "/similar/"
QUICK_ROUTE = "/similar/{item_id}"
LINES = {200: b"HTTP/1.1 200 OK\r\n", 304: b"HTTP/1.1 304 Not Modified\r\n"}
JSON = b"content-type: application/json\r\ncontent-length: %d\r\n"
OPEN = {"/healthz", "/readyz", "/openapi.json"}
READING = {"GET", "HEAD", "OPTIONS"}
SMALL_NUMBER = re.compile(r"[1-9][0-9]{0,2}")
CONVERTOR = re.compile(r":[a-z]+}")
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Edge:
    """access: where log lines go. recall: gets a sample of the quick answers."""

    def __init__(self, app: App, service: Service, access: AccessLog, recall: RecallMeter) -> None:
        self._app = app
        self._service = service
        self._access = access
        self._recall = recall
        settings = service.settings
        self._by_key = Rate(settings.rate_per_key / settings.workers)
        self._by_address = Rate(settings.rate_per_address / settings.workers)
        self._asks: dict[bytes, tuple[Score, Ask] | None] = {}
        start = os.urandom(4).hex()
        self._ids = (f"{start}{number:08x}" for number in count(1))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = token = match = origin = length = host = None
        for name, value in scope["headers"]:
            if name == b"authorization":
                token = value[7:] if value[:7].lower() == b"bearer " else b""
            elif name == b"x-api-key":
                token = value
            elif name == b"x-request-id":
                request_id = value.decode() if REQUEST_ID.fullmatch(value) else None
            elif name == b"if-none-match":
                match = value
            elif name == b"origin":
                origin = value
            elif name == b"host":
                host = value
            elif name == b"content-length":
                length = value
        if request_id is None:
            request_id = next(self._ids)
        method, path = scope["method"], scope["path"]
        view = self._service.shelf.view
        answer = _Answer(send, request_id)
        try:
            key = self._admit(scope, token)
            if method == "GET" and path.startswith(QUICK) and view.snapshot is not None:
                body = self._quick(view, path[len(QUICK) :], scope["query_string"], key)
                if body is not None:
                    same = match is not None and matches(view, match.decode("latin-1"))
                    await answer.whole(view, None if same else body)
                    self._done(request_id, "GET", QUICK_ROUTE, answer.status, view.version or "none", started)
                    return
            scope.setdefault("state", {}).update(request_id=request_id, key=key)
            if method not in READING:
                self._same_site(origin, host)
            most = self._service.settings.max_body
            if length is not None and (not length.isdigit() or int(length[:20]) > most):
                raise BodyTooLarge(f"the body may have at most {most:,} bytes")
            await self._app(scope, _limited(receive, most), answer)
        except Item2vecError as error:
            await answer.problem(error)
        except Exception:
            log.exception("request failed request_id=%s method=%s route=%s", request_id, method, _route(scope))
            await answer.problem(InternalError("the service failed; the log has the reason under the request id"))
        self._done(request_id, method, _route(scope), answer.status, view.version or "none", started)

    def _admit(self, scope: Scope, token: bytes | None) -> Key | None:
        """The key; None where there is none. Raises RateExceeded, and KeyMissing for a key that is not valid."""
        if scope["path"] in OPEN:
            return None
        address = (scope.get("client") or ("",))[0]
        key = None
        wait = self._by_address.take(address)
        if not wait and token is not None and self._service.keyring.configured:
            key = self._service.keyring.find(token)
            if key is None:
                raise KeyMissing("the key is not valid", headers={"WWW-Authenticate": "Bearer"})
            wait = self._by_key.take(key.key_id)
        if wait:
            raise RateExceeded("too many requests", headers={"Retry-After": str(max(1, round(wait + 0.5)))})
        return key

    def _quick(self, view: View, item_id: str, query: bytes, key: Key | None) -> bytes | None:
        """The body, or None for all that the documented route answers: errors, items without a vector, filters but
        that of a category that was asked for before, and small enough to be scanned at once."""
        check_scope(self._service.keyring, key, "read")
        asked = (item_id, query)
        body = view.bodies.get(asked)
        if body is None:
            wanted = self._asks[query] if query in self._asks else self._parse(query)
            model = view.model
            if wanted is None or model is None or item_id not in model.vocabulary:
                return None
            score, ask = wanted
            if ask.k > model.stored[score].rows.shape[1] or not view.is_prepared(ask.filter, score):
                return None
            if view.stored and view.get(item_id) is None:
                return None
            body = answers.similar_bytes(view, item_id, score, answers.similar(view, item_id, score, ask))
            view.bodies.put(asked, body)
        self._recall.offer(view, item_id, query)
        return body

    def _parse(self, query: bytes) -> tuple[Score, Ask] | None:
        """k, score and category at most, each as the documented route would read it; None for anything else."""
        wanted: tuple[Score, Ask] | None = None
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        names = [name for name, _ in pairs if name != "category"]
        given = dict(pairs)
        k, score = given.get("k", "10"), given.get("score", "similar")
        simple = len(query) < 300 and len(set(names)) == len(names) and {*names} <= {"k", "score"}
        if simple and SMALL_NUMBER.fullmatch(k) and int(k) <= 500 and score in ("similar", "next"):
            categories = [value for name, value in pairs if name == "category"]
            wanted = (score, Ask(k=int(k), filter=filter_of(categories, [])))  # type: ignore[assignment]
        if len(self._asks) > 2000:
            self._asks.clear()
        self._asks[query] = wanted
        return wanted

    def _same_site(self, origin: bytes | None, host: bytes | None) -> None:
        """A page on another site must not write here with what a browser on this machine can reach."""
        if origin is None or origin.decode("latin-1") in self._service.settings.cors_origins:
            return
        if urlsplit(origin.decode("latin-1")).netloc != (host or b"").decode("latin-1"):
            raise OriginRefused("writing requests from another site's pages are refused; see cors_origins")

    def _done(self, request_id: str, method: str, route: str, status: int, version: str, started: float) -> None:
        seconds = time.perf_counter() - started
        self._service.metrics.request(method, route, status, version, seconds)
        self._access.line(request_id, method, route, status, seconds)


def _route(scope: Scope) -> str:
    """The template, bounded in number whatever is asked for."""
    found = scope.get("route")
    return CONVERTOR.sub("}", str(getattr(found, "path", None) or "none"))


class _Answer:
    """What goes out: as it comes from FastAPI, with this layer's headers; or a whole answer of this layer's own."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._id = request_id
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), *SECURITY, (b"x-request-id", self._id.encode())]
            message = {**message, "headers": headers}
        await self._send(message)

    async def whole(self, view: View, body: bytes | None) -> None:
        """None: 304."""
        self.status = 304 if body is None else 200
        cycle = cycle_of(self._send)
        if cycle is not None:
            sized = b"" if body is None else JSON % len(body)
            head = b"%b%bx-request-id: %b\r\n%b" % (LINES[self.status], view.head, self._id.encode(), sized)
            await respond(cycle, head, body or b"")
            return
        headers = [*view.headers, (b"x-request-id", self._id.encode())]
        if body is not None:
            headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await self._send({"type": "http.response.start", "status": self.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body or b""})

    async def problem(self, error: Item2vecError) -> None:
        """Nothing where the answer has begun: it can only break off."""
        if self.status:
            return
        found = problem_of(error)
        body = found.body(self._id)
        headers = [
            (b"content-type", PROBLEM_JSON.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            *((name.lower().encode(), value.encode("latin-1")) for name, value in found.headers.items()),
        ]
        await self({"type": "http.response.start", "status": found.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _limited(receive: Receive, most: int) -> Receive:
    """Counts what arrives, for bodies that do not say how long they are."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise BodyTooLarge(f"the body may have at most {most:,} bytes")
        return message

    return limited
