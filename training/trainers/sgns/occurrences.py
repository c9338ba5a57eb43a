"""What each event of a corpus counts in training, and in which portions it is taken."""

import numpy as np
from numpy.typing import NDArray

from training.corpus import Corpus

BLOCK = 1_000_000  # tokens of a portion, at most; progress is told between them
HEAVIEST = 100.0  # times the mean weight: what one event may count at most

Float = NDArray[np.float32]


def kept(counts: NDArray[np.int64], sample: float) -> Float:
    """Probability that an occurrence stays: sqrt(t/f) + t/f, f the item's share of all tokens (word2vec.c; Mikolov et
    al. 2013b, section 2.3, give 1 - sqrt(t/f) for leaving it out). Empty: all stay."""
    if sample <= 0:
        return np.empty(0, dtype=np.float32)
    ratio = sample * counts.sum() / np.maximum(counts, 1)
    return np.asarray(np.minimum(np.sqrt(ratio) + ratio, 1.0), dtype=np.float32)


def event_weights(corpus: Corpus) -> Float:
    """Weight of each event as a centre, 1 on average; empty: all weigh the same. Within a session every event is a
    centre, so a pair counts by the weights of both. A weight of 0 is no centre."""
    if corpus.weights is None:
        return np.empty(0, dtype=np.float32)
    weights = np.minimum(corpus.weights.astype(np.float64), float(np.finfo(np.float32).max))
    mean = weights.mean() if len(weights) else 0.0
    return np.asarray(np.minimum(weights / mean if mean > 0 else weights, HEAVIEST), dtype=np.float32)


def blocks_of(corpus: Corpus, workers: int) -> NDArray[np.int64]:
    """Borders between runs of whole sessions of about equal numbers of tokens, several for each thread."""
    tokens = len(corpus.tokens)
    wanted = max(1 if workers == 1 else 4 * workers, tokens // BLOCK)
    borders = np.searchsorted(corpus.offsets, np.linspace(0, tokens, wanted + 1))
    return np.unique(np.concatenate([[0], borders, [len(corpus)]])).astype(np.int64)
