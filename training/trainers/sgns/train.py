"""Skip-gram with negative sampling: arrays in, two matrices out. The method from top to bottom; the two kinds of step,
on rows in memory, are in steps.py.

Of each item there are two vectors, `inputs` (the item as centre) and `outputs` (the item as context). For a centre c,
a context o near it in a session, and K noise items n, training climbs (Mikolov et al. 2013b, equation 4)

    log s(in_c . out_o) + sum over K noise items of log s(-in_c . out_n),      s(x) = 1 / (1 + exp(-x))

by steps along the gradient, which for a pair with label y (1 context, 0 noise) is g = y - s(in . out):

    in_c += rate_c * g * out        out += rate_out * g * in_c

Four things are not as in word2vec.c. Each was measured on nowplaying (829,000 training tokens, 59,000 items, 128 dims,
window 5, 5 negatives; validation HR@20 of T1 / T2, standard error .006; gensim reaches .157 / .191 with steps of .1 and
20 passes, this file .170 / .191 with 7 of its own; seconds are in benchmarks/README.md):

1. Noise is shared. Four centres, one after the other in the log, are contrasted with the same P noise items, each
   counting K * contexts / P times; the next four get new ones. The expected gradient is the same (the idea of Ji et al.
   2016, section 3, who share noise within a window), but the products become small dense ones that take a third of the
   time. P is 1.5 K as a multiple of 16: with K = 5 and 6 passes, 16 noise items reach .172 / .190 and 8 only
   .159 / .170; with K = 10, 24 or 32 are no better than 16. Eight centres instead of four take a tenth less time, but
   lose .006 on 20,000 generated items (plain steps of .1, 10 passes); there, four centres whose noise is half new and
   half that of the four before lose .007 / .008. Each 16 rows see what the 16 before have taught.
2. Steps adapt to the row (AdaGrad, Duchi et al. 2011, section 1.1, one accumulator per row):
   rate = learning rate / sqrt(1 + sum of the row's g^2). Rare items walk far, frequent ones calmly. Plain steps of .1
   need 20 passes for .155 / .183, and diverge at .2.
3. No update moves a row by more than `MOST`, which is what keeps training stable. Without it, deezer (3,187 items, long
   sessions) ran away at the default step in some runs; with it none did in 18, at up to four times that step and with
   windows of whole sessions. The lengths it needs are a tenth of the products with noise, a quarter of those with
   contexts.
4. Noise may hit a context or the centre itself: the objective says so (Levy & Goldberg 2014, section 3.1), and leaving
   it out would cost a comparison per pair.

The rest of the speed is in how steps are compiled (steps.py, vectors.py). What a pass takes beside products is mostly
waiting for rows, so those that come are asked for between the products.

Threads write to the same matrices without locks (Hogwild, Niu et al. 2011): rows are many, collisions rare. One thread
and a seed repeat a run bit by bit.

What a log says beyond order (docs/objectives.md) comes in as pairs of another source: beyond.py finds them. A
conversion is one more context of every centre of its session: a call of `attract`, and as much more noise. A dislike
is a negative of the centres around it: a call of `repel`, whose pairs have the label 0. Noise from the centre's own
segment (within.py) is shared by centres of one segment, up to four, one after the other in the log: `contrast` again.
Where items have attributes, the input row of a centre is a mean (aggregate.py): made before its steps, which then are
the same steps, and what they moved it by goes on to what it is made of.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.config import TrainerConfig
from training.corpus import Corpus
from training.objective.signals import PLAIN, Signals
from training.trainers.sgns.aggregate import aggregate_of, compose, contrast_with, finished, pass_on, with_room
from training.trainers.sgns.beyond import beyond_of, conversions, dislikes, place
from training.trainers.sgns.log import blocks_of, log_of
from training.trainers.sgns.memory import zeros
from training.trainers.sgns.noise import alias_table, below, draw, pool_size, uniform
from training.trainers.sgns.steps import CONTEXTS, GROUP, State, attract, repel
from training.trainers.sgns.within import contrast_within, within_of
from training.trainers.trainer import Embeddings, Progress, check_finite, fresh_inputs

# Centres for which rows are asked for in advance. A row of a large matrix lies in main memory, some 100 ns away; asked
# for a few centres ahead, it has arrived when its turn comes (on nowplaying, a pass took 0.7 of the time).
AHEAD = 3

Float = NDArray[np.float32]


class Plan(NamedTuple):
    """Which pairs are made. window: contexts on each side of a centre, at most. dynamic: the window is drawn anew for
    each centre. after: only what comes after the centre. negatives: for each context. pool: how many noise items a
    group of centres shares."""

    window: int
    dynamic: bool
    after: bool
    negatives: np.float32
    pool: int


def train(
    corpus: Corpus,
    config: TrainerConfig,
    seed: int,
    progress: Progress,
    start: Embeddings | None = None,
    signals: Signals = PLAIN,
) -> Embeddings:
    """The trainer contract. start: vectors to begin with; without them, inputs are small and random, outputs zero.

    Raises TrainingDiverged when the vectors run away.
    """
    steps = config.steps()
    state = _first_state(corpus.items, config.dims, seed, start)
    log, alias, plan = log_of(corpus, config.sample), alias_table(corpus.counts(), config.exponent), _plan(config)
    beyond = beyond_of(corpus, signals)
    within = within_of(corpus, config.exponent, signals)
    aggregate = aggregate_of(signals.attributes, state, config.dims, seed, start is not None)
    blocks = blocks_of(corpus, config.workers)
    total = steps.epochs * len(corpus.tokens)

    def one(job: tuple[int, int]) -> int:
        epoch, block = job
        begin, end = blocks[block], blocks[block + 1]
        done = epoch * len(corpus.tokens) + corpus.offsets[[begin, end]]
        rates = (steps.first + (steps.last - steps.first) * done / total).astype(np.float32)
        mixed = None if aggregate is None else with_room(aggregate, state.inputs.shape[1])
        sources, rng = (beyond, within, mixed), _rng(seed, epoch, block)
        pass_over(log, *sources, begin, end, state, alias, plan, (rates[0], rates[1]), rng)
        return int(corpus.offsets[end] - corpus.offsets[begin])

    seen = 0
    with ThreadPoolExecutor(config.workers) as threads:
        for epoch in range(steps.epochs):
            for tokens in threads.map(one, [(epoch, block) for block in range(len(blocks) - 1)]):
                seen += tokens
                progress(seen / max(1, total))
            check_finite(Embeddings(state.inputs, state.outputs), steps.first)  # here, so that a lost run ends early
    if aggregate is not None:
        found = finished(aggregate, state, config.dims)
        check_finite(found, steps.first)  # means that are made now are not those of the last steps
        progress(1.0)
        return found
    progress(1.0)
    inputs, outputs = (np.ascontiguousarray(matrix[:, : config.dims]) for matrix in (state.inputs, state.outputs))
    return Embeddings(inputs, outputs)


def _plan(config: TrainerConfig) -> Plan:
    after, pool = config.direction == "after", pool_size(config.negatives)
    return Plan(config.window, config.dynamic, after, np.float32(config.negatives), pool)


def _first_state(items: int, dims: int, seed: int, start: Embeddings | None) -> State:
    inputs, outputs = zeros(items, dims), zeros(items, dims)
    if start is None:
        inputs[:, :dims] = fresh_inputs(items, dims, seed)
    else:
        inputs[:, :dims], outputs[:, :dims] = start.inputs, start.outputs
    return State(inputs, outputs, np.zeros((2, items), dtype=np.float32))


def _rng(seed: int, epoch: int, block: int) -> NDArray[np.uint64]:
    """The random numbers of one block in one pass: from a seed sequence, since neighbouring states are alike."""
    return np.random.SeedSequence([seed, epoch, block]).generate_state(1, np.uint64) | np.uint64(1)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def pass_over(log, beyond, within, aggregate, begin, end, state, alias, plan, rates, rng):  # type: ignore[no-untyped-def]
    """One pass over sessions begin to end - 1, the learning rate going from the first of `rates` to the last.

    What is learnt is written into `state`. beyond, within, aggregate: None where there is nothing of the kind. Then
    numba compiles a pass without them: to ask each centre whether there are any took 8 % longer.
    """
    tokens, offsets, weights, keep = log
    window, dynamic, after, negatives, pool = plan
    first_rate, last_rate = rates
    longest = 0
    for s in range(begin, end):
        longest = max(longest, offsets[s + 1] - offsets[s])
    session, weight, context = np.empty(longest, np.int32), np.ones(longest, np.float32), np.empty(longest, np.int32)
    group, counting, waiting = np.zeros(GROUP, np.int32), np.zeros(GROUP, np.float32), 0
    if beyond is not None:
        # Conversions of a session; where its dislikes lie among the tokens that are left; those near a centre.
        far, where = np.empty(CONTEXTS, np.int32), np.empty(beyond.most, np.int32)
        kept, negative = np.empty(longest, np.int64), np.empty(beyond.most + 1, np.int32)
    if within is not None:
        # As `group`, of one segment.
        mates, mates_counting, mates_waiting = np.zeros(GROUP, np.int32), np.zeros(GROUP, np.float32), 0
        segment, near_noise = np.int32(-1), np.empty(within.pool, np.int32)
    noise, coming = np.zeros(pool, np.int32), np.zeros(pool, np.int32)
    for p in range(pool):
        noise[p] = draw(rng, alias)
    last, total, rate = tokens.size - 1, max(1, offsets[end] - offsets[begin]), first_rate
    for s in range(begin, end):
        rate = first_rate + (last_rate - first_rate) * np.float32((offsets[s] - offsets[begin]) / total)
        length = 0
        for t in range(offsets[s], offsets[s + 1]):
            if keep.size == 0 or uniform(rng) < keep[tokens[t]]:
                session[length] = tokens[t]
                if beyond is not None:
                    kept[length] = t
                if weights.size > 0:
                    weight[length] = weights[t]
                length += 1
        if beyond is not None:
            said = place(beyond, s, offsets[s], kept, length, where)
        for c in range(length):
            # Rows that will be needed soon, of this session and the next.
            ahead = min(offsets[s] + c + AHEAD, last)
            soon = np.int64(tokens[ahead]), np.int64(tokens[min(ahead + min(window, CONTEXTS), last)])
            if weight[c] <= 0:
                continue
            reach = 1 + below(rng, window) if dynamic else window
            centre = session[c]
            pairs = 0
            for j in range(c + 1 if after else max(0, c - reach), min(length, c + reach + 1)):
                context[pairs] = session[j]
                pairs += session[j] != centre  # an item says nothing about itself
            counted = np.float32(pairs)
            if aggregate is not None:
                compose(state, aggregate, centre, 0)
            for first in range(0, pairs, CONTEXTS):
                count = min(CONTEXTS, pairs - first)
                attract(state, centre, context, first, count, weight[c], rate, soon)
            if beyond is not None:
                count, each = conversions(beyond, s, centre, far, rng)
                if count > 0:
                    attract(state, centre, far, 0, count, weight[c] * each, rate, soon)
                    counted += each * np.float32(count)
                count = dislikes(beyond, s, where, said, c, centre, reach, negative)
                for first in range(0, count, CONTEXTS):
                    some, each = min(CONTEXTS, count - first), weight[c] * beyond.dislike
                    repel(state, centre, negative, first, some, each, rate, soon)
            if aggregate is not None:
                pass_on(state, aggregate, centre, 0, rate)
            if counted == 0:
                continue
            group[waiting] = centre
            counting[waiting] = weight[c] * negatives * counted / np.float32(pool)
            waiting += 1
            if waiting == GROUP:
                for p in range(pool):
                    coming[p] = draw(rng, alias)
                contrast_with(state, aggregate, group, counting, noise, rate, coming)
                waiting, noise, coming = 0, coming, noise
            if within is not None:
                own = within.labels[centre]
                if own >= 0:
                    if mates_waiting > 0 and (mates_waiting == GROUP or own != segment):
                        of_one = segment, mates, mates_counting, mates_waiting
                        contrast_within(state, within, aggregate, of_one, near_noise, rate, rng)
                        mates_waiting = 0
                    mates[mates_waiting], segment = centre, own
                    mates_counting[mates_waiting] = weight[c] * within.negatives * counted / np.float32(within.pool)
                    mates_waiting += 1
    counting[waiting:] = 0
    contrast_with(state, aggregate, group, counting, noise, rate, coming)
    if within is not None:
        of_one = segment, mates, mates_counting, mates_waiting
        contrast_within(state, within, aggregate, of_one, near_noise, rate, rng)
