"""What is noted of every request, whichever way it was answered: its id, its measure, its line in the log."""

import os
import time
from itertools import count

from app.http.accesslog import AccessLog
from app.metrics import Metrics

# Not for what was asked, but for who asked, how, how often, or when.
REFUSING = frozenset((400, 401, 403, 408, 413, 421, 429, 431, 503))


class Record:
    """Of one process."""

    def __init__(self, metrics: Metrics, access: AccessLog) -> None:
        self._metrics = metrics
        self._access = access
        start = os.urandom(4).hex()
        self._ids = (f"{start}{number:08x}" for number in count(1))

    def new_id(self) -> str:
        """For a request that brought none."""
        return next(self._ids)

    def done(
        self, request_id: str, method: str, route: str, status: int, started: float, code: str | None = None
    ) -> None:
        """route: the template, never the path. started: by `time.perf_counter`. code: of the problem that was the
        answer."""
        seconds = time.perf_counter() - started
        self._metrics.request(method, route, status, seconds)
        if code is not None and status in REFUSING:
            self._metrics.requests_refused.labels(code).inc()
        self._access.line(request_id, method, route, status, seconds, code)

    def refused(self, code: str) -> None:
        """Of what was no request yet, so that there is nothing more to say of it."""
        self._metrics.requests_refused.labels(code).inc()
