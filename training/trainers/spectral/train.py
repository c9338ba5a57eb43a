"""Item vectors in closed form: no steps, no noise, no learning rate. The method from top to bottom.

What skip-gram with negative sampling learns is a factorisation of a matrix of pair counts (Levy & Goldberg 2014,
section 3). It can be had directly. C[a, b] is how often b came near a in the sessions, nearer pairs counting more. A
plain factorisation of C would see nothing but the popular items, so the counts are tamed first:

    M[a, b] = C[a, b]^power / (sum of row a * sum of column b)^degree

With power 1/2 and degree 1/4 this is the root of counts divided by the root of what both items have: inner products of
rows are then Hellinger affinities, as in Lebret & Collobert 2014, who take the root of probabilities (section 3.3).
Items are told by M = inputs . outputs', both of `dims` columns, as near as few products come to it (Halko et al. 2011,
algorithm 4.4: a random matrix, multiplied by M and M' in turn, made orthonormal in between; section 5.1: the rest).

Why few products. The exact decomposition is worse: the leading directions of M are small, dense cliques of items, and
with many products all dimensions go to them. Three products let each dimension be a mixture that leans to them: the
range is rough, and every item keeps a part in it. See docs/engines.md for the figures.

The vectors of one log and seed are the same to the bit with any number of threads.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from index.align import rotation
from index.errors import TrainingFailed
from training.config import SpectralConfig, TrainerConfig
from training.corpus import Corpus
from training.counting.blocks import Reach
from training.counting.pairs import PairCounts
from training.objective.segments import Segments
from training.objective.signals import PLAIN, Signals
from training.trainers.spectral.pairs import Pairs, pairs_of
from training.trainers.spectral.pooled import folding, halves_of, pooled, worth_of
from training.trainers.spectral.products import Matrix, gram, multiply, rooted, rows_of, times, transposed
from training.trainers.spectral.shift import Shift, product
from training.trainers.trainer import Embeddings, Progress

SPARE = 16  # columns more than wanted while multiplying: the last of a rough range are the poorest
RANK = 1e-10  # of the largest eigenvalue: below it, a direction is rounding

Float = NDArray[np.float32]


def train(
    corpus: Corpus,
    config: TrainerConfig,
    seed: int,
    progress: Progress,
    start: Embeddings | None = None,
    signals: Signals = PLAIN,
) -> Embeddings:
    """The trainer contract. start: what the vectors are turned onto, so that the same item has nearly the same vector
    in both; they are not begun with, since more products would make them worse."""
    settings = config.spectral
    pairs = pairs_of(corpus, reach_of(settings), signals, config.workers)
    progress(0.5)
    segments = signals.segments if signals.segment_negatives else None
    # The share of all noise that is the segment's own.
    share = signals.segment_negatives / (signals.segment_negatives + config.negatives)
    if signals.attributes is None:
        return embed(pairs, config, seed, progress, start, corpus.keys, segments, share)
    most: Progress = lambda done: progress(0.9 * done)  # noqa: E731
    found = embed(pairs, config, seed, most, None, corpus.keys, segments, share)
    worth = signals.attributes.worth
    if worth is None:
        worth = _worth(found, corpus, config, signals, seed)
    found = pooled(found, signals.attributes, corpus.counts(), worth)
    progress(1.0)
    return found if start is None else turned(found, start)


def _worth(
    found: Embeddings, corpus: Corpus, config: TrainerConfig, signals: Signals, seed: int
) -> NDArray[np.float64]:
    """How many events each attribute is worth, by pairs that are held out."""
    assert signals.attributes is not None
    settings = config.spectral
    keys = np.arange(corpus.items, dtype=np.uint64) if corpus.keys is None else corpus.keys
    # A session is known by its items and its time, so that it is in the same half whatever else is in the log.
    marks: NDArray[np.uint64] = np.zeros(len(corpus), dtype=np.uint64)
    if len(corpus):
        marks = np.add.reduceat(keys[corpus.tokens], corpus.offsets[:-1], dtype=np.uint64)
    halves = halves_of(corpus, mixed(marks ^ corpus.starts.astype(np.uint64)))
    counts, sums = pairs_of(halves.first, reach_of(settings), signals, config.workers)
    with threadpool_limits(1, "blas"):
        matrix = rooted(counts, settings.power, settings.degree, config.workers, sums)
        own = multiply(matrix, folding(found.outputs), config.workers)
        return worth_of(own, found.outputs, signals.attributes, halves, mixed(keys ^ np.uint64(seed)))


def embed(
    pairs: Pairs | PairCounts,
    config: TrainerConfig,
    seed: int,
    progress: Progress,
    start: Embeddings | None = None,
    keys: NDArray[np.uint64] | None = None,
    segments: Segments | None = None,
    share: float = 0.0,
) -> Embeddings:
    """The same from pair counts that are there already. keys: as of a Corpus. share: of what pairs of a segment have in
    common, that is taken from them."""
    settings = config.spectral
    counts, sums = pairs if isinstance(pairs, Pairs) else Pairs(pairs)
    # Around small matrices a second thread of BLAS only spins: it took 34 times the CPU for one of 20,000 x 144.
    with threadpool_limits(1, "blas"):
        matrix = rooted(counts, settings.power, settings.degree, config.workers, sums)
        shift = None if segments is None else Shift.of(matrix, segments, share)
        keys = np.arange(len(counts), dtype=np.uint64) if keys is None else keys
        begin = signs(keys, config.dims + SPARE, seed)
        found = factorise(matrix, config.dims, settings, begin, config.workers, progress, shift)
        if start is not None:
            found = turned(found, start)
    if not all(np.isfinite(matrix).all() for matrix in (found.inputs, found.outputs)):
        raise TrainingFailed("the pair counts cannot be factorised: use a smaller trainer.spectral.power")
    progress(1.0)
    return found


def reach_of(settings: SpectralConfig) -> Reach:
    return Reach.of(settings.window, settings.decay, 1, settings.behind)


def factorise(
    matrix: Matrix,
    dims: int,
    settings: SpectralConfig,
    x: Float,
    threads: int,
    progress: Progress,
    shift: Shift | None = None,
) -> Embeddings:
    """inputs . outputs' near the matrix, less the shift. Columns beyond its rank are zeros. x: what is begun with, a
    row an item."""
    back = transposed(matrix), shift and shift.transposed()
    x = x[:, : max(rows_of(matrix), 1)]
    # The last product is with the matrix itself, so that y has a row for each item before, and x for each after.
    turns = [back, (matrix, shift)] * settings.products
    for n, factor in enumerate(turns[-settings.products :], 1):
        y = product(*factor, x, threads)
        progress(0.5 + 0.5 * n / (settings.products + 1))
        if n < settings.products:
            x = orthonormal(y, threads)
    # Y = M X with X orthonormal. From Y'Y = E S^2 E' follows Y = (Y E / S) S E', the singular values S of M X.
    size, directions = spectrum(y, threads)
    kept = size[:dims] > 0
    size, directions = size[:dims][kept], directions[:, :dims][:, kept]
    inputs, outputs = (np.zeros((rows_of(matrix), dims), dtype=np.float32) for _ in range(2))
    embeddings = Embeddings(inputs, outputs)
    embeddings.inputs[:, : len(size)] = times(y, directions * size ** (settings.split - 1), threads)
    embeddings.outputs[:, : len(size)] = times(x, directions * size ** (1 - settings.split), threads)
    return embeddings


def signs(keys: NDArray[np.uint64], columns: int, seed: int) -> Float:
    """1 or -1 at random, (len(keys), columns): as good a beginning as normal numbers (Halko et al. 2011, section 4.6),
    at a tenth of the time.

    Drawn by the item and not by its row: a rough range depends on what it begins with, and when a few events more have
    put the items into another order, each is to begin as it did before.
    """
    words = -(-columns // 64)
    drawn = np.random.default_rng(seed).integers(0, 2**64, words, dtype=np.uint64)
    bits = np.ascontiguousarray(mixed(keys[:, None] ^ drawn)).view(np.uint8).reshape(len(keys), -1)
    found: Float = 2 * np.unpackbits(bits, axis=1, count=columns).astype(np.float32) - 1
    return found


def mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit of the result depends on every bit of x (SplitMix64, Steele et al. 2014, section 5)."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def orthonormal(y: Float, threads: int) -> Float:
    """Orthonormal columns of the same span, by the Gram matrix: three times as fast as a QR of so tall a matrix, and as
    exact as float32 needs. Directions that are rounding only become zeros."""
    size, directions = spectrum(y, threads)
    scale = np.divide(1, size, out=np.zeros_like(size), where=size > 0)
    return times(y, directions * scale, threads)


def spectrum(y: Float, threads: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(singular values of y, largest first, 0 for rounding; its right singular vectors as columns), float64."""
    values, vectors = np.linalg.eigh(gram(y, threads))
    values, vectors = values[::-1], vectors[:, ::-1]
    real = values > max(values[0], 0) * RANK
    return np.sqrt(np.where(real, values, 0)), vectors


def turned(found: Embeddings, start: Embeddings) -> Embeddings:
    """Turned onto `start`, both matrices by one rotation: inner products stay as they are."""
    if found.inputs.shape != start.inputs.shape:
        return found
    both = rotation(np.vstack([start.inputs, start.outputs]), np.vstack([found.inputs, found.outputs]))
    makeup = None if found.makeup is None else replace(found.makeup, values=found.makeup.values @ both)
    return Embeddings(found.inputs @ both, found.outputs @ both, makeup)
