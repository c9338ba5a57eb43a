"""One piece of work on its way through a pool."""

import asyncio
import time
from collections.abc import Callable, Generator, Hashable
from contextlib import suppress
from typing import Any, TypeVar

Result = TypeVar("Result")
Steps = Generator[None, None, Result]
"""Work in pieces: between two of them others may go first, and the work may be ended."""


def whole(work: Callable[[], Result]) -> Steps[Result]:
    """Work of one piece."""
    return work()
    yield


class Task:
    """cost: what it counts in the pool, as long as it has holders: the pool until the work has ended, and the request
    until its answer is sent. who: the client it is for. To be made on the event loop that waits for it."""

    __slots__ = ("_loop", "cost", "dropped", "future", "holders", "since", "started", "steps", "who")

    def __init__(self, steps: Steps[Any], cost: int, who: Hashable, holders: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self._loop.create_future()
        self.steps = steps
        self.cost = cost
        self.who = who
        self.since = time.monotonic()
        self.started = False
        self.dropped = False
        self.holders = holders

    def end(self, result: Any = None, error: BaseException | None = None) -> None:
        """From any thread."""
        with suppress(RuntimeError):  # the loop is closed: the process ends, and nobody waits
            self._loop.call_soon_threadsafe(self._settle, result, error)

    def _settle(self, result: Any, error: BaseException | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)
