"""What followed what: a directed graph of items, each edge as heavy as it was often gone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.corpus import Corpus
from training.counting.blocks import Reach
from training.counting.pairs import PairCounts


@dataclass(frozen=True)
class Graph:
    """The edges of item a are those from offsets[a] to offsets[a + 1] - 1, ordered by the key of the item they lead to:
    so a walk is the same whatever the order of the rows.

    offsets: int64 (items + 1,). items: int32. reach: uint64, beside them, the sum of the weights up to and with each
    edge, from the first edge of all.
    """

    offsets: NDArray[np.int64]
    items: NDArray[np.int32]
    reach: NDArray[np.uint64]


def graph_of(corpus: Corpus, keys: NDArray[np.uint64], threads: int) -> Graph:
    """An edge from each event's item to the next one's in its session, by the geometric mean of what both events weigh
    (Wang et al. 2018, section 3.1). No item leads to itself. keys: as of a Corpus."""
    counts = PairCounts.of(corpus, Reach.of(1), threads, corpus.weights)
    row = np.repeat(np.arange(len(counts)), np.diff(counts.offsets))
    order = np.lexsort((keys[counts.items], row))
    reach = np.cumsum(counts.counts[order].astype(np.uint64))
    return Graph(counts.offsets, counts.items[order], reach)
