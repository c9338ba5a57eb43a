"""Noise from the centre's own segment: what a centre is told from besides noise from all items."""

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.corpus import Corpus
from training.objective.segments import NONE
from training.objective.signals import Signals
from training.trainers.sgns.aggregate import contrast_with
from training.trainers.sgns.noise import fill, pool_size, powers, random
from training.trainers.sgns.steps import GROUP

DRAWS = 5  # of one noise item, at most: a segment may have no other items


class Within(NamedTuple):
    """labels: int32 (items,), the segment of each, NONE where nothing is drawn for it. The items of segment g are
    items[begins[g]:begins[g + 1]]; share, other: beside them, as in an Alias of the segment, `other` a place in
    `items`. negatives: for each context. pool: how many a group of centres shares.
    """

    labels: NDArray[np.int32]
    begins: NDArray[np.int64]
    items: NDArray[np.int32]
    share: NDArray[np.float32]
    other: NDArray[np.int32]
    negatives: np.float32
    pool: int


def within_of(corpus: Corpus, exponent: float, signals: Signals) -> Within | None:
    """Drawn as from all items, with probability count^exponent. A segment in which no two items occur has nothing to
    tell apart. None where nothing is drawn."""
    if signals.segments is None or not signals.segment_negatives:
        return None
    counts, negatives = corpus.counts(), signals.segment_negatives
    labels = np.where(counts > 0, signals.segments.labels, NONE)
    sizes = np.bincount(labels[labels != NONE], minlength=1)
    labels = np.where((labels != NONE) & (sizes[labels] > 1), labels, NONE)
    rows = np.flatnonzero(labels != NONE)
    if not len(rows):
        return None
    items = rows[np.argsort(labels[rows], kind="stable")].astype(np.int32)
    begins = np.searchsorted(labels[items], np.arange(len(sizes) + 1)).astype(np.int64)
    share, other = np.ones(len(items), dtype=np.float32), np.arange(len(items), dtype=np.int32)
    _fill_each(begins, powers(counts[items], exponent), share, other)
    pool = pool_size(negatives)
    return Within(labels.astype(np.int32), begins, items, share, other, np.float32(negatives), pool)


@nb.njit(cache=True)
def _fill_each(begins, weights, share, other):  # type: ignore[no-untyped-def]
    """weights: float64, above 0, and beside them what is made for each segment."""
    for g in range(begins.size - 1):
        a, b = begins[g], begins[g + 1]
        if a < b:
            height, own = weights[a:b] * ((b - a) / weights[a:b].sum()), np.arange(b - a).astype(np.int32)
            fill(height, share[a:b], own)
            other[a:b] = own + np.int32(a)


@nb.njit(cache=True, nogil=True)
def draw_within(rng, within, segment):  # type: ignore[no-untyped-def]
    """A noise item of that segment."""
    begin, end = within.begins[segment], within.begins[segment + 1]
    bits = random(rng)
    entry = begin + np.int64(((bits >> np.uint64(32)) * np.uint64(end - begin)) >> np.uint64(32))
    height = np.float32(bits & np.uint64(0xFFFFFF)) * np.float32(2.0**-24)
    return within.items[entry if height < within.share[entry] else within.other[entry]]


@nb.njit(cache=True, nogil=True)
def _among(group, waiting, item):  # type: ignore[no-untyped-def]
    found = False
    for c in range(waiting):
        found |= group[c] == item
    return found


@nb.njit(cache=True, nogil=True)
def contrast_within(state, within, aggregate, of_one, noise, rate, rng):  # type: ignore[no-untyped-def]
    """Centres of one segment away from noise of it. of_one: the segment; a group, what each counts, and how many of it
    are centres. noise: int32 (pool,), filled here.

    Noise that is one of these centres is drawn again. Of all items that hardly ever comes up, of a segment of 30 it
    often does, and a centre goes away from itself and from its own contexts: in towns of 20 homes on a ring, cosines
    told near ones from far ones in .64 of the cases, instead of .80 without such noise and .90 now.
    """
    segment, group, counting, waiting = of_one
    if waiting == 0:
        return
    for p in range(noise.size):
        for _ in range(DRAWS):
            noise[p] = draw_within(rng, within, segment)
            if not _among(group, waiting, noise[p]):
                break
    for c in range(waiting, GROUP):
        counting[c] = 0
    contrast_with(state, aggregate, group, counting, noise, rate, noise)
