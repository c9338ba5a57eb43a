"""The pools of one process, one for each kind of work: what fills one of them does not hold up the others."""

from functools import partial

from app.answers.question import REQUEST_COST
from app.metrics import Metrics
from app.pools.pool import Pool
from app.settings import Settings

LITTLE = 8  # requests that may be under way in a pool of one thread


class Pools:
    """search: all that asks the model and the catalogue in memory. sessions: passes over the vectors, see
    `app.answers.together`. write: events and items. manage: all else that asks the database or lists models. compare:
    diffs of models. switch: activation and rollback. streams: the looks for all streams. metrics: their text."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._metrics = metrics
        self._stuck_seconds = settings.stuck_seconds
        pool = partial(Pool, seconds=settings.request_seconds, metrics=metrics)
        self.search = pool("search", settings.search_threads, settings.search_queue, unit=REQUEST_COST)
        self.sessions = pool("sessions", 1, LITTLE, niceness=0)
        self.write = pool("write", settings.write_threads, settings.write_queue)
        self.manage = pool("manage", settings.manage_threads, settings.manage_queue)
        self.compare = pool("compare", 1, LITTLE)
        self.switch = pool("switch", 1, LITTLE)
        self.streams = pool("streams", 1, settings.max_streams)
        self.metrics = pool("metrics", 1, LITTLE)
        # To open, check and compare large models may take minutes, and nobody else waits for it.
        self._watched = (self.search, self.sessions, self.write, self.manage)
        self._all = (*self._watched, self.compare, self.switch, self.streams, self.metrics)

    @property
    def stuck(self) -> list[str]:
        """Names of pools in which nothing moves any more although somebody waits."""
        return [pool.name for pool in self._watched if pool.is_stuck(self._stuck_seconds)]

    @property
    def busy(self) -> bool:
        """Whether a thread still has work."""
        return any(pool.running for pool in self._all)

    def note(self) -> None:
        """For the metrics; to be called every second."""
        for pool in self._all:
            self._metrics.pool_running.labels(pool.name).set(pool.running)
            self._metrics.pool_waiting.labels(pool.name).set(pool.waiting)
        stuck = self.stuck
        for pool in self._watched:
            self._metrics.pool_stuck.labels(pool.name).set(pool.name in stuck)

    def close(self) -> None:
        for pool in self._all:
            pool.close()
