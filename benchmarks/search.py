"""Queries per second and recall@10 of flat, HNSW and filtered search, on one thread: python -m benchmarks.search"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is loaded

import statistics
import time
from collections.abc import Callable

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import machine
from index.search import exact
from index.search.builder import BuiltIndex, build
from index.search.recall import recall_of
from index.search.searcher import Searcher

ITEMS, DIMS, CLUSTERS, QUERIES, RUNS, K = 100_000, 128, 1000, 200, 5, 10
SHARES = (0.5, 0.05, 0.005)


def clustered(rng: np.random.Generator, n: int, centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 (n, DIMS) unit vectors around centres drawn at random."""
    noise = 0.5 * rng.standard_normal((n, DIMS), dtype=np.float32)
    vectors = centres[rng.integers(len(centres), size=n)] + noise
    return np.ascontiguousarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def rates(search: Callable[[], object]) -> list[float]:
    """Queries per second of RUNS runs, after one to warm up, each over all queries."""
    search()
    measured = []
    for _ in range(RUNS):
        started = time.perf_counter()
        search()
        measured.append(QUERIES / (time.perf_counter() - started))
    return measured


def main() -> None:
    rng = np.random.default_rng(1)
    centres = rng.standard_normal((CLUSTERS, DIMS), dtype=np.float32)
    vectors, queries = clustered(rng, ITEMS, centres), clustered(rng, QUERIES, centres)
    flat = build(vectors, ITEMS, 0.99, seed=1, threads=1)
    hnsw = build(vectors, 0, 0.99, seed=1, threads=1)
    masks = [(f"{share:.1%} allowed", rng.random(ITEMS) < share) for share in SHARES]

    print(f"{ITEMS:,} x {DIMS}, {CLUSTERS} clusters, {QUERIES} queries one at a time, k={K}.")
    print(f"{machine()}; one thread; faiss {faiss.__version__}, numpy {np.__version__}.")
    print(f"HNSW {hnsw.parameters}, built and measured in {hnsw.seconds:.0f} s.\n")
    print(f"| index | filter | queries/s, median of {RUNS} (min-max) | recall@{K} |")
    print("|---|---|---:|---:|")
    for label, allowed in [("none", None), *masks]:
        _, truth = exact.search(queries, vectors, K, allowed)
        for built in (flat, hnsw):
            report(built, vectors, queries, label, allowed, truth)


def report(
    built: BuiltIndex,
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    label: str,
    allowed: NDArray[np.bool_] | None,
    truth: NDArray[np.float32],
) -> None:
    searcher = Searcher(built.graph, vectors)

    def one_by_one() -> NDArray[np.float32]:
        return np.concatenate([searcher.search(queries[i : i + 1], K, allowed)[1] for i in range(QUERIES)])

    measured = rates(one_by_one)
    recall = recall_of(one_by_one(), truth)
    spread = f"{statistics.median(measured):,.0f} ({min(measured):,.0f}-{max(measured):,.0f})"
    print(f"| {built.kind} | {label} | {spread} | {recall:.4f} |", flush=True)


if __name__ == "__main__":
    main()
