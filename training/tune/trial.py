"""One trial: train with some settings, and measure on validation what the vectors are worth, alone and with counts."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from index.errors import TrainingFailed
from index.ranking.recommender import Recommender
from index.ranking.settings import RecommenderConfig
from index.report import RankedTask
from training.choice.board import K
from training.choice.choose import Choice, choose_weights
from training.choice.materials import Counted, Materials
from training.config import TrainerConfig
from training.corpus import Corpus
from training.evaluation.metrics import gains
from training.evaluation.ranks import rank_scored
from training.evaluation.split import Prefixes
from training.objective.lesson import Lesson, plainly
from training.objective.signals import Signals
from training.trainers.sgns.noise import pool_size
from training.trainers.spaces import Spaces, train_plainly

Tick = Callable[[float], None]
Training = Callable[[Corpus, TrainerConfig, int, Tick, Signals], Spaces]
# The parts that trials are blended with: enough to tell vectors apart by what they add.
QUICK = ("vectors", "after", "popular"), ("vectors", "after", "popular", "own", "own.newest")
WARM_UP = 50  # sessions


@dataclass(frozen=True)
class Result:
    """Of one trial. reading_seconds: for choosing how the vectors are read."""

    spaces: Spaces
    choice: Choice
    training_seconds: float
    reading_seconds: float


@dataclass(frozen=True)
class Bench:
    """What is the same for all trials: sessions to train on, questions, and the counts that are blended in.

    threads: for choosing how the vectors are read; the trainer has its own in its settings. lesson: what is learnt from
    a corpus.
    """

    corpus: Corpus
    prefixes: Prefixes
    recommender: RecommenderConfig
    counted: Counted
    threads: int
    train: Training = train_plainly
    lesson: Callable[[Corpus], Lesson] = plainly

    def run(self, settings: TrainerConfig, seed: int, tick: Tick = lambda _: None) -> Result:
        """Raises TrainingFailed."""
        begun = time.perf_counter()
        corpus, signals = self.lesson(self.corpus)
        spaces = self.train(corpus, settings, seed, tick, signals)
        trained = time.perf_counter()
        materials = Materials(spaces, self.counted)
        choice = choose_weights(settings.engine, materials, self.prefixes, self.recommender, self.threads, names=QUICK)
        return Result(spaces, choice, trained - begun, time.perf_counter() - trained)

    def warm(self, settings: TrainerConfig) -> None:
        """A small training: engines are loaded or compiled by their first one, and no trial should pay for that."""
        few = replace(self, corpus=self.corpus.take(np.arange(min(WARM_UP, len(self.corpus)))))
        with suppress(TrainingFailed):
            few.run(settings.model_copy(update={"epochs": 1}), 1)

    def part(self, share: float, seed: int) -> "Bench":
        """The same counts, with a share of the sessions to train on, drawn at random, and of the questions."""
        prefixes = self.prefixes.spread(round(share * len(self.prefixes)))
        return replace(self, corpus=sample(self.corpus, share, seed), prefixes=prefixes)

    def values(self, result: Result) -> dict[str, NDArray[np.float64]]:
        """NDCG@20 of every prefix, float64 (prefixes,), as the Recommender ranks: `vectors` alone, `blend`, and `both`,
        their mean. Each is averaged over the two questions, after the last item and after the session."""
        found = {}
        for name, config in (("vectors", result.choice.vectors), ("blend", result.choice.blend)):
            recommender = Recommender(Materials(result.spaces, self.counted).scorer(config))
            found[name] = (self._gains(recommender, "T1") + self._gains(recommender, "T2")) / 2
        return found | {"both": (found["vectors"] + found["blend"]) / 2}

    def _gains(self, recommender: Recommender, task: RankedTask) -> NDArray[np.float64]:
        asked, targets = self.prefixes.asked(task), self.prefixes.targets
        score = partial(recommender.scores, one_item=task == "T1")
        return gains(rank_scored(score, asked, targets, self.corpus.items, self.threads), K)


def sample(corpus: Corpus, share: float, seed: int) -> Corpus:
    """A random share of the sessions in their order, over the same vocabulary."""
    count = max(1, round(share * len(corpus)))
    return corpus.take(np.sort(np.random.default_rng(seed).permutation(len(corpus))[:count]))


class Pace:
    """How long a training will take, judged by those of the same engine that were made."""

    def __init__(self, corpus: Corpus) -> None:
        self._length = len(corpus.tokens) / max(1, len(corpus))
        self._training: dict[str, list[float]] = {}
        self._reading: list[float] = []

    def learn(self, settings: TrainerConfig, training_seconds: float, reading_seconds: float) -> None:
        self._training.setdefault(_engine(settings), []).append(training_seconds / self._work(settings))
        self._reading.append(reading_seconds)

    def __len__(self) -> int:
        return sum(map(len, self._training.values()))

    def training(self, settings: TrainerConfig) -> float:
        """Seconds; 0 before the first training by the engine."""
        made = self._training.get(_engine(settings))
        return float(np.median(made)) * self._work(settings) if made else 0.0

    def trial(self, settings: TrainerConfig) -> float:
        """Seconds, choosing how the vectors are read included."""
        return self.training(settings) + (float(np.median(self._reading)) if self._reading else 0.0)

    def _work(self, settings: TrainerConfig) -> float:
        """Products x dims x pairs of an event; or epochs x dims x rows a centre meets, where negatives are drawn for
        each context, or shared (sgns)."""
        if _engine(settings) == "spectral":
            return settings.spectral.products * settings.dims * 2.0 * min(settings.spectral.window, self._length)
        reach = min(settings.window, self._length)
        reach = (1 + reach) / 2 if settings.dynamic else reach
        contexts = reach if settings.direction == "after" else 2 * reach
        noise = pool_size(settings.negatives) if settings.engine == "sgns" else contexts * settings.negatives
        return settings.steps().epochs * settings.dims * (contexts + noise)


def _engine(settings: TrainerConfig) -> str:
    return "spectral" if settings.engine == "auto" else settings.engine
