"""Validation prefixes, and how well one way of scoring answers them when all items are ranked."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from index.ranking.parts.question import Question
from index.ranking.scorer import NextScorer
from training.evaluation.metrics import gains
from training.evaluation.ranks import blended_ranks, block_size
from training.evaluation.split import Prefixes

Rows = NDArray[np.int32]
Scores = NDArray[np.float32]

K = 20
POPULARITY_WEIGHTS = np.array([0, 0.1, 0.2, 0.4, 0.8], dtype=np.float32)


class Board:
    """Values are NDCG@20, the mean over the prefixes."""

    def __init__(self, prefixes: Prefixes, threads: int) -> None:
        self.prefixes = prefixes
        self.threads = threads

    def vectors(self, scorer: NextScorer, one_item: bool) -> tuple[float, float]:
        """(value, weight) of the vectors alone, with the best weight of popularity; the smallest among equals. The
        weight is in standard deviations, as that of the vectors is 1."""
        part = scorer.vectors["vectors"]

        def ranks(prefixes: Sequence[Rows], targets: Rows) -> NDArray[np.int32]:
            questions = questions_of(scorer, prefixes, one_item)
            q, mean = part.of([question.recent for question in questions])
            scores = q @ part.targets.T - mean[:, None]
            for i, prefix in enumerate(prefixes):
                scores[i, prefix[-1]] = -np.inf
            none = np.empty((1, 0), np.float32)
            popular = scorer.popular["popular"]
            found: NDArray[np.int32] = blended_ranks(
                scores, none, popular, targets, np.zeros(1, np.float32), POPULARITY_WEIGHTS
            )
            return found[:, 0]

        values = self._mean(ranks, len(scorer))
        best = int(np.argmax(values))
        # Rounded: the weights are recorded, and float32 would record 0.2 as 0.20000000298.
        return float(values[best]), round(float(POPULARITY_WEIGHTS[best]), 4)

    def _mean(self, ranks: Callable[[Sequence[Rows], Rows], NDArray[np.int32]], items: int) -> NDArray[np.float64]:
        size = block_size(items, 256)
        begins = range(0, len(self.prefixes), size)
        with ThreadPoolExecutor(self.threads) as pool:
            parts = pool.map(
                lambda b: ranks(self.prefixes.prefixes[b : b + size], self.prefixes.targets[b : b + size]), begins
            )
            values: NDArray[np.float64] = gains(np.concatenate(list(parts)), K).mean(axis=0)
        return values


def questions_of(scorer: NextScorer, prefixes: Sequence[Rows], one_item: bool) -> list[Question]:
    if one_item:
        return [Question.of_item(prefix) for prefix in prefixes]
    return [Question.of_session(prefix, scorer.config) for prefix in prefixes]
