"""Two models in one space: how far each item went, once one model is turned onto the other."""

import numpy as np

from index.ranking.readings import Float, normalised

BLOCK = 8192  # rows turned at a time, so that no third matrix is held


def moved(old: Float, new: Float) -> Float:
    """How far each row went: 1 - cosine of `old` and `new @ R`; float32 (n,), 0 for one that stayed, 1 for one at a
    right angle to where it was. A vector of zeros has no direction, and counts as 1.

    old, new: float32 (n, d), the same items in the same order. R turns unit vectors, so an item counts the same
    whatever its frequency.
    """
    old, new = normalised(old), normalised(new)
    turn, way = rotation(old, new), np.empty(len(old), dtype=np.float32)
    for begin in range(0, len(old), BLOCK):
        part = slice(begin, begin + BLOCK)
        way[part] = 1 - np.einsum("ij,ij->i", old[part], new[part] @ turn)
    return np.maximum(way, 0)


def rotation(old: Float, new: Float) -> Float:
    """float32 (d, d): R for which `new @ R` lies nearest to `old`, both (n, d), rows in the same order.

    Two trainings of the same log differ by a rotation that no answer depends on, since R R' = 1 keeps every inner
    product. The orthogonal Procrustes problem (Schoenemann 1966, section 2); for embeddings over time: Hamilton et al.
    2016, section 3.2.
    """
    left, _, right = np.linalg.svd(new.T @ old)
    turn: Float = left @ right
    return turn
