"""What a method is that is measured: each baseline is one, and so is the model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int32]
Scores = Callable[[Sequence[Rows]], NDArray[np.float32]]
"""Prefixes (rows, oldest first; an empty one is allowed) -> float32, shape (len(prefixes), items): higher is better,
the prefix's own items included."""


@dataclass(frozen=True)
class Method:
    """One line of a table. settings: what distinguishes it from the others of its family."""

    name: str
    settings: dict[str, Any]
    scores: Scores = field(repr=False)


Baseline = Method
"""What the model is measured beside."""
