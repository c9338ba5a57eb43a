"""What a training will cost, from a short trial and from the shapes of the arrays."""

from typing import Any

import numpy as np
import pytest
from support.factories import two_groups

from index.errors import TrainingFailed
from training.check.forecast import forecast
from training.config import EvaluationConfig, TrainConfig, TrainerConfig
from training.corpus import Corpus
from training.objective.segments import Segments
from training.objective.settings import ObjectiveConfig
from training.objective.signals import Signals
from training.trainers.trainer import Embeddings


def test_forecast_leaves_out_what_a_training_costs_once_and_adds_up_the_trainings_of_a_run() -> None:
    now = 0.0

    def train(corpus: Corpus, config: TrainerConfig, *_: Any, **__: Any) -> Embeddings:
        nonlocal now
        now += 0.1 + len(corpus.tokens) * config.steps().epochs / 1e6
        return Embeddings(np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32))

    config = TrainConfig(trainer=TrainerConfig(epochs=50, engine="sgns"))
    found = forecast(two_groups(4000), config, events=24_000, ram_mb=10, train=train, clock=lambda: now)
    assert [t.tokens for t in found.trainings] == [19_440, 21_600, 24_000]
    assert found.tokens_per_second == pytest.approx(1e6)
    assert found.minutes == pytest.approx(65_040 * 50 / 1e6 / 60)
    assert found.memory_mb == max(found.memory.values()) > found.ram_mb == 10


def test_the_closed_form_makes_no_passes() -> None:
    now = 0.0

    def train(corpus: Corpus, *_: Any, **__: Any) -> Embeddings:
        nonlocal now
        now += len(corpus.tokens) / 1e5
        return Embeddings(np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32))

    found = forecast(two_groups(4000), TrainConfig(), events=24_000, ram_mb=10, train=train, clock=lambda: now)
    assert found.tokens_per_second == pytest.approx(1e5)
    assert found.minutes == pytest.approx(65_040 / 1e5 / 60)


@pytest.mark.parametrize("baselines", [True, False])
def test_a_run_that_blends_and_publishes_nothing_trains_once(baselines: bool) -> None:
    once = EvaluationConfig(blend=False, baselines=baselines, publish_all=False)
    assert once.trainings() == [("to measure", 0.9)]


def test_forecast_says_when_the_trainer_gives_up() -> None:
    def diverge(*_: Any, **__: Any) -> Embeddings:
        raise TrainingFailed("training diverged")

    found = forecast(two_groups(), TrainConfig(), events=2400, train=diverge)
    assert found.failed == "training diverged"
    assert found.minutes is None
    assert {t.minutes for t in found.trainings} == {None}


def test_walks_are_counted_in_minutes_and_memory_and_signals_are_tried() -> None:
    now, told = 0.0, []

    def train(corpus: Corpus, *_: Any, signals: Signals) -> Embeddings:
        nonlocal now
        now += len(corpus.tokens) / 1e5
        told.append(signals)
        return Embeddings(np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32))

    corpus = two_groups(4000)
    segments = Segments(np.arange(corpus.items, dtype=np.int32) % 2)
    objective = ObjectiveConfig(walks=100, walk_length=50, segment="group", segment_negatives=3)
    plain, walked = (
        forecast(corpus, TrainConfig(objective=o), 24_000, ram_mb=10, train=train, clock=lambda: now, segments=segments)
        for o in (ObjectiveConfig(), objective)
    )
    more = corpus.items * 100 * 50
    assert [b.tokens - a.tokens for a, b in zip(plain.trainings, walked.trainings, strict=True)] == [more] * 3
    assert plain.minutes is not None
    assert walked.minutes is not None
    assert walked.minutes == pytest.approx(plain.minutes + 3 * more / 1e5 / 60)
    assert walked.trial_tokens == plain.trial_tokens  # of a small part there would be as many walks as of the whole
    expected = (more * 24 + 24_000 * 8) / 1e6
    assert walked.memory["training"] - plain.memory["training"] == pytest.approx(expected, abs=1)
    assert {signals.segment_negatives for signals in told} == {0, 3}
