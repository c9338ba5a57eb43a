"""Token buckets: so many requests a second, and twice that at once."""

import time
from collections.abc import Callable, Hashable

BURST = 2.0
KEPT = 50_000


class Rate:
    """per_second: 0 for no limit. One process counts for itself, so it gets its share of the whole."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_second
        self._most = max(1.0, BURST * per_second)
        self._clock = clock
        self._buckets: dict[Hashable, tuple[float, float]] = {}  # tokens, when

    def charge(self, who: Hashable, tokens: float) -> None:
        """For a request that was let in and costs more than one. What is owed is never more than the burst."""
        if self._rate:
            now = self._clock()
            left, then = self._buckets.get(who, (self._most, now))
            left = min(self._most, left + (now - then) * self._rate)
            self._buckets[who] = (max(-self._most, left - tokens), now)

    def take(self, who: Hashable) -> float:
        """0 when the request may go on, else the seconds until one may."""
        if not self._rate:
            return 0.0
        now = self._clock()
        tokens, then = self._buckets.get(who, (self._most, now))
        tokens = min(self._most, tokens + (now - then) * self._rate)
        if tokens < 1.0:
            self._buckets[who] = (tokens, now)
            return (1.0 - tokens) / self._rate
        if len(self._buckets) > KEPT:
            # Those that had nothing to wait for; if all had, the oldest half: memory is bounded either way.
            full = [w for w, (t, at) in self._buckets.items() if t + (now - at) * self._rate >= self._most]
            for other in full or list(self._buckets)[: KEPT // 2]:
                del self._buckets[other]
        self._buckets[who] = (tokens - 1.0, now)
        return 0.0
