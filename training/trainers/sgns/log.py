"""The log as the kernel walks through it: what each event counts, which of them are left out, and in which portions."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.corpus import Corpus

BLOCK = 1_000_000  # tokens of a portion, at most; progress is reported between them
HEAVIEST = 100.0  # times the mean weight: what one event may count at most

Float = NDArray[np.float32]


class Log(NamedTuple):
    """tokens, offsets: as in Corpus. weights: `event_weights`. keep: `keep_probabilities`."""

    tokens: NDArray[np.int32]
    offsets: NDArray[np.int64]
    weights: Float
    keep: Float


def log_of(corpus: Corpus, sample: float) -> Log:
    """sample: the threshold of subsampling, 0 for none."""
    return Log(corpus.tokens, corpus.offsets, event_weights(corpus), keep_probabilities(corpus.counts(), sample))


def keep_probabilities(counts: NDArray[np.int64], sample: float) -> Float:
    """Of each item, the probability that an occurrence stays: sqrt(t/f) + t/f, f its share of all tokens (word2vec.c;
    Mikolov et al. 2013b, section 2.3, give 1 - sqrt(t/f) for leaving it out). Empty when all stay."""
    if sample <= 0:
        return np.empty(0, dtype=np.float32)
    ratio = sample * counts.sum() / np.maximum(counts, 1)
    return np.asarray(np.minimum(np.sqrt(ratio) + ratio, 1.0), dtype=np.float32)


def event_weights(corpus: Corpus) -> Float:
    """Weight of each event as a centre, 1 on average; empty when all weigh the same. Within a session every event is a
    centre, so a pair counts by the weights of both. An event of weight 0 is not a centre."""
    if corpus.weights is None:
        return np.empty(0, dtype=np.float32)
    weights = np.minimum(corpus.weights.astype(np.float64), float(np.finfo(np.float32).max))
    mean = weights.mean() if len(weights) else 0.0
    return np.asarray(np.minimum(weights / mean if mean > 0 else weights, HEAVIEST), dtype=np.float32)


def blocks_of(corpus: Corpus, workers: int) -> NDArray[np.int64]:
    """int64, ascending: block i is the sessions from borders[i] to borders[i + 1] - 1, all with about as many tokens.
    Several for each thread, so that all threads end together."""
    tokens = len(corpus.tokens)
    wanted = max(1 if workers == 1 else 4 * workers, tokens // BLOCK)
    borders = np.searchsorted(corpus.offsets, np.linspace(0, tokens, wanted + 1))
    return np.unique(np.concatenate([[0], borders, [len(corpus)]])).astype(np.int64)
