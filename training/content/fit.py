"""A content map from trained matrices, by any of the three ways."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from index.artifact.manifest import ContentFacts
from index.content.content import Content, Lengths, Linear, Method, Nearest, Vectors, weighed
from index.content.lexicon import joined
from index.ranking.readings import Float, Rows
from training.content.learn import Design
from training.content.ridge import ENOUGH, ridge

MOST_ITEMS = 200_000  # of which a map is learnt, the most seen: more no longer change it


class Fitter:
    """Maps of one design and one set of matrices, over the rows that may teach. counts: how often each item was seen.
    enough: how far the regression is solved, see `ridge`."""

    def __init__(
        self,
        design: Design,
        trained: Vectors,
        counts: NDArray[np.int64],
        teach: Rows | None = None,
        enough: float = ENOUGH,
    ) -> None:
        rows = design.described if teach is None else np.intersect1d(teach, design.described)
        rows = rows[np.argsort(-counts[rows], kind="stable")[:MOST_ITEMS]]
        self.rows = np.sort(rows).astype(np.int32)
        self.design = design
        self.trained = trained
        # With no log every item counts alike.
        self._seen = np.maximum(counts[self.rows], 1).astype(np.float64)
        self._enough = enough
        self.usual = [usual_length(matrix[self.rows]) for matrix in trained]
        # Kept, since what is chosen tries them again and again.
        self._features = lru_cache(maxsize=2)(self._values)
        self._solved = lru_cache(maxsize=64)(self._solve)

    def weights(self, power: float) -> Float:
        """How much each row teaches; their mean is 1."""
        powers = self._seen**power
        return np.asarray(powers / powers.mean(), dtype=np.float32)

    def fit(self, facts: ContentFacts) -> Content:
        lengths = Lengths(*self.usual)  # shrunken vectors are nobody's
        if facts.method == "nearest":
            return self._nearest(lengths)
        if facts.method == "mean":
            return Linear("mean", self.design.lexicon, self._means(facts.power), lengths)
        roles = zip(Vectors._fields, (facts.inputs, facts.outputs, facts.similar), strict=True)
        solved = Vectors(*(self._solved(role, strength, facts.power) for role, strength in roles))
        return Linear("map", self.design.lexicon, solved, lengths)

    def _values(self, method: Method) -> csr_array:
        ends, flat = joined(self.design.columns[row] for row in self.rows.tolist())
        values = weighed(method, self.design.lexicon.rarity, ends, flat)
        return csr_array((values, flat, np.append(0, ends)), shape=(len(self.rows), len(self.design.lexicon)))

    def _solve(self, role: str, strength: float, power: float) -> Float:
        matrix = np.asarray(getattr(self.trained, role)[self.rows], dtype=np.float32)
        weights = self.weights(power)
        middle = np.average(matrix, axis=0, weights=weights).astype(np.float32)
        found = ridge(self._features("map"), matrix - middle, weights, strength, self._enough)
        # What all output vectors share is what popular items have most of: with it, items of which little is known
        # come first everywhere (at twice the median length, HR@20 of questions about hidden items .30 in place of .37
        # on online_retail, .38 in place of .42 on wikispeedia).
        return np.vstack([found, middle * (role != "outputs")])

    def _means(self, power: float) -> Vectors:
        """Of each feature, the mean vector of the items that have it; nothing besides."""
        has = self._features("mean")
        has = csr_array((np.ones_like(has.data), has.indices, has.indptr), shape=has.shape)
        has = has.multiply(self.weights(power)[:, None]).tocsr()
        total = np.maximum(np.asarray(has.sum(axis=0)).ravel(), np.finfo(np.float32).tiny)[:, None]
        means = (np.asarray(has.T @ matrix[self.rows] / total, dtype=np.float32) for matrix in self.trained)
        return Vectors(*(np.vstack([mean, np.zeros((1, mean.shape[1]), np.float32)]) for mean in means))

    def _nearest(self, lengths: Lengths) -> Nearest:
        ends, flat = joined(self.design.columns[row] for row in self.rows.tolist())
        order = np.argsort(flat, kind="stable")
        rows = np.repeat(self.rows, np.diff(ends, prepend=0))[order].astype(np.int32)
        offsets = np.searchsorted(flat[order], np.arange(len(self.design.lexicon) + 1)).astype(np.int64)
        return Nearest(self.design.lexicon, self.trained, offsets, rows, lengths)


def usual_length(matrix: Float) -> float:
    """The median of the rows that are not of length 0; 1 where all are."""
    lengths = np.sqrt(np.einsum("ij,ij->i", matrix, matrix))
    lengths = lengths[lengths > 0]
    return float(np.median(lengths)) if len(lengths) else 1.0
