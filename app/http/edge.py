"""The first layer: request id, key, rate, body size, headers, measure, log line.

A plain ASGI application around FastAPI's.
"""

import logging
import re
import time

from app.http.admission import Admission
from app.http.answer import Answer
from app.http.asgi import App, Message, Receive, Scope, Send
from app.http.head import Head
from app.http.record import Record
from app.problems import FAILED, BodyTooLarge, InternalError
from app.service import Service
from index.errors import Item2vecError
from store.keys import Key

log = logging.getLogger(__name__)

READING = {"GET", "HEAD", "OPTIONS"}
CONVERTOR = re.compile(r":[a-z]+}")


class Edge:
    """record: where requests are noted."""

    def __init__(self, app: App, service: Service, admission: Admission, record: Record) -> None:
        self._app = app
        self._service = service
        self._admission = admission
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        head = Head.of(scope["headers"])
        view = self._service.shelf.view
        answer = Answer(send, head.request_id or self._record.new_id())
        try:
            key = self._admission.admit(scope, head.token)
            await self._pass_on(scope, receive, answer, head, key)
        except Item2vecError as error:
            await answer.problem(error)
        except Exception:
            named = answer.request_id, scope["method"], _route(scope)
            log.exception("request failed request_id=%s method=%s route=%s", *named)
            await answer.problem(InternalError(FAILED))
        route, status = _route(scope), answer.status
        self._record.done(answer.request_id, scope["method"], route, status, view.version, started)

    async def _pass_on(self, scope: Scope, receive: Receive, answer: Answer, head: Head, key: Key | None) -> None:
        """To FastAPI's routes. Raises OriginRefused, BodyTooLarge."""
        settings = self._service.settings
        scope.setdefault("state", {}).update(request_id=answer.request_id, key=key)
        if scope["method"] not in READING:
            head.check_origin(settings.cors_origins)
        head.check_size(settings.max_body)
        await self._app(scope, _limited(receive, settings.max_body), answer)


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
