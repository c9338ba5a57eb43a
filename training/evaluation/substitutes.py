"""Task T3: are an item's neighbours alike, that is, do they share a category with it?"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from index.report import SubstitutesRow
from index.search.builder import build, neighbours
from index.search.exact import top_k
from training.baselines.baseline import Scores
from training.config import TrainConfig
from training.evaluation.metrics import Bootstrap

Rows = NDArray[np.int32]

NEIGHBOURS = 10
BLOCK = 256  # items scored at once
RESAMPLES = 200


def nearest(
    config: TrainConfig, vectors: NDArray[np.float32], progress: Callable[[float], None] = lambda _: None
) -> Rows:
    """int32, shape (items, 10): the nearest of every item by the index that would serve these vectors."""
    index, threads = config.index, config.trainer.workers
    built = build(
        vectors,
        index.exact_below,
        index.min_recall,
        config.seed,
        threads,
        progress=lambda done: progress(done / 2),
    )
    return neighbours(built, vectors, NEIGHBOURS, threads, lambda done: progress(0.5 + done / 2))[0]


def highest(scores: Scores, items: int) -> Rows:
    """int32, shape (items, 10): the best of every item by a baseline's scores, the item itself left out."""
    found = []
    for begin in range(0, items, BLOCK):
        rows = np.arange(begin, min(items, begin + BLOCK), dtype=np.int32)
        found_scores = scores([rows[i : i + 1] for i in range(len(rows))])
        dense = found_scores if isinstance(found_scores, np.ndarray) else found_scores.toarray()
        dense[np.arange(len(rows)), rows] = -np.inf
        found.append(top_k(dense, NEIGHBOURS)[0])
    return np.concatenate(found)


def substitutes(
    lists: Mapping[str, Rows], categories: Sequence[str | None], rng: np.random.Generator
) -> tuple[SubstitutesRow, ...]:
    """lists: method -> rows of 10 neighbours per item, -1 where there are fewer.

    categories: per row, several joined by "|". Each figure is over the items that have a category: the share of their
    neighbours with a category that share one, and the mean Jaccard index of the two sets; "random" draws neighbours
    from all items that have one.
    """
    sets = [frozenset(c.split("|")) if c else frozenset() for c in categories]
    with_category = [row for row, s in enumerate(sets) if s]
    if not with_category:
        return ()
    known = np.array(with_category)
    random = np.full((len(sets), NEIGHBOURS), -1, dtype=np.int32)
    random[known] = rng.choice(known, (len(known), NEIGHBOURS))
    table = []
    for method, rows in {"random": random, **lists}.items():
        shared, jaccard = [], []
        for row in with_category:
            own = sets[row]
            theirs = [sets[b] for b in rows[row, :NEIGHBOURS] if b >= 0 and b != row and sets[b]]
            if theirs:
                shared.append(float(np.mean([bool(own & other) for other in theirs])))
                jaccard.append(float(np.mean([len(own & other) / len(own | other) for other in theirs])))
        if shared:
            bootstrap = Bootstrap(np.arange(len(shared)), RESAMPLES, np.random.default_rng(0))
            table.append(
                SubstitutesRow(
                    method=method,
                    shared_category10=bootstrap.interval(np.array(shared)),
                    jaccard10=bootstrap.interval(np.array(jaccard)),
                )
            )
    return tuple(table)
