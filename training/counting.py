"""Counting sequential rules: each item's neighbours added up in one accumulator, the strongest kept."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from index.ranking.rules import Rules, RulesConfig
from training.corpus import Corpus

# Pairs looked at per call of the kernel: small enough to balance threads and to bound a chunk's output at 32 MB,
# large enough that the calls themselves cost nothing.
CHUNK_PAIRS = 1 << 22


class Postings(NamedTuple):
    """Item a occurs at tokens[p] for p in positions[begins[a]:begins[a + 1]], in order.

    begins: int64, shape (items + 1,). positions: int32 or int64, shape (tokens,).
    """

    begins: NDArray[np.int64]
    positions: NDArray[np.signedinteger]


class PairWeights(NamedTuple):
    """What a pair adds to the rule a -> b: decay[d - 1] * target[b] * source[a] when b is d steps after a, and
    `backward` times that when it is d steps before. All float64; decay by distance, target and source by item, above
    zero."""

    decay: NDArray[np.float64]
    backward: float
    target: NDArray[np.float64]
    source: NDArray[np.float64]


class _Rows(NamedTuple):
    """Rules of some items, one row after the other: how many of each item, and then all of them."""

    lengths: NDArray[np.int64]
    items: NDArray[np.int32]
    weights: NDArray[np.float32]


def count_rules(corpus: Corpus, config: RulesConfig, threads: int = 2) -> Rules:
    """Item b, d steps after a, adds decay(d) to rule a -> b and `backward` times that to b -> a.

    Sequential rules, Ludewig & Jannach 2018, section 3.1. The result does not depend on `threads`. Memory: items x keep
    rules at most, 5 bytes per token, and 12 bytes per item and thread; the list of pairs is never made.
    """
    distance = np.arange(1, config.steps + 1, dtype=np.float64)
    decay = 1 / distance if config.decay == "inverse" else 1 - (distance - 1) / config.steps
    seen = np.maximum(corpus.counts(), 1).astype(np.float64)
    weights = PairWeights(decay, config.backward, seen**-config.target_power, seen**-config.source_power)
    return count_pairs(corpus, weights, config.keep, threads)


def count_pairs(corpus: Corpus, pairs: PairWeights, keep: int, threads: int = 2) -> Rules:
    """`count_rules` with any weights; the `keep` strongest rules of each item."""
    counts = corpus.counts()
    postings = postings_of(corpus)
    first = np.zeros(len(corpus.tokens) + 1, dtype=np.bool_)
    first[corpus.offsets] = True
    # Room to add up one item's neighbours: a sum for each item, zeros between items, and the items touched. Handed from
    # chunk to chunk: it is as long as the vocabulary. A million additions of float32 would lose the fourth digit.
    free: SimpleQueue[tuple[NDArray[np.float64], NDArray[np.int32]]] = SimpleQueue()
    for _ in range(threads):
        free.put((np.zeros(corpus.items, dtype=np.float64), np.empty(corpus.items, dtype=np.int32)))
    reach = len(pairs.decay) * (2 if pairs.backward else 1)

    def count(chunk: tuple[int, int]) -> _Rows:
        a, b = chunk
        room = int(np.minimum(counts[a:b] * reach, min(keep, corpus.items)).sum())
        rows = _Rows(np.zeros(b - a, np.int64), np.empty(room, np.int32), np.empty(room, np.float32))
        sums = free.get()
        n = _count(corpus.tokens, first, postings, a, pairs, keep, sums, rows)
        free.put(sums)
        return _Rows(rows.lengths, rows.items[:n].copy(), rows.weights[:n].copy())

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(count, _chunks(counts * reach)))
    offsets = np.concatenate([[0], *(part.lengths for part in parts)]).astype(np.int64).cumsum()
    items = np.empty(offsets[-1], dtype=np.int32)
    weights = np.empty(offsets[-1], dtype=np.float32)
    end = len(items)
    while parts:  # each part is let go of once it is copied: both forms need not fit at once
        part = parts.pop()
        begin = end - len(part.items)
        items[begin:end], weights[begin:end] = part.items, part.weights
        end = begin
    return Rules(offsets, items, weights)


def postings_of(corpus: Corpus) -> Postings:
    """Where each item occurs."""
    begins = np.concatenate([[0], np.cumsum(corpus.counts())]).astype(np.int64)
    size = len(corpus.tokens)
    positions = np.empty(size, dtype=np.int32 if size < 2**31 else np.int64)
    return Postings(begins, _postings(corpus.tokens, begins[:-1].copy(), positions))


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
def _count(tokens, first, postings, begin, pairs, keep, scratch, rows):  # type: ignore[no-untyped-def]
    """Rules of the items `begin`, begin + 1, ... into `rows`; how many were written.

    first: whether a token begins a session, with one more entry at the end; looking a session up costs a search.
    """
    begins, positions = postings
    decay, backward, target, source = pairs
    accumulator, touched = scratch
    lengths, items, weights = rows
    steps = decay.size
    written = 0
    for k in range(lengths.size):
        row = begin + k
        n = 0
        for posting in range(begins[row], begins[row + 1]):
            position = positions[posting]
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
