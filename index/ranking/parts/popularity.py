"""Popularity: how often each item occurs, in the whole log or in its newest part."""

import numpy as np
from numpy.typing import NDArray

from index.ranking.readings import Float

NEWEST = {"popular.recent": 0.1, "popular.newest": 0.02}
"""Part -> share of the sessions, the newest, that it counts in."""


def popularity(counts: NDArray[np.int64]) -> Float:
    """z(log count), of every item; 0 counts as 1."""
    log = np.log(np.maximum(counts, 1).astype(np.float64))
    scaled: Float = np.asarray((log - log.mean()) / (log.std() or 1.0), dtype=np.float32)
    return scaled
