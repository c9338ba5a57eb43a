"""What is asked: the known items, and how much each of them counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from index.ranking.readings import Float, Rows
from index.ranking.settings import RecommenderConfig

Guests = Mapping[int, Mapping[str, Float]]
"""Items without a row of the model, by a row behind its last: what they are asked with, part of vectors -> float32
(d,)."""


@dataclass(frozen=True)
class Query:
    """The known items: rows (oldest first, may repeat) and the weight of each, the same length. guests: the weighted
    sum of the query vectors of items that have no row, by the part."""

    rows: Rows
    weights: Float
    guests: Mapping[str, Float] = field(default_factory=dict)

    @classmethod
    def of_last(cls, rows: Rows) -> "Query":
        return cls(rows[-1:], np.ones(len(rows[-1:]), dtype=np.float32))

    def hosting(self, guests: Guests, items: int) -> "Query":
        """With rows from `items` on as what they are: guests."""
        known = self.rows < items
        if known.all():
            return self
        sums: dict[str, Float] = {}
        for row, weight in zip(self.rows[~known].tolist(), self.weights[~known], strict=True):
            for part, vector in guests[row].items():
                sums[part] = sums.get(part, np.float32(0)) + weight * vector
        return Query(self.rows[known], self.weights[known], sums)


def joined(queries: Sequence[Query]) -> tuple[NDArray[np.int64], Float, NDArray[np.int64]]:
    """All items of all queries: (rows, their weights, number of the query of each, ascending)."""
    if not queries:
        return np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.int64)
    rows = np.concatenate([query.rows for query in queries]).astype(np.int64)
    weights = np.concatenate([query.weights for query in queries])
    return rows, weights, np.repeat(np.arange(len(queries)), [len(query.rows) for query in queries])


@dataclass(frozen=True)
class Question:
    """recent: the recent items. last: the last of them alone; where the caller gives weights, the heaviest. own: the
    whole session, where its items may come back.

    Of one item, recent and last are the same.
    """

    recent: Query
    last: Query
    own: Rows | None = None

    @classmethod
    def of_item(cls, row: Rows) -> "Question":
        """row: the last of the rows given is the item."""
        query = Query.of_last(row)
        return cls(query, query)

    def hosting(self, guests: Guests, items: int) -> "Question":
        """Where rows from `items` on are guests: they pull by their vectors, and nothing was counted of them."""
        own = None if self.own is None else self.own[self.own < items]
        return replace(self, recent=self.recent.hosting(guests, items), last=self.last.hosting(guests, items), own=own)

    @classmethod
    def of_session(
        cls,
        rows: Rows,
        config: RecommenderConfig,
        weights: Float | None = None,
        disliked: Rows | None = None,
        dislike: float = 0.0,
        own: bool = True,
        timed: bool = False,
    ) -> "Question":
        """The recent items of a session and their weights by the setting `session_decay`, times the caller's `weights`.

        With `last` only one item has a weight and the caller's would change nothing, so with them it is 1/rank.
        disliked: rows that together pull away with `dislike` times the session's weight. own: whether the session's
        items may come back. timed: `weights` fall with time already, and are all there is: the whole session counts by
        them, without the setting.
        """
        only_last = config.session_decay == "last" and weights is None
        kept = rows[-(1 if only_last else config.session_items) :]
        age = np.arange(len(kept), 0, -1, dtype=np.float32)  # 1 for the most recent
        halved = np.asarray(0.5 ** ((age - 1) / config.half_life), dtype=np.float32)
        fall = np.asarray(1 / age, dtype=np.float32) if config.session_decay != "exponential" else halved
        if weights is not None and timed:
            kept, fall = rows, weights
        elif weights is not None:
            fall = fall * weights[len(rows) - len(kept) :]
        recent = Query(kept, np.asarray(fall, dtype=np.float32))
        if disliked is not None and len(disliked):
            pulls = np.full(len(disliked), -dislike * float(fall.sum()) / len(disliked), dtype=np.float32)
            recent = Query(np.concatenate([kept, disliked]).astype(np.int32), np.concatenate([recent.weights, pulls]))
        last = rows
        if weights is not None and len(weights):
            heaviest = len(weights) - 1 - int(np.argmax(weights[::-1]))
            last = rows[: heaviest + 1] if weights[heaviest] > 0 else rows[:0]
        return cls(recent, Query.of_last(last), rows if own else None)
