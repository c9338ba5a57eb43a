"""What a baseline is, and the three simplest shapes of one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix


class Baseline(Protocol):
    """A method ready to be measured. settings: what distinguishes it from the others of its family."""

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> dict[str, Any]: ...

    def scores(self, prefixes: Sequence[NDArray[np.int32]]) -> NDArray[np.float32]:
        """float32, shape (len(prefixes), items): higher is better, the prefix's own items included.

        prefixes: int32 rows, oldest first; an empty one is allowed.
        """
        ...


@dataclass(frozen=True)
class Popularity:
    """Every prefix gets the same answer: how often each item occurs."""

    name: str
    settings: dict[str, Any]
    counts: NDArray[np.int64] = field(repr=False)

    def scores(self, prefixes: Sequence[NDArray[np.int32]]) -> NDArray[np.float32]:
        return np.tile(self.counts.astype(np.float32), (len(prefixes), 1))


@dataclass(frozen=True)
class OwnItems:
    """The prefix itself, newest first, then the popular ones: how far does echoing get?"""

    name: str
    settings: dict[str, Any]
    counts: NDArray[np.int64] = field(repr=False)

    def scores(self, prefixes: Sequence[NDArray[np.int32]]) -> NDArray[np.float32]:
        popular = (self.counts / (self.counts.max(initial=0) + 1)).astype(np.float32)
        out = np.tile(popular, (len(prefixes), 1))
        for scores, prefix in zip(out, prefixes, strict=True):
            # Distinct whole numbers above all popularity. The later of two places of an item is the one that stays.
            scores[prefix] = np.arange(1, len(prefix) + 1)
        return out


@dataclass(frozen=True)
class ItemToItem:
    """The sum, over the last items of the prefix, of recency times the item's row.

    rows: shape (items, items), a float32 array or CSR matrix. recency: float32, weights of the items, newest first.
    """

    name: str
    settings: dict[str, Any]
    rows: Any = field(repr=False)
    recency: NDArray[np.float32]

    def scores(self, prefixes: Sequence[NDArray[np.int32]]) -> NDArray[np.float32]:
        newest = [p[: -len(self.recency) - 1 : -1] for p in prefixes]
        lengths = [len(p) for p in newest]
        items = np.concatenate([*newest, np.empty(0, np.int32)])
        weights = np.concatenate([*(self.recency[:n] for n in lengths), np.empty(0, np.float32)])
        shape = (len(prefixes), self.rows.shape[0])
        # An item that comes twice in a prefix is two entries, which the product adds.
        product = csr_matrix((weights, items, np.concatenate([[0], np.cumsum(lengths)])), shape) @ self.rows
        return np.asarray(product if isinstance(product, np.ndarray) else product.toarray(), dtype=np.float32)
