"""Skip-gram with negative sampling: arrays in, two matrices out. The whole method, from top to bottom.

Of each item there are two vectors, `inputs` (the item as centre) and `outputs` (the item as context). For a centre c,
a context o near it in a session, and K noise items n, training climbs (Mikolov et al. 2013b, equation 4)

    log s(in_c . out_o) + sum over K noise items of log s(-in_c . out_n),      s(x) = 1 / (1 + exp(-x))

by steps along the gradient, which for a pair with label y (1 context, 0 noise) is g = y - s(in . out):

    in_c += rate_c * g * out        out += rate_out * g * in_c

Four things are not as in word2vec.c. Each was measured on nowplaying (829,000 training tokens, 59,000 items, 128 dims,
window 5, 5 negatives; validation HR@20 of T1 / T2, standard error .007; gensim reaches .152 / .185 with steps of .1 and
20 passes, this file .160 / .185 with 10 of its own; seconds are in benchmarks/README.md):

1. Noise is shared. A pool of P noise items is contrasted with every centre, each counting K * contexts / P times, and a
   quarter of the pool is exchanged between one centre and the next. The expected gradient is the same (the idea of Ji
   et al. 2016, section 3, who share noise within a window), but a centre touches 8 noise rows that are in the nearest
   cache instead of about 22 that are not. An eighth exchanged: .146 / .164 after 6 passes, a quarter .151 / .172.
   Rows are learnt from in chunks of 8, each seeing what the one before has taught: with all rows of a centre at once,
   norms ran away at steps where chunks stay at 6.
2. Steps adapt to the row (AdaGrad, Duchi et al. 2011, section 1.1, one accumulator per row):
   rate = learning rate / sqrt(1 + sum of the row's g^2). Rare items walk far, frequent ones calmly. Plain steps of .1
   need 20 passes for .155 / .183, and diverge at .2.
3. No update moves a row by more than `MOST`, which is what keeps training stable. Without it, deezer (3,187 items, long
   sessions) ran away at the default step in some runs; with it none did in 18, at up to four times that step and with
   windows of whole sessions. The lengths it needs make dot products slower, about 10 ns a row instead of 6.
4. Noise may hit a context or the centre itself: the objective says so (Levy & Goldberg 2014, section 3.1), and leaving
   it out would cost a comparison per pair.

Threads write to the same matrices without locks (Hogwild, Niu et al. 2011): rows are many, collisions rare. One thread
and a seed repeat a run bit by bit.

Room for more: another source of contexts (a conversion that belongs to its whole session, walks on a graph) is another
call of `_learn` with label 1; another source of noise (the same segment, explicit dislikes) one with label 0.
"""

from concurrent.futures import ThreadPoolExecutor

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.config import TrainerConfig
from training.corpus import Corpus
from training.noise import alias_table, below, draw, uniform
from training.rows import prefetch_row, zeros
from training.trainer import Embeddings, Progress, check_finite, fresh_inputs

CHUNK = 8  # rows learnt from at once
MOST = np.float32(1)  # length of one update
AHEAD = 3  # centres for which rows are asked for in advance
BLOCK = 1_000_000  # tokens of one call of the kernel, between which progress is told
HEAVIEST = 100.0  # times the mean weight: what one event may count at most
# Sums may be taken in any order and a * b + c at once; not that numbers are finite: a guard looks at that afterwards.
FAST = {"reassoc", "contract", "arcp", "nsz"}

Float = NDArray[np.float32]


def train(
    corpus: Corpus, config: TrainerConfig, seed: int, progress: Progress, start: Embeddings | None = None
) -> Embeddings:
    """The trainer contract. start: vectors to go on from; without, inputs are small and random, outputs zero.

    Raises TrainingFailed when the vectors run away.
    """
    steps = config.steps()
    inputs, outputs = _first_vectors(corpus.items, config.dims, seed, start)
    counts = corpus.counts()
    share, other = alias_table(counts, config.exponent)
    keep = _kept(counts, config.sample)
    weights = _event_weights(corpus)
    heat = np.zeros((2, corpus.items), dtype=np.float32)  # sums of g^2, of input and of output rows
    pool = CHUNK * -(-3 * config.negatives // (2 * CHUNK))  # at least 1.5 noise items for each one wanted
    blocks = _blocks(corpus, config.workers)
    total = steps.epochs * len(corpus.tokens)

    def one(job: tuple[int, int]) -> int:
        epoch, block = job
        begin, end = blocks[block], blocks[block + 1]
        done = epoch * len(corpus.tokens) + corpus.offsets[[begin, end]]
        rates = (steps.first + (steps.last - steps.first) * done / total).astype(np.float32)
        _pass(
            corpus.tokens, corpus.offsets, weights, begin, end, inputs, outputs, heat[0], heat[1], share, other, keep,
            config.window, config.dynamic, config.direction == "after", np.float32(config.negatives), pool,
            rates[0], rates[1], _state(seed, epoch, block),
        )  # fmt: skip
        return int(corpus.offsets[end] - corpus.offsets[begin])

    seen = 0
    with ThreadPoolExecutor(config.workers) as threads:
        for epoch in range(steps.epochs):
            for tokens in threads.map(one, [(epoch, block) for block in range(len(blocks) - 1)]):
                seen += tokens
                progress(seen / max(1, total))
            check_finite(Embeddings(inputs, outputs), steps.first)  # here, so that a lost run ends early
    progress(1.0)
    return Embeddings(np.ascontiguousarray(inputs[:, : config.dims]), np.ascontiguousarray(outputs[:, : config.dims]))


def _first_vectors(items: int, dims: int, seed: int, start: Embeddings | None) -> tuple[Float, Float]:
    inputs, outputs = zeros(items, dims), zeros(items, dims)
    if start is None:
        inputs[:, :dims] = fresh_inputs(items, dims, seed)
    else:
        inputs[:, :dims], outputs[:, :dims] = start.inputs, start.outputs
    return inputs, outputs


def _kept(counts: NDArray[np.int64], sample: float) -> Float:
    """Probability that an occurrence stays: sqrt(t/f) + t/f, f the item's share of all tokens (word2vec.c; Mikolov et
    al. 2013b, section 2.3, give 1 - sqrt(t/f) for leaving it out). Empty: all stay."""
    if sample <= 0:
        return np.empty(0, dtype=np.float32)
    ratio = sample * counts.sum() / np.maximum(counts, 1)
    return np.asarray(np.minimum(np.sqrt(ratio) + ratio, 1.0), dtype=np.float32)


def _event_weights(corpus: Corpus) -> Float:
    """Weight of each event as a centre, 1 on average; empty: all weigh the same. Within a session every event is a
    centre, so a pair counts by the weights of both. A weight of 0 is no centre."""
    if corpus.weights is None:
        return np.empty(0, dtype=np.float32)
    weights = np.minimum(corpus.weights.astype(np.float64), float(np.finfo(np.float32).max))
    mean = weights.mean() if len(weights) else 0.0
    return np.asarray(np.minimum(weights / mean if mean > 0 else weights, HEAVIEST), dtype=np.float32)


def _blocks(corpus: Corpus, workers: int) -> NDArray[np.int64]:
    """Borders between runs of whole sessions of about equal numbers of tokens, several for each thread."""
    tokens = len(corpus.tokens)
    wanted = max(1 if workers == 1 else 4 * workers, tokens // BLOCK)
    borders = np.searchsorted(corpus.offsets, np.linspace(0, tokens, wanted + 1))
    return np.unique(np.concatenate([[0], borders, [len(corpus)]])).astype(np.int64)


def _state(seed: int, epoch: int, block: int) -> NDArray[np.uint64]:
    """Of the random numbers of one block in one pass: from a seed sequence, since neighbouring states are alike."""
    return np.random.SeedSequence([seed, epoch, block]).generate_state(1, np.uint64) | np.uint64(1)


@nb.njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _pass(  # type: ignore[no-untyped-def]
    tokens, offsets, weights, begin, end, inputs, outputs, input_heat, output_heat, share, other, keep,
    window, dynamic, after, negatives, pool, first_rate, last_rate, state,
):  # fmt: skip
    """One pass over sessions begin to end - 1. Everything learnt is written into the matrices and the heat."""
    longest = 0
    for s in range(begin, end):
        longest = max(longest, offsets[s + 1] - offsets[s])
    session, weight = np.empty(longest, np.int32), np.ones(longest, np.float32)
    noise, pending = np.empty(pool, np.int32), np.empty(pool, np.int32)
    for p in range(pool):
        noise[p], pending[p] = draw(state, share, other), draw(state, share, other)
    context = np.empty(CHUNK, np.int32)
    scores, by_input, by_output = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
    oldest, next_one = 0, 0
    last, total = tokens.size - 1, max(1, offsets[end] - offsets[begin])
    for s in range(begin, end):
        rate = first_rate + (last_rate - first_rate) * np.float32((offsets[s] - offsets[begin]) / total)
        length = 0
        for t in range(offsets[s], offsets[s + 1]):
            if keep.size == 0 or uniform(state) < keep[tokens[t]]:
                session[length] = tokens[t]
                if weights.size > 0:
                    weight[length] = weights[t]
                length += 1
        for c in range(length):
            # Rows that will be needed soon, of this session and the next.
            soon = min(offsets[s] + c + AHEAD, last)
            prefetch_row(inputs, np.int64(tokens[soon]))
            prefetch_row(outputs, np.int64(tokens[min(soon + min(window, CHUNK), last)]))
            if weight[c] <= 0:
                continue
            reach = 1 + below(state, window) if dynamic else window
            centre = session[c]
            row = inputs[np.uint64(centre)]
            found = pairs = 0
            for j in range(c + 1 if after else max(0, c - reach), min(length, c + reach + 1)):
                context[found] = session[j]
                found += session[j] != centre  # an item says nothing about itself
                if found == CHUNK:
                    _learn(row, centre, outputs, context, found, np.float32(1), weight[c], rate, input_heat,
                           output_heat, scores, by_input, by_output)  # fmt: skip
                    pairs += found
                    found = 0
            if found > 0:
                _learn(row, centre, outputs, context, found, np.float32(1), weight[c], rate, input_heat,
                       output_heat, scores, by_input, by_output)  # fmt: skip
                pairs += found
            if pairs == 0:
                continue
            times = weight[c] * negatives * np.float32(pairs) / np.float32(pool)
            for p in range(0, pool, CHUNK):
                _learn(row, centre, outputs, noise[p : p + CHUNK], CHUNK, np.float32(0), times, rate, input_heat,
                       output_heat, scores, by_input, by_output)  # fmt: skip
            for _ in range(pool // 4):
                noise[oldest] = pending[next_one]
                pending[next_one] = draw(state, share, other)
                prefetch_row(outputs, np.int64(pending[next_one]))
                oldest, next_one = (oldest + 1) % pool, (next_one + 1) % pool


@nb.njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", inline="always")
def _learn(  # type: ignore[no-untyped-def]
    row, centre, outputs, others, count, label, weight, rate, input_heat, output_heat, scores, by_input, by_output
):
    """One centre (its input row) and up to CHUNK other items with the same label, each pair counting `weight` times."""
    _dots(row, outputs, others, count, scores, by_input)
    own = np.float32(0)
    for k in range(row.size):
        own += row[k] * row[k]
    most_output = MOST / np.sqrt(own + np.float32(1e-12))
    heat = input_heat[centre]
    for i in range(count):
        # exp(-x) as (1 - x/1024)^1024: ten multiplications that run on eight numbers at once, where exp() does not. At
        # |x| = 5 it is 1 % off, and s(x) 0.01 %.
        power = np.float32(1) - min(max(scores[i], np.float32(-16)), np.float32(16)) * np.float32(1 / 1024)
        for _ in range(10):
            power *= power
        g = weight * (label - np.float32(1) / (np.float32(1) + power))
        heat += g * g
        scores[i] = g
    input_heat[centre] = heat
    input_rate = rate / np.sqrt(np.float32(1) + heat)
    for i in range(count):
        g = scores[i]
        warmer = output_heat[others[i]] + g * g
        output_heat[others[i]] = warmer
        by_output[i] = min(max(g * rate / np.sqrt(np.float32(1) + warmer), -most_output), most_output)
        most = MOST / np.sqrt(by_input[i] + np.float32(1e-12))
        by_input[i] = min(max(g * input_rate, -most), most)
    _update(row, outputs, others, count, by_input, by_output)


@nb.njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _dots(row, matrix, others, count, scores, squares):  # type: ignore[no-untyped-def]
    """row . other and other . other of each. Four at a time: each number of `row` is loaded once for four products."""
    i = np.uint64(0)
    while i + np.uint64(4) <= np.uint64(count):
        a, b = matrix[np.uint64(others[i])], matrix[np.uint64(others[i + np.uint64(1)])]
        c, d = matrix[np.uint64(others[i + np.uint64(2)])], matrix[np.uint64(others[i + np.uint64(3)])]
        of_a = of_b = of_c = of_d = np.float32(0)
        aa = bb = cc = dd = np.float32(0)
        for k in range(row.size):
            of_a += row[k] * a[k]
            of_b += row[k] * b[k]
            of_c += row[k] * c[k]
            of_d += row[k] * d[k]
            aa += a[k] * a[k]
            bb += b[k] * b[k]
            cc += c[k] * c[k]
            dd += d[k] * d[k]
        squares[i], squares[i + np.uint64(1)] = aa, bb
        squares[i + np.uint64(2)], squares[i + np.uint64(3)] = cc, dd
        scores[i], scores[i + np.uint64(1)] = of_a, of_b
        scores[i + np.uint64(2)], scores[i + np.uint64(3)] = of_c, of_d
        i += np.uint64(4)
    while i < np.uint64(count):
        a = matrix[np.uint64(others[i])]
        of_a = aa = np.float32(0)
        for k in range(row.size):
            of_a += row[k] * a[k]
            aa += a[k] * a[k]
        scores[i], squares[i] = of_a, aa
        i += np.uint64(1)


@nb.njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _update(row, matrix, others, count, by_input, by_output):  # type: ignore[no-untyped-def]
    """row += by_input * other, other += by_output * row. Two at a time: three or four took no less (13.4, 13.7 and
    14.3 ns a row)."""
    i = np.uint64(0)
    while i + np.uint64(2) <= np.uint64(count):
        a, b = matrix[np.uint64(others[i])], matrix[np.uint64(others[i + np.uint64(1)])]
        to_row_a, to_row_b = by_input[i], by_input[i + np.uint64(1)]
        to_a, to_b = by_output[i], by_output[i + np.uint64(1)]
        for k in range(row.size):
            x, y = row[k], a[k]
            a[k] = y + to_a * x
            z = b[k]  # after `a` is written: the two may be one row
            b[k] = z + to_b * x
            row[k] = x + to_row_a * y + to_row_b * z
        i += np.uint64(2)
    if i < np.uint64(count):
        a = matrix[np.uint64(others[i])]
        to_row_a, to_a = by_input[i], by_output[i]
        for k in range(row.size):
            x, y = row[k], a[k]
            a[k] = y + to_a * x
            row[k] = x + to_row_a * y
