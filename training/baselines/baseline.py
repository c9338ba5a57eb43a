"""What a method is that is measured: each baseline is one, and so is the model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Rows = NDArray[np.int32]
Scores = Callable[[Sequence[Rows]], NDArray[np.float32] | csr_matrix]
"""Prefixes (rows, oldest first; an empty one is allowed) -> float32, shape (len(prefixes), items): higher is better,
the prefix's own items included. Sparse where most are 0 and none is below."""


@dataclass(frozen=True)
class Method:
    """One line of a table. settings: what distinguishes it from the others of its family."""

    name: str
    settings: dict[str, Any]
    scores: Scores = field(repr=False)


Baseline = Method
"""What the model is measured beside."""
