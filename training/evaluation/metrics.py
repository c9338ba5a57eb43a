"""Ranking metrics over the ranks of the targets, and their intervals.

ranks: int array, one per prefix, 1 for the top of the list; 0 where the target was not ranked at all.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from index.report import Figure, Metric

Ranks = NDArray[np.int32]


def hits(ranks: Ranks, k: int) -> NDArray[np.float64]:
    """1 where the target is among the first k. Its mean is the hit rate HR@k (= recall, with one target each)."""
    return ((ranks > 0) & (ranks <= k)).astype(np.float64)


def reciprocal_ranks(ranks: Ranks, k: int) -> NDArray[np.float64]:
    """1/rank within the first k, else 0. Its mean is MRR@k."""
    return np.where((ranks > 0) & (ranks <= k), 1.0 / np.maximum(ranks, 1), 0.0)


def gains(ranks: Ranks, k: int) -> NDArray[np.float64]:
    """1/log2(1 + rank) within the first k, else 0. Its mean is NDCG@k, the ideal gain of one target being 1."""
    return np.where((ranks > 0) & (ranks <= k), 1.0 / np.log2(np.maximum(ranks, 1) + 1.0), 0.0)


FIGURES: dict[Metric, tuple[Callable[[Ranks, int], NDArray[np.float64]], int]] = {
    "hr@10": (hits, 10),
    "hr@20": (hits, 20),
    "mrr@20": (reciprocal_ranks, 20),
    "ndcg@10": (gains, 10),
}


def coverage(recommended: NDArray[np.int32], items: int) -> float:
    """Share of the items that are recommended at least once. recommended: rows, -1 where a list is short."""
    return len(np.unique(recommended[recommended >= 0])) / items if items else 0.0


def gini(recommended: NDArray[np.int32], items: int) -> float:
    """Gini coefficient of how often items are recommended: 0 all equally often, near 1 a few take all; 0 when none."""
    counts = np.sort(np.bincount(recommended[recommended >= 0], minlength=items)).astype(np.float64)
    if not counts.sum():
        return 0.0
    return float((2 * np.arange(1, items + 1) - items - 1) @ counts / (items * counts.sum()))


class Bootstrap:
    """Resampling of whole sessions: prefixes of one session are not independent (Efron & Tibshirani 1993, ch. 8)."""

    def __init__(self, sessions: NDArray[np.int64], resamples: int, rng: np.random.Generator) -> None:
        """sessions: the session each prefix belongs to, shape (prefixes,)."""
        _, self._group = np.unique(sessions, return_inverse=True)
        self._groups = int(self._group.max()) + 1 if len(sessions) else 0
        self._sizes = np.bincount(self._group, minlength=self._groups).astype(np.float64)
        drawn = rng.integers(0, max(1, self._groups), (resamples, self._groups))
        drawn += np.arange(resamples)[:, None] * self._groups
        # How often each resample has each session: drawn once, every mean is a product with it. float32 holds such
        # small numbers exactly, and is summed in float64.
        times = np.bincount(drawn.reshape(-1), minlength=resamples * self._groups)
        self._times = times.reshape(resamples, self._groups).astype(np.float32)

    def means(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean of `values` over each resample; the same resamples in every call."""
        sums = np.bincount(self._group, weights=values, minlength=self._groups)
        found = self._times @ np.column_stack([sums, self._sizes]).astype(np.float32)
        means: NDArray[np.float64] = found[:, 0].astype(np.float64) / found[:, 1]
        return means

    def interval(self, values: NDArray[np.float64]) -> Figure:
        """The mean and its 95 % percentile interval; all 0 without prefixes."""
        if not self._groups:
            return Figure(0.0, 0.0, 0.0)
        low, high = np.quantile(self.means(values), [0.025, 0.975])
        return Figure(float(values.mean()), float(low), float(high))
