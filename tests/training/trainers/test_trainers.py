"""One behaviour suite for every trainer."""

import numpy as np
import pytest
from support.factories import PER_GROUP, corpus_of, two_groups

from index.errors import TrainingDiverged
from index.ranking.readings import normalised
from training.config import STEPS, TrainerConfig
from training.trainers.trainer import ENGINES, Embeddings, check_finite, trainer_for

CONFIG = TrainerConfig(dims=16, window=5, negatives=5, exponent=0.75, epochs=10, workers=1)


@pytest.fixture(params=sorted(ENGINES))
def engine(request):
    return request.param


def fit(engine, corpus, config=CONFIG, seed=1, progress=lambda _: None, start=None):
    return trainer_for(engine)(corpus, config.model_copy(update={"engine": engine}), seed, progress, start)


def test_neighbours_stay_in_their_group(engine):
    found = fit(engine, two_groups())
    unit = normalised(found.inputs)
    scores = unit @ unit.T
    np.fill_diagonal(scores, -np.inf)
    nearest = np.argsort(-scores, axis=1)[:, :5]
    assert (nearest // PER_GROUP == np.arange(2 * PER_GROUP)[:, None] // PER_GROUP).all()


def test_input_against_output_finds_what_comes_next(engine):
    found = fit(engine, two_groups())
    scores = found.inputs @ found.outputs.T
    np.fill_diagonal(scores, -np.inf)
    top = np.argsort(-scores, axis=1)[:, :3]
    following = [(i // PER_GROUP) * PER_GROUP + (i + 1) % PER_GROUP for i in range(2 * PER_GROUP)]
    assert np.mean([f in row for f, row in zip(following, top, strict=True)]) > 0.7


def test_matrices_have_a_row_per_item_even_for_items_in_no_session(engine):
    found = fit(engine, corpus_of([[0, 1, 2], [2, 1, 0]] * 20, items=7))
    for matrix in (found.inputs, found.outputs):
        assert matrix.shape == (7, 16)
        assert matrix.dtype == np.float32
        assert np.isfinite(matrix).all()


def test_no_session_at_all_gives_no_vector_that_says_anything(engine):
    found = fit(engine, corpus_of([[0], [1]], items=3))
    np.testing.assert_allclose(found.inputs @ found.outputs.T, 0, atol=1e-6)


def test_same_seed_and_one_worker_give_the_same_vectors(engine):
    first, second = fit(engine, two_groups()), fit(engine, two_groups())
    other = fit(engine, two_groups(), seed=2)
    assert np.array_equal(first.inputs, second.inputs)
    assert np.array_equal(first.outputs, second.outputs)
    assert not np.array_equal(first.inputs, other.inputs)


def test_progress_never_falls_and_ends_at_one(engine):
    seen: list[float] = []
    fit(engine, two_groups(6000), TrainerConfig(dims=4, epochs=3, workers=1), progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) > 2


def test_no_token_of_a_giant_session_is_lost(engine):
    """gensim cuts a sentence at 10,000 tokens without a word: an item that only comes later must be trained as well."""
    rng = np.random.default_rng(1)
    giant = [*rng.integers(0, 10, 12_000).tolist(), *rng.integers(10, 20, 3_000).tolist()]
    found = fit(engine, corpus_of([giant], items=20))
    unit = normalised(found.inputs)
    within = unit[10:] @ unit[10:].T
    assert within[~np.eye(10, dtype=bool)].mean() > (unit[10:] @ unit[:10].T).mean()


def test_an_item_that_is_often_chosen_is_likely_to_come_next(engine):
    """Popularity is in the product of input and output vectors: noise is drawn by count^0.75, contexts by count."""
    rng = np.random.default_rng(1)
    often = np.array([8, 4, 2, 1])
    sessions = [[4, int(rng.choice(4, p=often / often.sum()))] for _ in range(2000)]
    found = fit(engine, corpus_of(sessions, items=5), CONFIG.model_copy(update={"exponent": 0.0}))
    scores = found.outputs[:4] @ found.inputs[4]
    assert (np.diff(scores) < 0).all(), scores


@pytest.fixture(params=sorted(STEPS))
def stepping(request):
    """An engine with a learning rate."""
    return request.param


def test_a_start_is_gone_on_from_and_left_as_it_was(stepping):
    corpus, engine = two_groups(), stepping
    before = fit(engine, corpus)
    kept = before.inputs.copy()
    slow = CONFIG.model_copy(update={"epochs": 1, "learning_rate": 1e-3})
    after = fit(engine, corpus, slow, seed=2, start=before)
    assert np.array_equal(before.inputs, kept)
    for old, new in ((before.inputs, after.inputs), (before.outputs, after.outputs)):
        assert not np.array_equal(old, new)
        assert np.abs(old - new).max() < 0.1


def test_the_closed_form_is_turned_onto_a_start_and_tells_items_by_the_same_products():
    corpus = two_groups()
    fresh, start = fit("spectral", corpus, seed=2), fit("spectral", corpus, seed=1)
    kept = start.inputs.copy()
    turned = fit("spectral", corpus, seed=2, start=start)
    assert np.array_equal(start.inputs, kept)
    np.testing.assert_allclose(turned.inputs @ turned.outputs.T, fresh.inputs @ fresh.outputs.T, atol=1e-5)
    np.testing.assert_allclose(turned.inputs @ turned.inputs.T, fresh.inputs @ fresh.inputs.T, atol=1e-5)
    assert np.abs(turned.inputs - start.inputs).mean() < 0.5 * np.abs(fresh.inputs - start.inputs).mean()


def test_vectors_that_run_away_are_an_error_and_no_model(stepping):
    start = Embeddings(np.full((20, 16), 1e4, dtype=np.float32), np.full((20, 16), 1e4, dtype=np.float32))
    with np.errstate(all="raise"), pytest.raises(TrainingDiverged, match="learning rate"):
        fit(stepping, two_groups(40), start=start)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e6, 3e38])
def test_vectors_that_ran_away_are_never_published(bad):
    sound, broken = np.zeros((3, 2), np.float32), np.zeros((3, 2), np.float32)
    broken[1, 0] = bad
    for pair in (Embeddings(sound, broken), Embeddings(broken, sound)):
        with pytest.raises(TrainingDiverged, match=r"a smaller learning rate than 0\.5"):
            check_finite(pair, 0.5)
    check_finite(Embeddings(sound, sound), 0.5)


def test_each_engine_has_its_own_steps_where_none_are_given():
    for engine, own in STEPS.items():
        config = TrainerConfig(engine=engine)
        assert config.steps() == own
        given = config.model_copy(update={"learning_rate": own.first / 2, "epochs": 3}).steps()
        assert (given.epochs, given.first, given.last) == (3, own.first / 2, pytest.approx(own.last / 2))
        fixed = config.model_copy(update={"learning_rate": 0.01, "min_learning_rate": 0.02}).steps()
        assert (fixed.first, fixed.last) == (0.01, 0.01)  # never rising
