"""Noise items: what a positive pair is contrasted with, drawn with probability count^exponent."""

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.trainers.sgns.steps import NOISE


def pool_size(negatives: int) -> int:
    """How many noise items a group of centres shares: 1.5 times the negatives, as a multiple of NOISE."""
    return NOISE * max(1, -(-3 * negatives // (2 * NOISE)))


class Alias(NamedTuple):
    """One entry an item: draw an entry evenly, take it with probability `share`, else take `other`.

    A draw costs two look-ups whatever the distribution (Walker 1977; built as in Vose 1991), where word2vec walks a
    table of 400 MB and gensim bisects one.
    """

    share: NDArray[np.float32]
    other: NDArray[np.int32]


def alias_table(counts: NDArray[np.int64], exponent: float) -> Alias:
    """For items drawn with probability count^exponent. Items that never occur are never drawn."""
    seen = counts > 0
    weights = np.zeros(len(counts), dtype=np.float64)
    weights[seen] = powers(counts[seen], exponent)
    share, other = np.ones(len(counts), dtype=np.float32), np.arange(len(counts), dtype=np.int32)
    fill(weights * (len(counts) / max(weights.sum(), 1e-300)), share, other)
    return Alias(share, other)


def powers(counts: NDArray[np.int64], exponent: float) -> NDArray[np.float64]:
    """count^exponent, relative to the largest. counts: above 0."""
    # Through logarithms: counts^-3 of frequent items would underflow, counts^3 overflow.
    logs = exponent * np.log(counts)
    return np.asarray(np.exp(logs - logs.max(initial=-np.inf)))


@nb.njit(cache=True)
def fill(height, share, other):  # type: ignore[no-untyped-def]
    """height: float64, 1 on average. Each entry below 1 is filled up from one above 1."""
    items = height.size
    low, high = np.empty(items, np.int32), np.empty(items, np.int32)
    lows = highs = 0
    for i in range(items):
        if height[i] < 1.0:
            low[lows] = i
            lows += 1
        else:
            high[highs] = i
            highs += 1
    while lows > 0 and highs > 0:
        lows -= 1
        i, j = low[lows], high[highs - 1]
        share[i], other[i] = height[i], j
        height[j] -= 1.0 - height[i]
        if height[j] < 1.0:
            highs -= 1
            low[lows] = j
            lows += 1


@nb.njit(cache=True, nogil=True)
def random(rng):  # type: ignore[no-untyped-def]
    """The next 64 random bits (xorshift64, Marsaglia 2003, p. 4). rng: uint64, shape (1,), not 0."""
    bits = rng[0]
    bits ^= bits << np.uint64(13)
    bits ^= bits >> np.uint64(7)
    bits ^= bits << np.uint64(17)
    rng[0] = bits
    return bits


@nb.njit(cache=True, nogil=True)
def below(rng, bound):  # type: ignore[no-untyped-def]
    """An integer from 0 to bound - 1, as int64; bound below 2^31."""
    return np.int64(((random(rng) >> np.uint64(32)) * np.uint64(bound)) >> np.uint64(32))


@nb.njit(cache=True, nogil=True)
def uniform(rng):  # type: ignore[no-untyped-def]
    """A float32 from 0 up to, not including, 1."""
    return np.float32(random(rng) >> np.uint64(40)) * np.float32(2.0**-24)


@nb.njit(cache=True, nogil=True)
def draw(rng, alias):  # type: ignore[no-untyped-def]
    """A noise item."""
    share, other = alias
    bits = random(rng)
    entry = np.int32(((bits >> np.uint64(32)) * np.uint64(share.size)) >> np.uint64(32))
    height = np.float32(bits & np.uint64(0xFFFFFF)) * np.float32(2.0**-24)
    # Both are read before one is chosen: which it is cannot be foreseen, and a wrong guess costs 20 cycles.
    instead = other[entry]
    return entry if height < share[entry] else instead
