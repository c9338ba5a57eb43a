"""Validation prefixes, scored under one reading after another: which weights answer them best."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.ranking.rules import Rules
from index.ranking.scorer import NextScorer, Query
from training.evaluation.metrics import gains
from training.evaluation.ranks import blended_ranks, block_size, ranks_of
from training.evaluation.split import Prefixes

Rows = NDArray[np.int32]
Ranks = NDArray[np.int32]
Scores = NDArray[np.float32]

COUNT_WEIGHTS = np.array([0, 0.25, 0.5, 1, 2, 4], dtype=np.float32)
K = 20


class Cell(NamedTuple):
    """Two weights, and NDCG@20 under them. counts: weight of the counts. popularity: weight of the popularity term."""

    value: float
    counts: float
    popularity: float


class Board:
    """Validation prefixes, scored block by block: values are NDCG@20, the mean over the prefixes.

    one_item: whether the question is what comes after the last item (T1), or next in the session (T2).
    """

    def __init__(self, prefixes: Prefixes, threads: int) -> None:
        self.prefixes = prefixes
        self.threads = threads

    def grid(self, scorer: NextScorer, rules: Rules | None, one_item: bool, popularity: NDArray[np.float32]) -> Cell:
        """The best pair of weights, one of COUNT_WEIGHTS and one of `popularity`; the smallest among equals."""
        weights = COUNT_WEIGHTS if rules is not None else COUNT_WEIGHTS[:1]

        def ranks(part: Sequence[Rows], targets: Rows) -> Ranks:
            queries = _queries(scorer, part, one_item)
            base = _without_the_query_item(scorer.vectors_z(queries), part)
            counts = NextScorer.counts_z_of(rules, queries) if rules is not None else np.empty((1, 0), np.float32)
            found: Ranks = blended_ranks(base, counts, scorer.popularity, targets, weights, popularity)
            return found

        grid = self._mean(ranks, len(scorer))
        i, j = np.unravel_index(int(np.argmax(grid)), grid.shape)
        # Rounded: the weights are recorded, and float32 would record 0.2 as 0.20000000298.
        return Cell(float(grid[i, j]), round(float(COUNT_WEIGHTS[i]), 4), round(float(popularity[j]), 4))

    def counts(self, scorer: NextScorer, rules: Rules, one_item: bool) -> float:
        """The value of the counts alone, under the scorer's session rule."""
        return self._value(lambda part: scorer.counts_z_of(rules, _queries(scorer, part, one_item)), len(scorer))

    def own(self, scorer: NextScorer, weight: float) -> float:
        """The value in a session under all the scorer's weights, with this one for the session's own items."""
        weighted = scorer.with_config(scorer.config.model_copy(update={"own_items": weight}))
        return self._value(lambda part: weighted.dense(_queries(weighted, part, False), False, part), len(scorer))

    def _value(self, score: Callable[[Sequence[Rows]], Scores], items: int) -> float:
        def ranks(part: Sequence[Rows], targets: Rows) -> Ranks:
            return ranks_of(_without_the_query_item(score(part), part), targets)

        return float(self._mean(ranks, items))

    def _mean(self, ranks: Callable[[Sequence[Rows], Rows], Ranks], items: int) -> NDArray[np.float64]:
        size = block_size(items, 256)
        begins = range(0, len(self.prefixes), size)
        with ThreadPoolExecutor(self.threads) as pool:
            parts: Iterable[Ranks] = pool.map(
                lambda b: ranks(self.prefixes.prefixes[b : b + size], self.prefixes.targets[b : b + size]), begins
            )
            values: NDArray[np.float64] = gains(np.concatenate(list(parts)), K).mean(axis=0)
        return values


def _queries(scorer: NextScorer, prefixes: Sequence[Rows], one_item: bool) -> list[Query]:
    if one_item:
        return [Query(p[-1:], np.ones(1, dtype=np.float32)) for p in prefixes]
    return [scorer.session(p) for p in prefixes]


def _without_the_query_item(scores: Scores, prefixes: Sequence[Rows]) -> Scores:
    """The last item of the prefix never counts. The scores are changed in place."""
    for i, prefix in enumerate(prefixes):
        scores[i, prefix[-1]] = -np.inf
    return scores
