"""From a session to a ranked list: the one place where it happens, in evaluation and in serving alike.

Two questions, two scores. "similar" (what can stand in for this item) is the cosine of the items' vectors. "next" (what
comes with or after it) reads the input vectors of what is known against the output vectors of what may come, blended
with the counts of what followed in the training sessions and, where settings say so, with popularity and the session's
own items:

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

from index.exact import top_k
from index.rules import Rules, RulesConfig
from index.searcher import Searcher

Float = NDArray[np.float32]
Rows = NDArray[np.int32]
Reading = Literal["in-in", "in-out", "in-out-cosine", "symmetric", "sum"]

DENSE_BLOCK = 32_000_000  # scores held at once, 128 MB
DENSE_ITEMS = 200_000  # beyond this many items, candidates come from the index and the rules, and only they are scored
DISLIKE = 0.5  # of the session's weight, what all disliked items together weigh against it
CANDIDATES = 4  # fetched per result wanted; the blend reorders what the vectors alone would give


class RecommenderConfig(BaseModel):
    """How the two matrices are read; recorded in the artifact, and the same in evaluation and serving."""

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
    """What is known: rows (oldest first, may repeat) and the weight of each, the same length."""

    rows: Rows
    weights: Float


def queries_and_targets(inputs: Float, outputs: Float, reading: Reading) -> tuple[Float, Float]:
    """(Q, T), both with one row an item, so that the reading of a pair (a, b) is Q[a] . T[b]."""
    if reading == "in-out":
        return inputs, outputs
    if reading == "in-in":
        unit = normalised(inputs)
        return unit, unit
    if reading == "in-out-cosine":
        return normalised(inputs), normalised(outputs)
    if reading == "sum":
        unit = normalised(inputs + outputs)
        return unit, unit
    # symmetric: what follows a, plus what a follows; each half a cosine.
    unit_in, unit_out = normalised(inputs), normalised(outputs)
    return np.hstack([unit_in, unit_out]), np.hstack([unit_out, unit_in])


def similar_vectors(inputs: Float, outputs: Float, reading: Literal["in", "sum"]) -> Float:
    """Unit vectors whose inner product is the similarity. in + out: Pennington et al. 2014, section 4.2."""
    return normalised(inputs if reading == "in" else inputs + outputs)


def normalised(vectors: Float) -> Float:
    """Rows of length 1; a row of zeros stays one."""
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float32))[:, None]
    unit: Float = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return unit


def popularity(counts: NDArray[np.int64]) -> Float:
    """z(log count), the popularity term of every item."""
    log = np.log(np.maximum(counts, 1).astype(np.float64))
    scaled: Float = np.asarray((log - log.mean()) / (log.std() or 1.0), dtype=np.float32)
    return scaled


class NextScorer:
    """The formula above for one item or a session, over all items at once or over chosen candidates."""

    def __init__(
        self, inputs: Float, outputs: Float, counts: NDArray[np.int64], rules: Rules | None, config: RecommenderConfig
    ) -> None:
        self.config = config
        self.queries, self.targets = queries_and_targets(inputs, outputs, config.next_reading)
        self.popularity = popularity(counts)
        self.rules = rules
        # The mean and spread of q . T over all items follow from T's mean and covariance, so z needs no dense pass.
        self._mean = self.targets.mean(axis=0, dtype=np.float64)
        second = self.targets.T.astype(np.float64) @ self.targets / max(1, len(self.targets))
        self._covariance = second - np.outer(self._mean, self._mean)

    def __len__(self) -> int:
        return len(self.targets)

    def share(self, targets: Float, owner: object) -> None:
        """Takes the same targets from elsewhere, a memory map say, and drops its own copies.

        owner: what the memory belongs to; it lives as long as this does.
        """
        self._owner = owner
        if self.queries is self.targets:
            self.queries = targets
        self.targets = targets

    def session(self, rows: Rows, weights: Float | None = None) -> Query:
        """The recent items of a session and their weights; `weights` given by the caller multiply the rule's.

        Under the rule `last` a caller's weights would say nothing, so with them the rule is 1/rank.
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

    def vectors(self, queries: Sequence[Query]) -> tuple[Float, Float, Float]:
        """(q, mean, std) of each query: float32, shapes (n, d), (n,), (n,)."""
        q = np.zeros((len(queries), self.queries.shape[1]), dtype=np.float32)
        for i, query in enumerate(queries):
            if len(query.rows):
                q[i] = query.weights @ self.queries[query.rows]
        mean = q @ self._mean.astype(np.float32)
        variance = np.einsum("ij,jk,ik->i", q, self._covariance, q, optimize=True)
        return q, mean, np.sqrt(np.maximum(variance, 1e-12)).astype(np.float32)

    def with_config(self, config: RecommenderConfig) -> "NextScorer":
        """The same matrices under other weights or another session rule; the reading must be the same."""
        if config.next_reading != self.config.next_reading:
            raise ValueError("another reading needs another scorer")
        other = copy(self)
        other.config = config
        return other

    def vectors_z(self, queries: Sequence[Query]) -> Float:
        """z(q . T) of every item, shape (queries, items)."""
        q, mean, std = self.vectors(queries)
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
                items, recency = own_recency(rows)
                scores[i, items] += np.float32(self.config.own_items) * recency
        return scores

    def next_vectors(self) -> Float:
        """What an index for `next` is built over: targets, and the popularity term as one more dimension."""
        return np.ascontiguousarray(np.hstack([self.targets, self.popularity[:, None]]))

    def next_queries(self, queries: Sequence[Query], one_item: bool) -> Float:
        """Queries for that index; inner products order items as the scores without counts do."""
        q, _, std = self.vectors(queries)
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
        """The same scores for some items only: what a large catalogue is served with."""
        q, mean, std = self.vectors([query])
        scores = (self.targets[candidates] @ q[0] - mean[0]) / std[0]
        share = self.config.item_popularity if one_item else self.config.session_popularity
        scores = scores + np.float32(share) * self.popularity[candidates]
        counts = self.config.item_counts if one_item else self.config.session_counts
        if counts and self.rules is not None:
            rules_mean, rules_std = self.rules.moments(query.rows, query.weights)
            if rules_std > 0:
                found = sparse_sum(self.rules, query)
                values = np.array([found.get(int(c), 0.0) for c in candidates], dtype=np.float32)
                scores = scores + np.float32(counts) * (values - rules_mean) / rules_std
        if own is not None and self.config.own_items:
            items, recency = own_recency(own)
            place = {int(item): r for item, r in zip(items, recency, strict=True)}
            bonus = np.array([place.get(int(c), 0.0) for c in candidates], dtype=np.float32)
            scores = scores + np.float32(self.config.own_items) * bonus
        return np.asarray(scores, dtype=np.float32)


def own_recency(rows: Rows) -> tuple[Rows, Float]:
    """The session's distinct items and 1/age of each: 1 for the most recent."""
    backwards, first = np.unique(rows[::-1], return_index=True)
    return backwards.astype(np.int32), (1.0 / (first + 1)).astype(np.float32)


def sparse_sum(rules: Rules, query: Query) -> dict[int, float]:
    total: dict[int, float] = {}
    for row, weight in zip(query.rows, query.weights, strict=True):
        items, values = rules.row(int(row))
        for item, value in zip(items.tolist(), (values * weight).tolist(), strict=True):
            total[item] = total.get(item, 0.0) + value
    return total


class Recommender:
    """Ranks. next_of: after one item. recommend: after a session. Both leave the last item itself out.

    Rows and scores come as (rows int32, scores float32), shape (queries, k), padded with -1 and -inf. Ties are broken
    by row, so the same question gets the same answer. With a searcher over `next_vectors`, a catalogue of more than
    `dense_items` is ranked among candidates (the nearest by vectors, every item with a count, the session's own),
    each with its exact score; without one, over all items.
    """

    def __init__(self, scorer: NextScorer, searcher: Searcher | None = None, dense_items: int = DENSE_ITEMS) -> None:
        self.scorer = scorer
        self._searcher = searcher if len(scorer) > dense_items else None

    def scores(self, sessions: Sequence[Rows], one_item: bool, exclude_seen: bool = False) -> Float:
        """Dense scores, -inf for what may not be recommended. Shape (sessions, items)."""
        queries = [self._query(session, one_item) for session in sessions]
        scores = self.scorer.dense(queries, one_item, None if one_item or exclude_seen else sessions)
        for i, session in enumerate(sessions):
            scores[i, session if exclude_seen else session[-1:]] = -np.inf
        return scores

    def next_of(self, rows: Rows, k: int) -> tuple[Rows, Float]:
        """What comes with or after each of the items, one query per row."""
        return self._ranked([rows[i : i + 1] for i in range(len(rows))], k, one_item=True, exclude_seen=False)

    def recommend(self, sessions: Sequence[Rows], k: int, exclude_seen: bool = False) -> tuple[Rows, Float]:
        """What comes next in each session (rows oldest first)."""
        return self._ranked(sessions, k, one_item=False, exclude_seen=exclude_seen)

    def among(
        self,
        session: Rows,
        k: int,
        allowed: NDArray[np.bool_] | None,
        one_item: bool = False,
        exclude_seen: bool = False,
        weights: Float | None = None,
        disliked: Rows | None = None,
    ) -> tuple[Rows, Float]:
        """The k best of one question that `allowed` (bool, (items,); None: all) lets through; 1-dimensional.

        weights: the caller's, one per row of the session. disliked: rows that pull the other way, together half as
        strongly as the session, and are not among the results.
        """
        query = self._query(session, one_item) if weights is None else self.scorer.session(session, weights)
        gone = session if exclude_seen else session[-1:]
        if disliked is not None and len(disliked):
            pull = -DISLIKE * float(query.weights.sum()) / len(disliked)
            both = np.concatenate([query.rows, disliked]).astype(np.int32)
            pulls = np.full(len(disliked), pull, dtype=np.float32)
            query = Query(both, np.concatenate([query.weights, pulls]))
            gone = np.concatenate([gone, disliked]).astype(np.int32)
        own = None if one_item or exclude_seen else session
        if self._searcher is None:
            scores = self.scorer.dense([query], one_item, None if own is None else [own])
            if allowed is not None:
                scores[0, ~allowed] = -np.inf
            scores[0, gone] = -np.inf
            rows, best = top_k(scores, k)
            return rows[0], best[0]
        rows, best = self._best_of_candidates(self._searcher, query, session, k, one_item, own, gone, allowed)
        return rows[0], best[0]

    def _query(self, session: Rows, one_item: bool) -> Query:
        if one_item:
            return Query(session[-1:], np.ones(len(session[-1:]), dtype=np.float32))
        return self.scorer.session(session)

    def _ranked(self, sessions: Sequence[Rows], k: int, one_item: bool, exclude_seen: bool) -> tuple[Rows, Float]:
        if self._searcher is not None:
            found = [self._among_candidates(self._searcher, s, k, one_item, exclude_seen) for s in sessions]
        else:
            block = max(1, DENSE_BLOCK // max(1, len(self.scorer)))
            found = [
                top_k(self.scores(sessions[i : i + block], one_item, exclude_seen), k)
                for i in range(0, len(sessions), block)
            ]
        rows = np.concatenate([r for r, _ in found]) if found else np.empty((0, k), np.int32)
        return rows, np.concatenate([s for _, s in found]) if found else np.empty((0, k), np.float32)

    def _among_candidates(
        self, searcher: Searcher, session: Rows, k: int, one_item: bool, exclude_seen: bool
    ) -> tuple[Rows, Float]:
        query = self._query(session, one_item)
        gone = session if exclude_seen else session[-1:]
        own = None if one_item or exclude_seen else session
        return self._best_of_candidates(searcher, query, session, k, one_item, own, gone, None)

    def _best_of_candidates(
        self,
        searcher: Searcher,
        query: Query,
        session: Rows,
        k: int,
        one_item: bool,
        own: Rows | None,
        gone: Rows,
        allowed: NDArray[np.bool_] | None,
    ) -> tuple[Rows, Float]:
        """Nothing outside the candidates could be among the k best: an item without a count and not among the nearest
        `CANDIDATES * k` scores less than all of those."""
        near = searcher.search(self.scorer.next_queries([query], one_item), CANDIDATES * k + len(gone), allowed)[0][0]
        parts = [near[near >= 0], session]
        if self.scorer.rules is not None:
            parts += [self.scorer.rules.row(int(row))[0] for row in query.rows]
        candidates = np.unique(np.concatenate(parts)).astype(np.int32)
        candidates = np.setdiff1d(candidates, gone, assume_unique=False).astype(np.int32)
        if allowed is not None:
            candidates = candidates[allowed[candidates]]
        scores = self.scorer.at(query, candidates, one_item, own)
        places, best = top_k(scores[None, :], k)
        return np.where(places >= 0, np.append(candidates, -1)[places], -1).astype(np.int32), best
