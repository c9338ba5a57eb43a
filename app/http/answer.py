"""What goes out of the first layer: as it comes from FastAPI, with this layer's headers, or a problem of its own."""

import asyncio

from app.headers import SECURITY
from app.http.asgi import Message, Send
from app.problems import PROBLEM_JSON, ClientGone, problem_of
from index.errors import Item2vecError

PIECE = 256 << 10


class Answer:
    """An ASGI `send`. status: 0 until the answer has begun. unread: whether it broke off because nobody read it.
    seconds: that a client may take to read a large body."""

    __slots__ = ("_seconds", "request_id", "send", "status", "unread")

    def __init__(self, send: Send, request_id: str, seconds: float) -> None:
        self._seconds = seconds
        self.unread = False
        self.send = send
        self.request_id = request_id
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), *SECURITY, (b"x-request-id", self.request_id.encode())]
            message = {**message, "headers": headers}
        elif len(message.get("body", b"")) > PIECE:
            await self._in_pieces(message)
            return
        await self.send(message)

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
        body = found.body(self.request_id)
        headers = [
            (b"content-type", PROBLEM_JSON.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            *((name.lower().encode(), value.encode("latin-1")) for name, value in found.headers.items()),
        ]
        await self({"type": "http.response.start", "status": found.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})
