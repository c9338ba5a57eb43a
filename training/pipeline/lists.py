"""Lists of the best items of each item: made in blocks over threads, from pairs that are scored, or from the lists of
the model that is updated."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from index.ranking.rules import RulesConfig
from index.search.exact import Floats, Rows, top_k
from index.search.recall import recall_of
from training.counting.rules import EarlierRules

EXACT_BELOW = 10_000  # items: fewer are all scored
BLOCK = 256  # items asked from at once
RECALL_AT = 10

Progress = Callable[[float], None]
Lists = tuple[Rows, Floats]
"""int32 rows and float32 scores, both (items, k), best first, ties by row, padded with -1 and -inf."""


@dataclass(frozen=True)
class Wanted:
    """k: items of a list. min_recall: of the ten best, where a list is not made from all items. seed: of the items that
    this is measured on."""

    k: int
    threads: int
    min_recall: float
    seed: int


@dataclass(frozen=True)
class Earlier:
    """What the model that is updated has of its items, numbered as in the new one.

    similar, next: lists, int32 (items, k), -1 for padding. changed: bool (items,), which items have new events or are
    new. rules: by what they count.
    """

    similar: Rows
    next: Rows
    changed: NDArray[np.bool_]
    rules: Mapping[RulesConfig, EarlierRules] = field(default_factory=dict)


def over(
    asked: Rows, block: int, threads: int, find: Callable[[Rows], Lists], progress: Progress = lambda _: None
) -> Lists:
    """Lists of the items in `asked`, block by block."""
    blocks = [asked[begin : begin + block] for begin in range(0, len(asked), block)]
    found = []
    with ThreadPoolExecutor(threads) as pool:
        for done, part in enumerate(pool.map(find, blocks), 1):
            found.append(part)
            progress(done / len(blocks))
    rows, scores = (np.concatenate(part) for part in zip(*found, strict=True))
    return rows, scores


def best_of(asked: int, items: int, pairs: NDArray[np.int64], values: Floats, k: int) -> Lists:
    """The k best of each question. pairs: ascending, question * items + item; values: beside them."""
    question, item = np.divmod(pairs, items)
    counts = np.bincount(question, minlength=asked)
    place = np.arange(len(question)) - np.repeat(np.cumsum(counts) - counts, counts)
    width = max(int(counts.max(initial=0)), k)
    scores = np.full((asked, width), -np.inf, dtype=np.float32)
    rows = np.full(scores.shape, -1, dtype=np.int32)
    rows[question, place] = item
    scores[question, place] = values
    places, best = top_k(scores, k)
    return np.where(places >= 0, np.take_along_axis(rows, np.maximum(places, 0), axis=1), -1).astype(np.int32), best


def updated(
    lists: Rows,
    changed: NDArray[np.bool_],
    of_changed: Callable[[Rows, Progress], Lists],
    score: Callable[[Rows, NDArray[np.int64]], Floats],
    k: int,
    threads: int,
    progress: Progress,
) -> Lists:
    """New lists from those of the model that is updated.

    of_changed: the lists of changed items, found anew. All other items choose among those that they had, and the
    changed items that have them in their lists. score: (items asked from, pairs as in `best_of`) -> float32.
    """
    items = len(lists)
    anew, rest = (np.flatnonzero(which).astype(np.int32) for which in (changed, ~changed))
    rows, scores = np.full((items, k), -1, dtype=np.int32), np.full((items, k), -np.inf, dtype=np.float32)
    if len(anew):
        rows[anew], scores[anew] = of_changed(anew, lambda share: progress(share / 2))
    place, _ = np.nonzero(rows[anew] >= 0)
    met = rows[anew][rows[anew] >= 0].astype(np.int64)
    back = np.unique(met * items + anew[place])  # the item that is in a list, and whose list it is

    def find(asked: Rows) -> Lists:
        ordered = np.sort(lists[asked], axis=1)
        place, column = np.nonzero(ordered >= 0)
        had = place * items + ordered[place, column]
        first = asked.astype(np.int64) * items
        begins, ends = np.searchsorted(back, first), np.searchsorted(back, first + items)
        shift = np.arange(len(asked)) * items - first
        came = [back[a:b] + more for a, b, more in zip(begins.tolist(), ends.tolist(), shift.tolist(), strict=True)]
        pairs = np.concatenate([had, *came])
        pairs.sort(kind="stable")  # two rising runs, which this kind merges
        pairs = pairs[np.concatenate([[True], pairs[1:] != pairs[:-1]])] if len(pairs) else pairs
        return best_of(len(asked), items, pairs, score(asked, pairs), k)

    if len(rest):
        rows[rest], scores[rest] = over(rest, BLOCK, threads, find, lambda share: progress(0.5 + share / 2))
    return rows, scores


def sample_of(items: int, size: int, seed: int) -> Rows:
    """Items that lists are compared on with what scoring all items finds."""
    return np.sort(np.random.default_rng(seed).permutation(items)[:size]).astype(np.int32)


def hold(lists: Lists, asked: Rows, truth: Floats, min_recall: float) -> bool:
    """Whether the lists hold enough of the best. truth: the best scores of the items in `asked`, (asked, 10)."""
    return recall_of(lists[1][asked][:, :RECALL_AT], truth) >= min_recall
