"""uvicorn's HTTP/1.1 protocol with a limit on the request's head (httptools takes headers without end), and the quick
way past it.

All that we know of uvicorn's inside is here: the callbacks that its parser calls, `on_response_complete`, and the
server's headers and its state. Checked with uvicorn 0.40 to 0.54. Where one of them is missing everything is answered
the documented way, after a warning.
"""

import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.quick.similar import START, Quick

log = logging.getLogger(__name__)

MAX_HEAD = 32 << 10
QUICK = "quick"  # in the state of the lifespan

TOO_LARGE = (
    b'{"type":"urn:item2vec:problem:headers_too_large","title":"The request\'s head is too large.","status":431,'
    b'"code":"headers_too_large","detail":"URL and headers may have at most 32,768 bytes","request_id":"none"}'
)
ANSWER = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/problem+json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(TOO_LARGE), TOO_LARGE)
)
CALLBACKS = ("on_message_begin", "on_headers_complete", "on_body", "on_message_complete", "on_response_complete")


class Protocol(HttpToolsProtocol):
    """Answers 431 and closes where URL and headers together are larger than MAX_HEAD. What comes whole, alone and
    between two requests is offered to `Quick` first; of what that answers, uvicorn sees nothing."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._in_head = True
        self._head = self._chunk = 0
        self._begins = True  # whether the piece begins with a request
        self._open = 0  # requests begun and not yet answered
        self._whole = True  # whether the parser is between two requests
        self._full = False  # whether the client reads too slowly
        self._address = ""
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

    def data_received(self, data: bytes) -> None:
        if self._whole and not self._open and not self._full and self._quick is not None and data.startswith(START):
            answer = self._quick.answer(data, self._address, self.server_state.default_headers)
            if answer is not None:
                self.transport.write(answer)
                # Counts the request, and sets the time at which an idle connection is closed.
                super().on_response_complete()
                return
        self._chunk = len(data)
        self._begins = self._whole
        self._head += self._chunk
        super().data_received(data)
        if self._in_head and self._head > MAX_HEAD:
            self._refuse()

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
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        # A large piece may be mostly body: only the head counts.
        if (
            max(self._head, self._chunk) > MAX_HEAD
            and len(self.url) + sum(len(n) + len(v) for n, v in self.headers) > MAX_HEAD
        ):
            self._refuse()
            return
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

    def _refuse(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(ANSWER)
            self.transport.close()
