"""Sequential rules: of each item's pair counts the strongest, weighed by how often both items occur."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from index.ranking.rules import Rules, RulesConfig
from training.corpus import Corpus
from training.counting.baskets import baskets, newest_of
from training.counting.blocks import UNIT, Reach, Rows, count_in_blocks

LIGHTEST = 1 / UNIT  # what an item counts at least, where all its events weigh next to nothing


class ItemWeights(NamedTuple):
    """What the rule a -> b is multiplied with: source[a] * target[b]. Both float64, shape (items,), above zero."""

    source: NDArray[np.float64]
    target: NDArray[np.float64]


def even_weights(items: int) -> ItemWeights:
    """Not a method of the tuple: numba keeps the types of its arguments to the end of the process, with all that their
    methods refer to, and DuckDB then tells of a leak."""
    return ItemWeights(np.ones(items), np.ones(items))


class _Strongest(NamedTuple):
    """Rules of some items: how many of each item, and then all of them."""

    lengths: NDArray[np.int64]
    items: NDArray[np.int32]
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class EarlierRules:
    """Rules of an earlier corpus, which the new one has added sessions to.

    seen: int64 (old items,), how often each item occurred in the earlier corpus, or in its baskets. row_of: int32, old
    row -> new row. source: int32, new row -> old row, -1 where the item has new events or is new.
    """

    rules: Rules
    seen: NDArray[np.int64]
    row_of: NDArray[np.int32]
    source: NDArray[np.int32]


def count_rules(
    corpus: Corpus,
    config: RulesConfig,
    threads: int = 2,
    earlier: EarlierRules | None = None,
    weights: NDArray[np.float32] | None = None,
) -> Rules:
    """Item b, d steps after a, adds decay(d) to rule a -> b and `backward` times that to b -> a.

    Sequential rules, Ludewig & Jannach 2018, section 3.1. Over `newest` of the sessions, or over baskets, where the
    config says so; powers are of the counts there. The result does not depend on `threads`.

    earlier: items without new events have the rules that they had, weighed by how often their targets occur now; not
    where only the newest sessions are counted. Rules as strong as each other may then be in another order.

    weights: of the events, as in `count_in_blocks`; those in the corpus are not looked at. Powers are then of the sums
    of the weights.
    """
    corpus = replace(corpus, weights=weights)
    if config.newest < 1:
        earlier = None
        corpus = newest_of(corpus, config.newest)
    if config.baskets:
        corpus = baskets(corpus)
    seen = _seen(corpus)
    powers = ItemWeights(seen**-config.source_power, seen**-config.target_power)
    reach = Reach.of(config.steps, config.decay, 1, config.backward)
    if earlier is None:
        return strongest(corpus, reach, powers, config.keep, threads, weights=corpus.weights)
    counted = strongest(corpus, reach, powers, config.keep, threads, earlier.source < 0, corpus.weights)
    return _joined(earlier, counted, powers.target, config.target_power)


def _seen(corpus: Corpus) -> NDArray[np.float64]:
    """float64 (items,), above zero: how often each item occurs, by the weights of its events where there are any."""
    if corpus.weights is None:
        return np.maximum(corpus.counts(), 1).astype(np.float64)
    return np.maximum(np.bincount(corpus.tokens, corpus.weights, corpus.items), LIGHTEST)


def strongest(
    corpus: Corpus,
    reach: Reach,
    powers: ItemWeights,
    keep: int,
    threads: int = 2,
    asked: NDArray[np.bool_] | None = None,
    weights: NDArray[np.float32] | None = None,
) -> Rules:
    """The `keep` strongest rules of each item. asked, weights: as in `count_in_blocks`. Memory: items x keep rules at
    most, beside what counting takes."""

    def best(begin: int, rows: Rows) -> _Strongest:
        kept = int(np.minimum(rows.lengths, keep).sum())
        found = _Strongest(np.minimum(rows.lengths, keep), np.empty(kept, np.int32), np.empty(kept, np.float32))
        _strongest(begin, rows, powers, keep, found)
        return found

    parts = list(count_in_blocks(corpus, reach, best, threads, weights, asked))
    offsets = np.concatenate([[0], *(part.lengths for part in parts)]).astype(np.int64).cumsum()
    items = np.empty(offsets[-1], dtype=np.int32)
    values = np.empty(offsets[-1], dtype=np.float32)
    end = len(items)
    while parts:  # each part is let go of once it is copied: both forms need not fit at once
        part = parts.pop()
        begin = end - len(part.items)
        items[begin:end], values[begin:end] = part.items, part.weights
        end = begin
    return Rules(offsets, items, values)


def _joined(earlier: EarlierRules, counted: Rules, target: NDArray[np.float64], power: float) -> Rules:
    """counted: of the changed items; the others have none there. target: what a rule to an item weighs now, by the
    power of how often the item occurs."""
    had, source = earlier.rules, earlier.source
    old = np.where(source >= 0, np.diff(had.offsets)[np.maximum(source, 0)], 0)
    offsets = np.concatenate([[0], np.cumsum(np.diff(counted.offsets) + old)]).astype(np.int64)
    items, weights = np.empty(offsets[-1], dtype=np.int32), np.empty(offsets[-1], dtype=np.float32)
    given = (had.offsets, had.items, had.weights), (counted.offsets, counted.items, counted.weights)
    before = np.maximum(earlier.seen, 1).astype(np.float64)
    now = target[earlier.row_of]
    change = np.ones(len(before)) if not power else now / before**-power
    _join(*given, earlier.row_of, change.astype(np.float32), source, (offsets, items, weights))
    return Rules(offsets, items, weights)


@nb.njit(cache=True, nogil=True)
def _join(had, counted, row_of, change, source, out):  # type: ignore[no-untyped-def]
    """change: what the weight of a rule to an old item is multiplied with. Hardly any rule then overtakes another, and
    an insertion sort puts those back into their order."""
    offsets, items, weights = out
    for row in range(source.size):
        at, old = offsets[row], source[row]
        if old >= 0:
            for i in range(had[0][old], had[0][old + 1]):
                item, weight = row_of[had[1][i]], had[2][i] * change[had[1][i]]
                j = at
                while j > offsets[row] and weights[j - 1] < weight:
                    items[j], weights[j] = items[j - 1], weights[j - 1]
                    j -= 1
                items[j], weights[j] = item, weight
                at += 1
        else:
            for i in range(counted[0][row], counted[0][row + 1]):
                items[at], weights[at] = counted[1][i], counted[2][i]
                at += 1


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
def _strongest(begin, rows, weights, keep, out):  # type: ignore[no-untyped-def]
    lengths, others, counts = rows
    source, target = weights
    _, items, values = out
    at = written = 0
    for k in range(lengths.size):
        n = lengths[k]
        found = np.empty(n, np.float32)
        for i in range(n):
            found[i] = counts[at + i] / UNIT * target[others[at + i]] * source[begin + k]
        # Positive floats sort like their bits, so one unsigned number holds "strongest first, ties by row".
        bits = found.view(np.uint32)
        keys = np.empty(n, np.uint64)
        for i in range(n):
            keys[i] = (np.uint64(0xFFFFFFFF - bits[i]) << np.uint64(32)) | np.uint64(others[at + i])
        at += n
        if n > keep:
            select(keys, keep)
            keys = keys[:keep]
            n = keep
        keys.sort()
        for i in range(n):
            items[written + i] = np.int32(keys[i] & np.uint64(0xFFFFFFFF))
            bits[i] = np.uint32(0xFFFFFFFF) - np.uint32(keys[i] >> np.uint64(32))
            values[written + i] = found[i]
        written += n
