"""Places in the plane where items that belong together attract each other, and all others push away.

McInnes, Healy & Melville 2018, section 3.2 (UMAP), with steps of all items at once: each moves only itself, from where
the others were in the last round, and its random numbers are its own. So the map has the same bits on any number of
threads.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.map.graph import Graph
from training.walks.walk import mixed

# a, b of the curve 1 / (1 + a d^2b) that says how near is near: UMAP's own, for a least distance of .1, and a wide one,
# for items that fall into tight groups: these then open into patches.
CURVES = ((1.577, 0.8951), (0.58, 1.33))
NEGATIVES = 5
ROUNDS = ((10_000, 200), (2**62, 120))  # up to so many items, so many
SPAN = 10.0  # half the width of the first places
FARTHEST = 4.0  # of one step of one pair
BLOCK = 2048  # items that one call moves


def laid_out(
    graph: Graph,
    start: NDArray[np.float32],
    seed: int,
    threads: int = 2,
    curve: tuple[float, float] = CURVES[0],
    share: float = 1.0,
    step: float = 1.0,
) -> NDArray[np.float32]:
    """float32 (items, 2). start: the same shape, of any size. share: of the rounds that a map needs from nothing. step:
    of the first round."""
    count = len(start)
    rounds = int(share * next(rounds for items, rounds in ROUNDS if count <= items))
    centred = start - start.mean(axis=0)
    noise = np.random.default_rng(seed).normal(scale=1e-2, size=start.shape)
    size = max(float(np.abs(centred).max(initial=0)), 1e-12)
    places: NDArray[np.float32] = (centred / size * SPAN + noise).astype(np.float32)
    if not len(graph.items):
        return places
    often = graph.strengths / graph.strengths.max()
    moved = places.copy()
    with ThreadPoolExecutor(threads) as pool:
        for number in range(rounds):
            now = np.float32((1 - number / rounds) * step)
            move = partial(
                _move, places, moved, graph.offsets, graph.items, often, *curve, number, now, np.uint64(seed)
            )
            list(pool.map(move, range(0, count, BLOCK)))
            places, moved = moved, places
    return places


@nb.njit(cache=True, nogil=True)
def _move(places, moved, offsets, items, often, a, b, number, size, seed, begin):  # type: ignore[no-untyped-def]
    """One round of the items from `begin` on: from `places` to `moved`."""
    for i in range(begin, min(begin + BLOCK, places.shape[0])):
        x, y = places[i, 0], places[i, 1]
        random = mixed(np.uint64(i) ^ mixed(seed ^ mixed(np.uint64(number))))
        for edge in range(offsets[i], offsets[i + 1]):
            # As often as it is strong, spread evenly over the rounds.
            if np.floor((number + 1) * often[edge]) <= np.floor(number * often[edge]):
                continue
            j = items[edge]
            dx, dy = x - places[j, 0], y - places[j, 1]
            square = dx * dx + dy * dy
            if square > 0:
                pull = -4 * a * b * square ** (b - 1) / (a * square**b + 1)  # twice: the other end moves too
                x += size * min(FARTHEST, max(-FARTHEST, pull * dx))
                y += size * min(FARTHEST, max(-FARTHEST, pull * dy))
            for _ in range(NEGATIVES):
                random = mixed(random)
                j = np.int64(random % np.uint64(places.shape[0]))
                if j == i:
                    continue
                dx, dy = x - places[j, 0], y - places[j, 1]
                square = dx * dx + dy * dy
                push = 2 * b / ((0.001 + square) * (a * square**b + 1))
                x += size * min(FARTHEST, max(-FARTHEST, push * dx))
                y += size * min(FARTHEST, max(-FARTHEST, push * dy))
        moved[i, 0], moved[i, 1] = x, y
