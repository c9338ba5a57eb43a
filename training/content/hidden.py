"""Items hidden on purpose: how well they are answered and found by their content alone, as if they were never seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.content.content import Vectors
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
class _Answered:
    """What the items that are not hidden make of some questions. q, lift: as `NextScorer.asked` has them, for the
    hidden ones. own, ranks: of the wanted item, where it is not hidden. best: the DEEP best scores."""

    q: Float
    lift: Float
    own: Float
    ranks: NDArray[np.int32]
    best: Float


class Hiding:
    """One model, and the items that are hidden from it. A hidden item is scored as a newcomer is served: by
    `NextScorer.asked`, `beside` and `as_guest`."""

    def __init__(self, scorer: NextScorer, pairs: Pairs, hidden: Mask) -> None:
        self._scorer = scorer
        self.hidden = hidden
        self.rows = np.flatnonzero(hidden).astype(np.int32)
        self._place = np.cumsum(hidden) - 1
        asked, wanted = hidden[pairs.asked], hidden[pairs.wanted]
        self.asked = pairs.where(asked & ~wanted)
        self.found = pairs.where(wanted & ~asked)
        self.known = pairs.where(~asked & ~wanted)
        self._found = self._answered(self.found)
        self._known = self._answered(self.known)

    def of_trained(self) -> Hits:
        """As if nothing were hidden."""
        return Hits(*(_ranks(self._scorer, pairs) for pairs in (self.asked, self.found, self.known)))

    def asking(self, made: Vectors) -> _Answered:
        """The questions about hidden items. made: their vectors, in the order of `rows`."""
        items = len(self._scorer)
        guests = {
            items + place: self._scorer.as_guest(*(part[place : place + 1] for part in made))
            for place in np.unique(self._place[self.asked.asked]).tolist()
        }
        rows = (items + self._place[self.asked.asked]).astype(np.int32)
        questions = [Question.of_item(rows[i : i + 1]).hosting(guests, items) for i in range(len(rows))]
        return self._answered(self.asked, questions)

    def hits(self, asking: _Answered, made: Vectors) -> Hits:
        """made: the vectors of the hidden items as they are to be found."""
        beside = self._scorer.beside(*made)
        return Hits(
            self._after(asking, self.asked, beside),
            self._after(self._found, self.found, beside),
            self._after(self._known, self.known, beside),
        )

    def _after(self, answered: _Answered, pairs: Pairs, beside: Float) -> Ranks:
        """Where the wanted items stand once the hidden ones are listed too."""
        scores = answered.q @ beside.T + answered.lift[:, None]
        line = np.arange(len(pairs))
        wanted, asked = self.hidden[pairs.wanted], self.hidden[pairs.asked]
        own = np.where(wanted, scores[line, self._place[pairs.wanted]], answered.own)
        scores[line[asked], self._place[pairs.asked[asked]]] = -np.inf
        rank = np.where(wanted, (answered.best >= own[:, None]).sum(axis=1), answered.ranks)
        return np.asarray(rank + (scores >= own[:, None]).sum(axis=1), dtype=np.int32)

    def _answered(self, pairs: Pairs, questions: list[Question] | None = None) -> _Answered:
        if questions is None:
            questions = [Question.of_item(pairs.asked[i : i + 1]) for i in range(len(pairs))]
        told = self._scorer.told(self._scorer.sparse(True), questions)
        q, lift = self._scorer.asked(questions, True, told)
        own, rank, best = [], [], []
        for scores, some in _dense(self._scorer, pairs, questions):
            scores[:, self.rows] = -np.inf
            line = np.arange(len(scores))
            mine = scores[line, some.wanted]
            own.append(mine)
            rank.append((scores >= mine[:, None]).sum(axis=1).astype(np.int32))
            deep = min(DEEP, scores.shape[1])
            best.append(np.partition(scores, scores.shape[1] - deep, axis=1)[:, -deep:])
        if not own:
            return _Answered(q, lift, np.empty(0, np.float32), np.empty(0, np.int32), np.empty((0, DEEP), np.float32))
        return _Answered(q, lift, *map(np.concatenate, (own, rank, best)))


def _dense(scorer: NextScorer, pairs: Pairs, questions: list[Question]):  # type: ignore[no-untyped-def]
    """(scores, their pairs) block by block; what was asked about is left out."""
    block = max(1, AT_ONCE // max(1, len(scorer)))
    for begin in range(0, len(pairs), block):
        some = Pairs(pairs.asked[begin : begin + block], pairs.wanted[begin : begin + block])
        scores = scorer.dense(questions[begin : begin + block], True)
        scores[np.arange(len(some)), some.asked] = -np.inf
        yield scores, some


def _ranks(scorer: NextScorer, pairs: Pairs) -> Ranks:
    questions = [Question.of_item(pairs.asked[i : i + 1]) for i in range(len(pairs))]
    found = [np.empty(0, dtype=np.int32)]
    for scores, some in _dense(scorer, pairs, questions):
        found.append((scores >= scores[np.arange(len(some)), some.wanted][:, None]).sum(axis=1).astype(np.int32))
    return np.concatenate(found)


def by_popularity(counts: NDArray[np.int64], pairs: Pairs, hidden: Mask) -> Ranks:
    """Where the wanted items stand by how often they were seen; hidden ones never were."""
    shown = np.where(hidden, 0, counts)
    above = (shown[None, :] >= shown[pairs.wanted][:, None]).sum(axis=1)
    return np.where(hidden[pairs.wanted], 0, above).astype(np.int32)


def value(found: Ranks) -> float:
    """Half hit rate, half discounted gain: the one is the goal, the other tells neighbours apart."""
    return float((hits(found, DEEP) + gains(found, DEEP)).mean() / 2) if len(found) else 0.0
