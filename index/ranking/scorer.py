"""How strongly an item or a session suggests each item that may come next, in evaluation and serving alike.

Two questions, two scores. "similar" (what can stand in for this item) is the cosine of the items' vectors. "next" (what
comes with or after it) is a weighted sum of parts, each on a scale of its own:

    next(b) = sum over parts p of weight_p * p(b)

    vectors, alike     how near b's vector is to those of the known items, in standard deviations (parts/vectors.py)
    after, both, ...   the logarithm of b's share of what was counted near them (parts/counts.py)
    popular, ...       how often b occurs, in standard deviations of the logarithm (parts/popularity.py)
    own, own.newest... whether b is in the session already (parts/own.py)

The weights are a conditional logit's, found on validation (training/choice); a negative one repels.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from index.ranking.parts.counts import Told, counts_of
from index.ranking.parts.own import FORMS, own_of
from index.ranking.parts.popularity import popularity
from index.ranking.parts.question import Question
from index.ranking.parts.vectors import VectorPart
from index.ranking.readings import Float, Rows, queries_of, targets_of
from index.ranking.rules import Rules
from index.ranking.settings import LAST, RecommenderConfig, Weights

PAIRS = 2048  # pairs of vectors multiplied at once
LEAST = 1e-3  # weight of the vectors, where they weigh nothing or repel: popularity alone orders the index then


class NextScorer:
    """The formula above for one item or a session, over all items at once or over chosen pairs."""

    def __init__(
        self,
        vectors: Mapping[str, VectorPart],
        rules: Mapping[str, Rules],
        popular: Mapping[str, Float],
        config: RecommenderConfig,
    ) -> None:
        """Each by the name of its part; `vectors` is there always. Parts without a weight may be left out."""
        self.vectors = dict(vectors)
        self.rules = dict(rules)
        self.popular = dict(popular)
        self._set(config)

    @classmethod
    def of(
        cls,
        inputs: Float,
        outputs: Float,
        similar: Float,
        counts: NDArray[np.int64],
        config: RecommenderConfig,
        rules: Mapping[str, Rules] | None = None,
        newest: Mapping[str, NDArray[np.int64]] | None = None,
        targets: Float | None = None,
    ) -> "NextScorer":
        """From matrices. similar: unit vectors. counts: occurrences of each item; newest: in the newest sessions, by
        part. targets: what `targets_of` gives, from where it is mapped already; None: made here, in memory."""
        reading, used = config.next_reading, config.used()
        targets = targets_of(inputs, outputs, reading) if targets is None else targets
        vectors = {"vectors": VectorPart(queries_of(inputs, outputs, reading, targets), targets)}
        if "alike" in used:
            vectors["alike"] = VectorPart(similar, similar)
        popular = {name: popularity(values) for name, values in {"popular": counts, **(newest or {})}.items()}
        return cls(vectors, rules or {}, popular, config)

    def _set(self, config: RecommenderConfig) -> None:
        self.config = config
        self._fixed = [self._popular(weights) for weights in (config.session, config.item)]

    def _popular(self, weights: Weights) -> Float | None:
        parts = [np.float32(w) * self.popular[name] for name, w in weights.items() if w and name in self.popular]
        return np.sum(parts, axis=0, dtype=np.float32) if parts else None

    def __len__(self) -> int:
        return len(self.vectors["vectors"].targets)

    def weights(self, one_item: bool) -> Weights:
        return self.config.item if one_item else self.config.session

    def with_config(self, config: RecommenderConfig) -> "NextScorer":
        """The same parts with other weights or session rule. Raises ValueError for another `next_reading`."""
        if config.next_reading != self.config.next_reading:
            raise ValueError(f"a scorer of next_reading {self.config.next_reading!r} cannot be {config.next_reading!r}")
        other = copy(self)
        other._set(config)
        return other

    def dense(self, questions: Sequence[Question], one_item: bool) -> Float:
        """float32, shape (questions, items)."""
        scores = np.zeros((len(questions), len(self)), dtype=np.float32)
        lift = np.zeros(len(questions), dtype=np.float32)
        for place, (part, q, mean) in enumerate(self._queries(questions, one_item)):
            lift -= mean
            if place:
                scores += q @ part.targets.T
            else:
                np.matmul(q, part.targets.T, out=scores)
        fixed = self._fixed[one_item]
        # Line by line: each is still in the cache when the second number is added.
        for row, more in zip(scores, lift, strict=True):
            row += more if fixed is None else fixed + more
        flat, weights = scores.reshape(-1), self.weights(one_item)
        for name, told in self.told(self.sparse(one_item), questions).items():
            weight, at, values = np.float32(weights[name]), told.at, told.values
            if told.elsewhere is not None:
                values = values - told.elsewhere[at // len(self)]
                scores += weight * told.elsewhere[:, None]
            flat[at] += weight * values
        return scores

    def of_pairs(
        self, questions: Sequence[Question], one_item: bool, pairs: NDArray[np.int64], told: Mapping[str, Told]
    ) -> Float:
        """The same scores for some items of each question, float32 beside `pairs`: ascending, question * items +
        item. told: what the parts in `sparse` say, which the caller has asked to find the pairs."""
        question, item = np.divmod(pairs, len(self))
        scores = np.zeros(len(pairs), dtype=np.float32)
        if not len(pairs):
            return scores
        for vectors, q, mean in self._queries(questions, one_item):
            for begin in range(0, len(pairs), PAIRS):  # what is gathered stays in the cache
                some = slice(begin, begin + PAIRS)
                scores[some] += np.einsum("ij,ij->i", q[question[some]], vectors.targets[item[some]])
            scores -= mean[question]
        fixed = self._fixed[one_item]
        if fixed is not None:
            scores += fixed[item]
        for name, part in told.items():
            weight = np.float32(self.weights(one_item)[name])
            if part.elsewhere is not None:
                scores += weight * part.elsewhere[question]
            place = np.minimum(np.searchsorted(pairs, part.at), len(pairs) - 1)
            there = pairs[place] == part.at
            lift = 0 if part.elsewhere is None else part.elsewhere[question[place[there]]]
            scores[place[there]] += weight * (part.values[there] - lift)
        return scores

    def told(self, names: Sequence[str], questions: Sequence[Question]) -> dict[str, Told]:
        """What the parts that speak of a few items say; names as in the weights."""
        found = own_of([question.own for question in questions], len(self), [name for name in names if name in FORMS])
        for name in names:
            if name not in FORMS:
                base = name.removesuffix(LAST)
                queries = [question.last if name.endswith(LAST) else question.recent for question in questions]
                found[name] = counts_of(self.rules[base], queries, self.config.counts[base].scale)
        return found

    def contributions(self, question: Question, item: int, one_item: bool) -> dict[str, float]:
        """What each part adds to the item's score; they sum up to it."""
        at = np.array([item], dtype=np.int32)
        return {
            name: float(weight * self.values(name, question, at)[0])
            for name, weight in self.weights(one_item).items()
            if weight
        }

    def values(self, name: str, question: Question, candidates: Rows) -> Float:
        """One part's values, without its weight, float32 (candidates,)."""
        base = name.removesuffix(LAST)
        if base in self.vectors:
            part = self.vectors[base]
            q, mean = self._asked(part, name, [question])
            return np.asarray(part.targets[candidates] @ q[0] - mean[0], dtype=np.float32)
        if name in self.popular:
            return self.popular[name][candidates]
        return values_at(self.told([name], [question])[name], candidates)

    def _queries(self, questions: Sequence[Question], one_item: bool) -> Iterator[tuple[VectorPart, Float, Float]]:
        """(part, q, mean) of each vectors part that has a weight: q . T - mean is what it adds."""
        weights = self.weights(one_item)
        for name, part in self.vectors.items():
            total: tuple[Float, Float] | None = None
            for key in (name, name + LAST):
                if weight := weights.get(key):
                    q, mean = (np.float32(weight) * values for values in self._asked(part, key, questions))
                    total = (q, mean) if total is None else (total[0] + q, total[1] + mean)
            if total is not None:
                yield part, *total

    def _asked(self, part: VectorPart, name: str, questions: Sequence[Question]) -> tuple[Float, Float]:
        """What the part is asked, under the name it has in the weights."""
        return part.of([question.last if name.endswith(LAST) else question.recent for question in questions])

    def is_sparse(self, name: str) -> bool:
        """Whether the part speaks of a few items only."""
        return name not in self.popular and name.removesuffix(LAST) not in self.vectors

    def sparse(self, one_item: bool) -> list[str]:
        """Those of them that have a weight."""
        return [name for name, weight in self.weights(one_item).items() if weight and self.is_sparse(name)]

    def next_vectors(self) -> Float:
        """What an index for `next` is built over: targets, and popularity as one more dimension, as it weighs beside
        the vectors after one item.

        In that dimension items differ as much as a query of length 1 sees them differ in the others. The links of a
        graph come from products of items with items: when popularity was as large there as in the queries' products,
        which are long, an HNSW graph over the 60,416 items of a real log found .26 of the ten best, and .97 so.
        """
        targets, popular = self.vectors["vectors"].targets, self._popular_beside_vectors()
        column = np.zeros(len(self), dtype=np.float32) if popular is None else popular / self.vectors["vectors"].length
        return np.ascontiguousarray(np.hstack([targets, column[:, None]]))

    def next_scale(self, points: Float) -> np.float32:
        """What the last number of a query is, for an index over `points`: its column times this is popularity.

        Read from the points themselves, one row, since former releases had another scale.
        """
        popular = self._popular_beside_vectors()
        if popular is None or not len(popular):
            return np.float32(0)
        row = int(np.abs(popular).argmax())
        column = np.float32(points[row, -1])
        return np.float32(popular[row] / column) if column else np.float32(0)

    def next_queries(self, questions: Sequence[Question], scale: np.float32) -> Float:
        """Queries for that index; inner products order items nearly as the scores without counts do."""
        q = self.vectors["vectors"].of([question.recent for question in questions])[0]
        return np.hstack([q, np.full((len(q), 1), scale, dtype=np.float32)])

    def _popular_beside_vectors(self) -> Float | None:
        """What popularity adds to the score of an item after one item, where the vectors have weight 1."""
        popular, near = self._fixed[True], self.config.item.get("vectors", 0.0)
        return None if popular is None else popular / np.float32(max(near, LEAST))


def values_at(told: Told, candidates: Rows) -> Float:
    """Of the candidates, for the first question; float32, the same length."""
    elsewhere = 0.0 if told.elsewhere is None else float(told.elsewhere[0])
    out = np.full(len(candidates), elsewhere, dtype=np.float32)
    if len(told.at):
        at = np.minimum(np.searchsorted(told.at, candidates), len(told.at) - 1)
        there = told.at[at] == candidates
        out[there] = told.values[at[there]]
    return out
