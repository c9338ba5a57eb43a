"""Counts: what was near the known items in past sessions. Zero for all items but those."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.ranking.parts.question import Query, joined
from index.ranking.readings import Float
from index.ranking.rules import Rules

SMOOTH = 0.01
TINY = np.finfo(np.float32).tiny
BINS = 1 << 22  # sums held at once, 32 MB


class Told(NamedTuple):
    """What a part says of some items for each question, as a matrix (questions, items).

    at: int64, ascending, question * items + item. values: float32, beside it. elsewhere: float32 (questions,), of all
    other items; None where that is 0.
    """

    at: NDArray[np.int64]
    values: Float
    elsewhere: Float | None = None


def counts_of(rules: Rules, queries: Sequence[Query], scale: str) -> Told:
    """The weighted sum of the known items' rows, on one of two scales.

    share: log(1 + share / SMOOTH), the share of all that was counted near the known items. A share of 1 % counts 0.7,
    one of 10 % 2.4: the weight of the part is then nearly the power the shares are raised to.
    z: standard deviations over all items, as models of release 0.1 have it. In a row of few counts some are 50 to 190
    of them from the mean, which drowns all other parts.
    """
    at, sums = summed(rules, queries)
    if scale == "z":
        moments = [rules.moments(query.rows, query.weights) for query in queries]
        mean, deviation = np.array(moments, dtype=np.float32).reshape(-1, 2).T
        unit = np.where(deviation > 0, deviation, np.inf)
        question = at // len(rules)
        z = (sums - mean[question]) / unit[question]
        return Told(at, z.astype(np.float32), (-mean / unit).astype(np.float32))
    rows, weights, question = joined(queries)
    totals = np.bincount(question, np.abs(weights) * rules.totals[rows], len(queries))
    parts = np.maximum(totals.astype(np.float32) * np.float32(SMOOTH), TINY)
    scaled = sums / parts[at // len(rules)]
    return Told(at, np.sign(scaled) * np.log1p(np.abs(scaled)))


def summed(rules: Rules, queries: Sequence[Query]) -> tuple[NDArray[np.int64], Float]:
    """Of each query the weighted sum of its rows, where it is not 0: (positions as in Told, sums float32)."""
    items = len(rules)
    size = max(1, BINS // max(1, items))
    found = [_summed(rules, queries[begin : begin + size], begin * items) for begin in range(0, len(queries), size)]
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    return np.concatenate([at for at, _ in found]), np.concatenate([sums for _, sums in found])


def _summed(rules: Rules, queries: Sequence[Query], first: int) -> tuple[NDArray[np.int64], Float]:
    rows, weights, question = joined(queries)
    begins, lengths = rules.offsets[rows], rules.offsets[rows + 1] - rules.offsets[rows]
    ends = np.cumsum(lengths)
    # Place of every entry of every row: begin of its row, plus how far into the row it lies.
    places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(begins - (ends - lengths), lengths)
    bins = np.repeat(question * len(rules), lengths) + rules.items[places]
    values = np.repeat(weights, lengths) * rules.weights[places]
    if all(len(query.rows) == 1 for query in queries):  # one row is summed already
        order = np.argsort(bins)
        return bins[order] + first, values[order]
    sums = np.bincount(bins, values, len(queries) * len(rules))
    at = np.flatnonzero(sums != 0)  # of bool: of floats it takes ten times as long
    return at + first, sums[at].astype(np.float32)
