"""Sessions that are asked about at the same moment are answered by one pass over the vectors: 16 in hardly more time
than one."""

import asyncio
from collections.abc import Callable

from app.pools.pool import RETRY, Pool
from app.problems import Busy, TimeExceeded
from index.model import Model
from index.ranking.readings import Float, Rows
from index.ranking.recommender import Wish

Best = tuple[Rows, Float]

AT_ONCE = 16
MOST_SCORES = 8_000_000  # of a pass, 32 MB each for the whole numbers and the scores
# Scores made while other requests wait, about 2 ms; longer passes have a thread, which costs 0.1 ms.
IN_LOOP = 200_000
MOST_WAITING = 1000


class Together:
    """To be used on one event loop. pool: whose thread has the long passes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: list[tuple[Model, Wish, asyncio.Future[Best]]] = []
        self._busy = False

    async def best(self, model: Model, wish: Wish) -> Best:
        """Rows and scores as `Recommender.among` gives them. Raises Busy, TimeExceeded."""
        if len(self._waiting) >= MOST_WAITING:
            raise Busy("too many sessions are asked about at once: ask again", headers=RETRY)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Best] = loop.create_future()
        self._waiting.append((model, wish, future))
        if not self._busy:
            self._busy = True
            loop.call_soon(self._start)  # after all requests that have come in already
        try:
            async with asyncio.timeout(self._pool.seconds):
                return await future
        except TimeoutError:
            raise TimeExceeded(f"there was no answer within {self._pool.seconds:g} s: ask again") from None
        finally:
            if future.cancelled():  # nobody waits for it any more
                self._waiting = [asked for asked in self._waiting if asked[2] is not future]

    def _start(self) -> None:
        """Takes those that wait for the model of the first; asks itself again for the rest."""
        if not self._waiting:
            self._busy = False
            return
        model = self._waiting[0][0]
        newcomers = self._waiting[0][1].newcomers
        items = max(1, len(model.vocabulary) + (0 if newcomers is None else newcomers.used))
        most = max(1, min(AT_ONCE, MOST_SCORES // items))
        mine = [asked for asked in self._waiting if asked[0] is model][:most]
        taken = {id(future) for *_, future in mine}
        self._waiting = [asked for asked in self._waiting if id(asked[2]) not in taken]
        wishes, futures = [wish for _, wish, _ in mine], [future for *_, future in mine]

        def work() -> list[Best]:
            return model.recommender.among(wishes)

        if items * len(mine) <= IN_LOOP:
            self._end(futures, work)
        else:
            done = asyncio.ensure_future(self._pool.own(work))
            done.add_done_callback(lambda made: self._end(futures, made.result))

    def _end(self, futures: list[asyncio.Future[Best]], lists: Callable[[], list[Best]]) -> None:
        try:
            for future, found in zip(futures, lists(), strict=True):
                if not future.done():
                    future.set_result(found)
        except Exception as error:
            for future in futures:
                if not future.done():
                    future.set_exception(error)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._start)
        else:
            self._busy = False
