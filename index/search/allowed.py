"""Which rows a filter lets through, and a copy of their vectors where they are few, to be scanned quickly."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from index.search import exact
from index.search.exact import Floats, Mask, Rows

# Numbers copied at most, 16 MB. 5,000 rows of 100: copied once 0.9 ms, which would be most of each later scan.
FEW_NUMBERS = 4_000_000


@dataclass(frozen=True)
class Few:
    """Few enough rows to scan. rows: int32 (m,), ascending. vectors: float32 (m, d), of these rows."""

    rows: Rows
    vectors: Floats

    def search(self, query: Floats, k: int, gone: Rows) -> tuple[Rows, Floats]:
        """The k best for one query (1, d) without the rows `gone`: rows and scores (k,), padded with -1 and -inf."""
        products = query @ self.vectors.T
        if len(self.rows):
            place = np.minimum(np.searchsorted(self.rows, gone), len(self.rows) - 1)
            products[0, place[self.rows[place] == gone]] = -np.inf
        places, scores = exact.top_k(products, k)
        rows = np.where(places[0] >= 0, np.append(self.rows, -1)[places[0]], -1).astype(np.int32)
        return rows, scores[0]


class Allowed:
    """mask: bool (n,), the rows that may come back. Worth keeping for the next request with the same filter."""

    def __init__(self, mask: Mask) -> None:
        self.mask = mask
        self._copied: tuple[int, Few] | None = None

    @cached_property
    def count(self) -> int:
        return int(np.count_nonzero(self.mask))

    @property
    def copied(self) -> bool:
        """Whether `few` has its copy already."""
        return self._copied is not None

    def few(self, vectors: Floats) -> Few | None:
        """The rows and their vectors; None where they are too many to copy."""
        if self.count * vectors.shape[1] > FEW_NUMBERS or self.count * 2 > len(self.mask):
            return None
        copied = self._copied
        if copied is None or copied[0] != id(vectors):
            rows = np.flatnonzero(self.mask).astype(np.int32)
            copied = self._copied = (id(vectors), Few(rows, np.ascontiguousarray(vectors[rows])))
        return copied[1]
