"""One line a request, written in blocks: a write for each would cost more than the request."""

import sys
import threading
import time
from contextlib import suppress
from typing import TextIO

BLOCK = 500


class AccessLog:
    """key=value lines on standard error, at most half a second late; `flush` is called by the refresher."""

    def __init__(self, on: bool, stream: TextIO | None = None) -> None:
        self._on = on
        self._stream = stream or sys.stderr
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._second = (0, "")

    def line(
        self, request_id: str, method: str, route: str, status: int, seconds: float, code: str | None = None
    ) -> None:
        """route: the template, never the path: ids may be personal. code: of a problem."""
        if not self._on:
            return
        now = time.time()
        whole = int(now)
        if whole != self._second[0]:
            self._second = (whole, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)))
        self._lines.append(
            f"{self._second[1]}.{int(now % 1 * 1000):03d}Z request_id={request_id} method={method} route={route} "
            f"status={status} ms={seconds * 1000:.3f}{f' code={code}' if code else ''}\n"
        )
        if len(self._lines) >= BLOCK:
            self.flush()

    def flush(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
            if lines:
                with suppress(OSError):  # the disk of the log is full: no reason to answer nobody
                    self._stream.write("".join(lines))
                    self._stream.flush()
