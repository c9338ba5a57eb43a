"""The contract every trainer fulfils: arrays and a frozen config in, two matrices out."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from index.errors import TrainingFailed
from training.config import TrainerConfig
from training.corpus import Corpus

Progress = Callable[[float], None]
"""Called with the share of the work that is done, 0 to 1, never falling."""


@dataclass(frozen=True)
class Embeddings:
    """float32, both of shape (items, dims), rows in vocabulary order.

    inputs: the item as centre (word2vec's "in" vectors). outputs: the item as context ("out").
    """

    inputs: NDArray[np.float32]
    outputs: NDArray[np.float32]


class Trainer(Protocol):
    def __call__(self, corpus: Corpus, config: TrainerConfig, seed: int, progress: Progress) -> Embeddings:
        """Raises TrainingFailed when no finite vectors come out."""
        ...


def trainer_for(engine: str) -> Trainer:
    """Imported only when used: an engine's library need not be loaded by a run that uses another."""
    return cast(Trainer, import_module(ENGINES[engine]).train)


ENGINES = {"gensim": "training.gensim_trainer"}


def check_finite(embeddings: Embeddings, config: TrainerConfig) -> None:
    """NaN and runaway vectors are never published. Raises TrainingFailed."""
    for matrix in (embeddings.inputs, embeddings.outputs):
        norms = np.sqrt(np.einsum("ij,ij->i", matrix, matrix, dtype=np.float64))
        if not np.isfinite(norms).all() or norms.max(initial=0) > 1e4:
            raise TrainingFailed(
                f"training diverged: the longest vector has length {norms.max(initial=0):.3g}; "
                f"use a smaller learning rate than {config.learning_rate:g}"
            )
