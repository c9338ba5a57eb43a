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


@dataclass(frozen=True)
class Baseline:
    """One candidate of a family; nothing is counted before `fit` is called. settings: as of a Method.

    own: share of their scores that the prefix's own items keep. Candidates that differ in it alone have the same `fit`.
    """

    name: str
    settings: dict[str, Any]
    fit: Callable[[], Scores] = field(repr=False)
    own: float = 1.0

    def method(self) -> Method:
        """What the model is measured beside."""
        scores = self.fit()
        return Method(self.name, self.settings, scores if self.own == 1 else _lowered(scores, self.own))


def _lowered(scores: Scores, own: float) -> Scores:
    def lowered(prefixes: Sequence[Rows]) -> NDArray[np.float32] | csr_matrix:
        found = scores(prefixes)
        assert isinstance(found, np.ndarray), "only dense scores are lowered"
        lower(found, prefixes, own)
        return found

    return lowered


def lower(scores: NDArray[np.float32], prefixes: Sequence[Rows], own: float) -> None:
    """In place: each prefix's own items keep the share `own`."""
    for row, prefix in zip(scores, prefixes, strict=True):
        row[prefix] *= np.float32(own)
