"""The first layer: request id, key, rate, body size, the quick answer to GET /similar, headers, measure, log line.

A plain ASGI application around FastAPI's.
"""

import logging
import os
import re
import time
from itertools import count

from app.http.accesslog import AccessLog
from app.http.admission import Admission
from app.http.answer import Answer
from app.http.asgi import App, Message, Receive, Scope, Send
from app.http.head import Head
from app.http.quick import Quick
from app.live.view import View
from app.problems import BodyTooLarge, InternalError
from app.service import Service
from index.errors import Item2vecError
from store.keys import Key

log = logging.getLogger(__name__)

READING = {"GET", "HEAD", "OPTIONS"}
CONVERTOR = re.compile(r":[a-z]+}")


class Edge:
    """access: where log lines go. quick: answers GET /similar/{item_id} where it can."""

    def __init__(self, app: App, service: Service, access: AccessLog, quick: Quick) -> None:
        self._app = app
        self._service = service
        self._access = access
        self.quick = quick
        self._admission = Admission(service.keyring, service.settings)
        start = os.urandom(4).hex()
        self._ids = (f"{start}{number:08x}" for number in count(1))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        head = Head.of(scope["headers"])
        view = self._service.shelf.view
        answer = Answer(send, head.request_id or next(self._ids))
        try:
            key = self._admission.admit(scope, head.token)
            body = self.quick.body(view, scope, key)
            if body is None:
                await self._pass_on(scope, receive, answer, head, key)
            else:
                await self.quick.send(answer, view, head.match, body)
        except Item2vecError as error:
            await answer.problem(error)
        except Exception:
            named = answer.request_id, scope["method"], _route(scope)
            log.exception("request failed request_id=%s method=%s route=%s", *named)
            await answer.problem(InternalError("the service failed; the log has the reason under the request id"))
        self._done(scope, answer, view, started)

    async def _pass_on(self, scope: Scope, receive: Receive, answer: Answer, head: Head, key: Key | None) -> None:
        """To FastAPI's routes. Raises OriginRefused, BodyTooLarge."""
        settings = self._service.settings
        scope.setdefault("state", {}).update(request_id=answer.request_id, key=key)
        if scope["method"] not in READING:
            head.check_origin(settings.cors_origins)
        head.check_size(settings.max_body)
        await self._app(scope, _limited(receive, settings.max_body), answer)

    def _done(self, scope: Scope, answer: Answer, view: View, started: float) -> None:
        seconds = time.perf_counter() - started
        method, route = scope["method"], answer.route or _route(scope)
        self._service.metrics.request(method, route, answer.status, view.version or "none", seconds)
        self._access.line(answer.request_id, method, route, answer.status, seconds)


def _route(scope: Scope) -> str:
    """The template, bounded in number whatever is asked for."""
    found = scope.get("route")
    return CONVERTOR.sub("}", str(getattr(found, "path", None) or "none"))


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
