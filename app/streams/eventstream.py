"""A job's stream: what goes out, and when it ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, suppress

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.problems import Busy
from app.streams.feeds import Feed, Feeds
from index.errors import StoreUnavailable

LOOK_SECONDS = 1.0  # how often a stream in which nothing happens looks whether it must end
KEEP_ALIVE_SECONDS = 10.0
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream(StreamingResponse):
    """held: given back when the stream has ended, however it does. seconds: after which it is broken off, where a
    client that does not read keeps it from ending."""

    def __init__(self, content: AsyncIterator[str], held: ExitStack, seconds: float) -> None:
        super().__init__(content, media_type="text/event-stream", headers=HEADERS)
        self._held = held
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held, suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                await super().__call__(scope, receive, send)


async def follow(feeds: Feeds, feed: Feed, after: int, seconds: float, ends: Callable[[], bool]) -> AsyncIterator[str]:
    """The text. Ends with the job, after `seconds`, and where `ends` says so; a client that comes again with the id of
    the last line it saw misses nothing."""
    loop = asyncio.get_running_loop()
    due, sent, said = loop.time() + seconds, loop.time(), ""
    # At once: a client that waits for the head must not wait for the first change.
    yield "retry: 2000\n\n"
    while loop.time() < due and not ends():
        news, job, newest, over = feed.news, feed.job, feed.newest, feed.over
        lines = feed.after(after)
        if lines is None:
            try:
                older = await feeds.lines(feed.job_id, after)
            except (StoreUnavailable, Busy):
                await asyncio.sleep(LOOK_SECONDS)
                continue
            if older:
                after = older[-1][0]
                yield "".join(event for _, event in older)
                continue
            after = feed.gone
            continue
        after = max(after, newest)
        if text := "".join(lines) + (job if job != said else ""):
            said, sent = job, loop.time()
            yield text
        elif loop.time() - sent > KEEP_ALIVE_SECONDS:
            sent = loop.time()
            yield ": still here\n\n"
        if over:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(news.wait(), LOOK_SECONDS)
