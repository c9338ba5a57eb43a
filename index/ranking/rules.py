"""Sequential rules: which items were seen near an item, and how often, weighted. Kept sparse."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

# Rows and how much each counts: integer array and float32 array of one length. A row may come more than once.
Query = tuple[NDArray[np.integer], NDArray[np.float32]]


class RulesConfig(BaseModel):
    """How pairs within a session are counted (SR in Ludewig & Jannach 2018, section 3.1; both directions: symSR)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    steps: int = Field(10, ge=1, le=1000, description="how far apart in a session two items may be")
    decay: Literal["inverse", "linear", "flat"] = Field(
        "inverse", description="weight of a pair d steps apart: 1/d, 1 - (d - 1)/steps, or 1"
    )
    backward: float = Field(
        0.0, ge=0, le=1, description="weight of the reverse direction: 0 only what came after, 1 both alike"
    )
    target_power: float = Field(0.0, ge=0, le=2, description="weights are divided by (count of the target)^power")
    source_power: float = Field(0.0, ge=0, le=2, description="weights are divided by (count of the source)^power")
    keep: int = Field(200, ge=1, le=100_000, description="strongest rules kept per item")
    newest: float = Field(1.0, gt=0, le=1, description="share of the sessions that are counted, the newest")
    baskets: bool = Field(False, description="each session's items once: in how many sessions two items were together")
    scale: Literal["share", "z"] = Field(
        "share", description="logarithm of the share of a row, or standard deviations over all items"
    )


@dataclass(frozen=True)
class Rules:
    """Row a holds the items that were seen near a, strongest first, ties by row; no item is near itself.

    offsets: int64, shape (n + 1,). items: int32, shape (m,). weights: float32, shape (m,), positive.
    Row a is items[offsets[a]:offsets[a + 1]] and the weights beside it.
    """

    offsets: NDArray[np.int64]
    items: NDArray[np.int32]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        """Number of items, those without rules included."""
        return len(self.offsets) - 1

    @cached_property
    def totals(self) -> NDArray[np.float32]:
        """float32, shape (n,): the sum of each row."""
        sums = np.concatenate([[0], np.cumsum(self.weights, dtype=np.float64)])
        return np.asarray(np.diff(sums[self.offsets]), dtype=np.float32)

    def row(self, i: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        a, b = self.offsets[i], self.offsets[i + 1]
        return self.items[a:b], self.weights[a:b]

    def scores(self, queries: Sequence[Query]) -> NDArray[np.float32]:
        """float32, shape (len(queries), n): sum over a query's rows of weight times the row; 0 where no rule leads."""
        out = np.zeros((len(queries), len(self)), dtype=np.float32)
        for scores, (rows, weights) in zip(out, queries, strict=True):
            # One row holds an item once, so plain indexing adds all of it; np.add.at is about 10 times slower.
            for row, weight in zip(rows, weights, strict=True):
                items, strengths = self.row(row)
                scores[items] += weight * strengths
        return out

    def moments(self, rows: NDArray[np.integer], weights: NDArray[np.float32]) -> tuple[float, float]:
        """(mean, standard deviation) of one query's scores over all n items, without making them dense."""
        if not len(self) or not len(rows):
            return 0.0, 0.0
        pairs = [self.row(row) for row in rows]
        items = np.concatenate([items for items, _ in pairs])
        values = np.concatenate([w * s.astype(np.float64) for w, (_, s) in zip(weights, pairs, strict=True)])
        if len(pairs) > 1 and len(items):
            order = np.argsort(items, kind="stable")
            begins = np.flatnonzero(np.diff(items[order], prepend=-1))
            values = np.add.reduceat(values[order], begins)
        mean = float(values.sum()) / len(self)
        # Two-pass: the items without a rule each lie exactly `mean` away.
        squares = float(((values - mean) ** 2).sum()) + (len(self) - len(values)) * mean**2
        return mean, float(np.sqrt(squares / len(self)))
