"""What a training will cost here, before it is started: minutes from a short trial, memory from the arrays' shapes."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.errors import TrainingFailed
from training.baselines.items import EASE_ITEMS
from training.baselines.seen import MOST_PAIRS
from training.choice.engines import engines_of, with_engine
from training.config import TrainConfig
from training.corpus import Corpus
from training.counting.baskets import BASKET
from training.evaluation.ranks import block_size
from training.objective.lesson import lesson_of
from training.objective.segments import Segments
from training.trainers.trainer import Trainer, trainer_for

FIRST_TRIAL = 20_000  # tokens
EPOCH_SECONDS, MORE_SECONDS, MOST_EPOCHS = 0.3, 0.6, 512  # of a trial: it takes two to five seconds in all
LIBRARIES_MB = 350  # Python with numpy, numba, DuckDB, gensim, scipy and faiss loaded
READER_MB = 400  # what DuckDB took at most beside the events, reading 20 M of them with two threads
BYTES_PER_ITEM = 800  # the trainer's dictionary of an item, the id itself, and its places in lists
MB = 1e6


@dataclass(frozen=True)
class TrainingCost:
    """One training of a run. minutes: None where the trial failed."""

    name: str
    tokens: int
    minutes: float | None


@dataclass(frozen=True)
class Forecast:
    """minutes: of all trainings. memory: stage -> MB; memory_mb: of the stage that needs most. failed: why the trainer
    gave up on the trial, or None; if it did, the speed and the minutes are None.

    Minutes are those of the trainings: tokens x passes / measured speed, for each training of a run, by the slowest
    engine that is tried. Choosing, measuring and the lists of neighbours come on top; they depend on the items more
    than on the events.
    """

    tokens_per_second: int | None
    trial_tokens: int
    trial_seconds: float
    trainings: list[TrainingCost]
    minutes: float | None
    memory_mb: int
    memory: dict[str, int]
    ram_mb: int
    failed: str | None

    @property
    def peak(self) -> str:
        """The stage that needs most memory."""
        return max(self.memory, key=lambda stage: self.memory[stage])


def forecast(
    corpus: Corpus,
    config: TrainConfig,
    events: int,
    ram_mb: float | None = None,
    train: Trainer | None = None,
    clock: Callable[[], float] = time.perf_counter,
    segments: Segments | None = None,
) -> Forecast:
    """events: of the log, before the rules. clock: in seconds. segments: of the items, where there are any."""
    started = clock()
    engine = engines_of(config, corpus)[-1]  # the one that takes longest
    speed, tried, failed = trial(corpus, with_engine(config, engine), train or trainer_for(engine), clock, segments)
    passes = 1 if engine == "spectral" else config.trainer.steps().epochs
    seconds = clock() - started
    trainings = []
    for name, share in config.evaluation.trainings():
        tokens = len(corpus.tokens) * share + walked(corpus, config)
        minutes = None if speed is None else tokens * passes / speed / 60
        trainings.append(TrainingCost(name, round(tokens), minutes))
    stages = memory(corpus, config, events)
    return Forecast(
        tokens_per_second=None if speed is None else round(speed),
        trial_tokens=tried,
        trial_seconds=round(seconds, 2),
        trainings=trainings,
        minutes=None if speed is None else sum(t.minutes or 0.0 for t in trainings),
        memory_mb=round(max(stages.values())),
        memory={stage: round(mb) for stage, mb in stages.items()},
        ram_mb=round(machine_mb() if ram_mb is None else ram_mb),
        failed=failed,
    )


def trial(
    corpus: Corpus,
    config: TrainConfig,
    train: Trainer,
    clock: Callable[[], float],
    segments: Segments | None = None,
) -> tuple[float | None, int, str | None]:
    """(tokens per second, or None where the trainer failed; tokens of the sample; why it failed).

    On random sessions, with the signals of the log; without walks, of which a small part has as many as the whole:
    `walked` counts them. The sample grows fourfold until one epoch takes EPOCH_SECONDS; then come more epochs on it.

    The speed is theirs alone, so what a training costs once (loading, vocabulary, start of threads) is not multiplied
    by its epochs. The closed form makes no passes: one training of the sample tells its speed.
    """
    order = np.random.default_rng(config.seed).permutation(len(corpus))
    reach = np.cumsum(corpus.lengths()[order])

    still = config.model_copy(update={"objective": config.objective.model_copy(update={"walks": 0})})

    def timed(sample: Corpus, epochs: int) -> float:
        lesson = lesson_of(sample, still, segments)
        settings = config.trainer.model_copy(update={"epochs": epochs})
        begun = clock()
        train(lesson.corpus, settings, config.seed, lambda _: None, signals=lesson.signals)
        return clock() - begun

    def part(tokens: int) -> Corpus:
        return corpus.take(np.sort(order[: int(np.searchsorted(reach, tokens)) + 1]))

    wanted, epochs = FIRST_TRIAL, 2
    sample = part(wanted)
    try:
        timed(sample, 1)  # loads the engine, or compiles it
        once = timed(sample, 1)
        while once < EPOCH_SECONDS and len(sample) < len(corpus):
            wanted *= 4
            sample = part(wanted)
            once = timed(sample, 1)
        if config.trainer.engine == "spectral":
            return len(sample.tokens) / max(once, 1e-3), len(sample.tokens), None
        longer = timed(sample, epochs) - once
        while longer < MORE_SECONDS and epochs < MOST_EPOCHS:
            epochs *= 4
            longer = timed(sample, epochs) - once
    except TrainingFailed as error:
        return None, len(sample.tokens), error.short
    return len(sample.tokens) * (epochs - 1) / max(longer, 1e-3), len(sample.tokens), None


def walked(corpus: Corpus, config: TrainConfig) -> int:
    """Events of walks in each training, at most: a walk ends where nothing followed."""
    return corpus.items * config.objective.walks * config.objective.walk_length


def memory(corpus: Corpus, config: TrainConfig, events: int) -> dict[str, float]:
    """Stage -> MB at its peak. With t tokens, s sessions, n items, d dims, e events in the log, p pairs of items:

    libraries  350, part of every stage
    reading    min(e x 20 bytes (28 with session ids), memory_mb) + the reader, at most 400 + t x 8 + s x 48 + n x 800
    training   corpora + 4 matrices of n x d x 4 (the trainer's two and their copies; with a warm start 6) + n x 800 +
               w x 16 + (t + w) x 8 where events have weights or there are walks, of w events at most
    measuring  corpora + 4 matrices + n x 800 + workers x scores of a block of prefixes x 4 x 8 (so many arrays of them
               at once) + p x 32 (pair counts as rules, as a matrix, as cosines) or, where n is at most 10,000 and that
               is more, p x 8 + n x n x 40 for EASE; the last two only with baselines
    publishing corpora + 6 matrices + n x neighbours x 16 + t x 8 (evidence) + p x 16

    A run on 1 M events of 8,672 items took 3,785 MB at most, one on 1 M of 53,136 items 1,776 MB.

    corpora: the whole log's and the two training parts', 4 bytes a token and 32 a session each, and 24 a token while
    one is cut out of another. p is at most n x n, what the baselines keep (100 M), and the pairs within sessions.
    """
    tokens, sessions, items = len(corpus.tokens), len(corpus), corpus.items
    settings = config.events
    lengths = np.minimum(corpus.lengths(), BASKET).astype(np.float64)
    pairs = min(float(items) ** 2, float(MOST_PAIRS), float((lengths * (lengths - 1)).sum()))
    matrix = items * config.trainer.dims * 4 / MB
    width = 28 if settings.session else 20
    corpora = (2.7 * (tokens * 4 + sessions * 32) + tokens * 24) / MB
    books = items * BYTES_PER_ITEM / MB
    reading = min(events * width / MB, settings.memory_mb) + min(READER_MB, settings.memory_mb)
    scores = block_size(items) * items * 4 * 8 / MB * config.trainer.workers
    measuring = corpora + 4 * matrix + books + scores
    if config.evaluation.baselines:
        dense = items**2 * 40 / MB if items <= EASE_ITEMS else 0.0
        measuring += max(pairs * 32 / MB, dense + pairs * 8 / MB)
    publishing = corpora + 6 * matrix + books + (items * config.index.neighbours + pairs) * 16 / MB + tokens * 8 / MB
    walks = walked(corpus, config)
    weighed = walks or corpus.weights is not None or config.sessions.half_life_days or config.objective.converts
    lesson = (walks * 16 + (tokens + walks) * 8) / MB if weighed else 0.0
    stages = {
        "reading": reading + (tokens * 8 + sessions * 48) / MB + books,
        "training": corpora + lesson + (6 if config.trainer.warm_start else 4) * matrix + books,
        "measuring": measuring,
        "publishing": publishing,
    }
    return {name: LIBRARIES_MB + mb for name, mb in stages.items()}


def machine_mb() -> float:
    """Memory this process may use: the machine's, or its container's where that is less."""
    most = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            most = min(most, float(Path(path).read_text()))
        except (OSError, ValueError):  # not a container, or "max"
            continue
    return most / MB
