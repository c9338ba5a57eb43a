"""What goes out of the first layer: as it comes from FastAPI, with this layer's headers, or a problem of its own."""

from app.headers import SECURITY
from app.http.asgi import Message, Send
from app.problems import PROBLEM_JSON, problem_of
from index.errors import Item2vecError


class Answer:
    """An ASGI `send`. status: 0 until the answer has begun."""

    __slots__ = ("request_id", "send", "status")

    def __init__(self, send: Send, request_id: str) -> None:
        self.send = send
        self.request_id = request_id
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), *SECURITY, (b"x-request-id", self.request_id.encode())]
            message = {**message, "headers": headers}
        await self.send(message)

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
