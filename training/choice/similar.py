"""Which reading of the vectors puts alike items beside each other, as task T3 judges them."""

from collections.abc import Callable

import numpy as np

from index.ranking.readings import SimilarReading, similar_vectors
from training.config import TrainConfig
from training.evaluation.substitutes import nearest, substitutes
from training.trainers.spaces import Spaces


def similar_reading(
    config: TrainConfig,
    spaces: Spaces,
    categories: list[str | None],
    progress: Callable[[float], None] = lambda _: None,
) -> dict[SimilarReading, float]:
    """reading -> share of an item's neighbours that share a category with it; empty where no two items share one.

    categories: per row, several joined by "|". progress: called with the share that is done.
    """
    readings: tuple[SimilarReading, ...] = ("in", "sum")
    values: dict[SimilarReading, float] = {}
    alike = spaces.similar
    for place, reading in enumerate(readings if any(categories) else ()):

        def told(done: float, begun: int = place) -> None:
            progress((begun + done) / len(readings))

        rows = nearest(config, similar_vectors(alike.inputs, alike.outputs, reading), told)
        table = substitutes({reading: rows}, categories, np.random.default_rng(config.seed))
        if not table:
            return {}
        values[reading] = table[-1].shared_category10.mean
    return values
