"""Two models in one space: the rotation that lays one's vectors onto the other's, so that they can be compared."""

import numpy as np
from numpy.typing import NDArray

from index.ranking.readings import normalised

Float = NDArray[np.float32]

BLOCK = 8192  # rows turned at a time, so that no third matrix is held


def aligned(old: Float, new: Float) -> Float:
    """The rotation R, shape (dims, dims), with which the rows of `new @ R` are nearest to those of `old`: the same
    items in the same order, compared as unit vectors, so that an item counts the same whatever its frequency.

    Two trainings of the same log differ by a rotation that no answer depends on, since R R' = 1 keeps every inner
    product: within `new @ R`, and between its inputs and its outputs where the same R turns both. The orthogonal
    Procrustes problem (Schoenemann 1966, section 2); for embeddings over time: Hamilton et al. 2016, section 3.2.
    """
    return _rotation(normalised(old), normalised(new))


def moved(old: Float, new: Float) -> Float:
    """How far each row went: 1 - cosine of `old` and `new @ R`. 0: it stayed, 1: at a right angle to where it was. A
    vector of zeros has no direction, and counts as 1."""
    old, new = normalised(old), normalised(new)
    rotation, way = _rotation(old, new), np.empty(len(old), dtype=np.float32)
    for begin in range(0, len(old), BLOCK):
        part = slice(begin, begin + BLOCK)
        way[part] = 1 - np.einsum("ij,ij->i", old[part], new[part] @ rotation)
    return np.maximum(way, 0)


def _rotation(old: Float, new: Float) -> Float:
    left, _, right = np.linalg.svd(new.T @ old)
    rotation: Float = left @ right
    return rotation
