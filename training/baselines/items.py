"""Baselines that score an item by the items of the prefix, one by one, or by none of them."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from index.errors import TrainingFailed
from training.baselines.baseline import Baseline, Rows, Scores
from training.baselines.seen import Seen, matrix_of
from training.counting.baskets import INVERSE

# EASE inverts an items x items matrix: 0.8 GB and half a minute at this size, and growing with the cube.
EASE_ITEMS = 10_000

# How much the items of a prefix count, newest first. Items further back are left out.
LAST = np.ones(1, dtype=np.float32)
HALVING = (0.5 ** np.arange(10)).astype(np.float32)
RECENCY = {"last item": LAST, "1/rank": INVERSE, "halving": HALVING}
RULE_SHAPES: tuple[dict[str, Any], ...] = (
    {"steps": 1, "decay": "inverse"},
    {"steps": 5, "decay": "linear"},
    {"steps": 20, "decay": "inverse"},
)


def popularity(seen: Seen) -> Iterator[Baseline]:
    """Every prefix gets the same answer: how often each item occurs."""

    def fit() -> Scores:
        counts = seen.all.counts().astype(np.float32)
        return lambda prefixes: np.tile(counts, (len(prefixes), 1))

    yield Baseline("popularity", {}, fit)


def own_items(seen: Seen) -> Iterator[Baseline]:
    """The prefix itself, newest first, then the popular ones: how far does echoing get?"""

    def fit() -> Scores:
        counts = seen.all.counts()
        popular = (counts / (counts.max(initial=0) + 1)).astype(np.float32)

        def scores(prefixes: Sequence[Rows]) -> NDArray[np.float32]:
            out = np.tile(popular, (len(prefixes), 1))
            for scores, prefix in zip(out, prefixes, strict=True):
                # Distinct whole numbers above all popularity. The later of two places of an item is the one that stays.
                scores[prefix] = np.arange(1, len(prefix) + 1)
            return out

        return scores

    yield Baseline("own items", {}, fit)


def association_rules(seen: Seen) -> Iterator[Baseline]:
    """AR: in how many sessions two items occur together (Ludewig & Jannach 2018, section 3.1)."""
    return _by_recency("AR", {}, seen, lambda: matrix_of(seen.together))


def item_knn(seen: Seen) -> Iterator[Baseline]:
    """Cosine of the items' binary session vectors, shrunk where counts are small (Ludewig & Jannach 2018, 3.1).

    sessions with both / (sqrt(sessions with a x sessions with b) + shrinkage)
    """

    def cosine(shrinkage: float) -> csr_matrix:
        together, counts = seen.together, seen.baskets.counts().astype(np.float64)
        source = np.repeat(np.arange(seen.items), np.diff(together.offsets))
        norm = np.sqrt(counts[source] * counts[together.items])
        return matrix_of(together, together.weights / (norm + shrinkage))

    for shrinkage in (20, 500):
        yield from _by_recency("item-kNN", {"shrinkage": shrinkage}, seen, partial(cosine, shrinkage))


def sequential_rules(seen: Seen) -> Iterator[Baseline]:
    """SR: what came after (Ludewig & Jannach 2018, section 3.1, with distance decay and a power of the target)."""
    return _rules("SR", seen, backward=0.0)


def symmetric_rules(seen: Seen) -> Iterator[Baseline]:
    """symSR: what came within a few steps, before or after."""
    return _rules("symSR", seen, backward=1.0)


def _rules(name: str, seen: Seen, backward: float) -> Iterator[Baseline]:
    def weighed(shape: dict[str, Any], power: float) -> csr_matrix:
        # The same counts serve every power. Where `keep` cuts, it has cut by the plain weight.
        rules, counts = seen.rules(**shape, backward=backward), np.maximum(seen.corpus.counts(), 1)
        return matrix_of(rules, rules.weights / counts[rules.items].astype(np.float64) ** power)

    for shape in RULE_SHAPES:
        for power in (0.0, 0.25):
            yield from _by_recency(name, {**shape, "target_power": power}, seen, partial(weighed, shape, power))


def ease(seen: Seen) -> Iterator[Baseline]:
    """EASE: ridge regression of each item on all others, zero diagonal (Steck 2019, section 3.1, algorithm 1).

    None where the catalogue has more than EASE_ITEMS.
    """
    if seen.items > EASE_ITEMS:
        return
    for ridge in (200, 1000):
        yield from _by_recency("EASE", {"ridge": ridge}, seen, partial(_ease, seen, ridge))


def _ease(seen: Seen, ridge: float) -> NDArray[np.float32]:
    """float64 while inverting: beside a popular item's count of 1e6 a rare item's ridge would drown in float32."""
    inverse = matrix_of(seen.together).toarray(order="F").astype(np.float64)  # the order LAPACK works on in place
    np.fill_diagonal(inverse, seen.baskets.counts() + float(ridge))
    with threadpool_limits(seen.threads, "blas"):  # one large matrix: here a second thread of BLAS pays
        inverse, failed = lapack.dpotrf(inverse, lower=1, overwrite_a=1)
        if not failed:
            inverse, failed = lapack.dpotri(inverse, lower=1, overwrite_c=1)
    if failed:
        raise TrainingFailed(f"EASE: the matrix of {seen.items} items cannot be inverted with ridge {ridge}")
    for i in range(seen.items):  # only the lower half was written
        inverse[i, i + 1 :] = inverse[i + 1 :, i]
    rows = np.empty(inverse.shape, dtype=np.float32)
    np.divide(inverse, -np.diag(inverse), out=rows, casting="same_kind")
    np.fill_diagonal(rows, 0)
    return rows


def _by_recency(
    name: str, settings: dict[str, Any], seen: Seen, rows: Callable[[], NDArray[np.float32] | csr_matrix]
) -> Iterator[Baseline]:
    """One for each way of weighing the prefix's items; rows are made once for all of them."""
    made = cache(rows)
    for rule, recency in RECENCY.items():
        yield Baseline(name, {**settings, "recency": rule, **seen.about}, partial(_summed, made, recency))


def _summed(made: Callable[[], Any], recency: NDArray[np.float32]) -> Scores:
    """The sum, over the last items of the prefix, of recency times the item's row.

    made: rows, shape (items, items), a float32 array or CSR matrix. recency: float32, weights of the items, newest
    first.
    """
    rows = made()

    def scores(prefixes: Sequence[Rows]) -> NDArray[np.float32] | csr_matrix:
        newest = [p[: -len(recency) - 1 : -1] for p in prefixes]
        lengths = [len(p) for p in newest]
        items = np.concatenate([*newest, np.empty(0, np.int32)])
        weights = np.concatenate([*(recency[:n] for n in lengths), np.empty(0, np.float32)])
        shape = (len(prefixes), rows.shape[0])
        # An item that comes twice in a prefix is two entries, which the product adds.
        product = csr_matrix((weights, items, np.concatenate([[0], np.cumsum(lengths)])), shape) @ rows
        return product if isinstance(product, np.ndarray) else csr_matrix(product)

    return scores
