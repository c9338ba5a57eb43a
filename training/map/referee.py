"""How much of what is near in the model is near on the map."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from index.parts import Neighbours

OF = 10  # neighbours
SAMPLE = 2000  # items asked


def kept(places: NDArray[np.float32], similar: Neighbours, seed: int) -> float:
    """Of an item's ten nearest in the model, the share that is among its ten nearest on the map, in the mean."""
    count = len(places)
    asked = np.sort(np.random.default_rng(seed).permutation(count)[:SAMPLE])
    wanted = similar.rows[asked, :OF]
    _, near = cKDTree(places).query(places[asked], k=min(OF + 1, count))
    near = np.asarray(near).reshape(len(asked), -1)
    near = np.where(near == asked[:, None], -2, near)  # itself is no neighbour
    found = (wanted[:, :, None] == near[:, None, :]).any(axis=2).sum(axis=1)
    number = (wanted >= 0).sum(axis=1)
    return float((found[number > 0] / number[number > 0]).mean()) if number.any() else 0.0
