"""From a session to a ranked list: the one place where it happens, in evaluation and in serving alike.

The scores it ranks by are in `index.ranking.scorer`.
"""

from collections.abc import Sequence

import numpy as np

from index.ranking.parts.question import Question
from index.ranking.readings import Float, Rows
from index.ranking.scorer import NextScorer
from index.search.exact import Mask, top_k
from index.search.searcher import Searcher

DENSE_BLOCK = 32_000_000  # scores held at once, 128 MB
DENSE_ITEMS = 200_000  # beyond this many items, candidates come from the index and the rules, and only they are scored
DISLIKE = 0.5  # weight of all disliked items together, as a share of the session's
CANDIDATES = 4  # fetched per result wanted; the blend reorders what the vectors alone would give


class Recommender:
    """Ranks. next_of: after one item. recommend: after a session. Neither lists the last item itself, but that a
    session's may return where the setting `last_may_return` says so, or the caller (`last_may_return`; None: as the
    setting says, and never with `exclude_seen`).

    Rows and scores come as (rows int32, scores float32), shape (queries, k), padded with -1 and -inf. Ties are broken
    by row, so the same question gets the same answer. With a searcher over `next_vectors`, a catalogue of more than
    `dense_items` is ranked among candidates (the nearest by vectors, every item with a count, the session's own),
    each with its exact score; without one, over all items.
    """

    def __init__(self, scorer: NextScorer, searcher: Searcher | None = None, dense_items: int = DENSE_ITEMS) -> None:
        self.scorer = scorer
        self._searcher = searcher if len(scorer) > dense_items else None
        self._scale = np.float32(0) if self._searcher is None else scorer.next_scale(self._searcher.vectors)

    def scores(
        self,
        sessions: Sequence[Rows],
        one_item: bool,
        exclude_seen: bool = False,
        last_may_return: bool | None = None,
    ) -> Float:
        """Dense scores, -inf for what may not be recommended. Shape (sessions, items)."""
        returns = self._returns(one_item, exclude_seen, last_may_return)
        own = returns or not exclude_seen
        scores = self.scorer.dense([self.question(s, one_item, own) for s in sessions], one_item)
        for i, session in enumerate(sessions):
            scores[i, _gone(session, exclude_seen, returns)] = -np.inf
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
        last_may_return: bool | None = None,
    ) -> tuple[Rows, Float]:
        """The k best for one session of the rows that are `allowed` (bool, (items,); None: all): rows and scores, (k,).

        weights: the caller's, one per row of the session. disliked: rows with a negative weight, together half of the
        session's, which are not among the results either.
        """
        returns = self._returns(one_item, exclude_seen, last_may_return)
        question = self.question(session, one_item, returns or not exclude_seen, weights, disliked)
        gone = _gone(session, exclude_seen, returns)
        if disliked is not None and len(disliked):
            gone = np.concatenate([gone, disliked]).astype(np.int32)
        if self._searcher is None:
            scores = self.scorer.dense([question], one_item)
            if allowed is not None:
                scores[0, ~allowed] = -np.inf
            scores[0, gone] = -np.inf
            rows, best = top_k(scores, k)
            return rows[0], best[0]
        return self._best_of_candidates(question, k, one_item, gone, allowed)

    def question(
        self,
        session: Rows,
        one_item: bool,
        own: bool = True,
        weights: Float | None = None,
        disliked: Rows | None = None,
    ) -> Question:
        """As it is scored. own: whether any of the session's items may come back. weights: with them the rule for
        sessions is used, for one item too."""
        if one_item and weights is None:
            return Question.of_item(session)
        config = self.scorer.config
        return Question.of_session(session, config, weights, disliked, DISLIKE, own=own and not one_item)

    def _returns(self, one_item: bool, exclude_seen: bool, last_may_return: bool | None) -> bool:
        """Whether the last item may be recommended: of one item never."""
        if one_item:
            return False
        return last_may_return if last_may_return is not None else self.scorer.config.repeats_last and not exclude_seen

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
        self, question: Question, k: int, one_item: bool, gone: Rows, allowed: Mask | None
    ) -> tuple[Rows, Float]:
        """Every item that has a count or is the session's own, and the `CANDIDATES * k` nearest by vectors and
        popularity: an item outside of these scores less than all of the nearest, where no part repels."""
        assert self._searcher is not None
        queries = self.scorer.next_queries([question], self._scale)
        near = self._searcher.search(queries, CANDIDATES * k + len(gone), allowed)[0][0]
        told = self.scorer.told(self.scorer.sparse(one_item), [question])
        parts = [near[near >= 0], *(part.at for part in told.values())]
        if question.own is not None:
            parts.append(question.own)
        candidates = np.setdiff1d(np.concatenate(parts), gone)
        if allowed is not None:
            candidates = candidates[allowed[candidates]]
        scores = self.scorer.of_pairs([question], one_item, candidates, told)
        places, best = top_k(scores[None, :], k)
        return np.append(candidates, -1)[places[0]].astype(np.int32), best[0]  # place -1 is the -1 at the end


def _gone(session: Rows, exclude_seen: bool, returns: bool) -> Rows:
    """What may not be recommended. returns: whether the last item may be."""
    if not exclude_seen:
        return session[:0] if returns else session[-1:]
    return session[session != session[-1]] if returns and len(session) else session
