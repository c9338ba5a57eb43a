"""uvicorn's HTTP/1.1 protocol with two things more: a limit on the request's head, because httptools takes headers
without end; and a way to write a whole answer at once."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_HEAD = 32 << 10

TOO_LARGE = (
    b'{"type":"urn:item2vec:problem:headers_too_large","title":"The request\'s head is too large.","status":431,'
    b'"code":"headers_too_large","detail":"URL and headers may have at most 32,768 bytes","request_id":"none"}'
)
ANSWER = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/problem+json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(TOO_LARGE), TOO_LARGE)
)


class Protocol(HttpToolsProtocol):
    """Answers 431 and closes where URL and headers together are larger than MAX_HEAD."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._in_head = True
        self._head = 0
        self._chunk = 0

    def data_received(self, data: bytes) -> None:
        self._chunk = len(data)
        self._head += len(data)
        super().data_received(data)
        if self._in_head and self._head > MAX_HEAD:
            self._refuse()

    def on_message_begin(self) -> None:
        self._in_head = True
        self._head = self._chunk
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        # A large chunk may be mostly body: only the head counts.
        if self._head > MAX_HEAD and len(self.url) + sum(len(n) + len(v) for n, v in self.headers) > MAX_HEAD:
            self._refuse()
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self.transport.is_closing():
            super().on_message_complete()

    def _refuse(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(ANSWER)
            self.transport.close()


def cycle_of(send: Any) -> RequestResponseCycle | None:
    """The cycle behind an ASGI `send`, where uvicorn's httptools protocol made it and nothing stands between."""
    found = getattr(send, "__self__", None)
    return found if type(found) is RequestResponseCycle else None


async def respond(cycle: RequestResponseCycle, head: bytes, body: bytes) -> None:
    """Writes an answer whose head (status line and headers, each line ended) is our own.

    Does what two calls of `cycle.send` do, less the look at every header and the second write, which together take as
    long as finding and rendering ten neighbours.
    """
    if cycle.flow.write_paused and not cycle.disconnected:
        await cycle.flow.drain()
    if cycle.disconnected:
        return
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    close = b"" if cycle.keep_alive else b"connection: close\r\n"
    defaults = b"".join([b"%b: %b\r\n" % header for header in cycle.default_headers])
    cycle.transport.write(b"".join((head, defaults, close, b"\r\n", body)))
    cycle.message_event.set()
    if close:
        cycle.transport.close()
    cycle.on_response()
