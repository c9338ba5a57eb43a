"""Item arithmetic: what is to the second item as the first is to the third."""

import numpy as np
from numpy.typing import NDArray

from index.ranking.readings import Float, normalised

# Vectors are float32: of items that cancel each other, rounding leaves a sum shorter than this.
SHORTEST = 1e-5


def analogy(vectors: Float, positive_rows: NDArray[np.int32], negative_rows: NDArray[np.int32]) -> Float:
    """The query whose inner product with unit vectors ranks the answers: float32, shape (d,), length 1.

    3CosAdd (Mikolov et al. 2013, "Linguistic Regularities in Continuous Space Word Representations", section 3; the
    name and the form with unit vectors from Levy and Goldberg 2014, section 3): the sum of the positive items' unit
    vectors less that of the negative ones. `vectors` (n, d) of any length; a row given twice counts twice. The caller
    leaves the given items out of the answers, as both papers do.

    Raises ValueError where no direction is left: no items, only zero vectors, or items that cancel each other out.
    """
    plus = normalised(np.asarray(vectors[positive_rows])).sum(axis=0, dtype=np.float64)
    minus = normalised(np.asarray(vectors[negative_rows])).sum(axis=0, dtype=np.float64)
    total = plus - minus
    length = float(np.sqrt(total @ total))
    if length < SHORTEST:
        raise ValueError("the items cancel each other out: give other positive or negative ones")
    query: Float = (total / length).astype(np.float32)
    return query
