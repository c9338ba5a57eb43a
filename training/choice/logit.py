"""Weights of the parts: a conditional logit over each question's candidates (McFadden 1974, section 2)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Double = NDArray[np.float64]

SPREAD = 3.0  # standard deviation of a weight before anything is seen, on parts of deviation 1
STEPS = 50
SETTLED = 1e-5  # a step that promises less, in log-likelihood a question, is the last
BLOCK = 64  # questions looked at together: their values stay in the cache


@dataclass(frozen=True)
class Table:
    """Candidates of many questions, padded to one length.

    names: of the parts. rows: int32 (questions, candidates), the items, -1 for padding, ascending. values: float32
    (questions, candidates, parts), 0 for padding. chosen: int64 (questions,), place of the item that came, -1 where it
    was not among the candidates.
    """

    names: tuple[str, ...]
    rows: NDArray[np.int32]
    values: Float
    chosen: NDArray[np.int64]

    def columns(self, names: Sequence[str]) -> "Table":
        at = [self.names.index(name) for name in names]
        return Table(tuple(names), self.rows, np.ascontiguousarray(self.values[:, :, at]), self.chosen)

    def where(self, questions: NDArray[np.bool_]) -> "Table":
        return Table(self.names, self.rows[questions], self.values[questions], self.chosen[questions])

    def ranks(self, weights: Double) -> NDArray[np.int32]:
        """Of the item that came among its candidates, ties by row; 0 where it was not among them."""
        scores = _weighed(self.values, weights)
        scores[self.rows < 0] = -np.inf
        at = np.arange(len(self.chosen))
        goal, place = scores[at, self.chosen][:, None], np.arange(scores.shape[1])
        above = (scores > goal) | ((scores == goal) & (place < self.chosen[:, None]))
        return np.where(self.chosen >= 0, above.sum(axis=1) + 1, 0).astype(np.int32)


@dataclass(frozen=True)
class Fit:
    """weights, errors: float64 (parts,); the errors are standard errors."""

    names: tuple[str, ...]
    weights: Double
    errors: Double

    def as_dict(self) -> dict[str, float]:
        return {name: round(float(w), 4) for name, w in zip(self.names, self.weights, strict=True)}


def fit(table: Table, start: Fit | None = None) -> Fit:
    """The weights under which the items that came were most likely, drawn a little towards 0.

    P(item | question) = exp(w . x_item) / sum over its candidates. Newton's method: the log-likelihood is concave, so
    it ends in the one maximum. Questions whose item is not among the candidates say nothing of the weights. start:
    weights to begin with, of parts of the same names; they save steps.
    """
    asked = table.where(table.chosen >= 0)
    parts = len(table.names)
    if not len(asked.chosen):
        return Fit(table.names, np.zeros(parts), np.full(parts, np.inf))
    there = asked.rows >= 0
    deviation = _deviation(asked.values, there)
    deviation[deviation < 1e-6] = 1.0
    x: Float = np.asarray(asked.values / deviation, dtype=np.float32)
    known = dict(zip(start.names, start.weights, strict=True)) if start else {}
    w = np.array([known.get(name, 0.0) for name in table.names]) * deviation
    value, slope, curve = _look(x, there, asked.chosen, w)
    for _ in range(STEPS):
        step = np.linalg.solve(curve, slope)
        if slope @ step < SETTLED * len(x):
            break
        for length in (1.0, 0.5, 0.25, 0.1, 0.01):
            found = _look(x, there, asked.chosen, w + length * step)
            if found[0] >= value:
                w = w + length * step
                value, slope, curve = found
                break
        else:
            break
    errors = np.sqrt(np.maximum(np.diag(np.linalg.inv(curve)), 0))
    return Fit(table.names, w / deviation, errors / deviation)


def _look(x: Float, there: NDArray[np.bool_], chosen: NDArray[np.int64], w: Double) -> tuple[float, Double, Double]:
    """(penalised log-likelihood, its gradient, minus its second derivative) at w."""
    parts = len(w)
    value, slope, curve = 0.0, np.zeros(parts), np.zeros((parts, parts))
    for begin in range(0, len(x), BLOCK):
        part, real, came = x[begin : begin + BLOCK], there[begin : begin + BLOCK], chosen[begin : begin + BLOCK]
        at = np.arange(len(part))
        scores = np.where(real, _weighed(part, w), -np.inf)
        top = scores.max(axis=1, keepdims=True)
        likely = np.exp(scores - top)
        total = likely.sum(axis=1, keepdims=True)
        likely /= total
        means = (likely[:, None, :] @ part)[:, 0]
        value += float((scores[at, came] - top[:, 0] - np.log(total[:, 0])).sum())
        slope += (part[at, came] - means).sum(axis=0)
        rooted = (part * np.sqrt(likely)[:, :, None]).reshape(-1, parts)
        curve += rooted.T @ rooted - means.T @ means
    penalty = 1 / SPREAD**2
    return value - penalty / 2 * float(w @ w), slope - penalty * w, curve + penalty * np.eye(parts)


def _weighed(values: Float, w: Double) -> Float:
    """float32 (questions, candidates): the parts' values added up, each times its weight.

    With 5 parts OpenBLAS (0.3.31, AVX-512) reads lanes of its stack that nobody has written. The sums are right all the
    same, but a signalling NaN that happens to lie there raises the flag of an invalid operation.
    """
    with np.errstate(invalid="ignore"):
        sums: Float = values @ w.astype(np.float32)
    return sums


def _deviation(values: Float, there: NDArray[np.bool_]) -> Double:
    """Standard deviation of each part over all real candidates; padding is 0.

    Two passes: of a part that is the same everywhere, one would leave a little rounding that looks like a part.
    """
    parts, real = values.shape[2], max(1, int(there.sum()))
    blocks = [slice(begin, begin + BLOCK) for begin in range(0, len(values), BLOCK)]
    mean = sum((np.ones(there[b].size, np.float32) @ values[b].reshape(-1, parts) for b in blocks), np.zeros(parts))
    mean = (mean / real).astype(np.float32)
    squares = np.zeros(parts)
    for b in blocks:
        off = (values[b] - mean)[there[b]]
        squares += np.einsum("ij,ij->j", off, off)
    found: Double = np.sqrt(squares / real)
    return found
