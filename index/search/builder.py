"""Vectors -> a FAISS index chosen by size, with the recall it was measured to have."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import faiss
import numpy as np
from numpy.typing import NDArray

from index.search.exact import Floats, Rows
from index.search.graph import FIRST, Asked, Shape, Trial, grow, order_of
from index.search.searcher import Searcher

log = logging.getLogger(__name__)

RECALL_QUERIES = 500  # that measure a graph, and as many that tell early that it cannot hold
# The second graph takes 4 times as long to build and is tried only when the first falls short.
GRAPHS = (Shape(32, 80), Shape(64, 200))
# Share of the bar that is left which a graph fills: what the second one needs is not known until the first has failed.
FILLS = 0.9
BLOCK_QUERIES = 1024


@dataclass(frozen=True)
class BuiltIndex:
    """An index over inner products and what is known about it.

    graph: HNSW, which holds the vectors too; None for flat, which is the vectors alone. parameters: M, efConstruction
    and efSearch of HNSW; empty for flat. recall_at_10: in [0, 1]; 1 for flat. seconds: building and measuring. trials:
    what was measured on the way, in order.
    """

    graph: faiss.IndexHNSW | None
    kind: Literal["flat", "hnsw"]
    parameters: dict[str, int]
    recall_at_10: float
    seconds: float
    trials: tuple[Trial, ...] = ()


def build(
    vectors: Floats,
    exact_below: int,
    min_recall: float,
    seed: int,
    threads: int,
    queries: Floats | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> BuiltIndex:
    """Flat up to `exact_below` items; beyond it the first HNSW that measures `min_recall`, or flat when none does.

    vectors: float32 (n, d). Recall is measured through `Searcher`, as it is served, on up to 500 of `queries`
    (float32 (m, d); default: the vectors, each without itself). From 40,000 items on, up to 500 others are asked of a
    part of the graph that holds their best: where it misses too many, the rest is not built. With threads=1 a seed
    repeats the same graph. progress: called with the share that is done, up to 1.

    HNSW runs on inner products directly, also where norms differ. The textbook reduction (Bachrach et al. 2014,
    "Speeding up the Xbox recommender system", section 3: one more dimension that makes all norms equal, then L2) was
    measured and left out: 50,000 x 100 clustered, log-normal norms with sigma 0.8, M 32, efSearch 512: recall 0.34
    against 0.99. Targets of `next` on a real log, 60,416 x 129, M 32, efSearch 1,024: 0.48 against 0.98.
    """
    started = time.perf_counter()
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    graph, trials = None, list[Trial]()
    if len(vectors) > exact_below:
        graph, trials = _grown(vectors, min_recall, seed, threads, queries, progress)
    kind: Literal["flat", "hnsw"] = "flat"
    parameters, recall = dict[str, int](), 1.0
    if graph is not None:
        last = trials[-1]
        kind, recall = "hnsw", last.recall_at_10
        parameters = {"M": last.shape.links, "efConstruction": last.shape.construction, "efSearch": last.width}
    seconds = time.perf_counter() - started
    progress(1.0)
    log.info(
        "index built kind=%s items=%d dims=%d parameters=%s recall_at_10=%.4f seconds=%.1f",
        kind, *vectors.shape, parameters, recall, seconds,
    )  # fmt: skip
    return BuiltIndex(graph, kind, parameters, recall, seconds, tuple(trials))


def _grown(
    vectors: Floats,
    min_recall: float,
    seed: int,
    threads: int,
    queries: Floats | None,
    progress: Callable[[float], None],
) -> tuple[faiss.IndexHNSW | None, list[Trial]]:
    """The cheapest HNSW that reaches `min_recall`, None when none does, and all that was measured."""
    rng = np.random.default_rng(seed)
    source = vectors if queries is None else queries
    drawn = rng.permutation(len(source))

    def asked(rows: NDArray[np.int64]) -> Asked:
        return Asked.of(vectors, source[rows], rows[:, None] if queries is None else None)

    half = min(RECALL_QUERIES, -(-len(drawn) // 2))
    judge, probe = asked(drawn[:half]), None
    first = np.empty(0, dtype=np.int64)
    if len(vectors) >= 2 * FIRST and len(drawn) > half:
        probe = asked(drawn[half : 2 * half])
        first = np.unique(probe.best[probe.best >= 0]).astype(np.int64)
    order = order_of(len(vectors), first, rng)
    trials: list[Trial] = []
    done = 0.0
    for shape in GRAPHS:
        share = 0.0

        def told(added: float, begun: float = done) -> None:
            nonlocal share
            share = begun + (1 - begun) * FILLS * added
            progress(share)

        graph, measured = grow(vectors, order, shape, probe, judge, min_recall, seed, threads, told)
        trials += measured
        if graph is not None:
            return graph, trials
        last, done = trials[-1], share
        log.warning(
            "index given up links=%d items=%d of=%d search_width=%d recall_at_10=%.4f min_recall=%.4f",
            shape.links, last.items, len(vectors), last.width, last.recall_at_10, min_recall,
        )  # fmt: skip
    log.warning("index no graph reaches min_recall=%.4f: searching exactly instead", min_recall)
    return None, trials


def neighbours(
    built: BuiltIndex,
    queries: Floats,
    k: int,
    threads: int,
    progress: Callable[[float], None] = lambda _: None,
    asked: Rows | None = None,
) -> tuple[Rows, Floats]:
    """For each row i of `queries` (n, d), what the index was built over, its k best items without item i: int32 rows
    and float32 scores, both (n, k).

    Best first, ties by row, -1 and -inf where there are fewer than k others. progress: called with the share that is
    done. asked: of these rows only, in their order; None: of all.
    """
    searcher = Searcher(built.graph, queries)
    asked = np.arange(len(queries), dtype=np.int32) if asked is None else asked
    rows = np.full((len(asked), k), -1, dtype=np.int32)
    scores = np.full((len(asked), k), -np.inf, dtype=np.float32)
    blocks = [slice(at, min(at + BLOCK_QUERIES, len(asked))) for at in range(0, len(asked), BLOCK_QUERIES)]

    def search(block: slice) -> tuple[slice, Rows, Floats]:
        own = asked[block]
        return block, *searcher.search(queries[own], k, exclude=own[:, None])

    # Whole blocks in parallel: choosing the best 100 of 20,000 takes as long as the product, and BLAS would thread the
    # product only (20,000 x 128, k=100: 3.2 s with one thread, 1.6 s with two).
    with ThreadPoolExecutor(threads) as pool:
        for block, found, values in pool.map(search, blocks):
            rows[block], scores[block] = found, values
            progress(block.stop / len(asked))
    return rows, scores
