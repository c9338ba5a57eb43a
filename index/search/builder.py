"""Vectors -> a FAISS index chosen by size, with the recall it was measured to have."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import faiss
import numpy as np

from index.search import exact
from index.search.exact import Floats, Rows
from index.search.searcher import SCAN_PER_CANDIDATE, Searcher, faiss_threads

log = logging.getLogger(__name__)

RECALL_AT = 10
RECALL_QUERIES = 500
# (M, efConstruction): the second graph takes 4 times as long to build and is tried only when the first falls short.
GRAPHS = ((32, 80), (64, 200))
SEARCH_WIDTHS = (64, 128, 256, 512, 1024)
BLOCK_QUERIES = 1024


@dataclass(frozen=True)
class BuiltIndex:
    """An index over inner products and what is known about it.

    graph: HNSW, which holds the vectors too; None for flat, which is the vectors alone. parameters: M, efConstruction
    and efSearch of HNSW; empty for flat. recall_at_10: in [0, 1]; 1 for flat. seconds: building and measuring.
    """

    graph: faiss.IndexHNSW | None
    kind: Literal["flat", "hnsw"]
    parameters: dict[str, int]
    recall_at_10: float
    seconds: float


def build(
    vectors: Floats, exact_below: int, min_recall: float, seed: int, threads: int, queries: Floats | None = None
) -> BuiltIndex:
    """Flat up to `exact_below` items; beyond it the first HNSW that measures `min_recall`, or flat when none does.

    vectors: float32 (n, d). Recall is measured through `Searcher`, as it is served, on up to 500 of `queries`
    (float32 (m, d); default: the vectors, each without itself). With threads=1 a seed repeats the same graph.

    HNSW runs on inner products directly, also where norms differ. The textbook reduction (Bachrach et al. 2014,
    "Speeding up the Xbox recommender system", section 3: one more dimension that makes all norms equal, then L2) was
    measured and left out: 50,000 x 100 clustered, log-normal norms with sigma 0.8, M 32, efSearch 512: recall 0.34
    against 0.99.
    """
    started = time.perf_counter()
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    built = None
    if len(vectors) > exact_below:
        built = _build_graph(vectors, min_recall, np.random.default_rng(seed), seed, threads, queries)
    graph, parameters, recall = built or (None, {}, 1.0)
    kind: Literal["flat", "hnsw"] = "hnsw" if parameters else "flat"
    seconds = time.perf_counter() - started
    log.info(
        "index built kind=%s items=%d dims=%d parameters=%s recall_at_10=%.4f seconds=%.1f",
        kind, *vectors.shape, parameters, recall, seconds,
    )  # fmt: skip
    return BuiltIndex(graph, kind, parameters, recall, seconds)


def _build_graph(
    vectors: Floats, min_recall: float, rng: np.random.Generator, seed: int, threads: int, queries: Floats | None
) -> tuple[faiss.IndexHNSW, dict[str, int], float] | None:
    """Index, parameters and recall of the cheapest HNSW that reaches `min_recall`; None when none does."""
    source = vectors if queries is None else queries
    chosen = np.sort(rng.permutation(len(source))[:RECALL_QUERIES])
    sample = np.ascontiguousarray(source[chosen], dtype=np.float32)
    own = chosen[:, None] if queries is None else None
    _, truth = exact.search(sample, vectors, RECALL_AT, exclude=own)
    for links, construction in GRAPHS:
        index = faiss.IndexHNSWFlat(vectors.shape[1], links, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = construction
        index.hnsw.rng = faiss.RandomGenerator(seed)  # type: ignore[attr-defined]
        with faiss_threads(threads):
            index.add(vectors)
        for width in SEARCH_WIDTHS:
            # From here on the searcher would rather scan: that is exact, but flat says so and needs no graph.
            if width > SEARCH_WIDTHS[0] and len(vectors) <= SCAN_PER_CANDIDATE * width:
                break
            index.hnsw.efSearch = width
            _, scores = Searcher(index, vectors, threads).search(sample, RECALL_AT, exclude=own)
            recall = recall_of(scores, truth)
            log.info("index tried links=%d search_width=%d recall_at_10=%.4f", links, width, recall)
            if recall >= min_recall:
                return index, {"M": links, "efConstruction": construction, "efSearch": width}, recall
    log.warning("index recall_at_10=%.4f below min_recall=%.4f: searching exactly instead", recall, min_recall)
    return None


def recall_of(scores: Floats, truth: Floats) -> float:
    """Share of the true k best that were found: scores and exact scores, both (q, k), best first, -inf where none.

    Whatever scores as much as the k-th exact result counts, so ties are nobody's fault; the tolerance is 1e-6, relative
    above 1. 1 when there was nothing to find.
    """
    exists = np.isfinite(truth)
    last = np.where(exists, truth, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    found = scores >= last - 1e-6 * np.maximum(1, np.abs(np.where(np.isfinite(last), last, 0)))
    return float(found.sum() / exists.sum()) if exists.any() else 1.0


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
