"""How much the vectors say beside popularity, and the events of a type beside the vectors: by users held out."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from index.types.types import Pairs, Types, Weights

SHARPNESS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)
PRIORS = (None, 10_000.0, 3000.0, 1000.0, 300.0, 100.0)
GRID = [Weights(sharpness, prior) for prior in PRIORS for sharpness in SHARPNESS]  # the plainest first
K = 20  # of the lists that are judged
MOST_SCORES = 300_000_000  # that are worked out: some seconds
FEWEST_TYPES = 10  # that are asked all the same

PLAINLY = Weights(0.0, None)  # popularity


@dataclass(frozen=True)
class Judged:
    """hr20, popularity: the share of what users began with that is among the first K by these weights, and by
    popularity."""

    weights: Weights
    hr20: float
    popularity: float


def pairs_of(kinds: NDArray[np.int64], items: NDArray[np.int64], user_types: int, item_types: int) -> Pairs:
    """How often each user type met each item type. kinds: -1 of users without a type, who are left out."""
    typed = kinds >= 0
    found, counts = np.unique(kinds[typed] * item_types + items[typed], return_counts=True)
    offsets = np.searchsorted(found, np.arange(user_types + 1, dtype=np.int64) * item_types).astype(np.int64)
    return Pairs(offsets, (found % item_types).astype(np.int32), counts.astype(np.int64))


def choose(
    types: Types,
    counts: NDArray[np.int64],
    kinds: NDArray[np.int64],
    rows: NDArray[np.int64],
    parts: NDArray[np.float64],
    seed: int,
) -> Judged:
    """The weights by which lists hold most of what held-out users began with; of equals the plainest. types: learnt
    from the others, with any weights. counts: int64 (n,), the others' events of each row.

    kinds, rows, parts: of the held-out users' first events; parts of one user add up to 1.
    """
    asked = np.unique(kinds)
    most = max(FEWEST_TYPES, MOST_SCORES // (len(GRID) * max(1, len(counts))))
    if len(asked) > most:
        asked = np.sort(np.random.default_rng(seed).choice(asked, most, replace=False))
    everything = np.ones(len(counts), dtype=np.bool_)
    hits, total = np.zeros(len(GRID)), 0.0
    weighed = [replace(types, weights=weights) for weights in GRID]
    for kind in asked.tolist():
        own = kinds == kind
        wanted = np.bincount(rows[own], weights=parts[own], minlength=len(counts))
        total += float(wanted.sum())
        for place, each in enumerate(weighed):
            hits[place] += float(wanted[each.best(each.shares(kind), counts, everything, K)[0]].sum())
    if not total:
        return Judged(PLAINLY, 0.0, 0.0)
    found = np.round(hits / total, 9)
    best = int(np.argmax(found))
    return Judged(GRID[best], float(found[best]), float(found[GRID.index(PLAINLY)]))
