"""Vectors of the compiled steps against numpy."""

import numba as nb
import numpy as np
import pytest
from numba.extending import intrinsic

from training.trainers.sgns.memory import zeros
from training.trainers.sgns.rows import Rows
from training.trainers.sgns.steps import logistic
from training.trainers.sgns.vectors import index, sums, turned


def compiled(formula, given):
    """What the formula gives for a matrix of rows of 16: a list of vectors in, a list of vectors out."""

    @intrinsic
    def call(context, matrix, out):
        def emit(target, builder, signature, arguments):
            rows = Rows(target, builder, signature, arguments)
            vectors = [rows.input(index(i))[index(0)] for i in range(len(given))]
            for i, found in enumerate(formula(vectors)):
                rows.output(index(i))[index(0)] = found
            return target.get_dummy_value()

        return nb.types.void(matrix, out), emit

    @nb.njit
    def run(matrix, out):
        call(matrix, out)

    matrix, out = zeros(len(given), 16), zeros(16, 16)
    matrix[:] = given
    run(matrix, out)
    return out


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 9, 16])
def test_sums_are_those_of_each_vector_in_order(count):
    given = np.random.default_rng(count).normal(size=(count, 16)).astype(np.float32)
    found = compiled(lambda vectors: [sums(vectors)], given)[0]
    assert found[:count] == pytest.approx(given.sum(axis=1), abs=1e-5)


def test_turned_exchanges_vectors_and_fours():
    given = np.arange(64, dtype=np.float32).reshape(4, 16)
    found = compiled(turned, given)[:4]
    assert np.array_equal(found.reshape(4, 4, 4), given.reshape(4, 4, 4).swapaxes(0, 1))


def test_logistic_is_near_enough_and_never_beyond_its_bounds():
    given = np.concatenate([np.linspace(-20, 20, 14), [-1e30, np.inf]]).astype(np.float32)[None]
    found = compiled(lambda vectors: [logistic(vectors[0])], given)[0]
    true = 1 / (1 + np.exp(-np.clip(given[0].astype(np.float64), -16, 16)))
    assert found == pytest.approx(true, abs=1e-4)
    assert found.min() >= 0
    assert found.max() <= 1
