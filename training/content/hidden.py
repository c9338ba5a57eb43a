"""Items hidden on purpose: how well they are answered and found by their content alone, as if they were never seen."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.artifact.manifest import ContentFacts
from index.content.content import Vectors
from index.content.standing import Standing
from index.ranking.parts.question import Question
from index.ranking.readings import Float, Rows
from index.ranking.scorer import NextScorer
from index.search.exact import Mask
from training.content.learn import Design
from training.evaluation.metrics import Ranks, gains, hits
from training.evaluation.split import Prefixes

HIDDEN = 0.1  # of the items that the catalogue describes
AT_ONCE = 4_000_000  # scores made at a time
DEEP = 20  # what is further down a list is not told apart


@dataclass(frozen=True)
class Pairs:
    """Questions of T1: after `asked` came `wanted`; int32, rows."""

    asked: Rows
    wanted: Rows

    @classmethod
    def of(cls, prefixes: Prefixes) -> "Pairs":
        others = prefixes.without_last()
        asked = np.array([prefix[-1] for prefix in others.prefixes], dtype=np.int32)
        return cls(asked, np.asarray(others.targets, dtype=np.int32))

    def where(self, which: Mask) -> "Pairs":
        return Pairs(self.asked[which], self.wanted[which])

    def __len__(self) -> int:
        return len(self.asked)


def hide(design: Design, seed: int) -> Mask:
    """Which items are hidden: a tenth of those that have a feature, drawn at random."""
    rows = design.described
    hidden = np.zeros(len(design.columns), dtype=np.bool_)
    hidden[np.random.default_rng(seed).permutation(rows)[: round(HIDDEN * len(rows))]] = True
    return hidden


@dataclass(frozen=True)
class Hits:
    """Ranks of the pairs of each kind: the item asked about is hidden, the one to be found is, neither is."""

    asked: Ranks
    found: Ranks
    known: Ranks


@dataclass(frozen=True)
class Answered:
    """What the items that are not hidden make of some questions. q, lift: as `NextScorer.asked` has them, for the
    hidden ones. own, ranks: of the wanted item, where it is not hidden. best: the DEEP best scores, best first. whole:
    the ranks, had nothing been hidden."""

    pairs: Pairs
    q: Float
    lift: Float
    own: Float
    ranks: Ranks
    best: Float
    whole: Ranks


class Hiding:
    """One model, and the items that are hidden from it. A hidden item is scored as a newcomer is served: by
    `NextScorer.asked`, `beside` and `as_guest`."""

    def __init__(self, scorer: NextScorer, pairs: Pairs, hidden: Mask, usual: Standing) -> None:
        """usual: as trained items stand. scorer: of all items."""
        self._scorer = scorer.with_standing(usual)
        self.usual = usual
        self.hidden = hidden
        self.rows = np.flatnonzero(hidden).astype(np.int32)
        self._place = np.cumsum(hidden) - 1
        asked, wanted = hidden[pairs.asked], hidden[pairs.wanted]
        self.asked = pairs.where(asked & ~wanted)
        self.found = self._answered(pairs.where(wanted & ~asked))
        self.known = self._answered(pairs.where(~asked & ~wanted))

    def of_trained(self) -> Hits:
        """As if nothing were hidden."""
        return Hits(self._answered(self.asked).whole, self.found.whole, self.known.whole)

    def asking(self, made: Vectors) -> Answered:
        """The questions about hidden items. made: their vectors, in the order of `rows`."""
        items = len(self._scorer)
        guests = {
            items + place: self._scorer.as_guest(*(part[place : place + 1] for part in made))
            for place in np.unique(self._place[self.asked.asked]).tolist()
        }
        rows = (items + self._place[self.asked.asked]).astype(np.int32)
        questions = [Question.of_item(rows[i : i + 1]).hosting(guests, items) for i in range(len(rows))]
        return self._answered(self.asked, questions)

    def scores(self, answered: Answered, made: Vectors) -> Float:
        """Of the hidden items for each question, float32 (questions, hidden), but for its lift, as `usual` has them.
        made: their vectors. What is asked about is -inf."""
        scores = answered.q @ self._scorer.beside(*made).T
        asked = self.hidden[answered.pairs.asked]
        scores[np.flatnonzero(asked), self._place[answered.pairs.asked[asked]]] = -np.inf
        return np.asarray(scores, dtype=np.float32)

    def hits(self, made: Vectors, facts: ContentFacts) -> Hits:
        """made: the vectors of the hidden items. facts: how they stand."""
        parts = (self.asking(made), self.found, self.known)
        return Hits(*(self._after(answered, self.scores(answered, made), facts) for answered in parts))

    def _after(self, answered: Answered, scores: Float, facts: ContentFacts) -> Ranks:
        """Where the wanted items stand once the hidden ones are listed too."""
        scores = facts.length * scores + (answered.lift + facts.offset)[:, None]
        wanted = self.hidden[answered.pairs.wanted]
        own = np.where(wanted, self._of_wanted(answered, scores), answered.own)
        rank = np.where(wanted, (answered.best >= own[:, None]).sum(axis=1), answered.ranks)
        return np.asarray(rank + (scores >= own[:, None]).sum(axis=1), dtype=np.int32)

    def found_above(self, scores: Float, length: float) -> Float:
        """For each question that a hidden item answers: above which offset the item is among the first DEEP. scores: as
        `scores` has them."""
        own = self._of_wanted(self.found, scores)
        better = (scores > own[:, None]).sum(axis=1)
        line = np.arange(len(own))
        last = self.found.best[line, np.clip(DEEP - 1 - better, 0, self.found.best.shape[1] - 1)]
        return np.where(better < DEEP, last - length * own - self.found.lift, np.inf).astype(np.float32)

    def kept_below(self, answered: Answered, scores: Float, length: float) -> Float:
        """For each question that a trained item answers: below which offset of the hidden ones that item is among the
        first DEEP; -inf: never is, inf: always is."""
        many = min(DEEP, scores.shape[1])
        best = -np.sort(np.partition(-scores, many - 1, axis=1)[:, :many], axis=1)
        room = DEEP - answered.ranks  # so many may come before it
        last = best[np.arange(len(best)), np.clip(room, 0, many - 1)]
        below = np.where(room < many, answered.own - length * last - answered.lift, np.inf)
        return np.where(room < 0, -np.inf, below).astype(np.float32)

    def _of_wanted(self, answered: Answered, scores: Float) -> Float:
        place = np.maximum(self._place[answered.pairs.wanted], 0)
        return np.asarray(scores[np.arange(len(scores)), place], dtype=np.float32)

    def _answered(self, pairs: Pairs, questions: list[Question] | None = None) -> Answered:
        if questions is None:
            questions = [Question.of_item(pairs.asked[i : i + 1]) for i in range(len(pairs))]
        q, lift = self._scorer.asked(questions, True, self._scorer.told(self._scorer.sparse(True), questions))
        parts = []
        for scores, wanted in _dense(self._scorer, pairs, questions):
            mine = scores[np.arange(len(scores)), wanted]
            whole = (scores >= mine[:, None]).sum(axis=1)
            shown = np.delete(scores, self.rows, axis=1)
            deep = min(DEEP, shown.shape[1])
            best = -np.sort(np.partition(-shown, deep - 1, axis=1)[:, :deep], axis=1)
            parts.append((mine, (shown >= mine[:, None]).sum(axis=1), best, whole))
        if not parts:
            empty = np.empty(0, np.int32)
            return Answered(pairs, q, lift, np.empty(0, np.float32), empty, np.empty((0, DEEP), np.float32), empty)
        own, ranks, best, whole = map(np.concatenate, zip(*parts, strict=True))
        return Answered(pairs, q, lift, own, ranks.astype(np.int32), best, whole.astype(np.int32))


def _dense(scorer: NextScorer, pairs: Pairs, questions: list[Question]) -> Iterator[tuple[Float, Rows]]:
    """(scores, what is wanted) block by block; what was asked about is left out."""
    block = max(1, AT_ONCE // max(1, len(scorer)))
    for begin in range(0, len(pairs), block):
        scores = scorer.dense(questions[begin : begin + block], True)
        scores[np.arange(len(scores)), pairs.asked[begin : begin + block]] = -np.inf
        yield scores, pairs.wanted[begin : begin + block]


def ranks_of(scorer: NextScorer, pairs: Pairs) -> Ranks:
    """Where the wanted items stand."""
    questions = [Question.of_item(pairs.asked[i : i + 1]) for i in range(len(pairs))]
    found = [np.empty(0, dtype=np.int32)]
    for scores, wanted in _dense(scorer, pairs, questions):
        found.append((scores >= scores[np.arange(len(scores)), wanted][:, None]).sum(axis=1).astype(np.int32))
    return np.concatenate(found)


def by_popularity(counts: NDArray[np.int64], pairs: Pairs, hidden: Mask) -> Ranks:
    """Where the wanted items stand by how often they were seen; hidden ones never were."""
    shown = np.where(hidden, 0, counts)
    above = (shown[None, :] >= shown[pairs.wanted][:, None]).sum(axis=1)
    return np.where(hidden[pairs.wanted], 0, above).astype(np.int32)


def value(found: Ranks) -> float:
    """Half hit rate, half discounted gain: the one is the goal, the other tells neighbours apart."""
    return float((hits(found, DEEP) + gains(found, DEEP)).mean() / 2) if len(found) else 0.0
