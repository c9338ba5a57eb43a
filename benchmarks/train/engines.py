"""The engines as they are timed: seconds and vectors out, of the same task.

The task is word2vec's usual one and is spelt out here, whatever the product's own settings are: so the engines differ
in nothing but steps and epochs, and figures of other days compare.
"""

import gc
import statistics
import time
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np

from training.config import Engine, Steps, TrainerConfig
from training.corpus import Corpus
from training.trainers.trainer import Embeddings

DIMS, WINDOW, NEGATIVES, EXPONENT, THREADS = 128, 5, 5, 0.75, 2
ENGINES: tuple[Engine, ...] = ("spectral", "sgns", "gensim")
STEPPING: tuple[Engine, ...] = ("sgns", "gensim")
LABELS = {"spectral": "closed form", "sgns": "skip-gram", "gensim": "gensim"}
NO_STEPS = Steps(1, 0.0, 0.0)  # of the closed form, which sees the sessions once

Sentences = list[list[str]] | Path


def train_once(
    engine: Engine, corpus: Corpus, steps: Steps, seed: int, sentences: Sentences
) -> tuple[float, Embeddings]:
    gc.collect()
    if engine == "spectral":
        return train_spectral(corpus, seed)
    if engine == "sgns":
        return train_sgns(corpus, steps, seed)
    return train_gensim(corpus, steps, seed, sentences)


def sgns_config(steps: Steps, dims: int = DIMS, workers: int = THREADS) -> TrainerConfig:
    return TrainerConfig(
        engine="sgns",
        dims=dims,
        window=WINDOW,
        dynamic=True,
        direction="both",
        negatives=NEGATIVES,
        exponent=EXPONENT,
        sample=0,
        epochs=steps.epochs,
        learning_rate=steps.first,
        min_learning_rate=steps.last,
        workers=workers,
    )


def train_sgns(corpus: Corpus, steps: Steps, seed: int) -> tuple[float, Embeddings]:
    """Seconds of all that train() does, and the vectors."""
    from training.trainers.sgns.train import train

    config = sgns_config(steps)
    started = time.perf_counter()
    found = train(corpus, config, seed, lambda _: None)
    return time.perf_counter() - started, found


def train_spectral(corpus: Corpus, seed: int) -> tuple[float, Embeddings]:
    """Seconds of all that train() does, by the product's own settings, and the vectors for what comes next."""
    from training.trainers.spectral.train import train

    config = TrainerConfig(engine="spectral", dims=DIMS, workers=THREADS)
    started = time.perf_counter()
    found = train(corpus, config, seed, lambda _: None)
    return time.perf_counter() - started, found


def train_gensim(corpus: Corpus, steps: Steps, seed: int, sentences: Sentences) -> tuple[float, Embeddings]:
    """Seconds of gensim's train() alone, the vocabulary apart. sentences: prebuilt lists, or a file of one a line."""
    from gensim.models import Word2Vec

    counts = corpus.counts()
    model = Word2Vec(
        vector_size=DIMS,
        window=WINDOW,
        sg=1,
        negative=NEGATIVES,
        ns_exponent=EXPONENT,
        shrink_windows=True,
        sample=0,
        alpha=steps.first,
        min_alpha=steps.last,
        min_count=1,
        workers=THREADS,
        seed=seed,
    )
    model.build_vocab_from_freq({str(row): int(n) for row, n in enumerate(counts) if n}, corpus_count=len(corpus))
    source = {"corpus_file": str(sentences)} if isinstance(sentences, Path) else {"corpus_iterable": sentences}
    started = time.perf_counter()
    model.train(**source, total_examples=len(corpus), total_words=len(corpus.tokens), epochs=steps.epochs)
    seconds = time.perf_counter() - started
    rows = np.array(model.wv.index_to_key).astype(np.int64)
    inputs, outputs = (np.zeros((corpus.items, DIMS), dtype=np.float32) for _ in range(2))
    inputs[rows], outputs[rows] = model.wv.vectors, model.syn1neg
    return seconds, Embeddings(inputs, outputs)


def lists_of(corpus: Corpus) -> list[list[str]]:
    """One text object an item, as gensim would have it from any reader that does not waste memory."""
    names = np.array([str(row) for row in range(corpus.items)], dtype=object)
    return [names[corpus.tokens[begin:end]].tolist() for begin, end in pairwise(corpus.offsets.tolist())]


def file_of(lists: list[list[str]], path: Path) -> Path:
    with path.open("w") as file:
        file.writelines(" ".join(sentence) + "\n" for sentence in lists)
    return path


def written(steps: Steps) -> str:
    if steps == NO_STEPS:
        return "none"
    return f"{steps.first:g} to {steps.last:g} x {steps.epochs}"


def spread(values: Iterable[float], digits: int) -> str:
    found = list(values)
    return f"{statistics.median(found):.{digits}f} ({min(found):.{digits}f} to {max(found):.{digits}f})"


def tiny() -> Corpus:
    rng = np.random.default_rng(1)
    starts = np.arange(100, dtype=np.int64)
    tokens = rng.integers(0, 50, 1000).astype(np.int32)
    return Corpus(tokens, np.arange(0, 1001, 10, dtype=np.int64), starts, starts, 50)


def warm_up() -> None:
    """Compiles, or reads what was compiled before."""
    train_sgns(tiny(), Steps(1, 0.1, 0.1), 1)
    train_spectral(tiny(), 1)
