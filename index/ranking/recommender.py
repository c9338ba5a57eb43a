"""From a session to a ranked list: the one place where it happens, in evaluation and in serving alike.

The scores it ranks by are in `index.ranking.scorer`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from index.content.newcomers import Newcomers, merged
from index.ranking.parts.question import Guests, Question
from index.ranking.readings import Float, Rows
from index.ranking.scorer import NextScorer
from index.search.exact import Mask, top_k
from index.search.rough import contenders

DENSE_BLOCK = 32_000_000  # scores held at once, 128 MB
DISLIKE = 0.5  # weight of all disliked items together, as a share of the session's


@dataclass(frozen=True)
class Wish:
    """What one caller wants. session: rows, oldest first. k: how many. allowed: bool (items,), rows that may come back;
    None: all. weights: the caller's, one per row of the session. disliked: rows with a negative weight, together half
    of the session's, which do not come back. last_may_return: see `Recommender`. timed: the weights fall with time, see
    `Question`.

    newcomers: items without a past that may come back too, but for those that `new_allowed` leaves out, bool (places,).
    guests: of each of them in `session` and `disliked`, by its row, what it is asked with. out: newcomers that may not
    come back, any rows of the model among them.
    """

    session: Rows
    k: int
    allowed: Mask | None = None
    exclude_seen: bool = False
    weights: Float | None = None
    disliked: Rows | None = None
    last_may_return: bool | None = None
    timed: bool = False
    newcomers: Newcomers | None = None
    new_allowed: Mask | None = None
    guests: Guests = field(default_factory=dict)
    out: Rows | None = None


class Recommender:
    """Ranks. next_of: after one item. recommend: after a session. Neither lists the last item itself, but that a
    session's may return where the setting `last_may_return` says so, or the caller (`last_may_return`; None: as the
    setting says, and never with `exclude_seen`).

    Rows and scores come as (rows int32, scores float32), shape (queries, k), padded with -1 and -inf. Ties are broken
    by row, so the same question gets the same answer.
    """

    def __init__(self, scorer: NextScorer) -> None:
        self.scorer = scorer

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

    def next_among(self, row: int, k: int, allowed: Mask) -> tuple[Rows, Float]:
        """What comes with or after one item, of the rows that are allowed: as `among`."""
        return self.among([Wish(np.array([row], dtype=np.int32), k, allowed)], one_item=True)[0]

    def among(self, wishes: Sequence[Wish], one_item: bool = False) -> list[tuple[Rows, Float]]:
        """For each wish its k best, without padding: fewer where fewer may come back. The lists of `recommend`, found
        by `NextScorer.rough`."""
        returns = [self._returns(one_item, wish.exclude_seen, wish.last_may_return) for wish in wishes]
        questions = [
            self.question(
                wish.session, one_item, again or not wish.exclude_seen, wish.weights, wish.disliked, wish.timed
            )
            for wish, again in zip(wishes, returns, strict=True)
        ]
        items = len(self.scorer)
        questions = [
            question.hosting(wish.guests, items) if wish.guests else question
            for wish, question in zip(wishes, questions, strict=True)
        ]
        told = self.scorer.told(self.scorer.sparse(one_item), questions)
        scores, errors = self.scorer.rough(questions, one_item, told)
        found = []
        for wish, again, line, error in zip(wishes, returns, scores, errors.tolist(), strict=True):
            if wish.allowed is not None:
                line[~wish.allowed] = -np.inf
            gone = _gone(wish.session, wish.exclude_seen, again)
            if wish.disliked is not None:
                gone = np.concatenate([gone, wish.disliked])
            line[gone[gone < items] if wish.guests else gone] = -np.inf
            found.append(contenders(line, wish.k, error))
        places = np.cumsum([0, *map(len, found)])
        pairs = np.concatenate([rows.astype(np.int64) + number * len(self.scorer) for number, rows in enumerate(found)])
        exact = self.scorer.of_pairs(questions, one_item, pairs, told)
        lists = []
        for wish, rows, begin in zip(wishes, found, places[:-1], strict=True):
            order, best = top_k(exact[None, begin : begin + len(rows)], min(wish.k, len(rows)))
            lists.append((rows[order[0]], best[0]))
        if any(wish.newcomers for wish in wishes):
            new = self._newcomers(wishes, returns, self.scorer.asked(questions, one_item, told))
            lists = [merged(*old, *more, wish.k) for old, more, wish in zip(lists, new, wishes, strict=True)]
        return lists

    def _newcomers(
        self, wishes: Sequence[Wish], returns: Sequence[bool], asked: tuple[Float, Float]
    ) -> list[tuple[Rows, Float]]:
        """Of each wish the best items without a past. asked: as the scorer has it."""
        found = []
        for wish, again, q, lift in zip(wishes, returns, *asked, strict=True):
            if wish.newcomers is None:
                found.append((np.empty(0, np.int32), np.empty(0, np.float32)))
                continue
            gone = _gone(wish.session, wish.exclude_seen, again)
            if wish.disliked is not None:
                gone = np.concatenate([gone, wish.disliked])
            if wish.out is not None:
                gone = np.concatenate([gone, wish.out])
            rows, scores = wish.newcomers.best(wish.newcomers.targets, q, wish.k, wish.new_allowed, gone)
            found.append((rows, scores + lift))
        return found

    def question(
        self,
        session: Rows,
        one_item: bool,
        own: bool = True,
        weights: Float | None = None,
        disliked: Rows | None = None,
        timed: bool = False,
    ) -> Question:
        """As it is scored. own: whether any of the session's items may come back. weights: with them the rule for
        sessions is used, for one item too."""
        if one_item and weights is None:
            return Question.of_item(session)
        config = self.scorer.config
        return Question.of_session(session, config, weights, disliked, DISLIKE, own and not one_item, timed)

    def _returns(self, one_item: bool, exclude_seen: bool, last_may_return: bool | None) -> bool:
        """Whether the last item may be recommended: of one item never."""
        if one_item:
            return False
        return last_may_return if last_may_return is not None else self.scorer.config.repeats_last and not exclude_seen

    def _ranked(self, sessions: Sequence[Rows], k: int, one_item: bool, exclude_seen: bool) -> tuple[Rows, Float]:
        block = max(1, DENSE_BLOCK // max(1, len(self.scorer)))
        parts = [sessions[i : i + block] for i in range(0, len(sessions), block)]
        found = [top_k(self.scores(part, one_item, exclude_seen), k) for part in parts]
        rows = np.concatenate([r for r, _ in found]) if found else np.empty((0, k), np.int32)
        return rows, np.concatenate([s for _, s in found]) if found else np.empty((0, k), np.float32)


def _gone(session: Rows, exclude_seen: bool, returns: bool) -> Rows:
    """What may not be recommended. returns: whether the last item may be."""
    if not exclude_seen:
        return session[:0] if returns else session[-1:]
    return session[session != session[-1]] if returns and len(session) else session
