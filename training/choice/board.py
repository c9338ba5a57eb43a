"""Validation prefixes, scored under one reading after another: which weights answer them best."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from index.ranking.rules import Rules
from index.ranking.scorer import NextScorer, Query
from training.evaluation.metrics import gains
from training.evaluation.ranks import blended_ranks, block_size
from training.evaluation.split import Prefixes

Rows = NDArray[np.int32]
Cell = tuple[float, float, float]  # NDCG@20, weight of the counts, weight of popularity

COUNT_WEIGHTS = np.array([0, 0.25, 0.5, 1, 2, 4], dtype=np.float32)
K = 20


class Board:
    """Validation prefixes, scored block by block: values are NDCG@20, as (count weights, popularity weights) grids."""

    def __init__(self, prefixes: Prefixes, threads: int) -> None:
        self.prefixes = prefixes
        self.threads = threads

    def grid(self, scorer: NextScorer, rules: Rules | None, one_item: bool, popularity: NDArray[np.float32]) -> Cell:
        """(value, count weight, popularity weight) of the best cell; the smallest weights among equals."""

        def ranks(part: Sequence[Rows], targets: Rows) -> NDArray[np.int32]:
            queries = _queries(scorer, part, one_item)
            base = scorer.vectors_z(queries)
            _mask(base, part)
            counts = NextScorer.counts_z_of(rules, queries) if rules is not None else np.empty((1, 0), np.float32)
            weights = COUNT_WEIGHTS if rules is not None else COUNT_WEIGHTS[:1]
            found: NDArray[np.int32] = blended_ranks(base, counts, scorer.popularity, targets, weights, popularity)
            return found

        grid = self._mean(ranks, len(scorer))
        i, j = np.unravel_index(int(np.argmax(grid)), grid.shape)
        # Rounded: the weights are recorded, and float32 would record 0.2 as 0.20000000298.
        return float(grid[i, j]), round(float(COUNT_WEIGHTS[i]), 4), round(float(popularity[j]), 4)

    def counts(self, scorer: NextScorer, rules: Rules, one_item: bool) -> float:
        def ranks(part: Sequence[Rows], targets: Rows) -> NDArray[np.int32]:
            base = NextScorer.counts_z_of(rules, _queries(scorer, part, one_item))
            _mask(base, part)
            none = np.empty((1, 0), np.float32)
            found: NDArray[np.int32] = blended_ranks(base, none, none[0], targets, COUNT_WEIGHTS[:1], COUNT_WEIGHTS[:1])
            return found

        return float(self._mean(ranks, len(scorer))[0, 0])

    def own(self, scorer: NextScorer, weight: float) -> float:
        weighted = scorer.with_config(scorer.config.model_copy(update={"own_items": weight}))

        def ranks(part: Sequence[Rows], targets: Rows) -> NDArray[np.int32]:
            base = weighted.dense(_queries(weighted, part, False), False, part)
            _mask(base, part)
            none = np.empty((1, 0), np.float32)
            found: NDArray[np.int32] = blended_ranks(base, none, none[0], targets, COUNT_WEIGHTS[:1], COUNT_WEIGHTS[:1])
            return found

        return float(self._mean(ranks, len(scorer))[0, 0])

    def _mean(self, ranks: Callable[[Sequence[Rows], Rows], NDArray[np.int32]], items: int) -> NDArray[np.float64]:
        size = block_size(items, 256)
        begins = range(0, len(self.prefixes), size)
        with ThreadPoolExecutor(self.threads) as pool:
            parts: Iterable[NDArray[np.int32]] = pool.map(
                lambda b: ranks(self.prefixes.prefixes[b : b + size], self.prefixes.targets[b : b + size]), begins
            )
            values: NDArray[np.float64] = gains(np.concatenate(list(parts)), K).mean(axis=0)
        return values


def _queries(scorer: NextScorer, prefixes: Sequence[Rows], one_item: bool) -> list[Query]:
    if one_item:
        return [Query(p[-1:], np.ones(1, dtype=np.float32)) for p in prefixes]
    return [scorer.session(p) for p in prefixes]


def _mask(scores: NDArray[np.float32], prefixes: Sequence[Rows]) -> None:
    """The query item never counts."""
    for i, prefix in enumerate(prefixes):
        scores[i, prefix[-1]] = -np.inf
