"""The vectors of one model: some for what comes next, some for what is alike. They may be the same."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from training.config import TrainerConfig
from training.corpus import Corpus
from training.objective.signals import PLAIN, Signals
from training.trainers.steady import OnRestart, train_until_stable
from training.trainers.trainer import Embeddings, Progress, trainer_for

Space = Literal["next", "similar"]


@dataclass(frozen=True)
class Spaces:
    """next: read by `next_reading`. similar: read by `similar_reading`; the same object where one training serves
    both."""

    next: Embeddings
    similar: Embeddings


@dataclass(frozen=True)
class Start:
    """What a training starts from, None where that is nothing."""

    next: Embeddings | None = None
    similar: Embeddings | None = None


@dataclass(frozen=True)
class TrainedSpaces:
    """learning_rate: the first step size that held, None where there are no steps. restarts: how many did not."""

    spaces: Spaces
    learning_rate: float | None
    restarts: int


def train_plainly(
    corpus: Corpus, config: TrainerConfig, seed: int, progress: Progress, signals: Signals = PLAIN
) -> Spaces:
    """Without restarts; by the closed form where the engine is `auto`. Raises TrainingDiverged, TrainingFailed."""
    if config.engine in ("auto", "spectral"):
        closed = config.model_copy(update={"engine": "spectral"})
        return train_spaces(corpus, closed, seed, progress, signals=signals).spaces
    found = trainer_for(config.engine)(corpus, config, seed, progress, None, signals)
    return Spaces(found, found)


def train_spaces(
    corpus: Corpus,
    config: TrainerConfig,
    seed: int,
    progress: Progress,
    on_restart: OnRestart = lambda rate, lower: None,
    start: Start = Start(),
    signals: Signals = PLAIN,
) -> TrainedSpaces:
    """By the config's engine, which is not `auto`. Raises TrainingFailed.

    The closed form is had twice, from different counts: what is alike comes before and after the same items, what comes
    next only after. Skip-gram takes one training for both.
    """
    if config.engine == "spectral":
        train = trainer_for("spectral")
        following = train(corpus, config, seed, lambda share: progress(share / 2), start.next, signals)
        own = config.spectral
        both = own.model_copy(update={"behind": own.behind_similar, "split": own.split_similar})
        if both == own:
            return TrainedSpaces(Spaces(following, following), None, 0)
        alike = config.model_copy(update={"spectral": both})
        half: Callable[[float], None] = lambda share: progress(0.5 + share / 2)  # noqa: E731
        if signals.attributes is not None and following.makeup is not None:
            # What an attribute is worth was found on what comes next; cosines have no such question of their own.
            known = replace(signals.attributes, worth=following.makeup.worth)
            signals = replace(signals, attributes=known)
        return TrainedSpaces(Spaces(following, train(corpus, alike, seed, half, start.similar, signals)), None, 0)
    engine = trainer_for(config.engine)
    found = train_until_stable(engine, corpus, config, seed, progress, on_restart, start.next, signals)
    return TrainedSpaces(Spaces(found.embeddings, found.embeddings), found.learning_rate, found.restarts)
