"""Points that lie on each other are pushed apart a little, so that each can be seen and hit: clumps become patches."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.walks.walk import mixed

ROUNDS = 60
CELLS = 4096  # of the grid, along each side
BLOCK = 2048  # points that one call moves


def spread(places: NDArray[np.float32], distance: float, threads: int = 2) -> NDArray[np.float32]:
    """float32 (items, 2): no two much nearer than `distance`, in shares of what each would have in an even grid of the
    same extent."""
    found = places.astype(np.float64)
    moved = found.copy()
    radius = distance * float(np.sqrt(np.prod(np.ptp(found, axis=0)) / max(len(found), 1)))
    if radius <= 0:
        return places
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(ROUNDS):
            low = found.min(axis=0)
            width = float(np.ptp(found, axis=0).max()) + 1e-9
            cells = max(1, min(CELLS, int(width / radius)))
            at = np.minimum(cells - 1, ((found - low) * (cells / width)).astype(np.int64))
            cell = at[:, 1] * cells + at[:, 0]
            order = np.argsort(cell, kind="stable")
            first = np.searchsorted(cell[order], np.arange(cells * cells + 1))
            push = partial(_push, found, moved, first, order, at, cells, radius)
            list(pool.map(push, range(0, len(found), BLOCK)))
            found, moved = moved, found
    return found.astype(np.float32)


@nb.njit(cache=True, nogil=True)
def _push(places, moved, first, order, at, cells, radius, begin):  # type: ignore[no-untyped-def]
    """One round of the points from `begin` on. first, order: the points of each cell. at: each point's cell."""
    for i in range(begin, min(begin + BLOCK, places.shape[0])):
        x, y = places[i, 0], places[i, 1]
        right = up = 0.0
        for row in range(max(0, at[i, 1] - 1), min(cells, at[i, 1] + 2)):
            for column in range(max(0, at[i, 0] - 1), min(cells, at[i, 0] + 2)):
                cell = row * cells + column
                for place in range(first[cell], first[cell + 1]):
                    j = order[place]
                    dx, dy = x - places[j, 0], y - places[j, 1]
                    apart = (dx * dx + dy * dy) ** 0.5
                    if j == i or apart >= radius:
                        continue
                    if apart < 1e-9:  # on each other: each goes its own way
                        angle = (mixed(np.uint64(i)) % np.uint64(628)) / 100.0
                        dx, dy, apart = np.cos(angle), np.sin(angle), 1.0
                        lacking = radius
                    else:
                        lacking = radius - apart
                    right += 0.25 * lacking * dx / apart
                    up += 0.25 * lacking * dy / apart
        step = (right * right + up * up) ** 0.5
        if step > radius:
            right *= radius / step
            up *= radius / step
        moved[i, 0], moved[i, 1] = x + right, y + up
