"""A training that diverges starts again with smaller steps, and gives up with a message that helps."""

import logging
import re

import numpy as np
import pytest
from support.factories import quick_config, two_groups, write_log

from index.artifact.registry import Registry
from index.errors import TrainingDiverged, TrainingFailed
from training.config import STEPS, TrainerConfig
from training.objective.signals import PLAIN
from training.pipeline.run import run
from training.progress import LogReporter
from training.trainers.steady import RESTARTS, train_until_stable
from training.trainers.trainer import Embeddings, check_finite, trainer_for

CONFIG = TrainerConfig(dims=4, learning_rate=8.0)
FOUND = Embeddings(np.ones((3, 4), np.float32), np.ones((3, 4), np.float32))


class Engine:
    """Diverges, half way through, at every rate above `most`."""

    def __init__(self, most, error=TrainingDiverged):
        self.most, self.error, self.asked = most, error, []

    def __call__(self, corpus, config, seed, progress, start=None, signals=PLAIN):
        self.asked.append((config.steps(), seed, start))
        for done in (0.0, 0.25, 0.5):
            progress(done)
        if config.steps().first > self.most:
            raise self.error("training diverged: the longest vector has length 1e+06")
        progress(1.0)
        return FOUND


def steadily(engine, config=CONFIG, start=None):
    shares, told = [], []
    found = train_until_stable(
        engine, two_groups(10), config, 3, shares.append, lambda rate, lower: told.append((rate, lower)), start
    )
    return found, shares, told


def test_what_holds_at_once_is_not_touched():
    engine = Engine(most=8)
    found, shares, told = steadily(engine)
    assert (found.embeddings, found.learning_rate, found.restarts) == (FOUND, 8, 0)
    assert shares == [0, 0.25, 0.5, 1]
    assert told == []


def test_each_restart_halves_the_learning_rate_and_is_told():
    engine = Engine(most=2)
    found, _, told = steadily(engine, start=FOUND)
    assert (found.learning_rate, found.restarts) == (2, 2)
    assert told == [(8, 4), (4, 2)]
    assert [steps.first for steps, _, _ in engine.asked] == [8, 4, 2]
    assert {(seed, start is FOUND) for _, seed, start in engine.asked} == {(3, True)}


def test_the_last_learning_rate_falls_along_or_stays_where_it_was_set():
    engine = Engine(most=2)
    steadily(engine)
    assert [steps.last / steps.first for steps, _, _ in engine.asked] == pytest.approx([0.03] * 3)
    engine = Engine(most=2)
    steadily(engine, CONFIG.model_copy(update={"min_learning_rate": 3.0}))
    assert [steps.last for steps, _, _ in engine.asked] == [3, 3, 2]


def test_the_engines_own_rate_is_halved_where_none_is_set():
    engine = Engine(most=0.5)
    found, _, told = steadily(engine, TrainerConfig(dims=4))
    assert told == [(1.0, 0.5)]
    assert found.learning_rate == 0.5


def test_progress_never_falls_and_always_moves():
    _, shares, _ = steadily(Engine(most=1))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    # Half of what is left, three times; then all of it.
    assert [share for share in shares if share in (0.5, 0.75, 0.875)][::2] == [0.5, 0.75, 0.875]


def test_after_four_restarts_the_message_says_what_was_tried_and_what_to_do():
    engine = Engine(most=0.1)
    with pytest.raises(TrainingDiverged) as failed:
        steadily(engine)
    assert len(engine.asked) == RESTARTS + 1 == 5
    text = str(failed.value)
    assert "8, 4, 2, 1, 0.5" in text
    assert "length 1e+06" in text
    assert "trainer.learning_rate well below 0.5" in text
    assert "trainer.negatives" in text
    assert failed.value.code == "training_failed"


def test_another_failure_is_not_tried_again():
    engine = Engine(most=0, error=TrainingFailed)
    with pytest.raises(TrainingFailed):
        steadily(engine)
    assert len(engine.asked) == 1


@pytest.mark.parametrize("engine", sorted(STEPS))
def test_every_engine_with_steps_gives_up_in_the_same_way(engine):
    far = Embeddings(np.full((20, 4), 1e9, np.float32), np.full((20, 4), 1e9, np.float32))
    config = TrainerConfig(engine=engine, dims=4, epochs=3, workers=1)
    with pytest.raises(TrainingDiverged, match="each of the learning rates"):
        train_until_stable(trainer_for(engine), two_groups(50), config, 1, lambda _: None, lambda *_: None, far)


def test_a_run_says_what_it_halved_and_does_not_try_again_what_diverged(tmp_path, caplog):
    """gensim at a hundred times its rate; so what is published is trained with what was measured, or less."""
    config = quick_config(write_log(tmp_path / "log" / "events.csv"))
    trainer = TrainerConfig(engine="gensim", dims=16, epochs=3, workers=1, learning_rate=10)
    caplog.set_level(logging.INFO, logger="item2vec")
    outcome = run(config.model_copy(update={"trainer": trainer}), tmp_path / "models", LogReporter(), force=True)
    said = [r.getMessage() for r in caplog.records]
    restarts = [line for line in said if line.startswith("step=diverged")]
    assert restarts[0] == 'step=diverged training="train for validation" learning_rate=10 next=5'
    rates = [
        float(re.search(r" learning_rate=(\S+) ", line)[1])
        for line in said
        if re.match(r'step=("train for .*"|train) ', line)
    ]
    assert len(rates) == 3
    assert rates == sorted(rates, reverse=True)
    assert rates[0] < 10
    assert len(restarts) == round(np.log2(10 / rates[-1]))  # no rate is tried twice
    assert outcome.manifest.training.learning_rate == rates[-1]
    artifact = Registry(tmp_path / "models").open()
    check_finite(Embeddings(artifact.array("inputs"), artifact.array("outputs")), rates[-1])
