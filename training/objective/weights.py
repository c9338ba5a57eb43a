"""What an event counts: by its type, by the age of its session."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from training.config import TrainConfig
from training.corpus import Corpus

DAY = 86_400 * 1_000_000  # microseconds
NEWEST = 0.999  # of the sessions end before the one that ages are told from: a few wrong clocks make no other one old

Weights = NDArray[np.float32]


def counted_weights(corpus: Corpus, config: TrainConfig) -> Weights | None:
    """float32 (tokens,), for rules: what the settings say that an event counts. None where they say nothing of it: a
    column of weights alone is for the vectors."""
    if not config.events.type_weights and not config.sessions.half_life_days:
        return None
    return aged(corpus, config.sessions.half_life_days).weights


def aged(corpus: Corpus, half_life_days: float) -> Corpus:
    """Every event weighs what it did, times what its session's age leaves of it; as it was, where age does not count.

    A session that ends so many half lives before the newest counts 1/2 to that power. An event weighs the same as all
    others of its session, so that no pair within it is moved against another.
    """
    if not half_life_days or not len(corpus):
        return corpus
    return times(corpus, fading(corpus.ends, half_life_days))


def fading(ends: NDArray[np.int64], half_life_days: float) -> Weights:
    """float32 (sessions,), from above 0 to 1. ends: of the sessions, microseconds, at least one."""
    place = int(NEWEST * (len(ends) - 1)) if len(ends) > 1 / (1 - NEWEST) else len(ends) - 1
    age = np.maximum(np.partition(ends, place)[place] - ends, 0) / (half_life_days * DAY)
    return np.asarray(0.5 ** np.minimum(age, 100), dtype=np.float32)


def times(corpus: Corpus, factor: Weights) -> Corpus:
    """Every event weighs what it did, times its session's factor. factor: float32 (sessions,)."""
    spread = np.repeat(factor, corpus.lengths())
    return replace(corpus, weights=spread if corpus.weights is None else corpus.weights * spread)
