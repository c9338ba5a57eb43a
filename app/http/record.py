"""What is noted of every request, whichever way it was answered: its id, its measure, its line in the log."""

import os
import time
from itertools import count

from app.http.accesslog import AccessLog
from app.metrics import Metrics


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

    def done(self, request_id: str, method: str, route: str, status: int, version: str | None, started: float) -> None:
        """route: the template, never the path. version: of the model. started: by `time.perf_counter`."""
        seconds = time.perf_counter() - started
        self._metrics.request(method, route, status, version or "none", seconds)
        self._access.line(request_id, method, route, status, seconds)
