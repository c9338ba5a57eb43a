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

from index.content.standing import Standing
from index.ranking.parts.counts import Told, counts_of
from index.ranking.parts.own import FORMS, own_of
from index.ranking.parts.popularity import popularity
from index.ranking.parts.question import Question
from index.ranking.parts.vectors import Moments, VectorPart
from index.ranking.readings import Float, Rows, queries_of, targets_of
from index.ranking.rules import Rules
from index.ranking.settings import LAST, RecommenderConfig, Weights
from index.search.rough import Codes

PAIRS = 2048  # pairs of vectors multiplied at once


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
        self.standing: Standing | None = None
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
        codes: Codes | None = None,
        moments: Moments | None = None,
    ) -> "NextScorer":
        """From matrices. similar: unit vectors. counts: occurrences of each item; newest: in the newest sessions, by
        part. targets: what `targets_of` gives, from where it is mapped already, and `codes` and `moments` of it; None:
        made here, in memory."""
        reading, used = config.next_reading, config.used()
        targets = targets_of(inputs, outputs, reading) if targets is None else targets
        vectors = {"vectors": VectorPart(queries_of(inputs, outputs, reading, targets), targets, codes, moments)}
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

    def with_standing(self, standing: Standing | None) -> "NextScorer":
        """The same, with how items without a row stand beside those that have one."""
        other = copy(self)
        other.standing = standing
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
        return self._with_others(scores, lift, one_item, self.told(self.sparse(one_item), questions))

    def rough(
        self, questions: Sequence[Question], one_item: bool, told: Mapping[str, Told]
    ) -> tuple[Float, NDArray[np.float32]]:
        """As `dense`, at less than half the cost: (scores, the most that those of each question are off). told: as in
        `of_pairs`."""
        scores: Float | None = None
        lift, error = np.zeros((2, len(questions)), dtype=np.float32)
        for part, q, mean in self._queries(questions, one_item):
            products, off = part.rough.products(q)
            scores = products if scores is None else scores + products
            lift -= mean
            error += off
        if scores is None:
            scores = np.zeros((len(questions), len(self)), dtype=np.float32)
        return self._with_others(scores, lift, one_item, told), error

    def _with_others(self, scores: Float, lift: Float, one_item: bool, told: Mapping[str, Told]) -> Float:
        """Adds to products of vectors, in place, `lift` of each question and what all other parts say."""
        fixed = self._fixed[one_item]
        # Line by line: each is still in the cache when the second number is added.
        for row, more in zip(scores, lift, strict=True):
            row += more if fixed is None else fixed + more
        flat, weights = scores.reshape(-1), self.weights(one_item)
        for name, part in told.items():
            weight, values = np.float32(weights[name]), part.values
            if part.elsewhere is not None:
                values = values - part.elsewhere[part.at // len(self)]
                scores += weight * part.elsewhere[:, None]
            flat[part.at] += weight * values
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

    def asked(self, questions: Sequence[Question], one_item: bool, told: Mapping[str, Told]) -> tuple[Float, Float]:
        """What items without a row are scored with, by their `beside`: (q, lift), float32 (questions, D) and
        (questions,). Their score is q . b + lift: nothing was counted of them, and they are as popular as the mean."""
        lift = np.full(len(questions), 0.0 if self.standing is None else self.standing.offset, dtype=np.float32)
        weights = self.weights(one_item)
        for name, part in told.items():
            if part.elsewhere is not None:
                lift += np.float32(weights[name]) * part.elsewhere
        return self.queries(questions, one_item), lift

    def queries(self, questions: Sequence[Question], one_item: bool) -> Float:
        """What the parts of vectors are asked, float32 (questions, D)."""
        q = {name: np.zeros((len(questions), part.targets.shape[1]), np.float32) for name, part in self.vectors.items()}
        names = {id(part): name for name, part in self.vectors.items()}
        for part, own, _ in self._queries(questions, one_item):
            q[names[id(part)]] = own
        return np.hstack(list(q.values()))

    def beside(self, inputs: Float, outputs: Float, similar: Float) -> Float:
        """What `queries` is multiplied with, of items with these vectors: float32 (n, D), the targets of all parts from
        their means, as they stand."""
        parts = {"vectors": targets_of(inputs, outputs, self.config.next_reading), "alike": similar}
        means = {name: part.moments.mean.astype(np.float32) for name, part in self.vectors.items()}
        targets = np.hstack([parts[name] - means[name] for name in self.vectors])
        return targets if self.standing is None else self.standing.scaled(targets)

    def as_guest(self, inputs: Float, outputs: Float, similar: Float) -> dict[str, Float]:
        """What an item with these vectors, float32 (1, d) each, is asked with: part -> (d,)."""
        reading = self.config.next_reading
        targets = targets_of(inputs, outputs, reading)
        parts = {"vectors": queries_of(inputs, outputs, reading, targets)[0], "alike": similar[0]}
        return {name: parts[name] for name in self.vectors}

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
        queries = [question.last if name.endswith(LAST) else question.recent for question in questions]
        return part.of(queries, name.removesuffix(LAST))

    def is_sparse(self, name: str) -> bool:
        """Whether the part speaks of a few items only."""
        return name not in self.popular and name.removesuffix(LAST) not in self.vectors

    def sparse(self, one_item: bool) -> list[str]:
        """Those of them that have a weight."""
        return [name for name, weight in self.weights(one_item).items() if weight and self.is_sparse(name)]


def values_at(told: Told, candidates: Rows) -> Float:
    """Of the candidates, for the first question; float32, the same length."""
    elsewhere = 0.0 if told.elsewhere is None else float(told.elsewhere[0])
    out = np.full(len(candidates), elsewhere, dtype=np.float32)
    if len(told.at):
        at = np.minimum(np.searchsorted(told.at, candidates), len(told.at) - 1)
        there = told.at[at] == candidates
        out[there] = told.values[at[there]]
    return out
