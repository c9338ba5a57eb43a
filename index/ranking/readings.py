"""The readings of the two matrices: which vectors of a pair of items are multiplied."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Rows = NDArray[np.int32]
Reading = Literal["in-in", "in-out", "in-out-cosine", "symmetric", "sum"]


def queries_and_targets(inputs: Float, outputs: Float, reading: Reading) -> tuple[Float, Float]:
    """(Q, T), both with one row an item, so that the reading of a pair (a, b) is Q[a] . T[b]."""
    if reading == "in-out":
        return inputs, outputs
    if reading == "in-in":
        unit = normalised(inputs)
        return unit, unit
    if reading == "in-out-cosine":
        return normalised(inputs), normalised(outputs)
    if reading == "sum":
        unit = normalised(inputs + outputs)
        return unit, unit
    # symmetric: what follows a, plus what a follows; each half a cosine.
    unit_in, unit_out = normalised(inputs), normalised(outputs)
    return np.hstack([unit_in, unit_out]), np.hstack([unit_out, unit_in])


def similar_vectors(inputs: Float, outputs: Float, reading: Literal["in", "sum"]) -> Float:
    """Unit vectors whose inner product is the similarity. in + out: Pennington et al. 2014, section 4.2."""
    return normalised(inputs if reading == "in" else inputs + outputs)


def normalised(vectors: Float) -> Float:
    """Rows of length 1; a row of zeros stays one."""
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float32))[:, None]
    unit: Float = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return unit
