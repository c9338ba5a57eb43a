"""Live recall: a sample of real queries answered again by exact search, beside the requests."""

import random
import time
from collections import deque

import numpy as np

from app.live.snapshot import Snapshot
from app.live.view import View
from app.metrics import Metrics
from index.search import exact

WAITING = 100
AT = 10
MOST_SECONDS = 0.002
SHARE = 0.005


class RecallMeter:
    """offer: called by requests, costs a random number. measure: called by the refresher."""

    def __init__(self, share: float, metrics: Metrics) -> None:
        self._share = share
        self._metrics = metrics
        self._waiting: deque[tuple[Snapshot, int]] = deque(maxlen=WAITING)
        self._next = 0.0

    def offer(self, view: View, item_id: str) -> None:
        """An answer by `similar`, without filter: those say how good the stored lists are."""
        if random.random() < self._share and view.snapshot:
            self._waiting.append((view.snapshot, view.snapshot.model.vocabulary.row(item_id)))

    def measure(self) -> None:
        """Some of those that wait, for at most a hundredth of the time: exact search over 100,000 items takes 8 ms."""
        started = time.monotonic()
        while self._waiting and started >= self._next:
            snapshot, row = self._waiting.popleft()
            model = snapshot.model
            stored = model.stored["similar"].scores[row]
            k = min(AT, len(stored), len(model.vocabulary) - 1)
            if k < 1:
                continue
            _, truth = exact.search(model.vectors[row : row + 1], model.vectors, k, exclude=[np.array([row])])
            # By score, so that ties are nobody's fault, with room for rounding.
            found = int((stored[:k] >= truth[0, k - 1] - 1e-6).sum())
            self._metrics.measured(found, k)
            spent = time.monotonic() - started
            if spent > MOST_SECONDS:
                self._next = started + spent / SHARE
