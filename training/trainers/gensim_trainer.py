"""Skip-gram with negative sampling by gensim (Mikolov et al. 2013, sections 2.2 and 2.3)."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from gensim.models import Word2Vec
from gensim.models.callbacks import CallbackAny2Vec

from index.errors import TrainingFailed
from training.config import TrainerConfig
from training.corpus import Corpus
from training.objective.signals import PLAIN, Signals
from training.trainers.trainer import Embeddings, Progress, check_finite

# gensim cuts a sentence silently at this many tokens (MAX_SENTENCE_LEN in its C code).
GENSIM_LIMIT = 10_000


class _Sentences:
    """The corpus as gensim wants it: an iterable that can be walked once per epoch, rows written as text."""

    def __init__(self, corpus: Corpus, epochs: int, progress: Progress) -> None:
        self._corpus = corpus
        self._names = np.array([str(row) for row in range(corpus.items)], dtype=object)
        self._total = epochs * max(1, len(corpus))
        self._progress = progress
        self._seen = 0

    def __iter__(self) -> Iterator[list[str]]:
        for begin, end in pairwise(self._corpus.offsets.tolist()):
            for cut in range(begin, end, GENSIM_LIMIT):
                yield self._names[self._corpus.tokens[cut : min(end, cut + GENSIM_LIMIT)]].tolist()
            self._seen += 1
            if self._seen % 4096 == 0:
                self._progress(min(1.0, self._seen / self._total))


class _Guard(CallbackAny2Vec):  # type: ignore[misc]
    """Looks at the vectors after each epoch, so that a lost training ends early."""

    def __init__(self, learning_rate: float) -> None:
        self._learning_rate = learning_rate

    def on_epoch_end(self, model: Word2Vec) -> None:
        check_finite(Embeddings(model.wv.vectors, model.syn1neg), self._learning_rate)


def train(
    corpus: Corpus,
    config: TrainerConfig,
    seed: int,
    progress: Progress,
    start: Embeddings | None = None,
    signals: Signals = PLAIN,
) -> Embeddings:
    """Repeatable with one worker. Weights of events are not used: gensim has no place for them. Raises TrainingFailed
    for signals: contexts are what lies near, and noise is drawn from all items."""
    if signals != PLAIN:
        raise TrainingFailed("gensim learns from the order of items alone: use engine sgns or spectral")
    counts, steps = corpus.counts(), config.steps()
    model = Word2Vec(
        vector_size=config.dims,
        window=config.window,
        sg=1,
        hs=0,
        negative=config.negatives,
        ns_exponent=config.exponent,
        sample=config.sample,
        alpha=steps.first,
        min_alpha=steps.last,
        min_count=1,
        epochs=steps.epochs,
        workers=config.workers,
        seed=seed,
    )
    model.build_vocab_from_freq({str(r): int(n) for r, n in enumerate(counts) if n}, corpus_count=len(corpus))
    rows = np.array([int(key) for key in model.wv.index_to_key])
    if start is not None:
        model.wv.vectors[:], model.syn1neg[:] = start.inputs[rows], start.outputs[rows]
    with np.errstate(all="ignore"):
        model.train(
            _Sentences(corpus, steps.epochs, progress),
            total_examples=len(corpus),
            total_words=len(corpus.tokens),
            epochs=steps.epochs,
            callbacks=[_Guard(steps.first)],
        )
    inputs = np.zeros((corpus.items, config.dims), dtype=np.float32)
    outputs = np.zeros_like(inputs)
    inputs[rows] = model.wv.vectors
    outputs[rows] = model.syn1neg
    progress(1.0)
    return Embeddings(inputs, outputs)
