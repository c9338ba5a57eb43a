"""A few threads with a bound on what waits for them."""

import asyncio
import os
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any, TypeVar

from fastapi import Request

from app.metrics import Metrics
from app.pools.task import Steps, Task, whole
from app.problems import Busy, ClientGone, TimeExceeded

Result = TypeVar("Result")

SHARE = 4  # one client may have so many-th of the pool, beside the largest of its requests
RETRY = {"Retry-After": "1"}
SLICE_SECONDS = 0.02  # after so long, work in pieces lets go first what waits behind it
LOOK_SECONDS = 0.1  # how often a request that waits looks whether its client is still there
NICENESS = 10
OURSELVES = object()


class Pool:
    """To be asked on one event loop. Nobody waits without a bound: what does not fit is refused at once."""

    def __init__(
        self,
        name: str,
        threads: int,
        most: int,
        seconds: float,
        metrics: Metrics,
        unit: int | None = None,
        niceness: int = NICENESS,
    ) -> None:
        """most: cost of all that is under way; what costs more than that passes alone. seconds: that a request may
        take. unit: what costs more counts as several requests in the rates; None: nothing does. The threads are
        daemons, begun when needed: one that hangs does not keep the process."""
        self.name = name
        self._most_threads = threads
        self._most = most
        self.seconds = seconds
        self._metrics = metrics
        self._unit = unit
        self._niceness = niceness
        self._queue: deque[Task] = deque()
        self._change = threading.Condition()
        self._threads = 0
        self._running = 0
        self._held: defaultdict[Hashable, list[int]] = defaultdict(list)  # costs, by client
        self._cost = 0
        self._moved = time.monotonic()
        self._wanted = False  # whether somebody was refused or had to wait since the pool last moved
        self._closed = False

    async def run(self, request: Request, work: Callable[[], Result], cost: int = 1) -> Result:
        """What `work` returns. Raises what it raises, Busy, TimeExceeded, and ClientGone."""
        return await self.steps(request, whole(work), cost)

    async def steps(self, request: Request, steps: Steps[Result], cost: int = 1) -> Result:
        """As `run`, of work in pieces: it ends between two of them where nobody waits for it any more."""
        state, loop = request.scope["state"], asyncio.get_running_loop()
        due = state.setdefault("due", loop.time() + self.seconds)
        if self._unit is not None and cost > self._unit:
            # Whether it fits or not: to find that out has cost something too.
            state["charge"](cost / self._unit - 1)
        task = self._admitted(steps, cost, state["who"], holders=2)
        state["held"].callback(self._let_go, task)
        try:
            while True:
                await asyncio.wait((task.future,), timeout=max(0.0, min(LOOK_SECONDS, due - loop.time())))
                if task.future.done():
                    result: Result = task.future.result()
                    return result
                if loop.time() >= due:
                    self._wanted = True
                    self._refused("time")
                    raise TimeExceeded(f"there was no answer within {self.seconds:g} s: ask for less, or ask again")
                if await request.is_disconnected():
                    self._refused("gone")
                    raise ClientGone("the client went away before the answer was there")
        finally:
            self._drop(task)

    async def own(self, work: Callable[[], Result]) -> Result:
        """As `run`, of the service's own work: for as long as it takes."""
        task = self._admitted(whole(work), 1, OURSELVES, holders=1)
        try:
            result: Result = await task.future
            return result
        finally:
            self._drop(task)

    @property
    def running(self) -> int:
        return self._running

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def is_stuck(self, seconds: float) -> bool:
        """Whether no thread has ended or begun anything for so long, although somebody waits or was refused."""
        with self._change:
            wanted = self._wanted or bool(self._queue)
            return wanted and self._running >= self._most_threads and time.monotonic() - self._moved > seconds

    def close(self) -> None:
        """Ends the threads, each after the piece it has."""
        with self._change:
            self._closed = True
            for task in self._queue:
                task.dropped = True
            self._change.notify_all()

    def _admitted(self, steps: Steps[Any], cost: int, who: Hashable, holders: int) -> Task:
        """Raises Busy."""
        with self._change:
            full = self._cost + cost > self._most and self._cost > 0
            held = self._held.get(who)
            greedy = held is not None and sum(held) - max(held) + min(cost, max(held)) > self._most / SHARE
            if full or greedy:
                self._wanted = self._wanted or full
                self._refused("full" if full else "share")
                raise Busy("too much is asked for at once: ask again, or for less at a time", headers=RETRY)
            task = Task(steps, cost, who, holders)
            self._held[who].append(cost)
            self._cost += cost
            self._queue.append(task)
            self._metrics.pool_cost.labels(self.name).inc(cost)
            if self._running + len(self._queue) > self._threads and self._threads < self._most_threads:
                self._threads += 1
                threading.Thread(target=self._serve, name=f"{self.name}-{self._threads}", daemon=True).start()
            self._change.notify()
        return task

    def _refused(self, reason: str) -> None:
        self._metrics.pool_refused.labels(self.name, reason).inc()

    def _drop(self, task: Task) -> None:
        """Of no use any more, or done. One that a thread has, counts until the thread lets go of it."""
        with self._change:
            task.dropped = True
            if task in self._queue:
                self._queue.remove(task)
                self._release(task)
        task.future.cancel()

    def _let_go(self, task: Task) -> None:
        with self._change:
            self._release(task)

    def _release(self, task: Task) -> None:
        """One of its holders has. With the lock."""
        task.holders -= 1
        if task.holders:
            return
        self._cost -= task.cost
        self._held[task.who].remove(task.cost)
        if not self._held[task.who]:
            del self._held[task.who]

    def _serve(self) -> None:
        # What may be dear goes behind all that is answered at once. Linux has a niceness for each thread.
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._niceness)
        while True:
            with self._change:
                while not self._queue and not self._closed:
                    self._change.wait()
                if self._closed:
                    return
                task = self._queue.popleft()
                self._running += 1
                self._move()
            goes_on = self._advance(task)
            with self._change:
                self._running -= 1
                self._move()
                if goes_on and not task.dropped:
                    self._queue.append(task)
                else:
                    self._release(task)

    def _move(self) -> None:
        self._moved = time.monotonic()
        self._wanted = False

    def _advance(self, task: Task) -> bool:
        """Some pieces of it; whether there are more."""
        if not task.started:
            task.started = True
            self._metrics.pool_wait.labels(self.name).observe(time.monotonic() - task.since)
        until = time.monotonic() + SLICE_SECONDS
        try:
            while not task.dropped:
                next(task.steps)
                self._moved = time.monotonic()
                if self._queue and self._moved > until:
                    return True
            task.steps.close()
        except StopIteration as end:
            task.end(end.value)
        except BaseException as error:
            task.end(error=error)
        return False
