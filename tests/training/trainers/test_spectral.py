"""The closed form: the matrix by hand, its factors beside an exact decomposition, the same bits from any threads."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from support.factories import corpus_of, two_groups

from training.config import SpectralConfig, TrainerConfig
from training.counting.blocks import UNIT, Reach
from training.counting.pairs import PairCounts
from training.trainers.spaces import Start, train_plainly, train_spaces
from training.trainers.spectral.products import Matrix, multiply, rooted, rows_of, transposed
from training.trainers.spectral.train import embed, orthonormal, reach_of, train
from training.trainers.trainer import Embeddings

CONFIG = TrainerConfig(engine="spectral", dims=16)


def silent(_):
    pass


def config(dims=16, workers=2, **spectral):
    return TrainerConfig(engine="spectral", dims=dims, workers=workers, spectral=SpectralConfig(**spectral))


def dense(matrix):
    return csr_array((matrix.values, matrix.items, matrix.offsets), shape=(rows_of(matrix), rows_of(matrix))).toarray()


def some_matrix(items, share, seed):
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(items, items)) * (rng.random((items, items)) < share)
    sparse = csr_array(found.astype(np.float32))
    return Matrix(sparse.indptr.astype(np.int64), sparse.indices.astype(np.int32), sparse.data)


def same(one, other):
    return np.array_equal(one.inputs, other.inputs) and np.array_equal(one.outputs, other.outputs)


@pytest.mark.parametrize("threads", [2, 5])
def test_the_vectors_are_the_same_to_the_bit_with_any_number_of_threads(threads):
    corpus = two_groups(300)
    assert same(
        train(corpus, config(workers=threads), 1, silent),
        train(corpus, config(workers=1), 1, silent),
    )


def test_each_count_is_rooted_and_divided_by_a_power_of_what_its_row_and_column_have():
    counts = PairCounts.of(corpus_of([[0, 1, 2], [0, 1, 0], [3, 1]], items=5), Reach.of(2, "inverse", 1, 0.5))
    plain = np.zeros((5, 5))
    rows = np.repeat(np.arange(5), np.diff(counts.offsets))
    plain[rows, counts.items] = counts.counts / UNIT
    for power, degree in ((0.5, 0.25), (1.0, 0.0), (0.3, 0.5)):
        product = np.outer(plain.sum(axis=1), plain.sum(axis=0))
        expected = np.divide(plain**power, product**degree, out=np.zeros_like(plain), where=plain > 0)
        np.testing.assert_allclose(dense(rooted(counts, power, degree, threads=2)), expected, rtol=1e-5)


@given(
    items=st.integers(1, 40),
    columns=st.integers(1, 9),
    share=st.sampled_from([0.0, 0.1, 0.9]),
    threads=st.integers(1, 4),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_products_are_those_of_scipy(items, columns, share, threads, seed):
    matrix = some_matrix(items, share, seed)
    x = np.random.default_rng(seed + 1).normal(size=(items, columns)).astype(np.float32)
    np.testing.assert_allclose(multiply(matrix, x, threads), dense(matrix) @ x, rtol=1e-4, atol=1e-4)
    back = transposed(matrix)
    assert np.array_equal(dense(back), dense(matrix).T)
    np.testing.assert_allclose(multiply(back, x[:, ::-1], threads), dense(matrix).T @ x[:, ::-1], rtol=1e-4, atol=1e-4)


def test_columns_are_made_orthonormal_and_what_is_rounding_becomes_zeros():
    rng = np.random.default_rng(1)
    y = rng.normal(size=(50, 6)).astype(np.float32)
    found = orthonormal(y, 1)
    np.testing.assert_allclose(found.T @ found, np.eye(6), atol=1e-4)
    np.testing.assert_allclose(found @ (found.T @ y), y, atol=1e-3)  # of the same span
    assert not orthonormal(np.zeros((5, 3), dtype=np.float32), 1).any()


def of_matrix(corpus, given):
    return dense(
        rooted(PairCounts.of(corpus, reach_of(given.spectral)), given.spectral.power, given.spectral.degree, 1)
    )


def test_with_all_dims_the_vectors_multiply_to_the_matrix():
    corpus, given = two_groups(100), config(dims=20, products=6)
    found = train(corpus, given, 1, silent)
    np.testing.assert_allclose(found.inputs @ found.outputs.T, of_matrix(corpus, given), atol=1e-3)


def test_with_many_products_they_are_the_exact_decomposition():
    corpus, given = two_groups(100), config(dims=6, products=40)
    found = train(corpus, given, 1, silent)
    left, size, right = np.linalg.svd(of_matrix(corpus, given).astype(np.float64))
    best = (left[:, :6] * size[:6]) @ right[:6]
    np.testing.assert_allclose(found.inputs @ found.outputs.T, best, atol=2e-3)
    for matrix in (found.inputs, found.outputs):
        np.testing.assert_allclose(np.linalg.norm(matrix, axis=0), np.sqrt(size[:6]), rtol=1e-2)


@pytest.mark.parametrize("products", [2, 3, 4])
def test_few_products_are_rough_but_no_worse_than_chance_would_have_it(products):
    corpus, given = two_groups(100), config(dims=6, products=products)
    matrix = of_matrix(corpus, given)
    found = train(corpus, given, 1, silent)
    left = np.linalg.norm(matrix - found.inputs @ found.outputs.T)
    assert left < 0.75 * np.linalg.norm(matrix)


@pytest.mark.parametrize("split", [0.0, 0.5, 1.0])
def test_how_singular_values_are_shared_changes_no_product(split):
    corpus = two_groups(100)
    found, usual = (train(corpus, config(split=s), 1, silent) for s in (split, 0.5))
    np.testing.assert_allclose(found.inputs @ found.outputs.T, usual.inputs @ usual.outputs.T, atol=1e-4)
    sizes = np.linalg.norm(found.inputs, axis=0), np.linalg.norm(found.outputs, axis=0)
    if split == 0:
        np.testing.assert_allclose(sizes[0], 1, rtol=1e-3)
    if split == 1:
        np.testing.assert_allclose(sizes[1], 1, rtol=1e-3)


def test_more_dims_than_items_are_columns_of_zeros():
    found = train(corpus_of([[0, 1, 2, 3]] * 5), config(dims=32), 1, silent)
    for matrix in (found.inputs, found.outputs):
        assert matrix.shape == (4, 32)
        assert not matrix[:, 4:].any()
        assert np.isfinite(matrix).all()


def test_items_in_no_session_have_vectors_of_zeros():
    corpus = corpus_of([[0, 1, 2], [2, 1, 0], [4]] * 20, items=7)
    found = train(corpus, config(behind=1.0), 1, silent)
    for matrix in (found.inputs, found.outputs):
        assert not matrix[[3, 4, 5, 6]].any()
        assert matrix[[0, 1, 2]].any(axis=1).all()


def test_a_start_only_turns_the_vectors():
    corpus = two_groups(200)
    fresh = train(corpus, CONFIG, 2, silent)
    turn = np.linalg.qr(np.random.default_rng(5).normal(size=(16, 16)))[0].astype(np.float32)
    start = Embeddings(fresh.inputs @ turn, fresh.outputs @ turn)
    found = train(corpus, CONFIG, 2, silent, start)
    np.testing.assert_allclose(found.inputs, start.inputs, atol=1e-4)
    np.testing.assert_allclose(found.outputs, start.outputs, atol=1e-4)
    other = Embeddings(*np.random.default_rng(1).normal(size=(2, 20, 16)).astype(np.float32))
    found = train(corpus, CONFIG, 2, silent, other)
    np.testing.assert_allclose(found.inputs @ found.outputs.T, fresh.inputs @ fresh.outputs.T, atol=1e-5)
    np.testing.assert_allclose(found.inputs @ found.inputs.T, fresh.inputs @ fresh.inputs.T, atol=1e-5)


def test_a_start_of_another_shape_is_passed_over():
    corpus = two_groups(200)
    small = Embeddings(*np.ones((2, 20, 8), dtype=np.float32))
    assert same(train(corpus, CONFIG, 2, silent, small), train(corpus, CONFIG, 2, silent))


def test_counts_that_add_up_give_the_vectors_of_the_whole_log():
    corpus, reach = two_groups(200), reach_of(CONFIG.spectral)
    first, second = (corpus.take(np.arange(begin, begin + 100)) for begin in (0, 100))
    both = PairCounts.of(first, reach) + PairCounts.of(second, reach)
    assert same(embed(both, CONFIG, 1, silent), train(corpus, CONFIG, 1, silent))


def test_what_comes_next_and_what_is_alike_have_vectors_of_their_own():
    corpus = two_groups(200)
    found = train_spaces(corpus, CONFIG, 1, silent)
    assert (found.learning_rate, found.restarts) == (None, 0)
    own = CONFIG.spectral
    alike = own.model_copy(update={"behind": own.behind_similar, "split": own.split_similar})
    assert same(found.spaces.next, train(corpus, CONFIG, 1, silent))
    assert same(found.spaces.similar, train(corpus, CONFIG.model_copy(update={"spectral": alike}), 1, silent))
    assert not same(found.spaces.next, found.spaces.similar)
    assert same(train_plainly(corpus, CONFIG, 1, silent).similar, found.spaces.similar)


def test_one_training_serves_both_where_their_settings_are_the_same_or_the_engine_has_steps():
    alike = config(behind=1.0, behind_similar=1.0, split=0.5, split_similar=0.5)
    for wanted in (alike, TrainerConfig(engine="sgns", dims=8, epochs=1, workers=1)):
        spaces = train_spaces(two_groups(50), wanted, 1, silent).spaces
        assert spaces.next is spaces.similar


def test_each_space_is_turned_onto_its_own_start_and_progress_never_falls():
    corpus, seen = two_groups(200), []
    before = train_spaces(corpus, CONFIG, 1, silent).spaces
    start = Start(before.next, before.similar)
    found = train_spaces(corpus, CONFIG, 1, seen.append, start=start).spaces
    np.testing.assert_allclose(found.next.inputs, before.next.inputs, atol=1e-4)
    np.testing.assert_allclose(found.similar.inputs, before.similar.inputs, atol=1e-4)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
