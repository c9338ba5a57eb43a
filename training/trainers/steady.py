"""A training that is stable: when the vectors run away it starts again, with half the learning rate."""

from collections.abc import Callable
from dataclasses import dataclass

from index.errors import TrainingDiverged
from training.config import TrainerConfig
from training.corpus import Corpus
from training.objective.signals import PLAIN, Signals
from training.trainers.trainer import Embeddings, Progress, Trainer

RESTARTS = 4  # down to a sixteenth of the first learning rate: what still diverges has another reason

OnRestart = Callable[[float, float], None]
"""Called at each restart, with the learning rate that was too large and the next."""


@dataclass(frozen=True)
class StableTraining:
    """learning_rate: the first step size of the training that did not diverge. restarts: how many did before it."""

    embeddings: Embeddings
    learning_rate: float
    restarts: int


def train_until_stable(
    trainer: Trainer,
    corpus: Corpus,
    config: TrainerConfig,
    seed: int,
    progress: Progress,
    on_restart: OnRestart,
    start: Embeddings | None = None,
    signals: Signals = PLAIN,
) -> StableTraining:
    """By `trainer`, with the first of the learning rates r, r/2, ... r/16 at which it does not diverge.

    A last learning rate that is not set falls with the first. Raises TrainingDiverged, which says what was tried.
    """
    rates = [config.steps().first / 2**n for n in range(RESTARTS + 1)]
    rest = _Rest(progress)
    for n, rate in enumerate(rates):
        try:
            settings = config.model_copy(update={"learning_rate": rate})
            return StableTraining(trainer(corpus, settings, seed, rest, start, signals), rate, restarts=n)
        except TrainingDiverged as error:
            if rate == rates[-1]:
                tried = ", ".join(f"{rate:g}" for rate in rates)
                short = f"training diverged with each of the learning rates {tried}"
                raise TrainingDiverged(
                    f"{short} (the last time: {error}). Set trainer.learning_rate well below {rate:g}; if that does "
                    "not help, set trainer.negatives or trainer.window lower, or trainer.exponent nearer to 0.75",
                    short=short,
                ) from error
            on_restart(rate, rates[n + 1])
            rest.begin_again()
    raise AssertionError("unreachable: the last rate returns or raises")


class _Rest:
    """Progress over restarts: each fills the rest of the bar that the one before left, so it never falls and always
    moves."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._before = self._done = 0.0

    def __call__(self, share: float) -> None:
        self._done = max(self._done, 1 - (1 - self._before) * (1 - share))
        self._progress(self._done)

    def begin_again(self) -> None:
        self._before = self._done
