"""What an event counts by its type and by its age: rules and vectors follow, popularity and evidence do not."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError
from support.factories import corpus_of, quick_config, two_groups, write_log

from index.artifact.registry import Registry
from index.errors import ConfigError
from index.model import Model
from index.ranking.rules import RulesConfig
from training.config import SessionsConfig, TrainConfig, TrainerConfig
from training.counting.baskets import baskets
from training.counting.blocks import UNIT, Reach
from training.counting.pairs import PairCounts
from training.counting.rules import count_rules
from training.eventsconfig import EventsConfig
from training.objective.weights import DAY, aged, counted_weights, fading
from training.pipeline.run import run
from training.progress import LogReporter

TYPED = EventsConfig(event_type="e", type_weights={"buy": 5, "view": 1, "look": 0})


def rules_of(corpus, weights, **config):
    rules = count_rules(corpus, RulesConfig(**config), weights=weights)
    return {(a, int(b)): float(w) for a in range(len(rules)) for b, w in zip(*rules.row(a), strict=True)}


def test_a_session_counts_half_with_every_half_life_that_it_is_older():
    ends = np.array([40, 30, 20, 10], dtype=np.int64) * DAY
    assert fading(ends, 10) == pytest.approx([1, 1 / 2, 1 / 4, 1 / 8])
    assert fading(ends[:1], 10) == pytest.approx([1])


def test_one_wrong_clock_in_thousands_makes_nothing_old():
    ends = np.full(3000, 10 * DAY)
    ends[0] = 30_000 * DAY
    assert (fading(ends, 10) == 1).all()


def test_the_weight_of_its_session_goes_to_every_event_and_to_every_pair():
    corpus = corpus_of([[0, 1], [0, 2]], gap=10 * DAY)
    plain = aged(corpus, 0)
    assert plain is corpus
    old = aged(corpus, 10)
    assert old.weights == pytest.approx([0.5, 0.5, 1, 1], abs=1e-4)
    counts = PairCounts.of(old, Reach.of(1), weights=old.weights)
    assert counts.counts.tolist() == [round(UNIT / 2), UNIT]
    given = aged(replace(corpus, weights=np.array([1, 2, 3, 4], dtype=np.float32)), 10)
    assert given.weights == pytest.approx([0.5, 1, 3, 4], abs=1e-4)


def test_rules_follow_the_weights_and_their_powers_are_of_them():
    corpus = corpus_of([[0, 1], [0, 2]])
    weights = np.array([1, 4, 1, 1], dtype=np.float32)
    assert rules_of(corpus, weights) == pytest.approx({(0, 1): 2, (0, 2): 1})
    assert rules_of(corpus, weights, target_power=1, source_power=1) == pytest.approx(
        {(0, 1): 2 / 4 / 2, (0, 2): 1 / 2}
    )
    assert rules_of(corpus, None) == {(0, 1): 1, (0, 2): 1}
    assert rules_of(replace(corpus, weights=weights), None) == {(0, 1): 1, (0, 2): 1}  # a column of them is not asked
    ones = np.ones(4, dtype=np.float32)
    for config in ({}, {"target_power": 0.5}, {"baskets": True}):
        assert rules_of(corpus, ones, **config) == pytest.approx(rules_of(corpus, None, **config))


def test_in_a_basket_an_item_weighs_what_its_heaviest_event_does():
    corpus = replace(corpus_of([[0, 1, 0], [1, 1]]), weights=np.array([1, 2, 5, 3, 1], dtype=np.float32))
    found = baskets(corpus)
    assert found.tokens.tolist() == [0, 1, 1]
    assert found.weights.tolist() == [5, 2, 3]


def test_rules_are_weighed_only_where_types_or_age_say_so():
    corpus = corpus_of([[0, 1], [0, 2]], gap=10 * DAY)
    corpus = replace(corpus, weights=np.array([1, 2, 3, 4], dtype=np.float32))
    assert counted_weights(corpus, TrainConfig(events=EventsConfig(weight="w"))) is None
    assert counted_weights(corpus, TrainConfig(events=TYPED)).tolist() == [1, 2, 3, 4]
    old = TrainConfig(events=TYPED, sessions=SessionsConfig(half_life_days=10))
    assert counted_weights(corpus, old) == pytest.approx([0.5, 1, 3, 4], abs=1e-4)


def test_types_need_their_column_and_gensim_refuses_what_it_has_no_place_for():
    with pytest.raises(ValidationError, match="need event_type"):
        EventsConfig(type_weights={"buy": 2})
    for section in ({"events": TYPED}, {"sessions": SessionsConfig(half_life_days=3)}):
        with pytest.raises(ValidationError, match="cannot be set with engine gensim"):
            TrainConfig(trainer=TrainerConfig(engine="gensim"), **section)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return write_log(tmp_path_factory.mktemp("fading") / "log" / "log.csv")


def train(log, models, **sessions):
    config = quick_config(log, blend=False)
    trainer = config.trainer.model_copy(update={"engine": "spectral", "dims": 8})
    rules = config.sessions.model_copy(update=sessions)
    outcome = run(config.model_copy(update={"trainer": trainer, "sessions": rules}), models, LogReporter(), force=True)
    return Model(Registry(models).open(outcome.version))


def test_a_training_fades_and_what_is_a_fact_does_not(log, tmp_path):
    plain, faded = train(log, tmp_path / "a"), train(log, tmp_path / "b", half_life_days=2)
    assert not np.array_equal(plain.artifact.array("inputs"), faded.artifact.array("inputs"))
    assert np.array_equal(plain.vocabulary.counts, faded.vocabulary.counts)
    assert plain.evidence.pair(0, 1) == faded.evidence.pair(0, 1)


def test_positions_have_no_age(tmp_path):
    corpus = two_groups(60)
    lines = ["user_id,item_id,timestamp"]
    for i in range(len(corpus)):
        lines += [f"u{i},i{token},{place}" for place, token in enumerate(corpus.session(i).tolist())]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = TrainConfig(events=EventsConfig(paths=(str(path),)), sessions=SessionsConfig(half_life_days=3))
    with pytest.raises(ConfigError, match="half_life_days needs clock times"):
        run(config, tmp_path / "models", LogReporter())
