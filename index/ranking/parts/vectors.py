"""Vectors: how near each item's target vector is to the known items' query vectors, in standard deviations."""

from collections.abc import Sequence

import numpy as np

from index.ranking.parts.question import Query, joined
from index.ranking.readings import Float

BLOCK = 4096  # items multiplied at a time


class VectorPart:
    """z(q . T) over all items, q the weighted sum of the known items' query vectors.

    z(x) = (x - mean) / standard deviation, so the weight of the part means the same on every log.
    """

    def __init__(self, queries: Float, targets: Float) -> None:
        """Both float32 (items, d); they may be mapped, and the same matrix."""
        self.queries = queries
        self.targets = targets
        # The mean and spread of q . T over all items follow from T's mean and covariance, so z needs no dense pass.
        self._mean = targets.mean(axis=0, dtype=np.float64)
        # Blocks in float32, added up in float64: as exact as is needed, at a tenth of the time.
        blocks = (targets[begin : begin + BLOCK] for begin in range(0, len(targets), BLOCK))
        second = sum((block.T @ block for block in blocks), np.zeros((targets.shape[1],) * 2)) / max(1, len(targets))
        self._covariance = (second - np.outer(self._mean, self._mean)).astype(np.float32)

    @property
    def length(self) -> np.float32:
        """How long a query is that asks in an average direction: q . T has deviation 1 over all items, so q is the
        longer the shorter T is."""
        spread = max(float(np.trace(self._covariance)), 1e-12)
        return np.float32(np.sqrt(len(self._covariance) / spread))

    def of(self, queries: Sequence[Query]) -> tuple[Float, Float]:
        """(q, mean): float32 (n, d) scaled so that q . T has deviation 1 over all items, and its mean, (n,).

        A query without any item, or whose vectors cancel each other, has q = 0 and says nothing.
        """
        q = np.zeros((len(queries), self.queries.shape[1]), dtype=np.float32)
        rows, weights, question = joined(queries)
        # Added up run by run: a query without items has no run, and alone or among others each gets the same bits.
        runs = np.flatnonzero(np.diff(question, prepend=-1))
        if len(runs):
            q[question[runs]] = np.add.reduceat(weights[:, None] * self.queries[rows], runs, axis=0)
        variance = np.einsum("ij,ij->i", q @ self._covariance, q)
        q /= np.sqrt(np.maximum(variance, 1e-12))[:, None]
        return q, q @ self._mean.astype(np.float32)
