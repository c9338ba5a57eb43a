"""Attributes: which values items have, and input vectors that are means of an item's own and its attributes'."""

import numpy as np
import pytest
from pydantic import ValidationError
from support.factories import corpus_of, two_groups
from support.gradients import HEAT, STEP, rows_of

from index.catalogue.catalogue import Catalogue
from index.errors import ConfigError, TrainingFailed
from index.ranking.readings import normalised
from training.config import TrainConfig, TrainerConfig
from training.objective.attributes import QUANTILES, Attributes
from training.objective.lesson import attributes_of, signals_of
from training.objective.settings import ObjectiveConfig
from training.objective.signals import Signals
from training.trainers.sgns.aggregate import LEAST, SLOWLY, aggregate_of, compose, contrast_with, mixing
from training.trainers.sgns.log import log_of
from training.trainers.sgns.memory import zeros
from training.trainers.sgns.noise import alias_table
from training.trainers.sgns.steps import State
from training.trainers.sgns.train import Plan, pass_over
from training.trainers.spectral.pooled import folding, halves_of, weights_of, worth_of
from training.trainers.trainer import trainer_for

DIMS = 16
CATALOGUE = Catalogue.from_rows(
    [
        {"item_id": "a", "brand": "x", "genres": ["jazz", "soul"], "price": 1},
        {"item_id": "b", "brand": "y", "genres": ["soul"], "price": 2.5},
        {"item_id": "c", "brand": "x", "genres": None, "price": 1.0},
        {"item_id": "d", "brand": "only here", "genres": ["jazz"], "price": None},
        {"item_id": "e", "brand": "y", "genres": ["jazz", "soul", "jazz"], "price": 2.5},
    ]
)
ATTRIBUTES = Attributes.of(CATALOGUE, list("abcde"), ["brand", "genres"])


def values_of(attributes, item):
    names = [f"{column.name} {value}" for column in attributes.columns for value in column.values]
    a = len(attributes.columns)
    return {names[v] for v in attributes.values[attributes.begins[item * a] : attributes.begins[(item + 1) * a]]}


def test_values_are_those_that_items_share():
    assert [column.values for column in ATTRIBUTES.columns] == [("x", "y"), ("jazz", "soul")]
    assert values_of(ATTRIBUTES, 0) == {"brand x", "genres jazz", "genres soul"}
    assert values_of(ATTRIBUTES, 2) == {"brand x"}
    assert values_of(ATTRIBUTES, 3) == {"genres jazz"}  # nobody else has its brand
    assert values_of(ATTRIBUTES, 4) == {"brand y", "genres jazz", "genres soul"}
    assert ATTRIBUTES.present().tolist() == [[True, True], [True, True], [True, False], [False, True], [True, True]]


def test_values_are_numbered_alike_in_any_order_of_the_items():
    turned = Attributes.of(CATALOGUE, list("edcba"), ["brand", "genres"])
    assert turned.columns == ATTRIBUTES.columns
    assert [values_of(turned, 4 - item) for item in range(5)] == [values_of(ATTRIBUTES, item) for item in range(5)]


def test_numbers_are_cut_into_quantiles_and_few_of_them_stay_as_they_are():
    few = Attributes.of(CATALOGUE, list("abcde"), ["price"]).columns[0]
    assert (few.values, few.bounds) == (("1", "2.5"), None)
    many = Catalogue.from_rows([{"item_id": str(n), "price": 1.5 * n} for n in range(200)])
    attributes = Attributes.of(many, [str(n) for n in range(200)], ["price"])
    column = attributes.columns[0]
    assert len(column.values) == QUANTILES
    assert np.bincount(attributes.values).tolist() == [20] * QUANTILES
    assert column.values[0] == "below 29.85"
    assert column.values[-1] == "268.65 and more"
    assert values_of(attributes, 0) == {f"price {column.values[0]}"}
    skewed = Catalogue.from_rows([{"item_id": str(n), "price": max(0, n - 150)} for n in range(200)])
    found = Attributes.of(skewed, [str(n) for n in range(200)], ["price"])
    assert np.bincount(found.values).tolist() == [160, 20, 20]  # those at 0 are not cut


def test_they_are_asked_for_by_columns():
    config = TrainConfig(objective=ObjectiveConfig(attributes=("brand",)))
    found = attributes_of(CATALOGUE, list("abcde"), config)
    assert signals_of(config, attributes=found).attributes is found
    assert attributes_of(CATALOGUE, list("abcde"), TrainConfig()) is None
    for column in ("colour", "item_id"):
        with pytest.raises(ConfigError, match=f"no two items of the log have the same value of '{column}'"):
            Attributes.of(CATALOGUE, list("abcde"), ["brand", column])
    with pytest.raises(ValidationError, match="names brand twice"):
        ObjectiveConfig(attributes=("brand", "price", "brand"))


def test_gensim_refuses():
    with pytest.raises(ValidationError, match="attributes cannot be set with engine gensim"):
        TrainConfig(trainer=TrainerConfig(engine="gensim"), objective=ObjectiveConfig(attributes=("brand",)))
    train, signals = trainer_for("gensim"), Signals(attributes=ATTRIBUTES)
    with pytest.raises(TrainingFailed, match="gensim"):
        train(corpus_of([[0, 1]]), TrainerConfig(engine="gensim"), 1, lambda _: None, None, signals)


# --- skip-gram ---


def still(items=5):
    """Rows that hardly move, in float32 and in float64: (state, aggregate, own, shared, outputs)."""
    own, outputs = rows_of(items, DIMS)
    shared = rows_of(ATTRIBUTES.size, DIMS)[0]
    state = State(zeros(items, DIMS), zeros(items, DIMS), np.full((2, items), HEAT, np.float32))
    state.inputs[:, :DIMS], state.outputs[:, :DIMS] = own, outputs
    aggregate = aggregate_of(ATTRIBUTES, state, DIMS, 1, warm=False)
    aggregate.shared[:, :DIMS] = shared
    aggregate.logits[:] = np.random.default_rng(3).normal(size=aggregate.logits.shape)
    for heat in (aggregate.own_heat, aggregate.shared_heat, aggregate.logit_heat):
        heat[:] = HEAT
    return state, aggregate, own, shared, outputs


def parts_of(item, own, shared, logits):
    """[(own row or values, mean)], weights: by equations 5 and 6 of the paper, in float64."""
    parts = [(None, own[item])]
    columns = len(ATTRIBUTES.columns)
    raised = [np.exp(np.float64(logits[item, 0]))]
    for column in range(columns):
        begin, end = ATTRIBUTES.begins[item * columns + column : item * columns + column + 2]
        if end > begin:
            values = ATTRIBUTES.values[begin:end]
            parts.append((values, shared[values].mean(axis=0)))
            raised.append(np.exp(np.float64(logits[item, 1 + column])))
        else:
            raised.append(0.0)
    weights = np.array(raised) / sum(raised)
    return parts, weights


def expected(pairs, own, shared, logits, outputs):
    """What the rows and the logits move by, divided by STEP. pairs: (centre, context, weight, label)."""
    moved = np.zeros_like(own), np.zeros_like(shared), np.zeros(logits.shape), np.zeros_like(outputs)
    for centre, context, weight, label in pairs:
        parts, weights = parts_of(centre, own, shared, logits)
        there = np.flatnonzero(weights)
        mean = sum(weights[j] * part for j, (_, part) in zip(there, parts, strict=True))
        g = weight * (label - 1 / (1 + np.exp(-mean @ outputs[context])))
        gradient = g * outputs[context]
        moved[3][context] += g * mean
        for j, (values, part) in zip(there, parts, strict=True):
            if values is None:
                moved[0][centre] += gradient / max(weights[0], LEAST)
            else:
                moved[1][values] += weights[j] * gradient / len(values)
            moved[2][centre, j] += SLOWLY * weights[j] * (part - mean) @ gradient
    return moved


def moves(state, aggregate, own, shared, logits, outputs):
    found = aggregate.own[:, :DIMS] - own, aggregate.shared[:, :DIMS] - shared
    return *(f / STEP for f in found), (aggregate.logits - logits) / STEP, (state.outputs[:, :DIMS] - outputs) / STEP


def test_a_mean_is_that_of_the_paper():
    state, aggregate, own, shared, _ = still()
    for item in range(5):
        compose(state, aggregate, item, 2)
        parts, weights = parts_of(item, own, shared, aggregate.logits)
        mean = sum(w * part for w, (_, part) in zip(weights[weights > 0], parts, strict=True))
        np.testing.assert_allclose(state.inputs[item, :DIMS], mean, atol=1e-6)
        np.testing.assert_allclose(aggregate.weights[2], weights, rtol=1e-5)


def test_no_weight_of_a_part_that_is_there_is_zero():
    _, aggregate, *_ = still()
    aggregate.logits[0] = -40, 40, 0
    weights = np.empty(3, np.float32)
    mixing(aggregate, 0, weights)
    assert (weights > 0).all()
    assert weights.sum() == pytest.approx(1)


@pytest.mark.parametrize("weights", [None, [1, 2, 1, 0.5, 1, 1, 1, 0.5]])
def test_steps_towards_contexts_are_the_gradients(weights):
    state, aggregate, own, shared, outputs = still()
    sessions = [[0, 1, 2, 3], [3, 4, 0, 4]]
    corpus = corpus_of(sessions, items=5)
    log = log_of(corpus, 0.0)
    if weights is not None:
        log = log._replace(weights=np.array(weights, np.float32))
    before, rate = aggregate.logits.copy(), np.float32(STEP * np.sqrt(HEAT))
    plan, rng = Plan(1, False, False, np.float32(0), 16), np.ones(1, np.uint64)
    alias = alias_table(corpus.counts(), 0.5)
    pass_over(log, None, None, aggregate, 0, 2, state, alias, plan, (rate, rate), rng)
    given = iter(weights or [1] * 8)
    pairs = []
    for session in sessions:
        for place, centre in enumerate(session):
            weight = next(given)
            near = [session[p] for p in (place - 1, place + 1) if 0 <= p < len(session)]
            pairs += [(centre, context, weight, 1) for context in near if context != centre]
    wanted = expected(pairs, own, shared, before, outputs)
    for found, right in zip(moves(state, aggregate, own, shared, before, outputs), wanted, strict=True):
        np.testing.assert_allclose(found, right, rtol=0.03, atol=0.03)


def test_steps_away_from_noise_are_the_gradients_also_of_a_centre_that_is_there_twice():
    state, aggregate, own, shared, outputs = still()
    before, rate = aggregate.logits.copy(), np.float32(STEP * np.sqrt(HEAT))
    group, counting = np.array([0, 4, 0, 2], np.int32), np.array([1, 0.5, 2, 0], np.float32)
    noise = np.array([1, 2, 3, 4] * 4, np.int32)
    contrast_with(state, aggregate, group, counting, noise, rate, noise)
    pairs = [(c, o, w, 0) for c, w in zip(group, counting, strict=True) for o in noise]
    wanted = expected(pairs, own, shared, before, outputs)
    for found, right in zip(moves(state, aggregate, own, shared, before, outputs), wanted, strict=True):
        np.testing.assert_allclose(found, right, rtol=0.05, atol=0.15)


# --- the closed form ---


def test_an_item_leans_on_its_attributes_the_more_the_rarer_it_is():
    weights = weights_of(ATTRIBUTES, np.array([0, 2, 8, 0, 98]), np.array([2.0, 0.0]))
    np.testing.assert_allclose(
        weights, [[0, 1, 0], [0.5, 0.5, 0], [0.8, 0.2, 0], [1, 0, 0], [0.98, 0.02, 0]], atol=1e-12
    )


def test_what_it_leans_on_is_the_mean_of_the_items_that_share_them():
    rows = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    values = ATTRIBUTES.means(rows)
    np.testing.assert_allclose(values[0], rows[[0, 2]].mean(axis=0), rtol=1e-5)  # brand x
    np.testing.assert_allclose(values[3], rows[[0, 1, 4]].mean(axis=0), rtol=1e-5)  # soul
    part = ATTRIBUTES.part(values, 1, np.array([4, 2, 0]))
    np.testing.assert_allclose(part, [values[2:].mean(axis=0), np.zeros(3), values[2:].mean(axis=0)], rtol=1e-5)


def grouped(sessions=60, length=3):
    """Two groups, and which one an item is of as an attribute; few sessions, so that most items are rare."""
    corpus = two_groups(sessions, length=length)
    rows = [{"item_id": str(n), "group": "ab"[n // 10]} for n in range(20)]
    return corpus, Attributes.of(Catalogue.from_rows(rows), [str(n) for n in range(20)], ["group"])


def test_rows_of_the_matrix_fold_into_the_inputs():
    corpus, _ = grouped(300)
    trainer = TrainerConfig(engine="spectral", dims=8)
    found = trainer_for("spectral")(corpus, trainer, 1, lambda _: None)
    scale = np.einsum("ij,ij->j", folding(found.outputs), found.outputs)
    np.testing.assert_allclose(scale, 1, rtol=1e-4)


def test_attributes_are_worth_something_where_pairs_that_are_held_out_say_so():
    corpus, attributes = grouped()
    halves = halves_of(corpus, np.arange(len(corpus), dtype=np.uint64) // 2)  # groups take turns
    assert [len(half) for half in halves] == [30, 30]
    rng = np.random.default_rng(1)
    outputs = np.repeat(np.eye(2, dtype=np.float32), 10, axis=0)
    drawn = np.arange(20, dtype=np.uint64)
    noisy = outputs + rng.normal(size=outputs.shape).astype(np.float32) * 2
    assert worth_of(noisy, outputs, attributes, halves, drawn)[0] > 0
    assert worth_of(outputs, outputs, attributes, halves, drawn).tolist() == [0]  # nothing to gain
    none = halves._replace(second=corpus_of([], items=20))
    assert worth_of(noisy, outputs, attributes, none, drawn).tolist() == [0]


# --- both ---


@pytest.mark.parametrize("engine", ["spectral", "sgns"])
def test_inputs_are_the_means_that_the_makeup_says(engine):
    corpus, attributes = grouped()
    trainer = TrainerConfig(engine=engine, dims=8, workers=1)
    done = []
    found = trainer_for(engine)(corpus, trainer, 1, done.append, None, Signals(attributes=attributes))
    makeup = found.makeup
    assert makeup.weights.shape == (20, 2)
    assert makeup.values.shape == (2, 8)
    np.testing.assert_allclose(makeup.weights.sum(axis=1), 1, rtol=1e-5)
    assert sorted(done) == done
    assert done[-1] == 1
    again = trainer_for(engine)(corpus, trainer, 1, lambda _: None, None, Signals(attributes=attributes))
    assert (again.inputs == found.inputs).all()
    assert (again.makeup.weights == makeup.weights).all()


def test_threads_change_no_bit_of_the_closed_form():
    corpus, attributes = grouped()
    signals, found = Signals(attributes=attributes), []
    for workers in (1, 3):
        trainer = TrainerConfig(engine="spectral", dims=8, workers=workers)
        found.append(trainer_for("spectral")(corpus, trainer, 1, lambda _: None, None, signals))
    assert (found[0].inputs == found[1].inputs).all()


def test_what_the_closed_form_is_turned_onto_turns_the_makeup_too():
    corpus, attributes = grouped()
    trainer, signals = TrainerConfig(engine="spectral", dims=8), Signals(attributes=attributes)
    before = trainer_for("spectral")(corpus, trainer, 2, lambda _: None)
    plain = trainer_for("spectral")(corpus, trainer, 1, lambda _: None, None, signals)
    found = trainer_for("spectral")(corpus, trainer, 1, lambda _: None, before, signals)
    for one, other in ((plain.inputs, found.inputs), (plain.makeup.values, found.makeup.values)):
        np.testing.assert_allclose(one @ plain.outputs.T, other @ found.outputs.T, atol=1e-4)


def test_skip_gram_places_an_item_that_was_never_seen_beside_those_that_share_its_attribute():
    corpus, attributes = grouped(400, 6)
    hidden = corpus.where(corpus.tokens != 3, min_length=2)
    trainer = TrainerConfig(engine="sgns", dims=8, workers=1)
    found = trainer_for("sgns")(hidden, trainer, 1, lambda _: None, None, Signals(attributes=attributes))
    cosines = normalised(found.inputs) @ normalised(found.inputs)[3]
    assert cosines[[n for n in range(10) if n != 3]].min() > cosines[10:].max()


def test_a_start_is_gone_on_from():
    corpus, attributes = grouped(200, 6)
    trainer, signals = TrainerConfig(engine="sgns", dims=8, workers=1, epochs=1), Signals(attributes=attributes)
    start = trainer_for("sgns")(corpus, trainer, 1, lambda _: None, None, signals)
    slow = trainer.model_copy(update={"learning_rate": 1e-6})
    found = trainer_for("sgns")(corpus, slow, 2, lambda _: None, start, signals)
    middle = (start.inputs + attributes.part(attributes.means(start.inputs), 0, np.arange(20))) / 2
    np.testing.assert_allclose(found.inputs, middle, atol=1e-3)
