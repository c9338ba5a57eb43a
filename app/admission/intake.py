"""The bodies of requests: who may send one, how large, for how long, and how many there are at once."""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable

from app.asgi import Message, Receive
from app.problems import BodyTooLarge, BodyTooSlow, Busy
from app.settings import Settings

SHARE = 4  # one client may have so many-th of what all may have
RETRY = {"Retry-After": "1"}


class Intake:
    """Counts the bytes of all bodies that have come and are not answered yet. To be used on one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._most = settings.bodies_mb << 20
        self.seconds = settings.body_seconds
        self._held: Counter[Hashable] = Counter()
        self.bytes = 0

    def body(self, receive: Receive, who: Hashable, admit: Callable[[], int]) -> "Body":
        """who: the key or address that sends it. admit: called before the first byte is read; how many there may be at
        most, or it raises."""
        return Body(self, receive, who, admit)

    def take(self, who: Hashable, size: int) -> None:
        """Raises Busy where all bodies together would be too large, or those of this client."""
        if self.bytes + size > self._most or self._held[who] + size > self._most / SHARE:
            raise Busy("too many bodies are under way: send this again, or less at once", headers=RETRY)
        self._held[who] += size
        self.bytes += size

    def give_back(self, who: Hashable, size: int) -> None:
        self._held[who] -= size
        self.bytes -= size
        if not self._held[who]:
            del self._held[who]


class Body:
    """An ASGI `receive`, as a context in which its bytes count."""

    def __init__(self, intake: Intake, receive: Receive, who: Hashable, admit: Callable[[], int]) -> None:
        self._intake = intake
        self._receive = receive
        self._who = who
        self._admit = admit
        self._most = 0
        self._size = 0
        self._due: float | None = None
        self._whole = False

    async def __call__(self) -> Message:
        """Raises BodyTooLarge, BodyTooSlow, Busy, and what `admit` raises."""
        if self._whole:
            return await self._receive()
        loop = asyncio.get_running_loop()
        if self._due is None:
            self._most = self._admit()
            self._due = loop.time() + self._intake.seconds
        try:
            async with asyncio.timeout_at(self._due):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow(f"the body was not there after {self._intake.seconds:g} s") from None
        size = len(message.get("body", b""))
        if self._size + size > self._most:
            raise BodyTooLarge(f"the body may have at most {self._most:,} bytes")
        if size:
            self._intake.take(self._who, size)
            self._size += size
        self._whole = not message.get("more_body", False)
        return message

    def __enter__(self) -> "Body":
        return self

    def __exit__(self, *_: object) -> None:
        self._intake.give_back(self._who, self._size)
