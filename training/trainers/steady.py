"""A training that comes to an end: when the vectors run away it starts again, with half the learning rate."""

from collections.abc import Callable
from dataclasses import dataclass

from index.errors import TrainingDiverged
from training.config import TrainerConfig
from training.corpus import Corpus
from training.trainers.trainer import Embeddings, Progress, Trainer

RESTARTS = 4  # a sixteenth of the first learning rate at last: what still runs away then has another reason

Told = Callable[[float, float], None]
"""Called at each restart, with the learning rate that was too large and the next."""


@dataclass(frozen=True)
class Trained:
    """learning_rate: the first step size of the training that held, after so many `restarts`."""

    embeddings: Embeddings
    learning_rate: float
    restarts: int


def train_steadily(
    trainer: Trainer,
    corpus: Corpus,
    config: TrainerConfig,
    seed: int,
    progress: Progress,
    told: Told,
    start: Embeddings | None = None,
) -> Trained:
    """What `trainer` gives, at the first of the learning rates r, r/2, ... r/16 at which it does not diverge.

    A last learning rate that is not set falls with the first. Raises TrainingDiverged that says what was tried.
    """
    rates = [config.steps().first / 2**n for n in range(RESTARTS + 1)]
    rest = _Rest(progress)
    for n, rate in enumerate(rates):
        try:
            settings = config.model_copy(update={"learning_rate": rate})
            return Trained(trainer(corpus, settings, seed, rest, start), rate, restarts=n)
        except TrainingDiverged as error:
            if rate == rates[-1]:
                tried = ", ".join(f"{rate:g}" for rate in rates)
                raise TrainingDiverged(
                    f"training diverged with each of the learning rates {tried} (the last time: {error}). "
                    f"Set trainer.learning_rate well below {rate:g}; if that does not help, set trainer.negatives or "
                    "trainer.window lower, or trainer.exponent nearer to 0.75"
                ) from error
            told(rate, rates[n + 1])
            rest.begin_again()
    raise AssertionError("unreachable: the last rate returns or raises")


class _Rest:
    """Progress over restarts: each has what the one before left of the bar, so that it never falls and always moves."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._before = self._done = 0.0

    def __call__(self, share: float) -> None:
        self._done = max(self._done, 1 - (1 - self._before) * (1 - share))
        self._progress(self._done)

    def begin_again(self) -> None:
        self._before = self._done
