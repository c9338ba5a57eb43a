"""What tune makes of what a log says beyond order: on only where it pays."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from index.catalogue.catalogue import Catalogue
from training.config import EvaluationConfig, SessionsConfig, TrainConfig, TrainerConfig
from training.configfile import load_config
from training.corpus import Corpus
from training.evaluation.split import Prefixes
from training.eventsconfig import EventsConfig
from training.objective.dislikes import Dislikes
from training.objective.settings import ObjectiveConfig
from training.progress import LogReporter
from training.tune.budget import Budget
from training.tune.final import Final
from training.tune.report import preface
from training.tune.run import Tuning, tune
from training.tune.switches import Judge, Switch, switches_of

ITEMS, SESSIONS, LENGTH, DAY = 40, 700, 8, 86_400
QUESTIONS = 200


def renewed(path):
    """A log of 70 days: in all but the last twelfth each item is followed by the next, then by the seventh after it."""
    rng = np.random.default_rng(1)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "item_id", "timestamp"])
        for session in range(SESSIONS):
            moment, item = 1_700_000_000 + session * 70 * DAY // SESSIONS, int(rng.integers(ITEMS))
            for position in range(LENGTH):
                writer.writerow([f"u{session}", f"i{item}", moment + position * 20])
                item = (item + (1 if session < SESSIONS * 0.7 else 7)) % ITEMS
    return path


def config_of(path):
    return TrainConfig(
        events=EventsConfig(paths=(str(path),)),
        trainer=TrainerConfig(engine="spectral", dims=32, workers=1),
        evaluation=EvaluationConfig(prefixes=400, bootstrap=100, baselines=False),
    )


def test_what_pays_is_on_in_the_file_and_what_does_not_is_off(tmp_path):
    config = config_of(renewed(tmp_path / "log.csv"))
    tuning = Tuning(config, Budget(3600, 2), objective=True)
    report = tune(tuning, tmp_path / "models", tmp_path / "tuned.toml", LogReporter())
    rows = {row.switch: row for row in report.switches}
    assert set(rows) == {"age", "walks"}
    assert rows["age"].on
    assert min(rows["age"].ahead.low, rows["age"].again.low) > 0
    assert rows["walks"].on is (rows["walks"].ahead.low > 0)
    read = load_config(tmp_path / "tuned.toml", {})
    assert read.sessions.half_life_days == rows["age"].settings["sessions"]["half_life_days"] > 0
    assert "On, as it pays: half_life_days" in preface(report)
    # The same search again has its result; without being asked it tries none of it.
    again = tune(tuning, tmp_path / "models", tmp_path / "again.toml", LogReporter())
    assert again.switches == report.switches
    plain = tune(replace(tuning, objective=False), tmp_path / "models", tmp_path / "plain.toml", LogReporter())
    assert plain.switches == []
    assert load_config(tmp_path / "plain.toml", {}).sessions.half_life_days == 0


def corpus(**more):
    offsets = np.arange(0, 601, 6)
    starts = np.arange(100) * 7 * 3_600_000_000 + 1_600_000_000_000_000
    tokens = np.random.default_rng(1).integers(0, 50, 600).astype(np.int32)
    return Corpus(tokens=tokens, offsets=offsets, starts=starts, ends=starts + 1, items=50, **more)


IDS = [f"i{n}" for n in range(50)]
EMPTY = Catalogue([], {})


def names(config, corpus, catalogue=EMPTY):
    return [switch.name for switch in switches_of(config, corpus, IDS, catalogue)]


def test_only_what_the_log_has_and_nobody_gave_is_tried():
    assert names(TrainConfig(), corpus()) == ["age", "walks"]
    converted = np.arange(600) % 6 == 5
    dislikes = Dislikes(np.array([3]), np.array([2], np.int32), np.array([7], np.int32))
    rich = corpus(converted=converted, dislikes=dislikes)
    every = ["age", "conversions, context", "conversions, weight", "dislikes", "walks"]
    assert names(TrainConfig(), rich) == every
    given = TrainConfig(
        sessions=SessionsConfig(half_life_days=0),
        objective=ObjectiveConfig(walks=0, conversion_context=0, segment=None),
    )
    assert names(given, rich) == ["conversions, weight", "dislikes"]
    assert names(TrainConfig(trainer=TrainerConfig(engine="gensim")), rich) == ["walks"]


def test_segments_are_tried_where_a_column_says_what_comes_next():
    tokens = (np.repeat(np.random.default_rng(1).integers(0, 5, 100), 6) * 10 + np.arange(600) % 10).astype(np.int32)
    alike = replace(corpus(), tokens=tokens)
    catalogue = Catalogue.from_rows({"item_id": f"i{n}", "market": f"m{n // 10}"} for n in range(50))
    assert names(TrainConfig(), alike, catalogue) == ["age", "segments", "walks"]
    assert names(TrainConfig(), corpus(), catalogue) == ["age", "walks"]


# Judging, by figures that are planted: what each question is worth.

PREFIXES = Prefixes([np.zeros(1, np.int32)] * QUESTIONS, *(np.zeros(QUESTIONS, np.int32) for _ in range(1)),
                    np.arange(QUESTIONS), np.ones(QUESTIONS, np.int32))  # fmt: skip
NOISE = np.random.default_rng(2).normal(0, 0.01, QUESTIONS)
SWITCHES = [
    Switch("walks", ({"objective": {"walks": 1}}, {"objective": {"walks": 5}})),
    Switch("context", ({"objective": {"conversion_context": 1.0}},)),
]


def final(value, blend=None):
    values = 0.5 + value + NOISE * (value != 0)
    return Final(
        1, TrainerConfig(), {}, {"vectors": values, "both": values, "blend": values if blend is None else blend}
    )


def judged(worth, seed=2):
    """worth: (walks, context, seed) -> figures."""

    def measured(_, config, seed):
        return worth(config.objective.walks, config.objective.conversion_context, seed)

    judge = Judge(measured, PREFIXES, 200, seed)
    return judge.switched(TrainConfig(), final(0.0), SWITCHES)


def test_the_best_strength_is_on_where_it_is_ahead_with_two_seeds():
    config, rows = judged(lambda walks, context, seed: final(0.01 * walks - 0.02 * context))
    assert [(row.switch, row.on) for row in rows] == [("walks", True), ("context", False)]
    assert (config.objective.walks, config.objective.conversion_context) == (5, 0)
    assert rows[1].again is None


def test_what_was_luck_of_one_seed_stays_off():
    config, rows = judged(lambda walks, context, seed: final(0.05 * (walks > 0) * (seed == 2)))
    assert rows[0].ahead.low > 0 > rows[0].again.low - 1e-9
    assert not rows[0].on
    assert config == TrainConfig()


def test_what_makes_the_blend_worse_stays_off():
    config, rows = judged(lambda walks, context, seed: final(0.05 * (walks > 0), np.full(QUESTIONS, 0.4)))
    assert not any(row.on for row in rows)
    assert config == TrainConfig()


@pytest.mark.parametrize(("both", "on"), [(0.08, [True, True]), (0.02, [True, False])])
def test_two_that_pay_are_on_together_unless_the_better_one_is_better_alone(both, on):
    def worth(walks, context, seed):
        return final(both if walks and context else 0.05 * (walks == 5) + 0.03 * context)

    config, rows = judged(worth)
    assert [row.on for row in rows] == on
    assert (config.objective.walks, config.objective.conversion_context) == (5, 1.0 if on[1] else 0.0)


def test_without_time_nothing_is_tried():
    assert judged(lambda *_: None) == (TrainConfig(), [])
