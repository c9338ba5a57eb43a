"""The whole service as two processes, API and worker: each is started again when it dies, both end when we do."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.settings import Settings
from index.process import die_with

log = logging.getLogger(__name__)

FIRST_SECONDS, MOST_SECONDS = 1.0, 30.0
STEADY_SECONDS = 60.0  # who has run so long starts again at the shortest wait
REFUSED = (2, 3)  # the settings cannot be served, or uvicorn could not start
STOP_SECONDS = 10.0  # beyond the time requests get to end


@dataclass
class Part:
    """One of the processes. wait: seconds before it is started again. due: when that is, on the monotonic clock."""

    name: str
    command: Sequence[str]
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    wait: float = FIRST_SECONDS
    due: float = 0.0
    starts: int = 0


class Supervisor:
    """Keeps the parts running until SIGTERM or SIGINT."""

    def __init__(self, parts: Sequence[Part], environment: Mapping[str, str], drain_seconds: float) -> None:
        self._parts = parts
        self._environment = dict(environment)
        self._drain = drain_seconds
        self._stop = threading.Event()

    def run(self) -> int:
        """0 after a signal; the code of a part that at its first start could not do with the settings."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        try:
            while not self._stop.wait(0.1):
                for part in self._parts:
                    code = self._look_after(part)
                    if code in REFUSED and part.starts == 1:
                        return 2
        finally:
            self._end()
        return 0

    def _look_after(self, part: Part) -> int | None:
        """Starts it when that is due. The exit code, when it has just ended."""
        moment = time.monotonic()
        if part.process is None:
            if moment >= part.due:
                self._start(part)
            return None
        code = part.process.poll()
        if code is None:
            return None
        if moment - part.started > STEADY_SECONDS:
            part.wait = FIRST_SECONDS
        log.warning("part=%s ended %s again_in=%.0f", part.name, _how(code), part.wait)
        part.process, part.due = None, moment + part.wait
        part.wait = min(MOST_SECONDS, 2 * part.wait)
        return code

    def _start(self, part: Part) -> None:
        parent = os.getpid()
        # We have one thread, so running Python between fork and exec is safe here.
        part.process = subprocess.Popen(
            part.command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            preexec_fn=lambda: die_with(parent, signal.SIGTERM),
        )
        part.started = time.monotonic()
        part.starts += 1
        log.info("part=%s process=%d", part.name, part.process.pid)

    def _end(self) -> None:
        running = [part.process for part in self._parts if part.process is not None]
        for process in running:
            process.terminate()
        last = time.monotonic() + self._drain + STOP_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, last - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _how(code: int) -> str:
    """SIGBUS: a file that was mapped has been cut, or its disk cannot be read."""
    return f"code={code}" if code >= 0 else f"signal={signal.Signals(-code).name}"


def run_serve(settings: Settings) -> int:
    """API and worker, with these settings in their environment. 0 after SIGTERM or SIGINT, 2 when they cannot start."""
    # The port, and whether keys are needed, are found out by the API itself: it says so and ends with 2.
    parts = [Part(name, [sys.executable, "-m", "item2vec", name]) for name in ("api", "worker")]
    # Ctrl-C reaches the parts as well as us, and they end by it as by SIGTERM.
    return Supervisor(
        parts, {**os.environ, **settings.environment()}, settings.leave_seconds + settings.drain_seconds
    ).run()
