"""The gate: better than popularity, not worse than what serves, and always with reasons."""

import numpy as np
from support.factories import vectors_only, write_log
from support.reports import row, tasks

import item2vec
from index.artifact.registry import Registry
from training.evaluation.gate import MIN_PREFIXES, Rival, beside_popularity, beside_rival, judge
from training.evaluation.records import RANKS_DTYPE
from training.replacement import GateConfig


def rows(low, high):
    """A model that differs from popularity by an interval."""
    return [row("item2vec"), row("popularity", ahead=(low, high))]


def against_popularity(low, high):
    return tasks(rows(low, high), rows(low, high))


def records(ranks, task=1, first=0):
    found = np.zeros(len(ranks), dtype=RANKS_DTYPE)
    found["session"] = np.arange(first, first + len(ranks))
    found["task"], found["rank"] = task, ranks
    return found


GOOD = against_popularity(0.1, 0.2)


LIMITS = GateConfig()


def beside(ours, theirs, how="", expected=0, limits=LIMITS):
    return judge([beside_rival(ours, Rival("20260101-000000", how, theirs, expected), limits, seed=1)], force=False)


def test_a_model_better_than_popularity_is_accepted_when_nothing_serves():
    gate = judge([beside_popularity(GOOD)], force=False)
    assert gate.accepted
    assert gate.reasons == []
    assert gate.advice is None


def test_a_model_no_better_than_popularity_is_refused_unless_forced():
    point = beside_popularity(against_popularity(-0.01, 0.02))
    gate = judge([point], force=False)
    assert not gate.accepted
    assert "popularity" in gate.reasons[0]
    assert "--force" in gate.advice
    assert "admin" in gate.advice
    gate = judge([point], force=True)
    assert gate.accepted
    assert gate.forced
    assert gate.reasons
    assert gate.advice is None


def test_better_for_items_does_not_excuse_worse_for_sessions():
    mixed = tasks(rows(0.1, 0.2), rows(-0.2, -0.1))
    assert not judge([beside_popularity(mixed)], force=False).accepted


def test_a_model_worse_than_the_serving_one_is_refused_with_the_figures():
    rng = np.random.default_rng(1)
    ours, theirs = records(rng.integers(5, 60, 400)), records(rng.integers(1, 20, 400))
    gate = beside(ours, theirs, "as it was evaluated")
    assert not gate.accepted
    assert "worse than 20260101-000000 (as it was evaluated)" in gate.reasons[0]
    assert gate.figures["T1_prefixes_shared"] == [400]
    assert beside(theirs, ours).accepted


def test_a_difference_within_the_interval_passes():
    rng = np.random.default_rng(2)
    ranks = rng.integers(1, 30, 300)
    other = ranks.copy()
    other[:3] = 1
    assert beside(records(ranks), records(other)).accepted


FEW = records([50] * 300), records([1] * 300, first=300 - MIN_PREFIXES + 1)


def test_too_few_shared_prefixes_are_a_refusal_where_more_are_to_be_expected():
    gate = beside(*FEW, expected=300)
    assert not gate.accepted
    assert "only 99 test prefixes are shared with version 20260101-000000, and 100 are needed" in gate.reasons[0]
    assert gate.figures["T1_prefixes_shared"] == [MIN_PREFIXES - 1]


def test_too_few_shared_prefixes_are_told_where_the_log_has_no_more():
    gate = beside(*FEW, expected=MIN_PREFIXES - 1)
    assert gate.accepted
    assert "not compared" in gate.notes[0]
    assert beside(*FEW, expected=300, limits=GateConfig(compared=False)).accepted


QUICK = ["--dims", "16", "--workers", "1", "--prefixes", "600", "--bootstrap", "50", "--no-baselines", "--no-blend"]
QUICK += ["--min-item-count", "2", "--engine", "sgns"]


def training(log, folder):
    """Vectors without counts: those would be good whatever the vectors are."""
    return ["train", "--events", str(log), "--models", str(folder / "m"), "--config", str(vectors_only(folder)), *QUICK]


def test_a_spoiled_retraining_does_not_replace_a_good_model(tmp_path, capsys):
    """On the same log again: the serving model's recorded evaluation is what counts."""
    log = write_log(tmp_path / "log" / "events.csv", sessions=1500)
    train = training(log, tmp_path)
    assert item2vec.main([*train, "--epochs", "8"]) == 0
    good = Registry(tmp_path / "m").current()
    assert item2vec.main([*train, "--epochs", "1", "--learning-rate", "0.002"]) == 3
    assert Registry(tmp_path / "m").current() == good
    rejected = Registry(tmp_path / "m").manifests()[-1].gate
    assert rejected is not None
    assert any(good in reason or "popularity" in reason for reason in rejected.reasons)


def test_on_newer_sessions_the_serving_model_is_ranked_anew(tmp_path):
    log = write_log(tmp_path / "log" / "events.csv", sessions=600)
    train = [*training(log, tmp_path), "--epochs", "8"]
    assert item2vec.main(train) == 0
    first = Registry(tmp_path / "m").current()
    write_log(log, sessions=1500)  # the same beginning, and as many days again
    assert item2vec.main(train) in (0, 3)
    gate = Registry(tmp_path / "m").manifests()[-1].gate
    assert gate is not None
    assert f"T1_against_{first}" in gate.figures
    assert gate.figures["T1_prefixes_shared"][0] > 300
