"""One HNSW graph: grown in random order, measured on the way, and given up as soon as it cannot hold."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from index.search import exact
from index.search.exact import Floats
from index.search.indexfile import stored_vectors
from index.search.recall import RECALL_AT, recall_of
from index.search.searcher import SCAN_PER_CANDIDATE, Searcher, faiss_threads

log = logging.getLogger(__name__)

SEARCH_WIDTHS = (64, 128, 256, 512, 1024)
# Items after which recall is measured for the first time, at the widest search; then whenever they have doubled. More
# than the widest search is worth (16 x 1,024), else the searcher would scan.
FIRST = 20_000
BLOCK = 5_000  # items added at once: each is a share of the work that can be told


@dataclass(frozen=True)
class Shape:
    """links: M. construction: efConstruction."""

    links: int
    construction: int


@dataclass(frozen=True)
class Trial:
    """One measurement. items: that the graph had. width: efSearch. seconds: since the graph's first item, which those
    of measuring are part of."""

    shape: Shape
    items: int
    width: int
    recall_at_10: float
    seconds: float


class Asked:
    """What recall is measured with, on the first items of `order` or on all of them.

    queries: float32 (q, d). own: whether query i is the item order[i], which may not be its own result.
    """

    def __init__(self, queries: Floats, own: bool) -> None:
        self._queries = queries
        self._own = np.arange(len(queries))[:, None] if own else None
        self._truth: dict[int, Floats] = {}  # each graph is asked at the same sizes

    def recall(self, graph: faiss.IndexHNSW, width: int, threads: int) -> float:
        """Through `Searcher`, as it is served, among the items that the graph has so far."""
        vectors = stored_vectors(graph)
        if len(vectors) not in self._truth:
            self._truth[len(vectors)] = exact.search(self._queries, vectors, RECALL_AT, exclude=self._own)[1]
        graph.hnsw.efSearch = width
        scores = Searcher(graph, vectors, threads).search(self._queries, RECALL_AT, exclude=self._own)[1]
        return recall_of(scores, self._truth[len(vectors)])


def grow(
    vectors: Floats,
    order: NDArray[np.int64],
    shape: Shape,
    asked: Asked,
    min_recall: float,
    seed: int,
    threads: int,
    progress: Callable[[float], None],
) -> tuple[faiss.IndexHNSW | None, list[Trial]]:
    """The graph over `vectors` (n, d), its efSearch the first that reaches `min_recall`, or None; and what it measured.

    order: a random one of all rows, in which they are added. So what is there so far is a random part of the items, and
    one more item is one more that can be missed: where the widest search falls short in a part, it does in the whole,
    and the rest is not added. progress: called with the share of the items that the graph has.
    """
    started = time.perf_counter()
    trials: list[Trial] = []

    def measured(width: int) -> float:
        recall = asked.recall(graph, width, threads)
        trials.append(Trial(shape, graph.ntotal, width, recall, time.perf_counter() - started))
        log.info(
            "index tried links=%d items=%d search_width=%d recall_at_10=%.4f", shape.links, graph.ntotal, width, recall
        )
        return recall

    graph = faiss.IndexHNSWFlat(vectors.shape[1], shape.links, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = shape.construction
    graph.hnsw.rng = faiss.RandomGenerator(seed)  # type: ignore[attr-defined]
    _reserve(graph, vectors.nbytes)
    due = FIRST
    for begin in range(0, len(order), BLOCK):
        with faiss_threads(threads):
            graph.add(vectors[order[begin : begin + BLOCK]])
        progress(graph.ntotal / len(order))
        if graph.ntotal >= due and 2 * due <= len(order):
            due *= 2
            if measured(SEARCH_WIDTHS[-1]) < min_recall:
                return None, trials
    for width in _worth(len(order)):
        if measured(width) >= min_recall:
            # Row r is to be where order says so; the graph's links are renamed with it.
            graph.permute_entries(np.argsort(order))
            return graph, trials
    return None, trials


def _worth(items: int) -> Iterator[int]:
    """Widths of search: from some width on the searcher would rather scan, which is exact and needs no graph."""
    return (width for width in SEARCH_WIDTHS if width == SEARCH_WIDTHS[0] or items > SCAN_PER_CANDIDATE * width)


def _reserve(graph: faiss.IndexHNSW, size: int) -> None:
    """Room for all vectors at once: block after block, they would take up to twice as much."""
    codes = faiss.downcast_index(graph.storage).codes  # type: ignore[attr-defined]
    codes.resize(size)
    codes.resize(0)
