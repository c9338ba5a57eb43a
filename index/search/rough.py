"""Exact search at the cost of a rough one: products of int8 copies, off by no more than a bound, name the few rows that
can be among the best, and only those are multiplied in full.

Of 100,000 x 100 a scan takes half the time of the same product in float32 for one query, and hardly more for 16.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numkong
import numpy as np
from numpy.typing import NDArray

from index.search.exact import LARGE, Floats, Rows

STEPS = 127
LEAST = int(np.iinfo(np.int32).min)
TINY = float(np.finfo(np.float32).tiny)
BLOCK = 4096  # rows made at a time, so that they stay in the cache
PACKED = 16_384  # rows packed together
GROUP = 64
ROUNDING = 1e-5  # of float32 sums, as a share of the score; also of scores below 1


@dataclass(frozen=True)
class Codes:
    """int8 copies of float32 (n, d) vectors: vectors = scale * values + what is left.

    values: int8 (n, d). scale: 1 / 127 of the largest number. left: length of the longest row of what is left. length:
    of the longest row of scale * values.
    """

    values: NDArray[np.int8]
    scale: float
    left: float
    length: float

    @classmethod
    def of(cls, vectors: Floats) -> "Codes":
        blocks = [vectors[begin : begin + BLOCK] for begin in range(0, len(vectors), BLOCK)]
        largest = max((float(np.abs(block).max(initial=0)) for block in blocks), default=0.0)
        scale = np.float32(max(largest, TINY) / STEPS)
        values = np.empty(vectors.shape, dtype=np.int8)
        left = length = 0.0
        for number, block in enumerate(blocks):
            near = np.rint(block / scale)
            values[number * BLOCK : number * BLOCK + BLOCK] = near
            near *= scale
            length = max(length, _longest(near))
            near -= block
            left = max(left, _longest(near))
        return cls(values, float(scale), left, length)


class Rough:
    """Products with codes, packed as the processor wants them: n * d bytes in memory, up to a third more where d is not
    a multiple of 64."""

    def __init__(self, codes: Codes) -> None:
        self._items, dims = codes.values.shape
        # In parts whose products stay in the cache until they are scaled: of a million items that is half the time.
        begins = range(0, self._items if dims else 0, PACKED)
        self._packed = [(begin, numkong.dots_pack(codes.values[begin : begin + PACKED])) for begin in begins]
        self._scale, self._left, self._length = codes.scale, codes.left, codes.length

    def whole(self, query: Floats) -> tuple[NDArray[np.int32], float, float]:
        """(products, scale, error) of one query, float32 (d,): `scale * products`, int32 (n,), is nowhere further than
        `error` from the product of the vectors, but for rounding.

        With q = q' + dq and t = t' + dt, primes for the copies, q.t - q'.t' = q.dt + dq.t', and each of these is at
        most the product of two lengths (Cauchy-Schwarz).
        """
        scale = max(float(np.abs(query).max(initial=0)), TINY) / STEPS
        near = np.rint(query / np.float32(scale))
        products = np.zeros(self._items, dtype=np.int32)
        for place, part in self._multiplied(near[None, :]):
            products[place] = part[0]
        left = query - near * np.float32(scale)
        return products, scale * self._scale, self._error(query, left)

    def products(self, queries: Floats) -> tuple[Floats, Floats]:
        """As `whole`, of several queries, float32 (q, d): (scaled products, float32 (q, n); errors, float32 (q,))."""
        scales = np.maximum(np.abs(queries).max(axis=1, initial=0), TINY).astype(np.float32) / np.float32(STEPS)
        near = np.rint(queries / scales[:, None])
        both = scales[:, None] * np.float32(self._scale)
        scaled = np.zeros((len(queries), self._items), dtype=np.float32)
        for place, part in self._multiplied(near):
            np.multiply(part, both, out=scaled[:, place], dtype=np.float32, casting="unsafe")
        left = queries - near * scales[:, None]
        errors = [self._error(*pair) for pair in zip(queries, left, strict=True)]
        return scaled, np.array(errors, dtype=np.float32)

    def _multiplied(self, near: Floats) -> Iterator[tuple[slice, NDArray[np.int32]]]:
        """Part by part (rows, their products); near: whole numbers, (q, d)."""
        codes = near.astype(np.int8)
        for begin, packed in self._packed:
            yield slice(begin, begin + PACKED), np.asarray(numkong.dots_packed(codes, packed))

    def _error(self, query: Floats, left: Floats) -> float:
        return math.sqrt(query @ query) * self._left + math.sqrt(left @ left) * self._length


def contenders(scores: NDArray[Any], k: int, error: float) -> Rows:
    """The rows that can be among the k best, ascending: (n,) scores, each at most `error` from the true one. None of
    those that have the least number of their type, which is how rows are left out.

    The k-th best of any part of the rows is no better than the k-th best of all, so that of the best of each group,
    which is quickly found, is a sure bar.
    """
    n, out = len(scores), least(scores)
    if k >= n:
        return (scores > out).nonzero()[0].astype(np.int32)
    group = min(GROUP, n // (4 * k)) if n >= LARGE else 1
    # Columns of a matrix of `group` lines: the maxima of neighbouring rows are taken twelve times as slowly.
    some = scores if group < 2 else scores[: n // group * group].reshape(group, -1).max(axis=0)
    bar = float(np.partition(some, len(some) - k)[len(some) - k])
    if bar == out:
        return (scores > out).nonzero()[0].astype(np.int32)
    bar -= 2 * error + ROUNDING * max(1.0, abs(bar))
    sure = scores.dtype.type(bar if scores.dtype.kind == "f" else max(math.floor(bar), out + 1))
    found: Rows = (scores >= sure).nonzero()[0].astype(np.int32)
    return found


def least(scores: NDArray[Any]) -> float:
    """What a row has that is left out: -inf, or the least int32."""
    return -math.inf if scores.dtype.kind == "f" else LEAST


def _longest(rows: Floats) -> float:
    return math.sqrt(float(np.einsum("ij,ij->i", rows, rows).max(initial=0)))
