"""What one pass of the skip-gram kernel adds to the rows, as the gradient that it is: all else held so still that it is
linear."""

import numpy as np

from training.config import TrainerConfig
from training.corpus import Corpus
from training.objective.signals import Signals
from training.trainers.sgns.beyond import beyond_of
from training.trainers.sgns.log import log_of
from training.trainers.sgns.memory import zeros
from training.trainers.sgns.noise import alias_table
from training.trainers.sgns.steps import State
from training.trainers.sgns.train import Plan, pass_over
from training.trainers.sgns.within import within_of

HEAT = 1e8  # AdaGrad's rate is then the same for all rows, whatever a pass adds
STEP = 1e-3


def rows_of(items: int, dims: int, length: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    """(inputs, outputs), float64."""
    rng = np.random.default_rng(items)
    first, second = (rng.normal(size=(items, dims)) * length / np.sqrt(dims) for _ in range(2))
    return first, second


def gradients_of(corpus: Corpus, signals: Signals, negatives: float = 0.0, dims: int = 16, **config: object):
    """(of inputs, of outputs), float32 (items, dims), of one pass from `rows_of`. negatives: 0: without plain noise."""
    settings = TrainerConfig(dims=dims, dynamic=False, **config)
    state = State(zeros(corpus.items, dims), zeros(corpus.items, dims), np.full((2, corpus.items), HEAT, np.float32))
    before = rows_of(corpus.items, dims)
    for matrix, rows in zip(state[:2], before, strict=True):
        matrix[:, :dims] = rows
    plan = Plan(settings.window, False, settings.direction == "after", np.float32(negatives), 16)
    log, alias = log_of(corpus, 0.0), alias_table(corpus.counts(), 0.5)
    rate = np.float32(STEP * np.sqrt(HEAT))
    rng = np.random.SeedSequence(1).generate_state(1, np.uint64) | np.uint64(1)
    within = within_of(corpus, 0.5, signals)
    sources = beyond_of(corpus, signals), within, None
    pass_over(log, *sources, 0, len(corpus), state, alias, plan, (rate, rate), rng)
    return tuple((m[:, :dims] - rows) / STEP for m, rows in zip(state[:2], before, strict=True))


def added(pairs: list[tuple[int, int, float, int]], items: int, dims: int = 16):
    """The same in float64, by the formula: of (centre, context, weight, label), label 1 or 0."""
    inputs, outputs = rows_of(items, dims)
    found = np.zeros_like(inputs), np.zeros_like(outputs)
    for centre, context, weight, label in pairs:
        g = weight * (label - 1 / (1 + np.exp(-inputs[centre] @ outputs[context])))
        found[0][centre] += g * outputs[context]
        found[1][context] += g * inputs[centre]
    return found
