"""Which rows a filter lets through, and a copy of their vectors where they are few, to be scanned quickly."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from index.search import exact
from index.search.exact import Floats, Mask, Rows
from index.search.rough import Codes, Rough, contenders, least

# Numbers copied at most, of one byte each.
FEW_NUMBERS = 16_000_000
# Rows that came and went since the copy was made; with more it is made anew.
MOST_MOVED = 256


def _none() -> Rows:
    return np.empty(0, dtype=np.int32)


@dataclass(frozen=True)
class Few:
    """Few enough rows to scan. rows: int32 (m,), ascending. vectors: float32 (n, d), of all rows. rough: of these.

    gone, come: int32, ascending, what changed since the copy was made.
    """

    rows: Rows
    vectors: Floats
    rough: Rough
    gone: Rows = field(default_factory=_none)
    come: Rows = field(default_factory=_none)

    @classmethod
    def of(cls, mask: Mask, vectors: Floats) -> "Few":
        rows = np.flatnonzero(mask).astype(np.int32)
        return cls(rows, vectors, Rough(Codes.of(vectors[rows])))

    def search(self, query: Floats, k: int, out: Rows) -> tuple[Rows, Floats]:
        """The k best for one query (1, d) without the rows `out`: rows and scores, best first, at most k."""
        products, scale, error = self.rough.whole(query[0])
        if len(self.rows):
            left_out = np.concatenate([out, self.gone])
            place = np.minimum(np.searchsorted(self.rows, left_out), len(self.rows) - 1)
            products[place[self.rows[place] == left_out]] = least(products)
        rows = self.rows[contenders(products, k, error / scale)]
        if len(self.come):
            rows = np.sort(np.concatenate([rows, np.setdiff1d(self.come, out)])).astype(np.int32)
        return ranked(rows, self.vectors, query, k)

    def mended(self, come: Rows, gone: Rows) -> "Few | None":
        """With these rows beside it, and without those; None where too much has changed."""
        copied = np.isin(come, self.rows)
        all_gone = np.union1d(np.setdiff1d(self.gone, come), gone[np.isin(gone, self.rows)])
        all_come = np.union1d(np.setdiff1d(self.come, gone), come[~copied])
        if len(all_gone) + len(all_come) > MOST_MOVED:
            return None
        return replace(self, gone=all_gone.astype(np.int32), come=all_come.astype(np.int32))


def ranked(rows: Rows, vectors: Floats, query: Floats, k: int) -> tuple[Rows, Floats]:
    """The k best of these rows, ascending: rows and scores, best first, equal ones in the order of rows."""
    # Not by @: there the last bits of a score depend on how many others are made with it.
    scores: Floats = np.einsum("ij,j->i", vectors[rows], query[0])
    order = np.argsort(-scores, kind="stable")[:k]
    return rows[order], scores[order]


class Allowed:
    """mask: bool (n,), the rows that may come back. Worth keeping for the next request with the same filter."""

    def __init__(self, mask: Mask) -> None:
        self.mask = mask
        self._copied: tuple[int, Few] | None = None

    @classmethod
    def all_but(cls, hidden: Rows, items: int) -> "Allowed | None":
        """None where nothing is hidden."""
        if not len(hidden):
            return None
        mask = np.ones(items, dtype=np.bool_)
        mask[hidden] = False
        return cls(mask)

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
    def nbytes(self) -> int:
        """Of the mask, and of the copy of `few` once it is made."""
        copied = 0 if self._copied is None else len(self._copied[1].rows) * (self._copied[1].vectors.shape[1] + 4)
        return self.mask.nbytes + copied

    def is_few(self, vectors: Floats) -> bool:
        """Whether they are not too many to copy."""
        return self.count * vectors.shape[1] <= FEW_NUMBERS and not self.is_wide

    def copied(self, vectors: Floats) -> Few | None:
        """What `few` made; None before it is asked for."""
        return self._copied[1] if self._copied is not None and self._copied[0] == id(vectors) else None

    def search(self, query: Floats, vectors: Floats, k: int, out: Rows) -> tuple[Rows, Floats]:
        """As `Few.search`, with the copy where there is one. Without it that is slower, but a copy takes several times
        as long, and pays only for who asks again."""
        if (few := self.copied(vectors)) is not None:
            return few.search(query, k, out)
        rows = exact.search(query, vectors, k, self.mask, [out])[0][0]
        return ranked(np.sort(rows[rows >= 0]), vectors, query, k)

    def few(self, vectors: Floats) -> Few | None:
        """The rows and their vectors; None where they are too many to copy."""
        if not self.is_few(vectors):
            return None
        found = self.copied(vectors)
        if found is None:
            found = Few.of(self.mask, vectors)
            self._copied = id(vectors), found
        return found

    def mended(self, rows: Rows, passes: Mask) -> "Allowed":
        """As it is once `passes` (bool, beside `rows`, each of which is named once) says of these rows; itself where
        that changes nothing. The copy is taken over where little changed."""
        moved = self.mask[rows] != passes
        if not moved.any():
            return self
        mask = self.mask.copy()
        mask[rows] = passes
        made = Allowed(mask)
        come, gone = rows[moved & passes], rows[moved & ~passes]
        made.count = self.count + len(come) - len(gone)
        copied = self._copied
        if copied is not None and (few := copied[1].mended(come, gone)) is not None:
            made._copied = copied[0], few
        return made
