"""Baskets: what a session held, each item once. Baselines count and compare these."""

from dataclasses import replace
from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.corpus import Corpus

# Longer baskets are cut: the pairs in a session of 8,000 would outnumber those of all others.
BASKET = 1000
# Baselines look at the newest sessions with this many events: counting 100 million takes minutes per setting.
MOST_TOKENS = 20_000_000

# How much the items of a prefix count, newest first. Items further back are left out.
INVERSE = (1 / np.arange(1, 11)).astype(np.float32)
LINEAR = (1 - np.arange(10) / 10).astype(np.float32)


def recent(corpus: Corpus) -> tuple[Corpus, dict[str, Any]]:
    """The newest sessions with at most MOST_TOKENS events, and what to say of it in the settings."""
    first = min(int(np.searchsorted(corpus.offsets, corpus.offsets[-1] - MOST_TOKENS)), len(corpus) - 1)
    if first <= 0:
        return corpus, {}
    kept = corpus.take(np.arange(first, len(corpus)))
    return kept, {"sessions": f"newest {len(kept)} of {len(corpus)}"}


def newest_of(corpus: Corpus, share: float) -> Corpus:
    """The newest sessions, that share of them."""
    count = max(1, round(len(corpus) * share))
    return corpus.take(np.arange(len(corpus) - min(count, len(corpus)), len(corpus)))


def baskets(corpus: Corpus) -> Corpus:
    """Each session's items once, in order of first appearance; more than BASKET of them in even pieces. An item weighs
    what the heaviest of its events in the session does."""
    seen = np.full(corpus.items, -1, dtype=np.int64), np.zeros(corpus.items, dtype=np.int64)
    tokens, lengths, weights = _distinct(corpus.tokens, corpus.offsets, seen, _weights_of(corpus))
    parts = np.maximum(-(-lengths // BASKET), 1)
    whole = np.repeat(np.arange(len(corpus)), parts)
    piece = np.arange(len(whole)) - np.repeat(np.cumsum(parts) - parts, parts)
    ends = (np.cumsum(lengths) - lengths)[whole] + lengths[whole] * (piece + 1) // parts[whole]
    return replace(
        corpus,
        tokens=tokens,
        offsets=np.concatenate([[0], ends]).astype(np.int64),
        starts=corpus.starts[whole],
        ends=corpus.ends[whole],
        weights=None if corpus.weights is None else weights,
        converted=None,
        dislikes=None,
    )


def _weights_of(corpus: Corpus) -> NDArray[np.float32]:
    return np.empty(0, dtype=np.float32) if corpus.weights is None else corpus.weights


@nb.njit(cache=True, nogil=True)
def _distinct(tokens, offsets, seen, weights):  # type: ignore[no-untyped-def]
    """Tokens without an item's later occurrences in a session, the lengths left, and what each weighs. seen: the last
    session that held each item, -1 for every one, and its place in what is returned."""
    held, place = seen
    out, heaviest = np.empty(tokens.size, np.int32), np.empty(weights.size, np.float32)
    lengths = np.zeros(offsets.size - 1, np.int64)
    n = 0
    for session in range(lengths.size):
        for i in range(offsets[session], offsets[session + 1]):
            if held[tokens[i]] != session:
                held[tokens[i]] = session
                out[n] = tokens[i]
                if weights.size > 0:
                    place[tokens[i]], heaviest[n] = n, weights[i]
                n += 1
                lengths[session] += 1
            elif weights.size > 0:
                at = place[tokens[i]]
                heaviest[at] = max(heaviest[at], weights[i])
    return out[:n].copy(), lengths, heaviest[:n].copy()
