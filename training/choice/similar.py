"""Lists of alike items, as task T3 judges them: by vectors, and by a baseline's scores."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.ranking.readings import similar_vectors
from index.search.builder import build, neighbours
from index.search.exact import top_k
from training.config import TrainConfig
from training.evaluation import evaluate
from training.trainers.trainer import Embeddings


def similar_reading(
    config: TrainConfig, embeddings: Embeddings, categories: list[str | None]
) -> tuple[dict[str, str], dict[str, Any]]:
    """Which reading puts more items of its own category beside an item (task T3); the setting without any."""
    if not any(categories):
        return {}, {}
    values = {}
    for reading in ("in", "sum"):
        rows = alike(config, similar_vectors(embeddings.inputs, embeddings.outputs, reading))
        table = evaluate.substitutes({reading: rows}, categories, np.random.default_rng(config.seed))
        if not table:  # no two items share a category
            return {}, {}
        values[reading] = table[-1]["shared_category@10"][0]
    return {"similar_reading": max(values, key=lambda r: values[r])}, {"similar": values}


def alike(config: TrainConfig, vectors: NDArray[np.float32]) -> NDArray[np.int32]:
    """The 10 nearest of every item."""
    index = config.index
    threads = config.trainer.workers
    built = build(vectors, index.exact_below, index.min_recall, config.seed, threads)
    return neighbours(built, vectors, 10, threads)[0]


def top_of(scores: Callable[[list[NDArray[np.int32]]], NDArray[np.float32]], items: int) -> NDArray[np.int32]:
    """The 10 best of every item by a baseline's scores, the item itself left out."""
    found = []
    for begin in range(0, items, 256):
        rows = np.arange(begin, min(items, begin + 256), dtype=np.int32)
        dense = scores([rows[i : i + 1] for i in range(len(rows))])
        dense[np.arange(len(rows)), rows] = -np.inf
        found.append(top_k(dense, 10)[0])
    return np.concatenate(found)
