"""Which vectors of two items are multiplied to score the pair: the settings `similar_reading` and `next_reading`."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Rows = NDArray[np.int32]
SimilarReading = Literal["in", "sum", "dot"]
Score = Literal["similar", "next"]
Reading = Literal["in-in", "in-out", "in-out-cosine", "symmetric", "sum"]


def targets_of(inputs: Float, outputs: Float, reading: Reading) -> Float:
    """T, one row an item: the score of a pair (a, b) is Q[a] . T[b], with Q from `queries_of`."""
    if reading == "in-out":
        return outputs
    if reading == "in-in":
        return normalised(inputs)
    if reading == "in-out-cosine":
        return normalised(outputs)
    if reading == "sum":
        return normalised(inputs + outputs)
    # symmetric: what follows a, plus what a follows; each half a cosine.
    return np.hstack([normalised(outputs), normalised(inputs)])


def queries_of(inputs: Float, outputs: Float, reading: Reading, targets: Float) -> Float:
    """Q, of the shape of the targets; `targets` itself where both are the same matrix."""
    if reading == "in-out":
        return inputs
    if reading == "in-out-cosine":
        return normalised(inputs)
    if reading == "symmetric":
        return np.hstack([normalised(inputs), normalised(outputs)])
    return targets


def target_dims(dims: int, reading: Reading) -> int:
    """Columns of T, for matrices of `dims` columns."""
    return 2 * dims if reading == "symmetric" else dims


def similar_vectors(inputs: Float, outputs: Float, reading: SimilarReading) -> Float:
    """Vectors whose inner product is the similarity: of length 1, so that it is a cosine, but for `dot`, where lengths
    count. in + out: Pennington et al. 2014, section 4.2."""
    if reading == "dot":
        return inputs
    return normalised(inputs if reading == "in" else inputs + outputs)


def normalised(vectors: Float) -> Float:
    """float32 (n, d): the rows scaled to length 1; a row of zeros stays as it is."""
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float32))[:, None]
    unit: Float = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return unit
