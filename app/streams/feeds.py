"""Jobs as their streams see them: each is looked at once for all who follow it, as long as anybody does."""

import asyncio
import logging
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.pools.pool import Pool
from app.problems import Busy, without_places
from index.errors import JobUnknown, StoreUnavailable
from store import jobs
from store.database import Database
from store.job import Job, Line

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
KEPT_LINES = 5000  # of a job; who is further back reads the database


class Feed:
    """One job, and the end of its log, as text that is ready to be sent. `news` is set and replaced at each change."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        self.job = ""  # the event of the job's state; "" until it was looked at
        self.over = False  # whether the job has ended, and all its lines are here
        self.news = asyncio.Event()
        self.readers = 0
        self.newest = 0
        self.gone = 0  # seq of the last line that is not kept any more
        self._seqs: list[int] = []
        self._lines: list[str] = []

    def after(self, seq: int) -> list[str] | None:
        """The events of the lines after this one; None where they are not kept any more."""
        return None if seq < self.gone else self._lines[bisect_right(self._seqs, seq) :]

    def take(self, job: Job, text: str, lines: list[Line]) -> None:
        """The job must have been read before the lines: an ended one has written its last."""
        over = job.ended and len(lines) < jobs.MAX_LINES
        if lines:
            self.newest = lines[-1].seq
            self._seqs += [line.seq for line in lines]
            self._lines += [line_event(line) for line in lines]
            if (surplus := len(self._seqs) - KEPT_LINES) > 0:
                self.gone = self._seqs[surplus - 1]
                del self._seqs[:surplus], self._lines[:surplus]
        if lines or text != self.job or over != self.over:
            self.job, self.over = text, over
            self.news.set()
            self.news = asyncio.Event()


class Feeds:
    """Of one process. show: the event of a job's state."""

    def __init__(self, database: Database, pool: Pool, show: Callable[[Job], str]) -> None:
        self._database = database
        self._pool = pool
        self._show = show
        self._feeds: dict[str, tuple[Feed, asyncio.Task[None]]] = {}

    @contextmanager
    def of(self, job_id: str) -> Iterator[Feed]:
        if job_id not in self._feeds:
            feed = Feed(job_id)
            self._feeds[job_id] = feed, asyncio.get_running_loop().create_task(self._follow(feed))
        feed, task = self._feeds[job_id]
        feed.readers += 1
        try:
            yield feed
        finally:
            feed.readers -= 1
            if not feed.readers:
                task.cancel()
                del self._feeds[job_id]

    async def lines(self, job_id: str, after: int) -> list[tuple[int, str]]:
        """(seq, event) of lines that the feed does not keep any more, MAX_LINES at most. Raises StoreUnavailable."""
        found = await self._pool.own(lambda: jobs.lines(self._database, job_id, after))
        return [(line.seq, line_event(line)) for line in found]

    async def _follow(self, feed: Feed) -> None:
        while not feed.over:
            try:
                job, lines = await self._pool.own(lambda: self._look(feed))
                feed.take(job, self._show(job), lines)
            except (StoreUnavailable, Busy):
                lines = []  # the streams stay open, and go on afterwards
            except JobUnknown:
                feed.over = True
                feed.news.set()
                return
            except Exception:
                log.exception("a job could not be followed")
                lines = []
            if len(lines) < jobs.MAX_LINES:
                await asyncio.sleep(LOOK_SECONDS)

    def _look(self, feed: Feed) -> tuple[Job, list[Line]]:
        job = jobs.get(self._database, feed.job_id)
        return job, jobs.lines(self._database, feed.job_id, feed.newest)


def line_event(line: Line) -> str:
    return f"id: {line.seq}\nevent: line\ndata: {without_places(' '.join(line.text.splitlines()))}\n\n"
