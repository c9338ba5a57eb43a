"""Counting sequential rules: each item's neighbours added up in one accumulator, the strongest kept."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import numba as nb
import numpy as np
from numpy.typing import NDArray

from index.ranking.rules import Rules, RulesConfig
from training.corpus import Corpus

# Pairs looked at per call of the kernel: small enough to balance threads and to bound a chunk's output at 32 MB,
# large enough that the calls themselves cost nothing.
CHUNK_PAIRS = 1 << 22


def count_rules(corpus: Corpus, config: RulesConfig, threads: int = 2) -> Rules:
    """Item b, d steps after a, adds decay(d) to rule a -> b and `backward` times that to b -> a.

    Sequential rules, Ludewig & Jannach 2018, section 3.1. The result does not depend on `threads`. Memory: items x keep
    rules at most, 5 bytes per token, and 12 bytes per item and thread; the list of pairs is never made.
    """
    distance = np.arange(1, config.steps + 1, dtype=np.float64)
    decay = 1 / distance if config.decay == "inverse" else 1 - (distance - 1) / config.steps
    seen = np.maximum(corpus.counts(), 1).astype(np.float64)
    target, source = seen**-config.target_power, seen**-config.source_power
    return count_pairs(corpus, decay, config.backward, target, source, config.keep, threads)


def count_pairs(
    corpus: Corpus,
    decay: NDArray[np.float64],
    backward: float,
    target: NDArray[np.float64],
    source: NDArray[np.float64],
    keep: int,
    threads: int = 2,
) -> Rules:
    """`count_rules` with any weights: decay by distance (from 1 up), target and source by item; all above zero."""
    counts = corpus.counts()
    begins, postings = postings_of(corpus)
    first = np.zeros(len(corpus.tokens) + 1, dtype=np.bool_)
    first[corpus.offsets] = True
    # Accumulators are handed from chunk to chunk: each is as long as the vocabulary, and comes back clean.
    free: SimpleQueue[tuple[NDArray[np.float64], NDArray[np.int32]]] = SimpleQueue()
    for _ in range(threads):
        free.put((np.zeros(corpus.items, dtype=np.float64), np.empty(corpus.items, dtype=np.int32)))
    reach = len(decay) * (2 if backward else 1)

    def count(chunk: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
        a, b = chunk
        room = int(np.minimum(counts[a:b] * reach, min(keep, corpus.items)).sum())
        lengths = np.zeros(b - a, dtype=np.int64)
        items, weights = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.float32)
        accumulator, touched = free.get()
        n = _count(
            corpus.tokens, first, postings, begins, a, decay, float(backward), target, source, keep,
            accumulator, touched, lengths, items, weights,
        )  # fmt: skip
        free.put((accumulator, touched))
        return lengths, items[:n].copy(), weights[:n].copy()

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(count, _chunks(counts * reach)))
    offsets = np.concatenate([[0], *(lengths for lengths, _, _ in parts)]).astype(np.int64).cumsum()
    items = np.empty(offsets[-1], dtype=np.int32)
    weights = np.empty(offsets[-1], dtype=np.float32)
    end = len(items)
    while parts:  # each part is let go of once it is copied: both forms need not fit at once
        _, i, w = parts.pop()
        items[end - len(i) : end], weights[end - len(i) : end] = i, w
        end -= len(i)
    return Rules(offsets, items, weights)


def postings_of(corpus: Corpus) -> tuple[NDArray[np.int64], NDArray[np.signedinteger]]:
    """(begins, positions): item a occurs at tokens[p] for p in positions[begins[a]:begins[a + 1]], in order."""
    begins = np.concatenate([[0], np.cumsum(corpus.counts())]).astype(np.int64)
    size = len(corpus.tokens)
    positions = np.empty(size, dtype=np.int32 if size < 2**31 else np.int64)
    return begins, _postings(corpus.tokens, begins[:-1].copy(), positions)


def _chunks(pairs: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Ranges of items with about CHUNK_PAIRS pairs each; an item with more is a range of its own."""
    total = np.cumsum(pairs)
    begin = 0
    while begin < len(pairs):
        before = total[begin - 1] if begin else 0
        end = max(int(np.searchsorted(total, before + CHUNK_PAIRS, side="right")), begin + 1)
        yield begin, end
        begin = end


@nb.njit(cache=True, nogil=True)
def _postings(tokens, at, out):  # type: ignore[no-untyped-def]
    """A counting sort of the positions by item; `at`: where each item begins in `out`."""
    for position in range(tokens.size):
        out[at[tokens[position]]] = position
        at[tokens[position]] += 1
    return out


@nb.njit(cache=True, nogil=True)
def select(keys, k):  # type: ignore[no-untyped-def]
    """The k smallest come first, in any order (Hoare 1961). np.partition does the same, and takes 10 s to compile."""
    low, high = 0, keys.size - 1
    while low < high:
        pivot = keys[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while keys[i] < pivot:
                i += 1
            while keys[j] > pivot:
                j -= 1
            if i <= j:
                keys[i], keys[j] = keys[j], keys[i]
                i += 1
                j -= 1
        if k <= j:
            high = j
        elif k >= i:
            low = i
        else:
            break


@nb.njit(cache=True, nogil=True)
def _count(  # type: ignore[no-untyped-def]
    tokens, first, postings, begins, a, decay, backward, target, source, keep,
    accumulator, touched, lengths, items, weights,
):  # fmt: skip
    """Rules of items a, a + 1, ... into lengths, items and weights; how many were written.

    accumulator: float64 zeros (a million float32 additions would lose the fourth digit), left as zeros.
    first: whether a token begins a session, with one more entry at the end; looking a session up costs a search.
    """
    steps = decay.size
    written = 0
    for k in range(lengths.size):
        row = a + k
        n = 0
        for posting in range(begins[row], begins[row + 1]):
            position = postings[posting]
            for d in range(1, steps + 1):
                if first[position + d]:
                    break
                other = tokens[position + d]
                if other != row:
                    if accumulator[other] == 0.0:
                        touched[n] = other
                        n += 1
                    accumulator[other] += decay[d - 1]
            if backward > 0.0:
                for d in range(1, steps + 1):
                    if first[position - d + 1]:
                        break
                    other = tokens[position - d]
                    if other != row:
                        if accumulator[other] == 0.0:
                            touched[n] = other
                            n += 1
                        accumulator[other] += backward * decay[d - 1]
        values = np.empty(n, np.float32)
        for i in range(n):
            values[i] = accumulator[touched[i]] * target[touched[i]] * source[row]
            accumulator[touched[i]] = 0.0
        # Positive floats sort like their bits, so one unsigned number holds "strongest first, ties by row".
        bits = values.view(np.uint32)
        keys = np.empty(n, np.uint64)
        for i in range(n):
            keys[i] = (np.uint64(0xFFFFFFFF - bits[i]) << np.uint64(32)) | np.uint64(touched[i])
        if n > keep:
            select(keys, keep)
            keys = keys[:keep]
            n = keep
        keys.sort()
        for i in range(n):
            items[written + i] = np.int32(keys[i] & np.uint64(0xFFFFFFFF))
            bits[i] = np.uint32(0xFFFFFFFF) - np.uint32(keys[i] >> np.uint64(32))
            weights[written + i] = values[i]
        written += n
        lengths[k] = n
    return written
