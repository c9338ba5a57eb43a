"""How strongly an item or a session suggests each item that may come next, in evaluation and serving alike.

Two questions, two scores. "similar" (what can stand in for this item) is the cosine of the items' vectors. "next" (what
comes with or after it) multiplies the vectors of the known items with those of the items that may come, and adds the
counts of what followed in the training sessions and, where settings say so, popularity and the session's own items:

    next(b) = z(q . T_b) + popularity * z(log count_b) + counts * z(rules_b) + own * recency_b

z(x) = (x - mean) / standard deviation over all items, so the weights mean the same on every log. q is the weighted sum
of the known items' query vectors, the most recent weighing most.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from index.ranking.readings import Float, Reading, Rows, queries_of, targets_of
from index.ranking.rules import Rules, RulesConfig


class RecommenderConfig(BaseModel):
    """How items are scored; recorded in the artifact, and the same in evaluation and serving."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    similar_reading: Literal["in", "sum"] = Field("in", description="similar: cosine of input vectors, or of in + out")
    next_reading: Reading = Field("in-out", description="next: which vectors of the two items are multiplied")
    item_popularity: float = Field(0.0, description="next of one item: weight of the popularity term")
    item_counts: float = Field(1.0, ge=0, description="next of one item: weight of the counts beside the vectors")
    session_items: int = Field(10, ge=1, le=1000, description="how many recent items of a session are used")
    session_decay: Literal["last", "rank", "exponential"] = Field(
        "rank", description="how their weight falls: only the last, 1/rank, or by half every half_life items"
    )
    half_life: float = Field(2.0, gt=0, description="items after which an exponential weight has halved")
    session_popularity: float = Field(0.0, description="next in a session: weight of the popularity term")
    session_counts: float = Field(1.0, ge=0, description="next in a session: weight of the counts beside the vectors")
    own_items: float = Field(0.0, ge=0, description="next in a session: weight of the session's own earlier items")
    rules: RulesConfig = Field(RulesConfig(), description="how the counts are taken")


@dataclass(frozen=True)
class Query:
    """The known items: rows (oldest first, may repeat) and the weight of each, the same length."""

    rows: Rows
    weights: Float


def popularity(counts: NDArray[np.int64]) -> Float:
    """z(log count), the popularity term of every item."""
    log = np.log(np.maximum(counts, 1).astype(np.float64))
    scaled: Float = np.asarray((log - log.mean()) / (log.std() or 1.0), dtype=np.float32)
    return scaled


class NextScorer:
    """The formula above for one item or a session, over all items at once or over chosen candidates."""

    def __init__(
        self,
        inputs: Float,
        outputs: Float,
        counts: NDArray[np.int64],
        rules: Rules | None,
        config: RecommenderConfig,
        targets: Float | None = None,
    ) -> None:
        """targets: what `targets_of` gives, from where it is mapped already; None: made here, in memory."""
        reading = config.next_reading
        self.config = config
        self.targets = targets_of(inputs, outputs, reading) if targets is None else targets
        self.queries = queries_of(inputs, outputs, reading, self.targets)
        self.popularity = popularity(counts)
        self.rules = rules
        # The mean and spread of q . T over all items follow from T's mean and covariance, so z needs no dense pass.
        self._mean = self.targets.mean(axis=0, dtype=np.float64)
        second = self.targets.T.astype(np.float64) @ self.targets / max(1, len(self.targets))
        self._covariance = second - np.outer(self._mean, self._mean)

    def __len__(self) -> int:
        return len(self.targets)

    def session(self, rows: Rows, weights: Float | None = None) -> Query:
        """The recent items of a session and their weights by the setting `session_decay`, times the caller's `weights`.

        With `last` only one item has a weight and the caller's would change nothing, so with them it is 1/rank.
        """
        config = self.config
        only_last = config.session_decay == "last" and weights is None
        kept = rows[-(1 if only_last else config.session_items) :]
        age = np.arange(len(kept), 0, -1, dtype=np.float32)  # 1 for the most recent
        halved = np.asarray(0.5 ** ((age - 1) / config.half_life), dtype=np.float32)
        fall = np.asarray(1 / age, dtype=np.float32) if config.session_decay != "exponential" else halved
        if weights is not None:
            fall = fall * weights[len(rows) - len(kept) :]
        return Query(kept, np.asarray(fall, dtype=np.float32))

    def query_vectors(self, queries: Sequence[Query]) -> tuple[Float, Float, Float]:
        """(q, mean, std) of each query: float32 (n, d), (n,), (n,); mean and std are those of q . T over all items."""
        q = np.zeros((len(queries), self.queries.shape[1]), dtype=np.float32)
        for i, query in enumerate(queries):
            if len(query.rows):
                q[i] = query.weights @ self.queries[query.rows]
        mean = q @ self._mean.astype(np.float32)
        variance = np.einsum("ij,jk,ik->i", q, self._covariance, q, optimize=True)
        return q, mean, np.sqrt(np.maximum(variance, 1e-12)).astype(np.float32)

    def with_config(self, config: RecommenderConfig) -> "NextScorer":
        """The same matrices with other weights or session rule. Raises ValueError for another `next_reading`."""
        if config.next_reading != self.config.next_reading:
            raise ValueError(f"a scorer of next_reading {self.config.next_reading!r} cannot be {config.next_reading!r}")
        other = copy(self)
        other.config = config
        return other

    def vectors_z(self, queries: Sequence[Query]) -> Float:
        """z(q . T) of every item, shape (queries, items)."""
        q, mean, std = self.query_vectors(queries)
        scores = np.asarray((q / std[:, None]) @ self.targets.T, dtype=np.float32)
        scores -= (mean / std)[:, None]
        return scores

    def dense(self, queries: Sequence[Query], one_item: bool, own: Sequence[Rows] | None = None) -> Float:
        """float32, shape (queries, items). own: the whole of each session, for its own items; None leaves them out."""
        scores = self.vectors_z(queries)
        share = self.config.item_popularity if one_item else self.config.session_popularity
        if share:
            scores += np.float32(share) * self.popularity
        counts = self.config.item_counts if one_item else self.config.session_counts
        if counts and self.rules is not None:
            scores += np.float32(counts) * self.counts_z_of(self.rules, queries)
        if own is not None and self.config.own_items:
            for i, rows in enumerate(own):
                items, recency = _own_recency(rows)
                scores[i, items] += np.float32(self.config.own_items) * recency
        return scores

    def next_vectors(self) -> Float:
        """What an index for `next` is built over: targets, and the popularity term as one more dimension."""
        return np.ascontiguousarray(np.hstack([self.targets, self.popularity[:, None]]))

    def next_queries(self, queries: Sequence[Query], one_item: bool) -> Float:
        """Queries for that index; inner products order items as the scores without counts do."""
        q, _, std = self.query_vectors(queries)
        share = self.config.item_popularity if one_item else self.config.session_popularity
        return np.hstack([q / std[:, None], np.full((len(q), 1), share, dtype=np.float32)])

    @staticmethod
    def counts_z_of(rules: Rules, queries: Sequence[Query]) -> Float:
        """z(rules) of every item, shape (queries, items)."""
        dense = rules.scores([(query.rows, query.weights) for query in queries])
        mean = dense.mean(axis=1, keepdims=True)
        std = dense.std(axis=1, keepdims=True)
        # A query without any count says nothing: all its items score 0.
        z: Float = np.divide(dense - mean, std, out=np.zeros_like(dense), where=std > 0)
        return z

    def at(self, query: Query, candidates: Rows, one_item: bool, own: Rows | None = None) -> Float:
        """The same scores for some items only, float32 (candidates,): how a large catalogue is served."""
        q, mean, std = self.query_vectors([query])
        scores = (self.targets[candidates] @ q[0] - mean[0]) / std[0]
        share = self.config.item_popularity if one_item else self.config.session_popularity
        scores = scores + np.float32(share) * self.popularity[candidates]
        counts = self.config.item_counts if one_item else self.config.session_counts
        if counts and self.rules is not None:
            rules_mean, rules_std = self.rules.moments(query.rows, query.weights)
            if rules_std > 0:
                found = _sparse_sum(self.rules, query)
                values = np.array([found.get(int(c), 0.0) for c in candidates], dtype=np.float32)
                scores = scores + np.float32(counts) * (values - rules_mean) / rules_std
        if own is not None and self.config.own_items:
            items, recency = _own_recency(own)
            place = {int(item): r for item, r in zip(items, recency, strict=True)}
            bonus = np.array([place.get(int(c), 0.0) for c in candidates], dtype=np.float32)
            scores = scores + np.float32(self.config.own_items) * bonus
        return np.asarray(scores, dtype=np.float32)


def _own_recency(rows: Rows) -> tuple[Rows, Float]:
    """The session's distinct items and 1/age of each: 1 for the most recent."""
    backwards, first = np.unique(rows[::-1], return_index=True)
    return backwards.astype(np.int32), (1.0 / (first + 1)).astype(np.float32)


def _sparse_sum(rules: Rules, query: Query) -> dict[int, float]:
    total: dict[int, float] = {}
    for row, weight in zip(query.rows, query.weights, strict=True):
        items, values = rules.row(int(row))
        for item, value in zip(items.tolist(), (values * weight).tolist(), strict=True):
            total[item] = total.get(item, 0.0) + value
    return total
