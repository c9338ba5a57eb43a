"""Who belongs beside whom on the map, and how strongly: the fuzzy graph of UMAP.

McInnes, Healy & Melville 2018, section 3.1: each item's distances are measured in its own unit, so that items of a
dense and of a sparse neighbourhood have equally many strong neighbours.
"""

from dataclasses import dataclass

import numba as nb
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from index.parts import Neighbours

NEAREST = 15  # of each item: its own edges
STEPS = 40  # of the search for an item's unit


@dataclass(frozen=True)
class Graph:
    """Edges of item i: offsets[i] to offsets[i + 1], int64 (items + 1,). items: int32. strengths: float32, over 0 to 1.
    Each edge is there from both its ends."""

    offsets: NDArray[np.int64]
    items: NDArray[np.int32]
    strengths: NDArray[np.float32]


def graph_of(similar: Neighbours, nearest: int = NEAREST) -> Graph:
    """Either of two items that has the other among its `nearest` makes an edge."""
    rows, scores = similar.rows[:, :nearest], similar.scores[:, :nearest]
    count = len(rows)
    there = rows >= 0
    strengths = _strengths(_distances(scores, there), there)
    own = sparse.csr_matrix((strengths[there], (np.nonzero(there)[0], rows[there])), shape=(count, count))
    back = own.T.tocsr()
    both = (own + back - own.multiply(back)).tocsr()
    both.sort_indices()
    return Graph(both.indptr.astype(np.int64), both.indices.astype(np.int32), both.data.astype(np.float32))


def _distances(scores: NDArray[np.float32], there: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Of cosines: between the unit vectors. Of other products, which have no distance: how far below the best."""
    safe = np.where(there, scores, 0)
    if np.abs(safe).max(initial=0) <= 1 + 1e-4:
        return np.asarray(np.sqrt(np.maximum(0, 2 - 2 * safe)), dtype=np.float32)
    return np.asarray(np.maximum(0, safe[:, :1] - safe), dtype=np.float32)


@nb.njit(cache=True, nogil=True)
def _strengths(distances, there):  # type: ignore[no-untyped-def]
    """float32, of the shape of `distances`: exp(-(d - nearest d) / unit), which sum to log2 of their number."""
    found = np.zeros(distances.shape, np.float32)
    for i in range(distances.shape[0]):
        k = 0
        while k < distances.shape[1] and there[i, k]:
            k += 1
        if k == 0:
            continue
        wanted, low, high, unit = np.log2(k), 0.0, np.inf, 1.0
        for _ in range(STEPS):
            total = 0.0
            for j in range(k):
                total += np.exp(-max(0.0, distances[i, j] - distances[i, 0]) / unit)
            if abs(total - wanted) < 1e-4:
                break
            if total > wanted:
                high = unit
                unit = (low + high) / 2
            else:
                low = unit
                unit = unit * 2 if high == np.inf else (low + high) / 2
        for j in range(k):
            found[i, j] = np.exp(-max(0.0, distances[i, j] - distances[i, 0]) / max(unit, 1e-12))
    return found
