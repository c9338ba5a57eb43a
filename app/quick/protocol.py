"""uvicorn's HTTP/1.1 protocol with limits on the request's head (httptools takes headers without end, and waits for
them for ever), with problems for what is no request, and the quick way past it.

All that we know of uvicorn's inside is here: the callbacks that its parser calls, `on_response_complete`, what it says
of requests that it cannot read, how far an answer is, its timer of idle connections, the requests that wait behind
another, and the server's headers and its state. Checked with uvicorn 0.40 to 0.54. Where one of the callbacks is
missing everything is answered the documented way, after a warning.
"""

import logging
from collections import deque
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.headers import SECURITY
from app.http.record import Record
from app.problems import PROBLEM_JSON, Busy, HeadTooLarge, HeadTooSlow, RequestMalformed, problem_of
from app.quick.connections import Connections, owner_of
from app.quick.similar import START, Quick
from index.errors import Item2vecError

log = logging.getLogger(__name__)

MAX_HEAD = 32 << 10
QUICK, RECORD, CONNECTIONS = "quick", "record", "connections"  # in the state of the lifespan
CALLBACKS = ("on_message_begin", "on_headers_complete", "on_body", "on_message_complete", "on_response_complete")


class Protocol(HttpToolsProtocol):
    """Answers and closes where URL and headers together are larger than MAX_HEAD, do not come in time, or are no HTTP.
    What comes whole, alone and between two requests is offered to `Quick` first; of what that answers, uvicorn sees
    nothing. `Connections` is told what becomes of each connection, and ends it where it must."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._in_head = True
        self._head = self._chunk = 0
        self._begins = True  # whether the piece begins with a request
        self._open = 0  # requests begun and not yet answered
        self._whole = True  # whether the parser is between two requests
        self._full = False  # whether the client reads too slowly
        self._address = self.owner = ""
        self._cycles: deque[RequestResponseCycle] = deque()  # of the requests that are not answered yet
        self._record: Record | None = getattr(self, "app_state", {}).get(RECORD)
        self._connections: Connections | None = getattr(self, "app_state", {}).get(CONNECTIONS)
        self._quick: Quick | None = self._found()

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
        self._let_go()
        self.pipeline.clear()
        super().connection_lost(exc)

    @property
    def waits(self) -> bool:
        return self.timeout_keep_alive_task is not None

    @property
    def stuck(self) -> bool:
        return self._full or self.transport.is_closing()

    def give_up(self) -> None:
        if self._half_head:
            self._refuse(TOO_SLOW)
        else:  # nobody has asked for anything
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
        if self.parser.get_http_version() not in ("1.0", "1.1"):
            self._refuse(MALFORMED)
            return
        if not self.url.startswith(b"/"):
            # A whole URL: its host goes before the header's (RFC 9112, section 3.2.2).
            named = urlsplit(self.url.decode("latin-1")).netloc.encode("latin-1")
            self.headers[:] = [(name, named if name == b"host" else value) for name, value in self.headers]
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
        self._cycles.append(self.cycle)

    def on_body(self, body: bytes) -> None:
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._whole = True
        if not self.transport.is_closing():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        self._open -= 1
        if self._cycles:
            self._cycles.popleft()
        super().on_response_complete()
        self._rest()

    def send_400_response(self, msg: str) -> None:
        """uvicorn's own is plain text, and may fall into the middle of another request's answer."""
        self._refuse(MALFORMED)

    def _unsupported_upgrade_warning(self) -> None:
        """Three lines in the log for whoever asks; what it asked for besides is answered."""

    def _let_go(self) -> None:
        """Nobody reads the answers. uvicorn tells only the newest request; the one before it would go on, and fail
        with a stack trace where it writes."""
        for cycle in self._cycles:
            cycle.disconnected = True
            cycle.message_event.set()

    def _refuse(self, error: Item2vecError) -> None:
        if self.transport.is_closing():
            return
        if self._record is not None:
            self._record.refused(error.code)
        if not any(cycle.response_started for cycle in self._cycles):
            self.transport.write(_answer_of(error))
        self._let_go()
        self.transport.close()


TOO_LARGE = HeadTooLarge(f"URL and headers may have at most {MAX_HEAD:,} bytes")
TOO_SLOW = HeadTooSlow("URL and headers did not come in time: send them at once")
FULL = Busy("too many connections are open; send this again in a moment")
MALFORMED = RequestMalformed("what came cannot be read as HTTP/1.1")


def _answer_of(error: Item2vecError) -> bytes:
    """The whole answer, before which and after which there is none."""
    found = problem_of(error)
    body = found.body("none")
    headers = [
        (b"content-type", PROBLEM_JSON.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
        *((name.lower().encode(), value.encode("latin-1")) for name, value in found.headers.items()),
        *SECURITY,
    ]
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return b"HTTP/1.1 %d %b\r\n%b\r\n%b" % (found.status, HTTPStatus(found.status).phrase.encode(), lines, body)
