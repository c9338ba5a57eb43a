"""Baselines that score an item by the items of the prefix, one by one, or by none of them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.sparse import csr_matrix

from index.errors import TrainingFailed
from index.ranking.rules import Rules, RulesConfig
from training.baselines.baseline import Baseline, ItemToItem, OwnItems, Popularity
from training.baselines.baskets import BASKET, INVERSE, baskets, recent
from training.corpus import Corpus
from training.counting import PairWeights, count_pairs, count_rules

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
    yield Popularity("popularity", {}, corpus.counts())


def own_items(corpus: Corpus) -> Iterator[Baseline]:
    yield OwnItems("own items", {}, corpus.counts())


def association_rules(corpus: Corpus) -> Iterator[Baseline]:
    """AR: in how many sessions two items occur together (Ludewig & Jannach 2018, section 3.1)."""
    corpus, about = recent(corpus)
    together = _matrix(_together(corpus))
    for rule, recency in RECENCY.items():
        yield ItemToItem("AR", {"recency": rule, **about}, together, recency)


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
            yield ItemToItem("item-kNN", {"shrinkage": shrinkage, "recency": rule, **about}, cosine, recency)


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
                yield ItemToItem(name, settings, rows, recency)


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
            yield ItemToItem("EASE", {"ridge": ridge, "recency": rule, **about}, rows, recency)


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


def _keep(items: int) -> int:
    return max(100, min(100_000, MOST_PAIRS // max(items, 1)))


def _together(corpus: Corpus) -> Rules:
    """In how many baskets two items occur together."""
    ones = np.ones(corpus.items, dtype=np.float64)
    return count_pairs(baskets(corpus), PairWeights(np.ones(BASKET), 1.0, ones, ones), _keep(corpus.items))


def _matrix(rules: Rules, weights: NDArray[Any] | None = None) -> Any:
    weights = rules.weights if weights is None else weights.astype(np.float32)
    return csr_matrix((weights, rules.items, rules.offsets), (len(rules), len(rules)))
