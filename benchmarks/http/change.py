"""A catalogue that changes while it is read."""

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.http.server import Server
from store import items
from store.database import Database, now
from store.items import ItemRow

PROCESSES = 2
LOOKS = 20  # answers in a row that must show it: either process answers each new connection


class Changes:
    """So many a second, each of one item: another title, and hidden every other time."""

    def __init__(self, engine: Database, items: int, rate: float) -> None:
        self._engine, self._items, self._rate = engine, items, rate
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(1 / self._rate):
            number += 1
            place = number // 2 * 7919 % self._items
            row = ItemRow(f"item-{place:06d}", f"Changed {number}", f"c{place % 20}", number % 2 == 0)
            items.put(self._engine, [row], now())

    def __enter__(self) -> Self:
        if self._rate:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._rate:
            self._thread.join()


def seconds_until_shown(engine: Database, environment: dict[str, str], key: str, log: Path) -> float:
    """From the moment that a new title is stored until each of several processes answers with it."""
    with Server("", environment | {"ITEM2VEC_WORKERS": str(PROCESSES)}, log, core="0,1") as server:
        for _ in range(LOOKS):
            server.get("/similar/item-000007", key)
        title = f"Changed at {time.time()}"
        items.put(engine, [ItemRow("item-000007", title, "c7")], now())
        started = last = time.perf_counter()
        seen = 0
        while seen < LOOKS:
            shown = title in server.get("/items/item-000007", key).decode()
            last = last if shown else time.perf_counter()
            seen = seen + 1 if shown else 0
        return last - started
