"""Tells long answers that the process is about to end: uvicorn waits for them, and says nothing of it to the app."""

import signal
import threading
from typing import Any


class Closing:
    """Set once the process has got SIGTERM or SIGINT. To be made in the main thread; elsewhere it is never set."""

    def __init__(self) -> None:
        self._event = threading.Event()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._chain(number)

    def __bool__(self) -> bool:
        return self._event.is_set()

    def _chain(self, number: int) -> None:
        """In front of the server's own handler, which it put there before it took the first request."""
        before = signal.getsignal(number)
        if not callable(before):
            return

        def handle(number: int, frame: Any) -> None:
            self._event.set()
            before(number, frame)

        signal.signal(number, handle)
