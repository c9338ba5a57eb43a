"""The steps of the trainer against the formulas of training/trainers/sgns/train.py, written out in float64."""

import numpy as np
import pytest

from training.trainers.sgns.memory import zeros
from training.trainers.sgns.steps import CONTEXTS, GROUP, MOST, NOISE, State, attract, contrast

ITEMS = 40


class World:
    """Two matrices and their heat, and the same in float64."""

    def __init__(self, dims: int, length: float) -> None:
        rng = np.random.default_rng(dims)
        matrices = zeros(ITEMS, dims), zeros(ITEMS, dims)
        for matrix in matrices:
            matrix[:, :dims] = rng.normal(size=(ITEMS, dims)) * length / np.sqrt(dims)
        self.state = State(*matrices, rng.random((2, ITEMS)).astype(np.float32))
        self.expected = [part.astype(np.float64) for part in self.state]

    def gradients(self, centre, others, label, weight):
        inputs, outputs, heat = self.expected
        y = -np.clip(outputs[others] @ inputs[centre], -16, 16) / 16
        power = (1 + y + y**2 / 2 + y**3 / 6) ** 16  # exp(-x), as the trainer has it
        g = weight * (label - 1 / (1 + power))
        heat[0, centre] += (g**2).sum()
        return g

    def agrees(self):
        for found, expected in zip(self.state, self.expected, strict=True):
            assert found == pytest.approx(expected, rel=2e-3, abs=2e-5)


def most_of(row):
    return MOST / np.sqrt((row**2).sum() + 1e-12)


def bounded(step, row):
    return np.clip(step, -most_of(row), most_of(row))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, CONTEXTS])
@pytest.mark.parametrize(
    ("dims", "length", "rate"), [(16, 1, 0.01), (50, 3, 0.5), (128, 4, 100.0), (2, 1, 0.1), (2048, 4, 1.0)]
)
def test_a_centre_goes_towards_its_contexts(count, dims, length, rate):
    world, centre, weight = World(dims, length), 7, 2.0
    context = np.arange(10, 30, dtype=np.int32)
    attract(world.state, centre, context, 3, count, np.float32(weight), np.float32(rate), (0, 1))
    inputs, outputs, heat = world.expected
    others = context[3 : 3 + count]
    g = world.gradients(centre, others, 1, weight)
    heat[1, others] += g**2
    own = inputs[centre].copy()
    to_input = [bounded(g[i] * rate / np.sqrt(1 + heat[0, centre]), outputs[o]) for i, o in enumerate(others)]
    to_output = [bounded(g[i] * rate / np.sqrt(1 + heat[1, o]), own) for i, o in enumerate(others)]
    for i, other in enumerate(others):  # each sees the centre as the one before left it
        row = inputs[centre].copy()
        inputs[centre] += to_input[i] * outputs[other]
        outputs[other] += to_output[i] * row
    world.agrees()


@pytest.mark.parametrize(
    ("dims", "length", "rate"), [(16, 1, 0.01), (50, 3, 0.5), (128, 4, 100.0), (2, 1, 0.1), (2048, 4, 1.0)]
)
def test_a_group_of_centres_goes_away_from_its_noise(dims, length, rate):
    """Also where a noise item is a centre, and where one is there twice; a centre that counts 0 stays where it is."""
    world = World(dims, length)
    group = np.array([3, 1, 4, 0, 5, 9, 2, 6], dtype=np.int32)
    counting = np.array([1, 2, 0.5, 1, 3, 1, 0, 1], dtype=np.float32)
    noise = np.array([8, 3, 30, 31, 32, 33, 34, 30, 10, 11, 12, 13, 14, 15, 16, 17], dtype=np.int32)
    inputs, outputs, heat = world.expected
    for c in range(0, len(group), GROUP):
        centres, weights = group[c : c + GROUP], counting[c : c + GROUP]
        contrast(world.state, centres, weights, noise, np.float32(rate), noise)
        for n in range(0, len(noise), NOISE):
            others = noise[n : n + NOISE]
            g = np.array([world.gradients(x, others, 0, w) for x, w in zip(centres, weights, strict=True)])
            warmth = []
            for i, o in enumerate(others):
                heat[1, o] += (g[:, i] ** 2).sum()
                warmth.append(heat[1, o])
            rows = inputs[centres].copy()
            most = [most_of(outputs[o]) for o in others]
            for j, o in enumerate(others):
                noise_row = outputs[o].copy()  # of an item that is there twice: as the first time left it
                for i, x in enumerate(centres):
                    to_input = np.clip(g[i, j] * rate / np.sqrt(1 + heat[0, x]), -most[j], most[j])
                    to_output = bounded(g[i, j] * rate / np.sqrt(1 + warmth[j]), rows[i])
                    inputs[x] += to_input * noise_row
                    outputs[o] += to_output * rows[i]
    world.agrees()


def test_an_item_twice_among_the_contexts_is_learnt_twice():
    world = World(16, 0.1)
    inputs, outputs, heat = world.state
    heat[:] = outputs[:] = 0
    attract(world.state, 0, np.array([5, 5], dtype=np.int32), 0, 2, np.float32(1), np.float32(0.01), (0, 1))
    assert heat[1, 5] == pytest.approx(0.5)
    steps = 0.005 / np.sqrt(1.25) + 0.005 / np.sqrt(1.5)
    assert outputs[5] == pytest.approx(inputs[0] * steps, rel=1e-3, abs=1e-7)


def test_a_centre_twice_in_a_group_moves_twice_as_far():
    moved = []
    for group, counting in (([3, 4, 5, 6], [1, 0, 0, 0]), ([3, 3, 5, 6], [1, 1, 0, 0])):
        world = World(50, 1)
        inputs, _, heat = world.state
        heat[:] = 1000  # steps are small, and the first does not change the second
        before, noise = inputs.copy(), np.arange(10, 10 + NOISE, dtype=np.int32)
        weights = np.array(counting, dtype=np.float32)
        contrast(world.state, np.array(group, dtype=np.int32), weights, noise, np.float32(0.01), noise)
        moved.append(inputs - before)
    assert moved[1][3] == pytest.approx(2 * moved[0][3], rel=0.01, abs=1e-6)
    assert not moved[0][4:7].any()
