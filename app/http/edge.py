"""The first layer: request id, key, rate, body size, headers, measure, log line.

A plain ASGI application around FastAPI's.
"""

import logging
import re
import time
from contextlib import ExitStack
from functools import partial

from app.admission.admission import OPEN, Admission, check_scope
from app.admission.head import Head
from app.admission.intake import Intake
from app.asgi import App, Receive, Scope, Send
from app.http.answer import Answer
from app.http.deps import body_of, scope_of
from app.http.record import Record
from app.http.refusals import Refusals
from app.problems import FAILED, LOADING, InternalError, KeyForbidden, ModelLoading
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
        self._intake = Intake(service.settings)
        self._refusals = Refusals(service.engine, service.pools.manage)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        head = Head.of(scope["headers"])
        method = scope["method"]
        match = head.match if method in ("GET", "HEAD") else None
        seconds = self._service.settings.request_seconds
        answer = Answer(send, head.request_id or self._record.new_id(), seconds, method == "HEAD", match)
        if method == "HEAD":
            # The routes know GET. In a copy: the server sees by its own that no body is to be sent.
            scope = {**scope, "method": "GET"}
        scope.setdefault("state", {}).update(request_id=answer.request_id)
        try:
            if self._service.snapshots.loading and not self._service.keyring.read and scope["path"] not in OPEN:
                raise ModelLoading(LOADING)
            key = self._admission.admit(scope, head.token)
            await self._pass_on(scope, receive, answer, head, key)
        except Item2vecError as error:
            await answer.problem(error)
        except Exception:
            if not answer.unread:
                named = answer.request_id, method, _route(scope)
                log.exception("request failed request_id=%s method=%s route=%s", *named)
            await answer.problem(InternalError(FAILED))
        route, status = _route(scope), answer.status
        code = answer.code or scope["state"].get("code")
        self._record.done(answer.request_id, method, route, status, started, code)
        if status == 403 and self._refusals.is_management(scope):
            await self._refusals.note(scope, route, code or KeyForbidden.code)

    async def _pass_on(self, scope: Scope, receive: Receive, answer: Answer, head: Head, key: Key | None) -> None:
        """To FastAPI's routes. Raises HostRefused, OriginRefused, and what `Intake` and `check_scope` raise."""
        settings = self._service.settings
        who = (scope.get("client") or ("",))[0] if key is None else key.key_id
        charge = partial(self._admission.charge, (scope.get("client") or ("",))[0], key)
        scope["state"].update(key=key, who=who, charge=charge)
        head.check_host(settings.hosts, scope.get("http_version", "1.1"))
        if scope["method"] not in READING:
            head.check_origin(settings.cors_origins)
        head.check_size(settings.max_body)

        def admit() -> int:
            """Before the first byte of a body: the route is known by now, and reads it before it asks for a key."""
            route = scope.get("route")
            if (needed := scope_of(route)) is not None:
                check_scope(self._service.keyring, key, needed)
            return body_of(route, settings.max_body)

        with self._intake.body(receive, who, admit) as body, ExitStack() as held:
            scope["state"]["held"] = held  # what counts until the answer is sent
            await self._app(scope, body, answer)


def _route(scope: Scope) -> str:
    """The template, bounded in number whatever is asked for."""
    found = scope.get("route")
    return CONVERTOR.sub("}", str(getattr(found, "path", None) or "none"))
