"""Where each item occurs in a corpus."""

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.corpus import Corpus


class Postings(NamedTuple):
    """Item a occurs at tokens[p] for p in positions[begins[a]:begins[a + 1]], in order.

    begins: int64, shape (items + 1,). positions: int32 or int64, shape (tokens,).
    """

    begins: NDArray[np.int64]
    positions: NDArray[np.signedinteger]


def only(postings: Postings, items: NDArray[np.bool_]) -> Postings:
    """Without the places of the other items."""
    lengths = np.diff(postings.begins)
    kept = np.repeat(items, lengths)
    begins = np.concatenate([[0], np.cumsum(np.where(items, lengths, 0))]).astype(np.int64)
    return Postings(begins, postings.positions[kept])


def postings_of(corpus: Corpus) -> Postings:
    begins = np.concatenate([[0], np.cumsum(corpus.counts())]).astype(np.int64)
    size = len(corpus.tokens)
    positions = np.empty(size, dtype=np.int32 if size < 2**31 else np.int64)
    return Postings(begins, _postings(corpus.tokens, begins[:-1].copy(), positions))


@nb.njit(cache=True, nogil=True)
def _postings(tokens, at, out):  # type: ignore[no-untyped-def]
    """A counting sort of the positions by item; `at`: where each item begins in `out`."""
    for position in range(tokens.size):
        out[at[tokens[position]]] = position
        at[tokens[position]] += 1
    return out
