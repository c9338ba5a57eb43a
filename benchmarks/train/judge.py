"""Quality of vectors on held-out sessions, and whether a difference is more than chance."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.train.corpora import World
from benchmarks.train.engines import THREADS
from index.ranking.readings import similar_vectors
from index.ranking.recommender import Recommender
from index.ranking.scorer import NextScorer
from index.ranking.settings import RecommenderConfig
from training.evaluation.metrics import hits, reciprocal_ranks
from training.evaluation.ranks import rank_all
from training.evaluation.split import Prefixes
from training.trainers.trainer import Embeddings

FIGURES = ("T1 HR@20", "T1 MRR@20", "T2 HR@20", "T2 MRR@20")
ALONE = {"vectors": 1.0}
READING = RecommenderConfig(
    next_reading="symmetric", session_decay="rank", session_items=10, counts={}, item=ALONE, session=ALONE
)

Values = NDArray[np.float64]


class Judge:
    """Figures of vectors on one world's held-out sessions, always on the same prefixes."""

    def __init__(self, made: World, prefixes: Prefixes) -> None:
        self._prefixes, self._counts, self._items = prefixes, made.train.counts(), made.train.items

    def __len__(self) -> int:
        return len(self._prefixes)

    def figures(self, found: Embeddings) -> Values:
        """Of each prefix, shape (4, prefixes), in the order of FIGURES."""
        unit = similar_vectors(found.inputs, found.outputs, READING.similar_reading)
        recommender = Recommender(NextScorer.of(found.inputs, found.outputs, unit, self._counts, READING))
        return np.concatenate([self._figures(lambda p, one=one: recommender.scores(p, one)) for one in (True, False)])

    def popularity(self) -> Values:
        counts = self._counts.astype(np.float32)
        once = self._figures(lambda prefixes: np.tile(counts, (len(prefixes), 1)))
        return np.concatenate([once, once])

    def _figures(self, score: Callable[..., Any]) -> Values:
        ranks = rank_all(score, self._prefixes.prefixes, self._prefixes.targets, self._items, threads=THREADS)
        return np.stack([hits(ranks, 20), reciprocal_ranks(ranks, 20)])

    def error(self, values: Values) -> Values:
        """Standard error of the mean of each row; prefixes of one session are not independent."""
        _, session = np.unique(self._prefixes.sessions, return_inverse=True)
        sums = np.stack([np.bincount(session, weights=row - row.mean()) for row in values])
        groups = sums.shape[1]
        error: Values = np.sqrt((sums**2).sum(axis=1) * groups / max(1, groups - 1)) / values.shape[1]
        return error


def not_below(ours: Values, theirs: Values, judge: Judge) -> NDArray[np.bool_]:
    """Of each figure, whether it is not lower by more than one standard error of the paired difference."""
    difference = ours - theirs
    least: NDArray[np.bool_] = difference.mean(axis=1) >= -judge.error(difference)
    return least
