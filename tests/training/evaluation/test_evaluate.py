"""Figures that can be checked by hand."""

import numpy as np
import pytest
from support.factories import IDS, corpus_of, two_groups
from support.reports import row, tasks

from index.ranking.recommender import Recommender
from index.ranking.settings import RecommenderConfig
from training.baselines.baseline import Method
from training.choice.choose import choose
from training.choice.materials import Counted, Materials
from training.config import EvaluationConfig, SessionsConfig, TrainConfig, TrainerConfig
from training.evaluation.advice import advice
from training.evaluation.conversions import conversions
from training.evaluation.evaluate import Questions, choose_baselines, evaluate
from training.evaluation.records import rank_records, session_keys
from training.evaluation.split import HeldOut, Prefixes, sample_prefixes, split_test, split_validation
from training.evaluation.substitutes import substitutes
from training.trainers.spaces import train_plainly


def test_substitutes_counts_shared_categories_of_those_that_have_one():
    lists = np.full((4, 10), -1, dtype=np.int32)
    lists[0, :2] = [1, 2]  # shares "x" with 1, nothing with 2
    lists[1, :1] = [0]
    lists[2, :2] = [3, 0]  # 3 has no category and does not count
    table = substitutes({"m": lists}, ["x|y", "x", "z", None], np.random.default_rng(0))
    assert [found.method for found in table] == ["random", "m"]
    assert table[1].shared_category10.mean == pytest.approx((0.5 + 1 + 0) / 3)
    assert table[1].jaccard10.mean == pytest.approx((0.25 + 0.5 + 0) / 3)
    assert substitutes({"m": lists}, [None] * 4, np.random.default_rng(0)) == ()


def test_conversions_ranks_the_booked_item_by_clicks_left():
    corpus = corpus_of([[0, 1, 2]] * 30)
    corpus = HeldOut(
        corpus.__class__(**{**corpus.__dict__, "converted": np.tile([False, False, True], 30)}), np.ones(30, np.int64)
    )

    def score(prefixes):  # item 2 is first when asked from 1, second otherwise
        return np.array([[0, 0, 9] if p[-1] == 1 else [0, 8, 5] for p in prefixes], dtype=np.float32)

    curve = conversions(corpus, [Method("m", {}, score)], items=3, threads=1)
    assert [(p.clicks_left, p.sessions, p.methods["m"].median_rank) for p in curve] == [(1, 30, 1.0), (2, 30, 2.0)]


def test_session_keys_do_not_depend_on_the_vocabulary():
    first, second = corpus_of([[0, 1], [1, 0]]), corpus_of([[1, 0], [0, 1]])
    assert (session_keys(first, ["a", "b"]) == session_keys(second, ["b", "a"])).all()
    assert len(set(session_keys(first, ["a", "b"]).tolist())) == 2


def test_records_keep_session_position_task_and_rank():
    prefixes = Prefixes([np.array([1])], np.array([2], np.int32), np.array([0]), np.array([5], np.int32))
    found = rank_records(prefixes, np.array([77], np.uint64), {"T1": np.array([3]), "T2": np.array([0])})
    assert found.tolist() == [(77, 5, 1, 3), (77, 5, 2, 0)]


@pytest.mark.parametrize(
    ("low", "high", "words"), [(0.1, 0.2, "better than"), (-0.2, -0.1, "is better"), (-0.1, 0.1, "told apart")]
)
def test_advice_says_which_is_better_or_that_it_cannot_tell(low, high, words):
    rows = [row("item2vec", 0.4), row("SR", 0.3, ahead=(low, high))]
    assert words in advice(tasks(rows, rows))


def test_advice_without_baselines_says_that_there_were_none():
    rows = [row("item2vec", 0.4), row("vectors alone", 0.3, ahead=(0.1, 0.2))]
    assert advice(tasks(rows, rows)) == "No baselines were measured."


@pytest.fixture(scope="module")
def measured():
    """A model of two groups, chosen on validation and evaluated."""
    corpus = two_groups(800)
    config = TrainConfig(
        evaluation=EvaluationConfig(prefixes=500, bootstrap=100), sessions=SessionsConfig(min_item_count=2)
    )
    split = split_test(corpus, IDS, config)
    fit = split_validation(split, config)
    trainer = TrainerConfig(engine="spectral", dims=16, workers=1)
    rng = np.random.default_rng(1)
    validation = sample_prefixes(fit.held_out, 300, rng)
    engines = {trainer.engine: Materials(train_plainly(fit.train, trainer, 1, lambda _: None), Counted(fit.train, 2))}
    choice = choose(engines, validation, RecommenderConfig(), threads=2)
    baselines = choose_baselines(fit.train, validation, threads=2)
    final = Materials(train_plainly(split.train, trainer, 1, lambda _: None), Counted(split.train, 2))
    recommenders = [Recommender(final.scorer(c)) for c in (choice.blend, choice.vectors)]
    prefixes = sample_prefixes(split.held_out, 500, rng)
    questions = Questions(prefixes, split.train, 2, 100, 1)
    rows, ranks = evaluate(questions, *recommenders, baselines)
    return choice, rows, ranks, prefixes, recommenders[0]


def test_the_report_ranks_every_method_on_the_same_prefixes(measured):
    _, tables, ranks, prefixes, _ = measured
    assert len(prefixes) == len(ranks["T1"]) == len(ranks["T2"])
    rows = {row.method: row for row in tables["T1"]}
    mean, low, high = rows["item2vec"].ndcg10
    assert low <= mean <= high
    assert rows["item2vec"].behind_item2vec is None
    for other in tables["T1"][1:]:
        assert other.behind_item2vec.ndcg10.mean == pytest.approx(mean - other.ndcg10.mean)
    assert mean > rows["popularity"].ndcg10.mean + 0.2
    assert mean >= rows["vectors alone"].ndcg10.mean - 0.02


def test_the_ranks_of_the_report_are_the_places_in_the_served_list(measured):
    _, _, ranks, prefixes, recommender = measured
    rows, _ = recommender.recommend(prefixes.prefixes, 20)
    for listed, target, rank in zip(rows, prefixes.targets, ranks["T2"], strict=True):
        assert listed[rank - 1] == target


def test_what_is_chosen_is_recorded_with_what_was_tried(measured):
    choice = measured[0]
    assert {*choice.vectors.item, *choice.vectors.session} <= {"vectors", "popular"}
    assert choice.vectors.counts == {}
    assert {"spectral: vectors in-out", "spectral: after", "spectral: blend"} <= choice.trace.keys()
    for values in choice.trace.values():
        assert all(0 <= value <= 1 for value in values.values())
