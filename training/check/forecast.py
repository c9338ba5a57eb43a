"""What a training will cost here, before it is started: minutes from a short trial, memory from the arrays' shapes."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from index.errors import TrainingFailed
from training.baselines.baskets import BASKET
from training.baselines.items import EASE_ITEMS, MOST_PAIRS
from training.config import TrainConfig
from training.corpus import Corpus
from training.evaluation.ranks import block_size
from training.trainers.trainer import Trainer, trainer_for

FIRST_TRIAL = 20_000  # tokens
EPOCH_SECONDS, MORE_SECONDS, MOST_EPOCHS = 0.3, 0.6, 512  # of a trial: it takes two to five seconds in all
LIBRARIES_MB = 350  # Python with numpy, numba, DuckDB, gensim, scipy and faiss loaded
READER_MB = 400  # what DuckDB took at most beside the events, reading 20 M of them with two threads
BYTES_PER_ITEM = 800  # the trainer's dictionary of an item, the id itself, and its places in lists
MB = 1e6


def forecast(
    corpus: Corpus, config: TrainConfig, events: int, ram_mb: float | None = None, train: Trainer | None = None
) -> dict[str, Any]:
    """Keys: tokens_per_second, trial_tokens, trial_seconds, trainings (list of {name, tokens, minutes}), minutes (their
    sum), memory_mb, memory (stage -> MB), ram_mb, failed (why the trainer gave up on the trial, or None; if it did, the
    minutes are None).

    Minutes are those of the trainings: tokens x epochs / measured speed, for each training of a run. Measuring against
    the baselines and building the index come on top; they depend on the items more than on the events.
    """
    speed, tokens, seconds, failed = trial(corpus, config, train or trainer_for(config.trainer.engine))
    runs = []
    for name, share in trainings(config):
        minutes = None if speed is None else len(corpus.tokens) * share * config.trainer.steps().epochs / speed / 60
        runs.append({"name": name, "tokens": round(len(corpus.tokens) * share), "minutes": minutes})
    stages = memory(corpus, config, events)
    return {
        "tokens_per_second": None if speed is None else round(speed),
        "trial_tokens": tokens,
        "trial_seconds": round(seconds, 2),
        "trainings": runs,
        "minutes": None if speed is None else sum(r["minutes"] for r in runs if r["minutes"] is not None),
        "memory_mb": round(max(stages.values())),
        "memory": {name: round(mb) for name, mb in stages.items()},
        "ram_mb": round(machine_mb() if ram_mb is None else ram_mb),
        "failed": failed,
    }


def trainings(config: TrainConfig) -> list[tuple[str, float]]:
    """The trainings of one run, with the share of the corpus each is given."""
    settings = config.evaluation
    before_test = 1.0 if settings.split == "last" else 1 - settings.test_share
    found = []
    if settings.blend or settings.baselines:
        before_validation = 1.0 if settings.split == "last" else 1 - settings.validation_share
        found.append(("to choose weights on", before_test * before_validation))
    found.append(("to measure", before_test))
    if settings.publish_all:
        found.append(("to publish", 1.0))
    return found


def trial(corpus: Corpus, config: TrainConfig, train: Trainer) -> tuple[float | None, int, float, str | None]:
    """(tokens per second, tokens of the sample, seconds in all, why it failed), on random sessions.

    The sample grows fourfold until one epoch takes EPOCH_SECONDS; then more epochs on the same sample. The speed is
    theirs alone, so what a training costs once (loading, vocabulary, start of threads) is not multiplied by its epochs.
    """
    order = np.random.default_rng(config.seed).permutation(len(corpus))
    reach = np.cumsum(corpus.lengths()[order])
    started = time.perf_counter()

    def timed(sample: Corpus, epochs: int) -> float:
        begun = time.perf_counter()
        train(sample, config.trainer.model_copy(update={"epochs": epochs}), config.seed, lambda _: None)
        return time.perf_counter() - begun

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
        longer = timed(sample, epochs) - once
        while longer < MORE_SECONDS and epochs < MOST_EPOCHS:
            epochs *= 4
            longer = timed(sample, epochs) - once
    except TrainingFailed as error:
        return None, len(sample.tokens), time.perf_counter() - started, str(error)
    speed = len(sample.tokens) * (epochs - 1) / max(longer, 1e-3)
    return speed, len(sample.tokens), time.perf_counter() - started, None


def memory(corpus: Corpus, config: TrainConfig, events: int) -> dict[str, float]:
    """Stage -> MB at its peak. With t tokens, s sessions, n items, d dims, e events in the log, p pairs of items:

    libraries  350, part of every stage
    reading    min(e x 20 bytes (28 with session ids), memory_mb) + the reader, at most 400 + t x 8 + s x 48 + n x 800
    training   corpora + 4 matrices of n x d x 4 (the trainer's two and their copies; with a warm start 6) + n x 800
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
    stages = {
        "reading": reading + (tokens * 8 + sessions * 48) / MB + books,
        "training": corpora + (6 if config.trainer.warm_start else 4) * matrix + books,
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
