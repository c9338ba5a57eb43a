"""Pairs counted item by item: each item's neighbours are added up in one accumulator as long as the vocabulary.

Counts are whole numbers of a small unit, so that they can be added in any order: those of two parts of a log are, added
up, exactly those of the whole.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Literal, NamedTuple, TypeVar

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.corpus import Corpus
from training.counting.postings import only, postings_of

UNIT = 27_720  # what a pair at distance 1 counts: it can be divided by every distance up to 12
HEAVIEST = 1e6  # weight of one event, at most: sums stay far below 2^63
# Pairs looked at per call of the kernel: small enough to balance threads and to bound a chunk's output at 64 MB,
# large enough that the calls themselves cost nothing.
CHUNK_PAIRS = 1 << 22

Decay = Literal["inverse", "linear", "flat"]
Made = TypeVar("Made")


@dataclass(frozen=True)
class Reach:
    """What a pair counts, in units, by its distance: ahead, where the other item came after; behind, where before.

    Both int64, shape (steps,); entry 0 is distance 1.
    """

    ahead: NDArray[np.int64]
    behind: NDArray[np.int64]

    @classmethod
    def of(cls, steps: int, decay: Decay = "inverse", forward: float = 1.0, backward: float = 0.0) -> "Reach":
        """At distance d: 1/d (inverse), 1 - (d - 1) / steps (linear) or 1 (flat), times the direction's weight."""
        distance = np.arange(1, steps + 1, dtype=np.float64)
        falls = {"inverse": 1 / distance, "linear": 1 - (distance - 1) / steps, "flat": np.ones(steps)}
        ahead, behind = (np.rint(UNIT * share * falls[decay]).astype(np.int64) for share in (forward, backward))
        return cls(ahead, behind)

    def steps(self) -> tuple[int, int]:
        """The largest distance that counts, ahead and behind."""
        ahead, behind = (int(np.flatnonzero(side > 0).max(initial=-1)) + 1 for side in (self.ahead, self.behind))
        return ahead, behind


class Rows(NamedTuple):
    """Counted pairs of some items, one row after the other: how many each item has, and then all of them.

    lengths: int64. items: int32, ascending in a row. counts: int64, in units, positive.
    """

    lengths: NDArray[np.int64]
    items: NDArray[np.int32]
    counts: NDArray[np.int64]


def count_in_blocks(
    corpus: Corpus,
    reach: Reach,
    make: Callable[[int, Rows], Made],
    threads: int,
    weights: NDArray[np.float32] | None,
    asked: NDArray[np.bool_] | None = None,
) -> Iterator[Made]:
    """`make` of each block of items, in their order: it gets the first item of the block, and their rows.

    asked: items whose rows are counted, all others have none; None: all. weights: of the events; a pair counts the
    geometric mean of both, to the nearest unit. Memory: 5 bytes per token, 12 bytes per item and thread, and the blocks
    that are being made; the list of pairs is never made.
    """
    steps = reach.steps()
    postings, pairs = postings_of(corpus), _met(corpus.tokens, corpus.offsets, *steps, corpus.items)
    if asked is not None:
        postings, pairs = only(postings, asked), np.where(asked, pairs, 0)
    first = np.zeros(len(corpus.tokens) + 1, dtype=np.bool_)
    first[corpus.offsets] = True
    # Roots, so that a pair needs one product. An event of weight 0 is in no pair.
    roots = np.empty(0, np.float64) if weights is None else roots_of(weights)

    def count(begin: int, sums: Sums, rows: Rows) -> int:
        found = _count(corpus.tokens, roots, first, postings, begin, (reach.ahead, reach.behind), sums, rows)
        return int(found)

    yield from in_blocks(pairs, count, make, threads)


def roots_of(weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of the weights of events: the product of two is what their pair counts."""
    return np.sqrt(np.clip(weights.astype(np.float64), 0, HEAVIEST))


class Sums(NamedTuple):
    """Room to add up one item's neighbours, as long as the vocabulary. counts: int64, zeros between items. touched:
    int32, which were met."""

    counts: NDArray[np.int64]
    touched: NDArray[np.int32]


def in_blocks(
    pairs: NDArray[np.int64],
    count: Callable[[int, Sums, Rows], int],
    make: Callable[[int, Rows], Made],
    threads: int,
) -> Iterator[Made]:
    """`make` of each block of items, in their order. pairs: int64 (items,), in how many each item is looked at.

    count: adds up the items from the given one on, as many as `rows` has lengths, and says how many pairs it wrote.
    """
    free: SimpleQueue[Sums] = SimpleQueue()  # handed from block to block
    for _ in range(threads):
        free.put(Sums(np.zeros(len(pairs), dtype=np.int64), np.empty(len(pairs), dtype=np.int32)))

    def one(block: tuple[int, int]) -> Made:
        a, b = block
        room = int(np.minimum(pairs[a:b], len(pairs)).sum())
        rows = Rows(np.zeros(b - a, np.int64), np.empty(room, np.int32), np.empty(room, np.int64))
        sums = free.get()
        n = count(a, sums, rows)
        free.put(sums)
        return make(a, Rows(rows.lengths, rows.items[:n], rows.counts[:n]))

    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(one, _blocks(pairs))


@nb.njit(cache=True, nogil=True)
def _met(tokens, offsets, ahead, behind, items):  # type: ignore[no-untyped-def]
    """How many pairs each item is looked at in: its neighbours up to so many steps, and within the session."""
    pairs = np.zeros(items, np.int64)
    for session in range(offsets.size - 1):
        begin, end = offsets[session], offsets[session + 1]
        for i in range(begin, end):
            pairs[tokens[i]] += min(ahead, end - 1 - i) + min(behind, i - begin)
    return pairs


def _blocks(pairs: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Ranges of items with about CHUNK_PAIRS pairs each; an item with more is a range of its own."""
    total = np.cumsum(pairs)
    begin = 0
    while begin < len(pairs):
        before = total[begin - 1] if begin else 0
        end = max(int(np.searchsorted(total, before + CHUNK_PAIRS, side="right")), begin + 1)
        yield begin, end
        begin = end


@nb.njit(cache=True, nogil=True)
def _count(tokens, roots, first, postings, begin, reach, scratch, rows):  # type: ignore[no-untyped-def]
    """Rows of the items `begin`, begin + 1, ... into `rows`; how many pairs were written.

    first: whether a token begins a session, with one more entry at the end; looking a session up costs a search.
    """
    begins, positions = postings
    ahead, behind = reach
    sums, touched = scratch
    lengths, items, counts = rows
    forward, backward = 0, 0
    for d in range(ahead.size):
        if ahead[d] > 0:
            forward = d + 1
        if behind[d] > 0:
            backward = d + 1
    weighted = roots.size > 0
    written = 0
    for k in range(lengths.size):
        row = begin + k
        n = 0
        for posting in range(begins[row], begins[row + 1]):
            position = positions[posting]
            for d in range(1, forward + 1):
                if first[position + d]:
                    break
                other, count = tokens[position + d], ahead[d - 1]
                if weighted:
                    count = np.int64(np.rint(count * roots[position] * roots[position + d]))
                if other != row and count > 0:
                    touched[n] = other
                    n += sums[other] == 0
                    sums[other] += count
            for d in range(1, backward + 1):
                if first[position - d + 1]:
                    break
                other, count = tokens[position - d], behind[d - 1]
                if weighted:
                    count = np.int64(np.rint(count * roots[position] * roots[position - d]))
                if other != row and count > 0:
                    touched[n] = other
                    n += sums[other] == 0
                    sums[other] += count
        touched[:n].sort()  # whatever order they were met in: two ways to the same counts give the same rows
        for i in range(n):
            items[written + i] = touched[i]
            counts[written + i] = sums[touched[i]]
            sums[touched[i]] = 0
        written += n
        lengths[k] = n
    return written
