"""How often and how quickly this process has answered of late, from its own metrics."""

import time
from collections import deque
from collections.abc import Iterable

from app.metrics import BUCKETS, Metrics

SECONDS = 60  # looked back at

Sample = tuple[float, list[float], float]
"""(when, requests by bucket of seconds, cumulated, requests that the service failed)."""


class Rates:
    """note: once a second or so."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._samples: deque[Sample] = deque(maxlen=SECONDS + 1)

    def note(self) -> None:
        self._samples.append((time.monotonic(), *_counted(self._metrics)))

    @property
    def now(self) -> dict[str, float | None]:
        """requests_per_second, errors_per_second (5xx), p50_ms and p99_ms; None where nothing was asked."""
        if len(self._samples) < 2:
            return {"requests_per_second": 0.0, "errors_per_second": 0.0, "p50_ms": None, "p99_ms": None}
        (begun, before, failed_before), (ended, after, failed) = self._samples[0], self._samples[-1]
        seconds = max(ended - begun, 1e-9)
        counts = [b - a for a, b in zip(before, after, strict=True)]
        return {
            "requests_per_second": round(counts[-1] / seconds, 2),
            "errors_per_second": round((failed - failed_before) / seconds, 3),
            "p50_ms": _quantile(counts, 0.5),
            "p99_ms": _quantile(counts, 0.99),
        }


def _counted(metrics: Metrics) -> tuple[list[float], float]:
    buckets, failed = dict.fromkeys((*map(str, BUCKETS), "+Inf"), 0.0), 0.0
    for metric in _samples(metrics):
        name, labels, value = metric
        if name.endswith("_bucket"):
            buckets[labels["le"]] = buckets.get(labels["le"], 0.0) + value
        elif name.endswith("_count") and labels["status"].startswith("5"):
            failed += value
    return list(buckets.values()), failed


def _samples(metrics: Metrics) -> Iterable[tuple[str, dict[str, str], float]]:
    for family in metrics.requests.collect():
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def _quantile(cumulated: list[float], share: float) -> float | None:
    """Milliseconds: the upper end of the bucket that it lies in; None where nothing was counted, or beyond all."""
    if not cumulated or not cumulated[-1]:
        return None
    wanted = share * cumulated[-1]
    return next((edge * 1000 for edge, count in zip(BUCKETS, cumulated, strict=False) if count >= wanted), None)
