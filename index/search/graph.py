"""One HNSW graph: grown in random order, measured on the way, and given up as soon as it cannot hold."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from index.search import exact
from index.search.exact import Floats, Rows
from index.search.indexfile import stored_vectors
from index.search.recall import RECALL_AT, recall_of
from index.search.searcher import SCAN_PER_CANDIDATE, Searcher, faiss_threads

log = logging.getLogger(__name__)

# Wider ones were measured and left out: where 1,024 falls short, what is missed is hardly reached at all (targets of
# `next` with M 32: 60,416 of a real log 0.974, with 2,048 0.977; 160,000 generated 0.9886, with 4,096 0.9892).
SEARCH_WIDTHS = (64, 128, 256, 512, 1024)
# Items after which a graph is asked for the first time, by the widest search that is worth it among them; then whenever
# they have doubled. They take a few seconds.
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


@dataclass(frozen=True)
class Asked:
    """What recall is measured with. queries: float32 (q, d). own: (q, 1), the row of each query, which may not be its
    own result; None where queries are no items. best, truth: (q, 10), rows and scores of the best of all items."""

    queries: Floats
    own: NDArray[np.int64] | None
    best: Rows
    truth: Floats

    @classmethod
    def of(cls, vectors: Floats, queries: Floats, own: NDArray[np.int64] | None) -> "Asked":
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        return cls(queries, own, *exact.search(queries, vectors, RECALL_AT, exclude=own))

    def recall(self, graph: faiss.IndexHNSW, width: int, place: NDArray[np.int64], threads: int) -> float:
        """Through `Searcher`, as it is served. place: of each row in the graph, which may not have them all yet."""
        own = None
        if self.own is not None:
            own = place[self.own]
            own[own >= graph.ntotal] = -1
        graph.hnsw.efSearch = width
        searcher = Searcher(graph, stored_vectors(graph), threads)
        return recall_of(searcher.search(self.queries, RECALL_AT, exclude=own)[1], self.truth)


def order_of(items: int, first: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """All rows in random order, but that the rows in `first` are among the first `FIRST`."""
    rest = np.setdiff1d(np.arange(items), first)
    rng.shuffle(rest)
    begin = np.concatenate([first, rest])[: max(FIRST, len(first))]
    rng.shuffle(begin)
    return np.concatenate([begin, rest[len(begin) - len(first) :]])


def grow(
    vectors: Floats,
    order: NDArray[np.int64],
    shape: Shape,
    probe: Asked | None,
    judge: Asked,
    min_recall: float,
    seed: int,
    threads: int,
    progress: Callable[[float], None],
) -> tuple[faiss.IndexHNSW | None, list[Trial]]:
    """The graph over `vectors` (n, d), its efSearch the first that reaches `min_recall`, or None; and what it measured.

    order: that rows are added in, the best of `probe` among the first. So a part of the graph is asked for what the
    whole will be asked for, with fewer others in the way, and finds more of it: where the widest search falls short in
    a part, the rest is not added. judge: other queries, whose best items nobody preferred; they measure the whole.
    progress: called with the share of the items that the graph has.
    """
    started = time.perf_counter()
    trials: list[Trial] = []
    place = np.argsort(order)

    def measured(asked: Asked, width: int) -> float:
        recall = asked.recall(graph, width, place, threads)
        trials.append(Trial(shape, graph.ntotal, width, recall, time.perf_counter() - started))
        log.info(
            "index tried links=%d items=%d search_width=%d recall_at_10=%.4f",
            shape.links, graph.ntotal, width, recall,
        )  # fmt: skip
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
        if probe is not None and due <= graph.ntotal <= len(order) / 2:
            due *= 2
            if measured(probe, worth(graph.ntotal)[-1]) < min_recall:
                return None, trials
    for width in worth(len(order)):
        if measured(judge, width) >= min_recall:
            graph.permute_entries(place)  # into the order of rows; the links are renamed
            return graph, trials
    return None, trials


def worth(items: int) -> list[int]:
    """Widths of search: from some width on the searcher would rather scan, which is exact and needs no graph."""
    return [width for width in SEARCH_WIDTHS if width == SEARCH_WIDTHS[0] or items > SCAN_PER_CANDIDATE * width]


def _reserve(graph: faiss.IndexHNSW, size: int) -> None:
    """Room for all vectors at once: block after block, they would take up to twice as much."""
    codes = faiss.downcast_index(graph.storage).codes  # type: ignore[attr-defined]
    codes.resize(size)
    codes.resize(0)
