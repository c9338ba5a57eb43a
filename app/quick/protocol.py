"""uvicorn's HTTP/1.1 protocol with a limit on the request's head (httptools takes headers without end), and the quick
way past it.

All that we know of uvicorn's inside is here: the callbacks that its parser calls, `on_response_complete`, its timer of
idle connections, what becomes of several requests at once, and the server's headers and its state. Checked with uvicorn
0.40 to 0.54. Where one of them is missing everything is answered the documented way, after a warning.
"""

import json
import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.quick.connections import Connections, owner_of
from app.quick.similar import START, Quick

log = logging.getLogger(__name__)

MAX_HEAD = 32 << 10
QUICK, CONNECTIONS = "quick", "connections"  # in the state of the lifespan


def _refusal(status: str, code: str, title: str, detail: str, more: str = "") -> bytes:
    """The whole answer to what never becomes a request. status: with its reason."""
    number = int(status[:3])
    kind = f"urn:item2vec:problem:{code}"
    problem = {"type": kind, "title": title, "status": number, "code": code, "detail": detail, "request_id": "none"}
    body = json.dumps(problem, separators=(",", ":"))
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\nconnection: close\r\n{more}"
    return f"{head}content-length: {len(body)}\r\n\r\n{body}".encode("ascii")


TOO_LARGE = _refusal(
    "431 Request Header Fields Too Large",
    "headers_too_large",
    "The request's head is too large.",
    "URL and headers may have at most 32,768 bytes",
)
TOO_SLOW = _refusal(
    "408 Request Timeout",
    "headers_too_slow",
    "The request's head did not come in time.",
    "send URL and headers at once",
)
FULL = _refusal(
    "503 Service Unavailable",
    "busy",
    "The service has as much work as it takes at once.",
    "too many connections are open: send this again",
    "retry-after: 1\r\n",
)
CALLBACKS = ("on_message_begin", "on_headers_complete", "on_body", "on_message_complete", "on_response_complete")


class Protocol(HttpToolsProtocol):
    """Answers 431 and closes where URL and headers together are larger than MAX_HEAD. What comes whole, alone and
    between two requests is offered to `Quick` first; of what that answers, uvicorn sees nothing. `Connections` is told
    what becomes of each connection, and ends it where it must."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._in_head = True
        self._head = self._chunk = 0
        self._begins = True  # whether the piece begins with a request
        self._open = 0  # requests begun and not yet answered
        self._whole = True  # whether the parser is between two requests
        self._full = False  # whether the client reads too slowly
        self._address = self.owner = ""
        self._quick: Quick | None = self._found()
        self._answered: Any = None  # the request that is being answered
        self._connections: Connections | None = getattr(self, "app_state", {}).get(CONNECTIONS)

    def _found(self) -> Quick | None:
        quick = getattr(self, "app_state", {}).get(QUICK)
        missing = [name for name in CALLBACKS if not hasattr(HttpToolsProtocol, name)]
        if not hasattr(getattr(self, "server_state", None), "default_headers"):
            missing.append("server_state.default_headers")
        if quick is not None and missing and not quick.off:
            quick.off = True
            log.warning("quick answers are off: this uvicorn has no %s; see docs/run.md", ", ".join(missing))
        return None if quick is None or quick.off else quick

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._address = (self.client or ("",))[0]
        self.owner = owner_of(self._address)
        if self._connections is not None and not self._connections.admit(self):
            self._refuse(FULL)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connections is not None:
            self._connections.forget(self)
        # uvicorn tells only the last of several requests that nobody is there any more; the others write, and fail.
        for cycle in (self._answered, *(cycle for cycle, _ in self.pipeline)):
            if cycle is not None:
                cycle.disconnected = True
                cycle.message_event.set()
        self.pipeline.clear()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    @property
    def waits(self) -> bool:
        return self.timeout_keep_alive_task is not None

    @property
    def stuck(self) -> bool:
        return self._full or self.transport.is_closing()

    def give_up(self) -> None:
        if self._half_head:
            self._refuse(TOO_SLOW)
        else:
            self.transport.close()

    def abort(self) -> None:
        self.transport.abort()

    @property
    def _half_head(self) -> bool:
        return self._in_head and not self._whole

    def _rest(self) -> None:
        """Silent from now on, unless a request whose head has come is still to be answered."""
        if self._connections is not None and self._open - self._half_head <= 0:
            self._connections.silent(self)

    def data_received(self, data: bytes) -> None:
        if self._whole and not self._open and not self._full and self._quick is not None and data.startswith(START):
            answer = self._quick.answer(data, self._address, self.server_state.default_headers)
            if answer is not None:
                self.transport.write(answer)
                # Counts the request, and sets the time at which an idle connection is closed.
                super().on_response_complete()
                self._rest()
                return
        self._chunk = len(data)
        self._begins = self._whole
        self._head += self._chunk
        super().data_received(data)
        if self._in_head and self._head > MAX_HEAD:
            self._refuse(TOO_LARGE)

    def pause_writing(self) -> None:
        self._full = True
        super().pause_writing()

    def resume_writing(self) -> None:
        self._full = False
        super().resume_writing()

    def on_message_begin(self) -> None:
        self._in_head = True
        # Of a piece that holds the end of another request, we cannot tell how much is this head: it does not count.
        self._head = self._chunk if self._begins else 0
        self._begins = False
        self._open += 1
        self._whole = False
        self._rest()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        # A large piece may be mostly body: only the head counts.
        if (
            max(self._head, self._chunk) > MAX_HEAD
            and len(self.url) + sum(len(n) + len(v) for n, v in self.headers) > MAX_HEAD
        ):
            self._refuse(TOO_LARGE)
            return
        if self._connections is not None:
            self._connections.busy(self)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._whole = True
        if not self.transport.is_closing():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        self._open -= 1
        super().on_response_complete()
        self._rest()

    def _refuse(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()
