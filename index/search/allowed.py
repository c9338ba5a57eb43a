"""Which rows a filter lets through, and a copy of their vectors where they are few, to be scanned quickly."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from index.search.exact import Floats, Mask, Rows
from index.search.rough import Codes, Rough, contenders, least

# Numbers copied at most, of one byte each.
FEW_NUMBERS = 16_000_000


@dataclass(frozen=True)
class Few:
    """Few enough rows to scan. rows: int32 (m,), ascending. vectors: float32 (n, d), of all rows. rough: of these."""

    rows: Rows
    vectors: Floats
    rough: Rough

    def search(self, query: Floats, k: int, gone: Rows) -> tuple[Rows, Floats]:
        """The k best for one query (1, d) without the rows `gone`: rows and scores, best first, at most k."""
        products, scale, error = self.rough.whole(query[0])
        if len(self.rows):
            place = np.minimum(np.searchsorted(self.rows, gone), len(self.rows) - 1)
            products[place[self.rows[place] == gone]] = least(products)
        rows = self.rows[contenders(products, k, error / scale)]
        scores: Floats = self.vectors[rows] @ query[0]
        order = np.argsort(-scores, kind="stable")[:k]  # equal ones stay in the order of rows
        return rows[order], scores[order]


class Allowed:
    """mask: bool (n,), the rows that may come back. Worth keeping for the next request with the same filter."""

    def __init__(self, mask: Mask) -> None:
        self.mask = mask
        self._copied: tuple[int, Few] | None = None

    @cached_property
    def count(self) -> int:
        return int(np.count_nonzero(self.mask))

    @property
    def is_wide(self) -> bool:
        """Whether it lets so many through that the first of any list hold enough of them."""
        return self.count * 2 > len(self.mask)

    @property
    def is_copied(self) -> bool:
        return self._copied is not None

    @property
    def numbers_copied(self) -> int:
        """In the copy of `few`, a byte each; 0 before it is made."""
        return 0 if self._copied is None else self.count * self._copied[1].vectors.shape[1]

    def few(self, vectors: Floats) -> Few | None:
        """The rows and their vectors; None where they are too many to copy."""
        if self.count * vectors.shape[1] > FEW_NUMBERS or self.is_wide:
            return None
        copied = self._copied
        if copied is None or copied[0] != id(vectors):
            rows = np.flatnonzero(self.mask).astype(np.int32)
            copied = self._copied = (id(vectors), Few(rows, vectors, Rough(Codes.of(vectors[rows]))))
        return copied[1]

    def mended(self, rows: Rows, passes: Mask) -> "Allowed":
        """As it is once `passes` (bool, beside `rows`) says of these rows; itself, with its copy, where that changes
        nothing."""
        if (self.mask[rows] == passes).all():
            return self
        mask = self.mask.copy()
        mask[rows] = passes
        return Allowed(mask)
