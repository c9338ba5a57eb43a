"""The contract every trainer fulfils: arrays and a frozen config in, two matrices out."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from index.errors import TrainingDiverged
from training.config import TrainerConfig
from training.corpus import Corpus
from training.objective.signals import PLAIN, Signals

Progress = Callable[[float], None]
"""Called with the share of the work that is done, 0 to 1, never falling."""


@dataclass(frozen=True)
class Makeup:
    """What inputs are made of: each is a mean of the item's own vector and of those of its attributes' values.

    weights: float32 (items, 1 + attributes), the own one first, 0 for an attribute that the item has no value of; each
    row sums to 1. values: float32 (values, dims), numbered as in `Attributes`. worth: as there, of the closed form.
    """

    weights: NDArray[np.float32]
    values: NDArray[np.float32]
    worth: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Embeddings:
    """float32, both of shape (items, dims), rows in vocabulary order.

    inputs: the item as centre (word2vec's "in" vectors). outputs: the item as context ("out"). makeup: of inputs, where
    there are attributes.
    """

    inputs: NDArray[np.float32]
    outputs: NDArray[np.float32]
    makeup: Makeup | None = None


class Trainer(Protocol):
    def __call__(
        self,
        corpus: Corpus,
        config: TrainerConfig,
        seed: int,
        progress: Progress,
        start: Embeddings | None = None,
        signals: Signals = PLAIN,
    ) -> Embeddings:
        """start: vectors to begin with, not changed; without it the training begins from scratch. signals: what the log
        says beside the corpus; an engine that cannot take one of them refuses.

        Raises TrainingDiverged when the vectors run away, TrainingFailed when there are no vectors for another reason.
        """
        ...


def trainer_for(engine: str) -> Trainer:
    """The engine's `train`. Its module is imported here, so that a run loads no library of another engine."""
    return cast(Trainer, import_module(ENGINES[engine]).train)


ENGINES = {
    "spectral": "training.trainers.spectral.train",
    "sgns": "training.trainers.sgns.train",
    "gensim": "training.trainers.gensim_trainer",
}


def fresh_inputs(items: int, dims: int, seed: int) -> NDArray[np.float32]:
    """float32, shape (items, dims): input vectors of a training from scratch, as in word2vec.c. Its outputs are zero,
    so the first steps get their direction from the sessions."""
    drawn = np.random.default_rng(seed).uniform(-0.5 / dims, 0.5 / dims, (items, dims))
    return drawn.astype(np.float32)


LONGEST = 100.0  # a vector of a training that goes well is 2 to 20 long


def check_finite(embeddings: Embeddings, learning_rate: float) -> None:
    """NaN and runaway vectors are never published. Raises TrainingDiverged."""
    for matrix in (embeddings.inputs, embeddings.outputs):
        with np.errstate(all="ignore"):
            longest = float(np.sqrt(np.einsum("ij,ij->i", matrix, matrix).max(initial=0)))
        if not longest <= LONGEST:  # NaN is not
            raise TrainingDiverged(
                f"training diverged: the longest vector has length {longest:.3g}; "
                f"use a smaller learning rate than {learning_rate:g}",
                short="training diverged",
            )
