"""Which reading of the vectors puts alike items beside each other, as task T3 judges them."""

from typing import Literal

import numpy as np

from index.ranking.readings import similar_vectors
from training.config import TrainConfig
from training.evaluation.substitutes import nearest, substitutes
from training.trainers.spaces import Spaces

SimilarReading = Literal["in", "sum"]


def similar_reading(config: TrainConfig, spaces: Spaces, categories: list[str | None]) -> dict[SimilarReading, float]:
    """reading -> share of an item's neighbours that share a category with it; empty where no two items share one.

    categories: per row, several joined by "|".
    """
    readings: tuple[SimilarReading, ...] = ("in", "sum")
    values: dict[SimilarReading, float] = {}
    alike = spaces.similar
    for reading in readings if any(categories) else ():
        rows = nearest(config, similar_vectors(alike.inputs, alike.outputs, reading))
        table = substitutes({reading: rows}, categories, np.random.default_rng(config.seed))
        if not table:
            return {}
        values[reading] = table[-1].shared_category10.mean
    return values
