"""From a session to a ranked list: the one place where it happens, in evaluation and in serving alike.

The scores it ranks by are in `index.ranking.scorer`.
"""

from collections.abc import Sequence

import numpy as np

from index.ranking.readings import Float, Rows
from index.ranking.scorer import NextScorer, Query
from index.search.exact import Mask, top_k
from index.search.searcher import Searcher

DENSE_BLOCK = 32_000_000  # scores held at once, 128 MB
DENSE_ITEMS = 200_000  # beyond this many items, candidates come from the index and the rules, and only they are scored
DISLIKE = 0.5  # weight of all disliked items together, as a share of the session's
CANDIDATES = 4  # fetched per result wanted; the blend reorders what the vectors alone would give


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
        allowed: Mask | None,
        one_item: bool = False,
        exclude_seen: bool = False,
        weights: Float | None = None,
        disliked: Rows | None = None,
    ) -> tuple[Rows, Float]:
        """The k best for one session of the rows that are `allowed` (bool, (items,); None: all): rows and scores, (k,).

        weights: the caller's, one per row of the session. disliked: rows with a negative weight, together half of the
        session's, which are not among the results either.
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
        return self._best_of_candidates(query, k, one_item, own, gone, allowed)

    def _query(self, session: Rows, one_item: bool) -> Query:
        if one_item:
            return Query(session[-1:], np.ones(len(session[-1:]), dtype=np.float32))
        return self.scorer.session(session)

    def _ranked(self, sessions: Sequence[Rows], k: int, one_item: bool, exclude_seen: bool) -> tuple[Rows, Float]:
        if self._searcher is not None:
            lists = [self.among(session, k, None, one_item, exclude_seen) for session in sessions]
            found = [(rows[None, :], scores[None, :]) for rows, scores in lists]
        else:
            block = max(1, DENSE_BLOCK // max(1, len(self.scorer)))
            parts = [sessions[i : i + block] for i in range(0, len(sessions), block)]
            found = [top_k(self.scores(part, one_item, exclude_seen), k) for part in parts]
        rows = np.concatenate([r for r, _ in found]) if found else np.empty((0, k), np.int32)
        return rows, np.concatenate([s for _, s in found]) if found else np.empty((0, k), np.float32)

    def _best_of_candidates(
        self, query: Query, k: int, one_item: bool, own: Rows | None, gone: Rows, allowed: Mask | None
    ) -> tuple[Rows, Float]:
        """Nothing outside the candidates could be among the k best: an item without a count and not among the nearest
        `CANDIDATES * k` scores less than all of those. (Not so where disliked items give counts below zero; then it
        is nearly so.)"""
        assert self._searcher is not None
        near = self._searcher.search(self.scorer.next_queries([query], one_item), CANDIDATES * k + len(gone), allowed)[
            0
        ][0]
        parts = [near[near >= 0]] if own is None else [near[near >= 0], own]
        if self.scorer.rules is not None:
            parts += [self.scorer.rules.row(int(row))[0] for row in query.rows]
        candidates = np.unique(np.concatenate(parts)).astype(np.int32)
        candidates = np.setdiff1d(candidates, gone, assume_unique=False).astype(np.int32)
        if allowed is not None:
            candidates = candidates[allowed[candidates]]
        scores = self.scorer.at(query, candidates, one_item, own)
        places, best = top_k(scores[None, :], k)
        return np.append(candidates, np.int32(-1))[places[0]], best[0]  # place -1 is the -1 at the end
