"""Input rows that are means: of an item's own row and of those of its attributes (EGES).

Of item i with parts p_0 (its own row) and p_j (the mean of the rows of its values of attribute j), Wang et al. 2018
(section 3.3, equations 5 and 6) take

    in_i = sum over j of w_ij p_j,      w_ij = exp(a_ij) / sum over l of exp(a_il)

with the numbers a_ij learnt: exponentiated, no part can vanish. Parts that an item has no value of drop out of both
sums. `inputs[i]` holds the mean while the steps of steps.py are made with it, whatever they are. What they moved it by
is its gradient G, which goes on to what it is made of:

    p_j += rate_j w_ij G (each of m values a share of 1 / m)       a_ij += rate w_ij (p_j - in_i) . G

Each row has AdaGrad's rate by its own sum of squares: that of a brand with many items cools sooner than their own rows.
Two rates are not those of the plain gradient. Without either, on wikispeedia (a category and a finer one; 325,000
training tokens, 10,000 validation questions, HR@20 of in . out and of cosines; without attributes .661 / .310) what is
an item's own was learnt too late, and then hardly at all: .616 / .249.

- The own row moves by G / w_i0 instead of w_i0 G: what is the item's own in the mean is learnt as fast as without
  attributes. With it .660 / .325.
- The numbers a_ij go a tenth as fast as rows: while own rows are still small, all weight would go to the attributes,
  down to 1e-12 for the own row, which no exponential brings back. At .4 the least own weight is .06 there, at .1 it is
  .21, with the same figures; on a generated world .0002 and .06.
"""

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from training.objective.attributes import Attributes
from training.trainers.sgns.memory import zeros
from training.trainers.sgns.steps import GROUP, MOST, State, contrast
from training.trainers.trainer import Embeddings, Makeup, fresh_inputs

SLOWLY = 0.1  # the rate of the numbers that weights are made of, of that of rows
LEAST = 0.2  # weight of the own row below which it does not move still faster

Float = NDArray[np.float32]


class Aggregate(NamedTuple):
    """begins, values: as in Attributes. own: float32, the items' own rows; shared: the values'. logits: float32 (items,
    1 + columns), the own one first. Sums of squares, float32: own_heat (items,), shared_heat (values,), logit_heat
    (items,).

    What one thread works with: before, float32 (GROUP, width), rows before their steps; warmth, float32 (GROUP,), their
    heat; weights, float32 (GROUP, 1 + columns); steps, float32 (1 + columns,); gradient, float32 (width,).
    """

    begins: NDArray[np.int64]
    values: NDArray[np.int32]
    own: Float
    shared: Float
    logits: Float
    own_heat: Float
    shared_heat: Float
    logit_heat: Float
    before: Float
    warmth: Float
    weights: Float
    steps: Float
    gradient: Float


def aggregate_of(attributes: Attributes | None, state: State, dims: int, seed: int, warm: bool) -> Aggregate | None:
    """state: its inputs are what the items' own rows begin with. warm: the rows of values begin with the mean of those
    of their items, else at random. None without attributes."""
    if attributes is None:
        return None
    items, width, columns = len(state.inputs), state.inputs.shape[1], len(attributes.columns)
    own, shared = zeros(items, dims), zeros(attributes.size, dims)
    own[:] = state.inputs
    if warm:
        shared[:] = attributes.means(own)
    else:
        shared[:, :dims] = fresh_inputs(attributes.size, dims, seed + 1)
    heat = np.zeros(items, np.float32), np.zeros(attributes.size, np.float32), np.zeros(items, np.float32)
    logits = np.zeros((items, 1 + columns), np.float32)
    return with_room(Aggregate(attributes.begins, attributes.values, own, shared, logits, *heat, *[logits] * 5), width)


def with_room(aggregate: Aggregate, width: int) -> Aggregate:
    """For another thread: the same rows, and room of its own to work in."""
    columns = aggregate.logits.shape[1]
    room = [(GROUP, width), (GROUP,), (GROUP, columns), (columns,), (width,)]
    before, warmth, weights, steps, gradient = (np.zeros(shape, np.float32) for shape in room)
    return aggregate._replace(before=before, warmth=warmth, weights=weights, steps=steps, gradient=gradient)


def finished(aggregate: Aggregate, state: State, dims: int) -> Embeddings:
    """Inputs are the means, of all items; and what they are made of."""
    weights = np.empty_like(aggregate.logits)
    _compose_all(state, aggregate, weights)
    inputs, outputs, values = (
        np.ascontiguousarray(m[:, :dims]) for m in (state.inputs, state.outputs, aggregate.shared)
    )
    return Embeddings(inputs, outputs, Makeup(weights, values))


@nb.njit(cache=True, nogil=True)
def _compose_all(state, aggregate, weights):  # type: ignore[no-untyped-def]
    for item in range(weights.shape[0]):
        compose(state, aggregate, item, 0)
        weights[item] = aggregate.weights[0]


@nb.njit(cache=True, nogil=True)
def mixing(aggregate, item, weights):  # type: ignore[no-untyped-def]
    """Fills `weights`: those of the item's parts, 0 for one that is not there."""
    begins, logits = aggregate.begins, aggregate.logits
    columns = logits.shape[1]
    first = item * (columns - 1)
    largest = logits[item, 0]
    for j in range(1, columns):
        if begins[first + j] > begins[first + j - 1]:
            largest = max(largest, logits[item, j])
    total = np.float32(0)
    for j in range(columns):
        there = j == 0 or begins[first + j] > begins[first + j - 1]
        weights[j] = np.exp(logits[item, j] - largest) if there else np.float32(0)
        total += weights[j]
    for j in range(columns):
        weights[j] /= total


@nb.njit(cache=True, nogil=True)
def compose(state, aggregate, item, place):  # type: ignore[no-untyped-def]
    """The item's input row becomes the mean of its parts, and is kept at that place of the room, with weights and
    heat."""
    begins, values, own, shared = aggregate.begins, aggregate.values, aggregate.own, aggregate.shared
    weights, row = aggregate.weights[place], state.inputs[item]
    mixing(aggregate, item, weights)
    for k in range(row.size):
        row[k] = weights[0] * own[item, k]
    first = item * (weights.size - 1)
    for j in range(1, weights.size):
        begin, end = begins[first + j - 1], begins[first + j]
        for v in range(begin, end):
            share, other = weights[j] / np.float32(end - begin), shared[values[v]]
            for k in range(row.size):
                row[k] += share * other[k]
    aggregate.before[place] = row
    aggregate.warmth[place] = state.heat[0, item]


@nb.njit(cache=True, nogil=True)
def pass_on(state, aggregate, item, place, rate):  # type: ignore[no-untyped-def]
    """What the item's input row moved by since `compose` goes on to what it is made of."""
    begins, values, shared = aggregate.begins, aggregate.values, aggregate.shared
    row, before, weights = state.inputs[item], aggregate.before[place], aggregate.weights[place]
    gradient, heats = aggregate.gradient, (aggregate.own_heat, aggregate.shared_heat)
    one, least = np.float32(1), np.float32(LEAST)
    heat = state.heat[0, item]
    squares = heat - aggregate.warmth[place]  # 0 where they are less than a float32 of that size can tell
    scale, along = np.sqrt(np.float32(1) + heat), np.float32(0)
    for k in range(row.size):
        gradient[k] = scale * (row[k] - before[k])  # learning rate x gradient
        along += before[k] * gradient[k]
    first = item * (weights.size - 1)
    slope = np.float32(0)
    for j in range(weights.size):
        ahead = np.float32(0)
        if j == 0:
            ahead = _moved(aggregate.own[item], gradient, one, one / max(weights[0], least), squares, heats[0], item)
        else:
            begin, end = begins[first + j - 1], begins[first + j]
            if begin == end:
                continue
            share = weights[j] / np.float32(end - begin)
            for v in range(begin, end):
                ahead += _moved(shared[values[v]], gradient, share, share, squares, heats[1], values[v])
            ahead /= np.float32(end - begin)
        step = weights[j] * (ahead - along)
        slope += step * step
        aggregate.steps[j] = step
    aggregate.logit_heat[item] += slope / max(rate * rate, np.float32(1e-12))
    cool = np.sqrt(np.float32(1) + aggregate.logit_heat[item])
    for j in range(weights.size):
        if weights[j] > 0:
            step = np.float32(SLOWLY) * aggregate.steps[j] / cool
            aggregate.logits[item, j] += min(max(step, -np.float32(MOST)), np.float32(MOST))


@nb.njit(cache=True, nogil=True)
def _moved(row, gradient, share, pace, squares, heat, place):  # type: ignore[no-untyped-def]
    """The row's product with the gradient, before it moves along it. share: of the row in the mean. pace: how far it
    goes, beside a row that is an input row by itself."""
    heat[place] += share * share * squares
    step, product = pace / np.sqrt(np.float32(1) + heat[place]), np.float32(0)
    for k in range(row.size):
        product += row[k] * gradient[k]
        row[k] += step * gradient[k]
    return product


@nb.njit(cache=True, nogil=True)
def contrast_with(state, aggregate, group, counting, noise, rate, coming):  # type: ignore[no-untyped-def]
    """As `contrast`; of centres whose rows are means where `aggregate` is not None."""
    if aggregate is None:
        contrast(state, group, counting, noise, rate, coming)
    else:
        for c in range(GROUP):
            if _is_new(group, counting, c):
                compose(state, aggregate, group[c], c)
        contrast(state, group, counting, noise, rate, coming)
        for c in range(GROUP):
            if _is_new(group, counting, c):
                pass_on(state, aggregate, group[c], c, rate)


@nb.njit(cache=True, nogil=True)
def _is_new(group, counting, c):  # type: ignore[no-untyped-def]
    """Whether it is a centre that none before it in the group is."""
    new = counting[c] > 0
    for other in range(c):
        new &= group[other] != group[c] or counting[other] <= 0
    return new
