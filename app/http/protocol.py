"""uvicorn's HTTP/1.1 protocol with a limit on the request's head: httptools takes headers without end."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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
