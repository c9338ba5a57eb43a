"""The k best rows for each query of a matrix: through the index where that is faster, else by an exact scan."""

from collections.abc import Iterator
from contextlib import contextmanager

import faiss
import numpy as np

from index.errors import ArtifactCorrupt
from index.search import exact
from index.search.exact import Exclude, Floats, Mask, Rows

# What one candidate of an HNSW search costs, in rows scanned exactly: 100,000 x 128, one thread, gave 10 to 16, a
# candidate taking 2.3 us and an allowed row 0.14 us. So HNSW is asked only where it can be cheaper, which at that size
# and k=10 is a filter that lets more than 8 % through, and at k=100 one that lets more than 30 % through.
SCAN_PER_CANDIDATE = 16
# efSearch per item fetched. Of the 1,024 best items HNSW finds with efSearch 1,024, the last are often wrong: a filter
# of 20 % at k=100 had recall 0.965 at 1.
WIDTH = 2
# Survivors to aim for, per result wanted, when a filter thins out what HNSW returns. At k=10 a random filter of 10 %
# would then leave 6 queries of 100 short, less what rounding the fetch up to a power of two saves; those ask again.
MARGIN = 1.5


class Searcher:
    """The k best rows by inner product, through a graph built over the same `vectors` (n, d), or by scanning them.

    vectors: aligned, and they may be mapped; numpy copies a matrix that is not, before every product. One instance
    serves any number of threads: nothing is changed after construction, efSearch travels with each call. threads: FAISS
    threads per call. Raises ArtifactCorrupt when index and vectors do not belong together.
    """

    def __init__(self, graph: faiss.IndexHNSW | None, vectors: Floats, threads: int = 1) -> None:
        if graph is not None and (graph.ntotal, graph.d) != vectors.shape:
            raise ArtifactCorrupt(
                f"the index holds {graph.ntotal} x {graph.d}, the vectors are {vectors.shape[0]} x {vectors.shape[1]}: "
                "they are not of one artifact; train again"
            )
        self.vectors = vectors
        self.threads = threads
        self.graph = graph

    def search(
        self, queries: Floats, k: int, allowed: Mask | None = None, exclude: Exclude | None = None
    ) -> tuple[Rows, Floats]:
        """int32 rows and float32 scores, both (q, k): best first, ties by row, -1 and -inf where fewer than k remain.

        queries: float32 (q, d). allowed: bool (n,), the rows that may come back. exclude: for each query, rows that
        may not (-1 is ignored). Without a graph it answers exactly, and so does HNSW when the filter is selective (see
        SCAN_PER_CANDIDATE); otherwise about as well as measured when the index was built.
        """
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        if allowed is not None and allowed.all():
            allowed = None
        if self.graph is None:
            # Not index.search: FAISS breaks ties at the k-th place by chance, and its flat scan is slower than BLAS
            # (100,000 x 128, one thread, 256 queries, k=100: 990 ms against 225 ms).
            return exact.search(queries, self.vectors, k, allowed, exclude)
        return self._search_graph(self.graph, queries, k, allowed, exclude)

    def _search_graph(
        self, graph: faiss.IndexHNSW, queries: Floats, k: int, allowed: Mask | None, exclude: Exclude | None
    ) -> tuple[Rows, Floats]:
        """Fetch more than k, drop what is filtered, double the fetch for queries left short, and in the end scan.

        FAISS can filter inside the graph (IDSelector), but then it keeps every allowed item it happens to pass on the
        way, near or far, so k results say nothing about quality: at k=10 and a random 5 % it filled every list, with
        recall 0.69. Among the unfiltered best `fetch`, k survivors are the k best.
        """
        rows = np.full((len(queries), k), -1, dtype=np.int32)
        scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
        eligible = graph.ntotal if allowed is None else int(np.count_nonzero(allowed))
        if k == 0 or eligible == 0 or len(queries) == 0:
            return rows, scores
        excluded = [np.atleast_1d(out) for out in exclude] if exclude is not None else None
        thinned = 1.0 if allowed is None else MARGIN * graph.ntotal / eligible
        # Powers of two from k on, and not from what this batch needs: an answer must not depend on its neighbours.
        needed = np.full(len(queries), k * thinned)
        if excluded is not None:
            needed += [len(out) for out in excluded]
        fetch = 1 << (max(1, int(np.ceil(k * thinned))) - 1).bit_length()
        pending = np.arange(len(queries))
        while len(pending) and eligible > SCAN_PER_CANDIDATE * (width := max(WIDTH * fetch, graph.hnsw.efSearch)):
            due = needed[pending] <= fetch
            asked = pending[due]
            if len(asked):
                some = [excluded[i] for i in asked] if excluded is not None else None
                found, values = self._fetch(graph, queries[asked], k, fetch, width, allowed, some)
                rows[asked], scores[asked] = found, values
                pending = np.concatenate([asked[found[:, -1] < 0], pending[~due]])
            fetch *= 2
        if len(pending):
            some = [excluded[i] for i in pending] if excluded is not None else None
            rows[pending], scores[pending] = exact.search(queries[pending], self.vectors, k, allowed, some)
        return rows, scores

    def _fetch(
        self,
        graph: faiss.IndexHNSW,
        queries: Floats,
        k: int,
        fetch: int,
        width: int,
        allowed: Mask | None,
        exclude: Exclude | None,
    ) -> tuple[Rows, Floats]:
        """The best k of the `fetch` items the graph finds. Its scores are the float32 inner products: no re-scoring."""
        parameters = faiss.SearchParametersHNSW(efSearch=width)  # type: ignore[attr-defined]
        with faiss_threads(self.threads):
            values, found = graph.search(queries, fetch, params=parameters)
        # Ordered by row first, so that a stable sort by score leaves ties in the order of rows.
        by_row = np.argsort(found, axis=1)
        found, values = np.take_along_axis(found, by_row, axis=1), np.take_along_axis(values, by_row, axis=1)
        dropped = found < 0
        if allowed is not None:
            dropped |= ~allowed[found]
        if exclude is not None:
            query, row = exact.exclusions(exclude)
            n = graph.ntotal
            dropped |= np.isin(found + n * np.arange(len(found))[:, None], row + n * query)
        values[dropped] = -np.inf
        found[dropped] = -1
        best = np.argsort(-values, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(found, best, axis=1).astype(np.int32), np.take_along_axis(values, best, axis=1)


@contextmanager
def faiss_threads(threads: int) -> Iterator[None]:
    """FAISS's thread count belongs to the calling thread, so it is set on each call (0.3 us) and put back."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(threads)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
