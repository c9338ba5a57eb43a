"""Vectors: how near each item's target vector is to the known items' query vectors, in standard deviations."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.ranking.parts.question import Query, joined
from index.ranking.readings import Float
from index.search.rough import Codes, Rough

BLOCK = 4096  # items multiplied at a time


class Moments(NamedTuple):
    """Of the rows of a matrix: mean, float64 (d,), and covariance, float32 (d, d)."""

    mean: NDArray[np.float64]
    covariance: Float

    @classmethod
    def of(cls, targets: Float) -> "Moments":
        mean = targets.sum(axis=0, dtype=np.float64) / max(1, len(targets))
        # Blocks in float32, added up in float64: as exact as is needed, at a tenth of the time.
        blocks = (targets[begin : begin + BLOCK] for begin in range(0, len(targets), BLOCK))
        second = sum((block.T @ block for block in blocks), np.zeros((targets.shape[1],) * 2)) / max(1, len(targets))
        return cls(mean, (second - np.outer(mean, mean)).astype(np.float32))


class VectorPart:
    """z(q . T) over all items, q the weighted sum of the known items' query vectors.

    z(x) = (x - mean) / standard deviation, so the weight of the part means the same on every log.
    """

    def __init__(
        self, queries: Float, targets: Float, codes: Codes | None = None, moments: Moments | None = None
    ) -> None:
        """Both float32 (items, d); they may be mapped, and the same matrix. codes, moments: of the targets; None: made
        here, the former when they are first asked for."""
        self.queries = queries
        self.targets = targets
        self._codes = codes
        # The mean and spread of q . T over all items follow from these, so z needs no dense pass.
        self.moments = moments or Moments.of(targets)

    @cached_property
    def rough(self) -> Rough:
        """Copies of the targets, packed when they are first asked for."""
        return Rough(self._codes or Codes.of(self.targets))

    def of(self, queries: Sequence[Query], name: str = "vectors") -> tuple[Float, Float]:
        """(q, mean): float32 (n, d) scaled so that q . T has deviation 1 over all items, and its mean, (n,). name: of
        the part, for guests.

        A query without any item, or whose vectors cancel each other, has q = 0 and says nothing.
        """
        q = np.zeros((len(queries), self.queries.shape[1]), dtype=np.float32)
        rows, weights, question = joined(queries)
        # Added up run by run: a query without items has no run, and alone or among others each gets the same bits.
        runs = np.flatnonzero(np.diff(question, prepend=-1))
        if len(runs):
            q[question[runs]] = np.add.reduceat(weights[:, None] * self.queries[rows], runs, axis=0)
        for line, query in zip(q, queries, strict=True):
            if name in query.guests:
                line += query.guests[name]
        # Row by row for the same reason: a product of two matrices rounds as its size wants it.
        variance = np.einsum("ij,ij->i", (q[:, None, :] @ self.moments.covariance)[:, 0], q)
        q /= np.sqrt(np.maximum(variance, 1e-12))[:, None]
        return q, np.einsum("ij,j->i", q, self.moments.mean.astype(np.float32))
