"""Baselines that score an item by the items of the prefix, one by one, or by none of them."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.sparse import csr_matrix

from index.errors import TrainingFailed
from index.ranking.rules import Rules, RulesConfig
from training.baselines.baseline import Baseline, Rows, Scores
from training.corpus import Corpus
from training.counting.baskets import BASKET, INVERSE, baskets, recent
from training.counting.blocks import Reach
from training.counting.rules import count_rules, even_weights, strongest

# Counts kept over all items, about 0.8 GB: all pairs up to 10,000 items, the strongest of each item beyond.
MOST_PAIRS = 100_000_000
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


def popularity(corpus: Corpus) -> Iterator[Baseline]:
    """Every prefix gets the same answer: how often each item occurs."""
    counts = corpus.counts().astype(np.float32)
    yield Baseline("popularity", {}, lambda prefixes: np.tile(counts, (len(prefixes), 1)))


def own_items(corpus: Corpus) -> Iterator[Baseline]:
    """The prefix itself, newest first, then the popular ones: how far does echoing get?"""
    counts = corpus.counts()
    popular = (counts / (counts.max(initial=0) + 1)).astype(np.float32)

    def scores(prefixes: Sequence[Rows]) -> NDArray[np.float32]:
        out = np.tile(popular, (len(prefixes), 1))
        for scores, prefix in zip(out, prefixes, strict=True):
            # Distinct whole numbers above all popularity. The later of two places of an item is the one that stays.
            scores[prefix] = np.arange(1, len(prefix) + 1)
        return out

    yield Baseline("own items", {}, scores)


def association_rules(corpus: Corpus) -> Iterator[Baseline]:
    """AR: in how many sessions two items occur together (Ludewig & Jannach 2018, section 3.1)."""
    corpus, about = recent(corpus)
    together = _matrix(_together(corpus))
    for rule, recency in RECENCY.items():
        yield Baseline("AR", {"recency": rule, **about}, _summed(together, recency))


def item_knn(corpus: Corpus) -> Iterator[Baseline]:
    """Cosine of the items' binary session vectors, shrunk where counts are small (Ludewig & Jannach 2018, 3.1).

    sessions with both / (sqrt(sessions with a x sessions with b) + shrinkage)
    """
    corpus, about = recent(corpus)
    sessions = baskets(corpus)
    together, seen = _together(corpus), sessions.counts().astype(np.float64)
    source = np.repeat(np.arange(corpus.items), np.diff(together.offsets))
    norm = np.sqrt(seen[source] * seen[together.items])
    for shrinkage in (20, 500):
        cosine = _matrix(together, together.weights / (norm + shrinkage))
        for rule, recency in RECENCY.items():
            settings = {"shrinkage": shrinkage, "recency": rule, **about}
            yield Baseline("item-kNN", settings, _summed(cosine, recency))


def sequential_rules(corpus: Corpus) -> Iterator[Baseline]:
    """SR: what came after (Ludewig & Jannach 2018, section 3.1, with distance decay and a power of the target)."""
    return _rules("SR", corpus, backward=0.0)


def symmetric_rules(corpus: Corpus) -> Iterator[Baseline]:
    """symSR: what came within a few steps, before or after."""
    return _rules("symSR", corpus, backward=1.0)


def _rules(name: str, corpus: Corpus, backward: float) -> Iterator[Baseline]:
    corpus, about = recent(corpus)
    seen = np.maximum(corpus.counts(), 1).astype(np.float64)
    for shape in RULE_SHAPES:
        rules = count_rules(corpus, RulesConfig(**shape, backward=backward, keep=_keep(corpus.items)))
        for power in (0.0, 0.25):
            # The same counts serve every power. Where `keep` cuts, it has cut by the plain weight.
            rows = _matrix(rules, rules.weights / seen[rules.items] ** power)
            for rule, recency in RECENCY.items():
                settings = {**shape, "target_power": power, "recency": rule, **about}
                yield Baseline(name, settings, _summed(rows, recency))


def ease(corpus: Corpus) -> Iterator[Baseline]:
    """EASE: ridge regression of each item on all others, zero diagonal (Steck 2019, section 3.1, algorithm 1).

    None where the catalogue has more than EASE_ITEMS.
    """
    if corpus.items > EASE_ITEMS:
        return
    corpus, about = recent(corpus)
    gram = _matrix(_together(corpus)).toarray().astype(np.float64)
    seen = baskets(corpus).counts()
    for ridge in (200, 1000):
        rows = _ease(gram, seen, ridge)
        for rule, recency in RECENCY.items():
            yield Baseline("EASE", {"ridge": ridge, "recency": rule, **about}, _summed(rows, recency))


def _ease(gram: NDArray[np.float64], seen: NDArray[np.int64], ridge: float) -> NDArray[np.float32]:
    """float64 while inverting: beside a popular item's count of 1e6 a rare item's ridge would drown in float32."""
    inverse = gram.copy(order="F")  # the order LAPACK works on in place
    np.fill_diagonal(inverse, seen + float(ridge))
    inverse, failed = lapack.dpotrf(inverse, lower=1, overwrite_a=1)
    if not failed:
        inverse, failed = lapack.dpotri(inverse, lower=1, overwrite_c=1)
    if failed:
        raise TrainingFailed(f"EASE: the matrix of {len(seen)} items cannot be inverted with ridge {ridge}")
    for i in range(len(seen)):  # only the lower half was written
        inverse[i, i + 1 :] = inverse[i + 1 :, i]
    rows = np.empty(gram.shape, dtype=np.float32)
    np.divide(inverse, -np.diag(inverse), out=rows, casting="same_kind")
    np.fill_diagonal(rows, 0)
    return rows


def _summed(rows: Any, recency: NDArray[np.float32]) -> Scores:
    """The sum, over the last items of the prefix, of recency times the item's row.

    rows: shape (items, items), a float32 array or CSR matrix. recency: float32, weights of the items, newest first.
    """

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


def _keep(items: int) -> int:
    return max(100, min(100_000, MOST_PAIRS // max(items, 1)))


def _together(corpus: Corpus) -> Rules:
    """In how many baskets two items occur together."""
    reach = Reach.of(BASKET, "flat", 1, 1)
    return strongest(baskets(corpus), reach, even_weights(corpus.items), _keep(corpus.items))


def _matrix(rules: Rules, weights: NDArray[Any] | None = None) -> Any:
    weights = rules.weights if weights is None else weights.astype(np.float32)
    return csr_matrix((weights, rules.items, rules.offsets), (len(rules), len(rules)))
