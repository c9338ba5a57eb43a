"""Clients that ask all the time while something else happens, and count by the second what became of it."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx
from compose import shop
from compose.stack import Stack

PAUSE = 0.02  # of a reader between two requests: constant, and no benchmark
WRITE_PAUSE = 0.1
ROWS = 5
TIMEOUT = 10.0


@dataclass
class Tally:
    """What became of the requests of one kind. by_second: second since the beginning -> (asked, failed)."""

    by_second: dict[int, tuple[int, int]] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0

    def count(self, second: int, reason: str | None, seconds: float) -> None:
        asked, failed = self.by_second.get(second, (0, 0))
        self.by_second[second] = (asked + 1, failed + (reason is not None))
        self.slowest = max(self.slowest, seconds)
        if reason is not None:
            self.reasons[reason] += 1

    @property
    def asked(self) -> int:
        return sum(asked for asked, _ in self.by_second.values())

    @property
    def failed(self) -> int:
        return sum(failed for _, failed in self.by_second.values())

    @property
    def dead_seconds(self) -> list[int]:
        """Those in which nothing at all went well."""
        return sorted(second for second, (asked, failed) in self.by_second.items() if asked == failed)

    def __str__(self) -> str:
        why = ", ".join(f"{number} x {reason}" for reason, number in self.reasons.most_common())
        return f"{self.failed} of {self.asked} failed{f' ({why})' if why else ''}, slowest {self.slowest:.2f} s"


class Load:
    """Readers ask for similar items, writers post events. Use as a context manager.

    acknowledged: ids of events that were accepted. refused: (status, Retry-After) of posts that were not. An event
    whose post broke off is neither: nobody can know what became of it, so it is sent again until somebody says.
    """

    def __init__(self, url: str, key: str, items: Sequence[str], name: str, readers: int = 2, writers: int = 1) -> None:
        self.reads, self.writes = Tally(), Tally()
        self.acknowledged: set[str] = set()
        self.refused: Counter[tuple[int, str | None]] = Counter()
        self.versions: set[str] = set()
        self._client = {"base_url": url, "headers": {"Authorization": f"Bearer {key}"}, "timeout": TIMEOUT}
        self._items = items
        self._name = name
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._began = time.monotonic()
        self._threads = [threading.Thread(target=self._read, args=(n,), daemon=True) for n in range(readers)]
        self._threads += [threading.Thread(target=self._write, args=(n,), daemon=True) for n in range(writers)]

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Again does nothing; from then on the tallies stand still."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=3 * TIMEOUT)

    def _read(self, reader: int) -> None:
        turn = itertools.count(reader * 7)
        with httpx.Client(**self._client) as client:  # type: ignore[arg-type]
            while not self._stop.wait(PAUSE):
                item = self._items[next(turn) % len(self._items)]
                started = time.monotonic()
                reason: str | None = None
                try:
                    answer = client.get(f"/similar/{item}", params={"k": "5"})
                except httpx.HTTPError as error:
                    reason = type(error).__name__
                else:
                    if answer.status_code == 200 and answer.json()["items"]:
                        self.versions.add(answer.json()["model_version"])
                    else:
                        reason = said(answer)
                self._tally(self.reads, started, reason)

    def _write(self, writer: int) -> None:
        with httpx.Client(**self._client) as client:  # type: ignore[arg-type]
            for number in itertools.count():
                ids = [f"{self._name}-{writer}-{number}-{n}" for n in range(ROWS)]
                rows = [
                    {"event_id": e, "user_id": f"{self._name}-{writer}", "item_id": self._items[n % len(self._items)]}
                    for n, e in enumerate(ids)
                ]
                if not self._post(client, ids, rows) or self._stop.wait(WRITE_PAUSE):
                    return

    def _post(self, client: httpx.Client, ids: list[str], rows: list[dict[str, str]]) -> bool:
        """Until it is acknowledged; False where we are asked to stop before that."""
        while True:
            started = time.monotonic()
            try:
                answer = client.post("/events", json=rows)
            except httpx.HTTPError as error:
                self._tally(self.writes, started, type(error).__name__)
            else:
                if answer.status_code == 200:
                    self._tally(self.writes, started, None)
                    self.acknowledged.update(ids)
                    return True
                self._tally(self.writes, started, said(answer))
                with self._lock:
                    self.refused[answer.status_code, answer.headers.get("retry-after")] += 1
            if self._stop.wait(WRITE_PAUSE):
                return False

    def _tally(self, tally: Tally, started: float, reason: str | None) -> None:
        moment = time.monotonic()
        with self._lock:
            tally.count(int(moment - self._began), reason, moment - started)


def said(answer: httpx.Response) -> str:
    """Status and code: whether the proxy refused it, or the API."""
    try:
        return f"{answer.status_code} {answer.json()['code']}"
    except (ValueError, KeyError):
        return str(answer.status_code)


def loading(stack: Stack, name: str, writers: int = 1) -> Load:
    """Clients of this stack; the events they post begin with the name."""
    return Load(stack.url, stack.admin, shop.items(), name, writers=writers)


def stored(stack: Stack, load: Load) -> set[str]:
    """Which of the events that were acknowledged are in the database."""
    prefix = next(iter(load.acknowledged)).rsplit("-", 3)[0] if load.acknowledged else "none"
    return set(stack.sql(f"SELECT event_id FROM events WHERE event_id LIKE '{prefix}-%'")) & load.acknowledged


def untouched(tally: Tally) -> None:
    """Nothing failed, and there was something that could have."""
    assert tally.asked > 20
    assert tally.failed == 0, str(tally)
