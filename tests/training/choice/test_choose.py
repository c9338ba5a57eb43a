"""What is chosen on validation: weights for both questions, the same again, no worse than vectors alone."""

import numpy as np
import pytest
from support.factories import IDS, corpus_of, two_groups

from index.ranking.recommender import Recommender
from index.ranking.settings import COUNTS, LAST, RecommenderConfig
from training.choice.blend import OF_ITEM, OF_SESSION, scorer_of_all
from training.choice.board import Board, questions_of
from training.choice.candidates import tabulate
from training.choice.choose import choose, ways
from training.choice.materials import Counted, Materials
from training.choice.readings import READINGS, try_readings
from training.choice.similar import similar_reading
from training.config import EvaluationConfig, SessionsConfig, TrainConfig, TrainerConfig
from training.evaluation.metrics import gains
from training.evaluation.ranks import rank_all
from training.evaluation.split import sample_prefixes, split_test
from training.trainers.spaces import Spaces, train_plainly
from training.trainers.trainer import Embeddings

CONFIG = TrainConfig(evaluation=EvaluationConfig(prefixes=500), sessions=SessionsConfig(min_item_count=2))


@pytest.fixture(scope="module")
def world():
    """(materials of the closed form, validation prefixes)."""
    split = split_test(two_groups(800), IDS, CONFIG)
    spaces = train_plainly(split.train, TrainerConfig(engine="spectral", dims=8, workers=1), 1, lambda _: None)
    prefixes = sample_prefixes(split.held_out, 300, np.random.default_rng(1))
    return Materials(spaces, Counted(split.train, 2)), prefixes


@pytest.fixture(scope="module")
def chosen(world):
    materials, prefixes = world
    return choose({"spectral": materials}, prefixes, RecommenderConfig(), threads=2)


def ndcg(materials, config, prefixes, one_item):
    recommender = Recommender(materials.scorer(config))
    score = lambda asked: recommender.scores(asked, one_item)  # noqa: E731
    return float(gains(rank_all(score, prefixes.prefixes, prefixes.targets, len(recommender.scorer)), 20).mean())


def test_both_questions_get_weights_of_parts_that_are_there(chosen):
    assert chosen.engine == "spectral"
    assert chosen.blend.item
    assert chosen.blend.session
    assert chosen.blend.item.keys() <= set(OF_ITEM)
    assert chosen.blend.session.keys() <= set(OF_SESSION)
    assert chosen.blend.counts == chosen.blend.used_counts()
    assert chosen.vectors.counts == {}
    assert RecommenderConfig.model_validate(chosen.blend.model_dump()) == chosen.blend


def test_the_blend_is_no_worse_than_vectors_alone(world, chosen):
    materials, prefixes = world
    assert chosen.values["blend"] > chosen.values["vectors"] - 0.01
    for one_item in (True, False):
        blend, vectors = (ndcg(materials, which, prefixes, one_item) for which in (chosen.blend, chosen.vectors))
        assert blend >= vectors - 0.01


def test_the_same_is_chosen_again_with_any_number_of_threads(world, chosen):
    materials, prefixes = world
    for threads in (1, 3):
        again = choose({"spectral": materials}, prefixes, RecommenderConfig(), threads=threads)
        assert again.blend == chosen.blend
        assert again.vectors == chosen.vectors
        assert again.trace == chosen.trace


@pytest.mark.parametrize(
    ("setting", "share", "tried"),
    [("auto", 0.0, (False,)), ("auto", 0.3, (False, True)), (True, 0.0, (True,)), (False, 0.3, (False,))],
)
def test_whether_the_last_item_may_return_is_tried_only_where_questions_say_something(setting, share, tried):
    assert ways(setting, share) == tried


def test_the_last_item_returns_where_that_is_better_on_all_questions():
    rng = np.random.default_rng(2)
    sessions = []
    for n in range(600):
        session = [int(rng.integers(10)) + 10 * (n % 2)]
        while len(session) < 6:
            base, at = divmod(session[-1], 10)
            session.append(session[-1] if rng.random() < 0.4 else base * 10 + (at + 1) % 10)
        sessions.append(session)
    split = split_test(corpus_of(sessions, items=20), IDS, CONFIG)
    spaces = train_plainly(split.train, TrainerConfig(engine="spectral", dims=8, workers=1), 1, lambda _: None)
    prefixes = sample_prefixes(split.held_out, 200, np.random.default_rng(1), last_may_return=True)
    materials = Materials(spaces, Counted(split.train, 2))
    found = choose({"spectral": materials}, prefixes, RecommenderConfig(), threads=2)
    assert len(found.gains) == len(prefixes)
    assert found.blend.last_may_return is True
    assert found.blend.session["own.last"]
    values = [found.trace[f"spectral: last {may} return"]["session"] for may in ("may", "may not")]
    assert values[0] > values[1] + 0.1
    assert found.vectors.last_may_return is False
    forbidden = choose({"spectral": materials}, prefixes, RecommenderConfig(last_may_return=False), threads=2)
    assert forbidden.blend.last_may_return is False
    assert forbidden.values["blend"] < found.values["blend"]


def test_another_engine_is_taken_only_where_it_is_clearly_better(world):
    materials, prefixes = world
    rng = np.random.default_rng(1)
    noise = Embeddings(*rng.normal(size=(2, 20, 8)).astype(np.float32))
    spoiled = Materials(Spaces(noise, noise), Counted(materials.counted.corpus.take(np.arange(8)), 1))

    def engine(engines):
        shares = []
        found = choose(engines, prefixes, RecommenderConfig(), 2, progress=shares.append)
        assert shares == [0.5, 1.0]
        assert {name.split(":")[0] for name in found.trace} == set(engines)
        return found.engine

    assert engine({"spectral": spoiled, "sgns": materials}) == "sgns"
    assert engine({"sgns": materials, "spectral": spoiled}) == "sgns"
    assert engine({"sgns": materials, "gensim": materials}) == "sgns"  # level: the first


def test_vectors_alone_are_read_in_every_way_and_valued_as_they_would_rank(world):
    materials, prefixes = world
    tried = try_readings(Board(prefixes, 2), materials, RecommenderConfig())
    assert tried == sorted(tried, key=lambda t: -t.value)
    assert {t.config.next_reading for t in tried} <= set(READINGS)
    for found in tried:
        assert found.item == pytest.approx(ndcg(materials, found.config, prefixes, True), abs=0.005)
        assert found.session == pytest.approx(ndcg(materials, found.config, prefixes, False), abs=0.005)


@pytest.mark.parametrize("one_item", [True, False])
def test_the_table_has_of_each_candidate_what_each_part_says_of_it(world, one_item):
    materials, prefixes = world
    names = OF_ITEM if one_item else OF_SESSION
    scorer = scorer_of_all(materials, RecommenderConfig(), names)
    questions = questions_of(scorer, prefixes.prefixes, one_item)
    gone = [prefix[-1:] for prefix in prefixes.prefixes]
    table = tabulate(scorer, questions, prefixes.targets, gone, names, seed=1, threads=2)
    assert table.values.shape == (len(prefixes), table.rows.shape[1], len(names))
    for i in range(0, len(prefixes), 29):
        rows = table.rows[i][table.rows[i] >= 0]
        assert (np.diff(rows) > 0).all()
        assert gone[i][0] not in rows
        for column, name in enumerate(names):
            values = table.values[i, : len(rows), column]
            np.testing.assert_allclose(values, scorer.values(name, questions[i], rows), rtol=1e-4, atol=1e-4)
    came = table.chosen >= 0
    assert came.mean() > 0.9
    assert np.array_equal(table.rows[came, table.chosen[came]], prefixes.targets[came])
    assert not (table.rows[~came] == prefixes.targets[~came, None]).any()


def test_counts_are_taken_once_and_only_where_they_have_a_weight(world):
    counted = Counted(world[0].counted.corpus, 1)
    config = RecommenderConfig(counts=COUNTS, item={"vectors": 1.0, "both": 0.0}, session={"next" + LAST: 1.0})
    assert counted.rules(config).keys() == {"next"}
    assert counted.rules(config)["next"] is counted.of(COUNTS["next"])
    assert counted.of(COUNTS["next"].model_copy(update={"scale": "z"})) is counted.of(COUNTS["next"])
    assert counted.counts.sum() == len(counted.corpus.tokens)
    assert all(0 < counts.sum() < counted.counts.sum() for counts in counted.newest.values())


def test_the_reading_for_similar_is_told_by_shared_categories(world):
    spaces = world[0].spaces
    values = similar_reading(CONFIG, spaces, [item[0] for item in IDS])
    assert values.keys() == {"in", "sum"}
    assert list(values.values()) == pytest.approx([0.9, 0.9])  # the tenth neighbour is of the other group
    assert similar_reading(CONFIG, spaces, [None] * 20) == {}
