"""Tells the app that the process is about to end: uvicorn waits for open answers, and says nothing of it to the app."""

import signal
import threading
from types import FrameType
from typing import Any


class Closing:
    """Set once the process has got SIGTERM or SIGINT. To be made in the main thread; elsewhere it is never set.

    leave_seconds: how long the server goes on taking requests after that, so that a proxy, told by `/healthz`, has
    stopped asking when it ends. A second signal ends it at once.
    """

    def __init__(self, leave_seconds: float = 0.0) -> None:
        self._event = threading.Event()
        self._leave = leave_seconds
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._chain(number)

    def __bool__(self) -> bool:
        return self._event.is_set()

    def _chain(self, number: int) -> None:
        """In front of the server's own handler, which it put there before it took the first request."""
        before: Any = signal.getsignal(number)
        if not callable(before):
            return

        def handle(number: int, frame: FrameType | None) -> None:
            again = self._event.is_set()
            self._event.set()
            if again or not self._leave:
                before(number, frame)
                return
            later = threading.Timer(self._leave, before, (number, frame))
            later.daemon = True
            later.start()

        signal.signal(number, handle)
