"""What goes out of the first layer: as it comes from FastAPI, with this layer's headers, or a problem of its own; and
without its body where that was not asked for, or is there already."""

import asyncio

from app.asgi import Message, Send
from app.headers import SECURITY
from app.http.replies import matches
from app.problems import PROBLEM_JSON, ClientGone, problem_of
from index.errors import Item2vecError

PIECE = 256 << 10


class Answer:
    """An ASGI `send`. status: 0 until the answer has begun. code: of the problem that it is; None for others. unread:
    whether it broke off because nobody read it."""

    __slots__ = ("_bodiless", "_match", "_seconds", "code", "request_id", "send", "status", "unread")

    def __init__(
        self, send: Send, request_id: str, seconds: float, bodiless: bool = False, match: bytes | None = None
    ) -> None:
        """seconds: that a client may take to read a large body. bodiless: whether only the head is wanted. match:
        If-None-Match of a request that only reads."""
        self._seconds = seconds
        self.unread = False
        self.send = send
        self.request_id = request_id
        self.status = 0
        self.code: str | None = None
        self._bodiless = bodiless
        self._match = match

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif self._bodiless:
            return
        elif len(message.get("body", b"")) > PIECE:
            await self._in_pieces(message)
        else:
            await self.send(message)

    async def _begin(self, message: Message) -> None:
        headers = list(message.get("headers", ()))
        self.status = message["status"]
        # Here, since it is known here only that there is an answer to be had (RFC 9110, section 13.2.1).
        if self.status == 200 and self._match is not None:
            tag = next((value for name, value in headers if name == b"etag"), None)
            if tag is not None and matches(tag.decode("latin-1"), self._match.decode("latin-1")):
                self.status, self._bodiless = 304, True
                headers = [header for header in headers if not header[0].startswith(b"content-")]
        own = {name for name, _ in headers}
        # The page has a policy of its own.
        headers += [header for header in SECURITY if header[0] not in own]
        headers.append((b"x-request-id", self.request_id.encode()))
        await self.send({**message, "status": self.status, "headers": headers})
        if self._bodiless:
            # At once: a stream would be waited for to its end.
            await self.send({"type": "http.response.body", "body": b""})

    async def _in_pieces(self, message: Message) -> None:
        """As fast as the client reads: the server takes all it is given into its memory. Raises ClientGone."""
        body, more = message["body"], message.get("more_body", False)
        try:
            async with asyncio.timeout(self._seconds):
                for start in range(0, len(body), PIECE):
                    end = start + PIECE
                    await self.send({**message, "body": body[start:end], "more_body": more or end < len(body)})
        except TimeoutError:
            self.unread = True
            raise ClientGone(f"the client did not read its answer in {self._seconds:g} s") from None

    async def problem(self, error: Item2vecError) -> None:
        """Nothing where the answer has begun: it can only break off."""
        if self.status:
            return
        found = problem_of(error)
        self.code = found.code
        body = found.body(self.request_id)
        headers = [
            (b"content-type", PROBLEM_JSON.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            *((name.lower().encode(), value.encode("latin-1")) for name, value in found.headers.items()),
        ]
        await self({"type": "http.response.start", "status": found.status, "headers": headers})
        await self({"type": "http.response.body", "body": body})
