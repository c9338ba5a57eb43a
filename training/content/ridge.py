"""Ridge regression of many columns at once, over sparse features, by conjugate gradients."""

import numpy as np
from scipy.sparse import csr_array

from index.ranking.readings import Float

STEPS, ENOUGH = 60, 1e-3  # at most so many; until what is left is this share of what was there


def ridge(features: csr_array, targets: Float, weights: Float, strength: float, enough: float = ENOUGH) -> Float:
    """B of the least sum of weight * |x B - y|^2 + strength * |B|^2, float32 (features, d).

    features: (n, features). targets: float32 (n, d). weights: float32 (n,). enough: see ENOUGH. Conjugate gradients on
    the normal equations (Hestenes and Stiefel 1952), each column with its own steps, after scaling by the diagonal: the
    matrix of all pairs of features, 1.6 GB of 20,000, is never made.
    """
    weighted = features.multiply(weights[:, None]).tocsr().astype(np.float32)
    back = weighted.T.tocsr()
    inverse = 1 / (np.asarray(features.multiply(weighted).sum(axis=0), dtype=np.float32).ravel() + strength)[:, None]
    found = np.zeros((features.shape[1], targets.shape[1]), dtype=np.float32)
    left = np.asarray(back @ targets, dtype=np.float32)
    begun = np.einsum("ij,ij->j", left, left)
    way = inverse * left
    size = np.einsum("ij,ij->j", left, way)
    for _ in range(STEPS):
        if not (np.einsum("ij,ij->j", left, left) > enough**2 * begun).any():
            break
        there = back @ (features @ way) + np.float32(strength) * way
        step = size / np.maximum(np.einsum("ij,ij->j", way, there), np.finfo(np.float32).tiny)
        found += step * way
        left -= step * there
        scaled = inverse * left
        new = np.einsum("ij,ij->j", left, scaled)
        way = scaled + (new / np.maximum(size, np.finfo(np.float32).tiny)) * way
        size = new
    return found
