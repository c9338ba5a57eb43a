"""Dense scores, scores of chosen candidates and the index path must be one and the same formula."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.ranking.parts.question import Question
from index.ranking.readings import normalised, queries_of, similar_vectors, targets_of
from index.ranking.recommender import Recommender
from index.ranking.rules import Rules, RulesConfig
from index.ranking.scorer import NextScorer
from index.ranking.settings import COUNTS, LAST, OWN, POPULAR, VECTORS, RecommenderConfig
from index.search.builder import build
from index.search.searcher import Searcher

ITEMS, DIMS = 30, 6
READINGS = ("in-in", "in-out", "in-out-cosine", "symmetric", "sum")
NAMES = tuple(COUNTS)
OF_ITEM = (*VECTORS, *NAMES, *POPULAR)
OF_SESSION = (*OF_ITEM, *OWN, *(name + LAST for name in (*VECTORS, *NAMES)))


def matrices(seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(ITEMS, DIMS)).astype(np.float32), rng.normal(size=(ITEMS, DIMS)).astype(np.float32)


def some_rules(seed=0):
    rng = np.random.default_rng(seed)
    dense = rng.random((ITEMS, ITEMS)).astype(np.float32) * (rng.random((ITEMS, ITEMS)) < 0.2)
    np.fill_diagonal(dense, 0)
    rows = [np.flatnonzero(row) for row in dense]
    rows = [r[np.argsort(-dense[i][r], kind="stable")] for i, r in enumerate(rows)]
    return Rules(
        np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64),
        np.concatenate(rows).astype(np.int32),
        np.concatenate([dense[i][r] for i, r in enumerate(rows)]).astype(np.float32),
    )


def occurrences(seed=0):
    """By the name of the part."""
    return {name: np.random.default_rng([seed, n]).integers(0, 100, ITEMS) for n, name in enumerate(POPULAR)}


def scorer(seed=0, **config):
    inputs, outputs = matrices(seed)
    settings = RecommenderConfig.model_validate(config)
    rules = {name: some_rules(seed + n) for n, name in enumerate(("rules", *NAMES))}
    counts = occurrences(seed)
    similar = similar_vectors(inputs, outputs, settings.similar_reading)
    newest = {name: values for name, values in counts.items() if name != "popular"}
    return NextScorer.of(inputs, outputs, similar, counts["popular"], settings, rules, newest)


def rows(values):
    return np.array(values, dtype=np.int32)


def z(values):
    spread = values.std()
    return (values - values.mean()) / (spread if spread > 0 else 1)


def summed(rules, session, weights):
    out = np.zeros(ITEMS)
    for row, weight in zip(session, weights, strict=True):
        items, values = rules.row(int(row))
        out[items] += values * weight
    return out


def share(rules, session, weights):
    total = sum(weight * rules.row(int(row))[1].sum() for row, weight in zip(session, weights, strict=True))
    return np.log1p(summed(rules, session, weights) / total / 0.01) if total else np.zeros(ITEMS)


def own_forms(session):
    """Form -> values of all items."""
    found = {name: np.zeros(ITEMS) for name in OWN}
    for item in set(session.tolist()):
        age = 1 + session[::-1].tolist().index(item)
        times = session.tolist().count(item)
        told = {"own": 1, "own.newest": 1 / age, "own.root": age**-0.5, "own.often": np.log(times)}
        for name, value in {**told, "own.last": float(age == 1)}.items():
            found[name][item] = value
    return found


def by_hand(seed, config, session, one_item, exclude_seen=False):
    """Part -> its values of all items, as the docstring of the scorer has it; the weights come on top."""
    inputs, outputs = matrices(seed)
    recent = session[-1:] if one_item or config.session_decay == "last" else session[-config.session_items :]
    age = np.arange(len(recent), 0, -1)
    fall = 0.5 ** ((age - 1) / config.half_life) if config.session_decay == "exponential" else 1 / age
    targets = targets_of(inputs, outputs, config.next_reading).astype(np.float64)
    queries = queries_of(inputs, outputs, config.next_reading, targets.astype(np.float32))
    similar = similar_vectors(inputs, outputs, config.similar_reading).astype(np.float64)
    own = own_forms(session[:0] if one_item or exclude_seen else session)
    counts = occurrences(seed)
    found = {}
    for ending, known, weights in (("", recent, fall), (LAST, session[-1:], np.ones(1))):
        found["vectors" + ending] = z(targets @ (weights @ queries[known]))
        found["alike" + ending] = z(similar @ (weights @ similar[known]))
        for n, name in enumerate(NAMES):
            found[name + ending] = share(some_rules(seed + 1 + n), known, weights)
    return found | own | {name: z(np.log(np.maximum(values, 1))) for name, values in counts.items()}


def question(found, session, one_item, exclude_seen=False):
    return Recommender(found).question(session, one_item, own=not exclude_seen)


def weighed(names):
    return st.dictionaries(st.sampled_from(names), st.sampled_from([-2.0, -0.3, 0.0, 0.5, 4.0]), max_size=8)


SETTINGS = st.fixed_dictionaries(
    {
        "next_reading": st.sampled_from(READINGS),
        "similar_reading": st.sampled_from(["in", "sum"]),
        "session_decay": st.sampled_from(["last", "rank", "exponential"]),
        "session_items": st.integers(1, 5),
        "counts": st.just(COUNTS),
        "item": weighed(OF_ITEM),
        "session": weighed(OF_SESSION),
    }
)
SESSION = st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=12).map(rows)


@given(session=SESSION, config=SETTINGS, one_item=st.booleans(), exclude_seen=st.booleans(), seed=st.integers(0, 5))
@settings(max_examples=80, deadline=None)
def test_scores_are_the_sum_of_the_parts_as_the_docstrings_say(session, config, one_item, exclude_seen, seed):
    found = scorer(seed, **config)
    parts = by_hand(seed, found.config, session, one_item, exclude_seen)
    expected = np.zeros(ITEMS)
    for name, weight in found.weights(one_item).items():
        expected += weight * parts[name]
    dense = found.dense([question(found, session, one_item, exclude_seen)], one_item)[0]
    np.testing.assert_allclose(dense, expected, rtol=2e-3, atol=2e-3)


@given(sessions=st.lists(SESSION, min_size=1, max_size=4), config=SETTINGS, one_item=st.booleans(), scale=st.booleans())
@settings(max_examples=60, deadline=None)
def test_all_items_some_items_and_pairs_get_the_same_scores_and_parts_sum_up_to_them(sessions, config, one_item, scale):
    if scale:
        config |= {"counts": {name: rules.model_copy(update={"scale": "z"}) for name, rules in COUNTS.items()}}
    found = scorer(**config)
    questions = [question(found, session, one_item) for session in sessions]
    dense = found.dense(questions, one_item)
    some = rows(range(0, ITEMS, 3))
    for asked, scores in zip(questions, dense, strict=True):
        spoken = found.told(found.sparse(one_item), [asked])
        of_some = found.of_pairs([asked], one_item, some.astype(np.int64), spoken)
        np.testing.assert_allclose(of_some, scores[some], rtol=1e-3, atol=1e-3)
        assert found.of_pairs([asked], one_item, np.empty(0, np.int64), spoken).tolist() == []
        told = found.contributions(asked, 7, one_item)
        assert told.keys() == {name for name, weight in found.weights(one_item).items() if weight}
        assert sum(told.values()) == pytest.approx(float(scores[7]), rel=1e-3, abs=1e-3)
    told = found.told(found.sparse(one_item), questions)
    pairs = np.unique(np.concatenate([np.arange(0, dense.size, 7), *(part.at for part in told.values())]))
    np.testing.assert_allclose(
        found.of_pairs(questions, one_item, pairs, told), dense.reshape(-1)[pairs], rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("reading", READINGS)
def test_former_settings_give_exactly_the_former_formula(reading):
    found = scorer(next_reading=reading, session_popularity=0.3, session_counts=2.0, own_items=1.5, session_items=3)
    session = rows([4, 7, 4, 9])
    targets = targets_of(*matrices(), reading)
    queries = queries_of(*matrices(), reading, targets)
    weights = np.array([1 / 3, 1 / 2, 1])
    vectors = z(targets.astype(np.float64) @ (weights @ queries[session[-3:]]))
    counts = summed(some_rules(), session[-3:], weights)
    own = np.zeros(ITEMS)
    own[[9, 4, 7]] = [1, 1 / 2, 1 / 3]
    log = np.log(np.maximum(occurrences()["popular"], 1))
    expected = vectors + 0.3 * z(log) + 2.0 * z(counts) + 1.5 * own
    expected[9] = -np.inf
    scores = Recommender(found).scores([session], one_item=False)[0]
    np.testing.assert_allclose(scores, expected, rtol=2e-4, atol=2e-4)


def test_former_settings_of_one_item_have_their_own_weights_and_the_former_defaults():
    found = scorer(item_popularity=0.2, item_counts=3.0)
    config = found.config
    assert config.item == {"vectors": 1.0, "rules": 3.0, "popular": 0.2}
    assert config.session == {"vectors": 1.0, "rules": 1.0}
    assert (config.similar_reading, config.next_reading) == ("in", "in-out")
    assert config.counts == {"rules": RulesConfig(scale="z")}
    inputs, outputs = (matrix.astype(np.float64) for matrix in matrices())
    counts, log = summed(some_rules(), [5], [1.0]), np.log(np.maximum(occurrences()["popular"], 1))
    expected = z(outputs @ inputs[5]) + 3 * z(counts) + 0.2 * z(log)
    dense = found.dense([Question.of_item(rows([5]))], one_item=True)[0]
    np.testing.assert_allclose(dense, expected, rtol=2e-4, atol=2e-4)


def test_settings_are_read_back_as_they_were_written():
    for config in (
        RecommenderConfig(),
        RecommenderConfig.model_validate({"own_items": 1.0, "rules": {"steps": 3}}),
        RecommenderConfig(counts=COUNTS, session={"both.last": -0.5, "own.often": 1.0}),
    ):
        assert RecommenderConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize("question", ["item", "session"])
@pytest.mark.parametrize("name", ["afterwards", "both", "popular.last", "own.first", ""])
def test_a_weight_of_a_part_that_is_not_there_is_refused(question, name):
    with pytest.raises(ValueError, match="is no part"):
        RecommenderConfig.model_validate({question: {name: 1.0}})


@pytest.mark.parametrize("name", [*OWN, "vectors.last", "after.last"])
def test_own_items_and_the_last_one_are_parts_of_a_session_only(name):
    assert RecommenderConfig(session={name: 1.0}).session == {name: 1.0}
    with pytest.raises(ValueError, match="is no part"):
        RecommenderConfig(item={name: 1.0})


@given(
    session=SESSION,
    reading=st.sampled_from(READINGS),
    decay=st.sampled_from(["last", "rank", "exponential"]),
    counts=st.sampled_from([0.0, 0.5, 3.0]),
    popularity=st.sampled_from([0.0, 0.4]),
    own=st.sampled_from([0.0, 2.0]),
    one_item=st.booleans(),
    exclude_seen=st.booleans(),
    return_=st.booleans(),
    seed=st.integers(0, 5),
)
@settings(max_examples=60, deadline=None)
def test_candidates_get_the_same_list_as_scoring_everything(
    session, reading, decay, counts, popularity, own, one_item, exclude_seen, return_, seed
):
    weights = {"vectors": 1.0, "after": counts, "popular": popularity}
    found = scorer(
        seed,
        next_reading=reading,
        session_decay=decay,
        last_may_return=return_,
        item=weights,
        session=weights | {"own.newest": own},
    )
    vectors = found.next_vectors()
    searcher = Searcher(build(vectors, ITEMS, 0.99, 1, 1).graph, vectors)
    # All that can be among the first is among the candidates here, so the lists must agree to the last place.
    recommenders = (Recommender(found), Recommender(found, searcher, dense_items=0))
    dense, fast = (
        each.next_of(session[-1:], 5) if one_item else each.recommend([session], 5, exclude_seen)
        for each in recommenders
    )
    np.testing.assert_allclose(fast[1], dense[1], rtol=1e-3, atol=1e-3)
    same = np.abs(np.diff(dense[1][0], append=-9)) > 1e-3
    assert (fast[0][0] == dense[0][0])[same & np.roll(same, 1)].all()


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("former", [1.0, 50.0])
def test_products_with_the_index_for_next_order_items_as_vectors_and_popularity_do(reading, former):
    found = scorer(next_reading=reading, item={"vectors": 0.8, "popular": 0.5, "popular.newest": -0.2})
    points = found.next_vectors()
    points[:, -1] *= former  # releases before had another scale
    questions = [Question.of_item(rows([item])) for item in range(5)]
    products = found.next_queries(questions, found.next_scale(points)) @ points.T
    scores = found.dense(questions, one_item=True) / 0.8
    np.testing.assert_allclose(np.diff(products), np.diff(scores), rtol=1e-3, atol=1e-4)


def test_short_targets_have_a_short_column_of_popularity_in_the_index_for_next():
    """Else the products of items with items, which an HNSW graph is made of, would be products of popularity alone."""
    weights = {"item": {"vectors": 1.0, "popular": 0.5}, "next_reading": "in-out"}
    long, (inputs, outputs) = scorer(**weights), matrices()
    similar = similar_vectors(inputs, outputs, "in")
    short = NextScorer.of(inputs, outputs / 100, similar, occurrences()["popular"], long.config, long.rules)
    np.testing.assert_allclose(short.next_vectors(), long.next_vectors() / 100, rtol=1e-3)


def test_the_last_item_never_comes_back_and_seen_ones_only_when_allowed():
    recommender = Recommender(scorer(session={"vectors": 1.0, "own.newest": 50.0}))
    session = rows([3, 5, 8])
    found = recommender.recommend([session], ITEMS)[0][0]
    assert 8 not in found
    assert found[:2].tolist() == [5, 3]
    found = recommender.recommend([session], ITEMS, exclude_seen=True)[0][0]
    assert not {3, 5, 8} & set(found.tolist())


def test_the_last_item_of_a_session_comes_back_where_a_setting_says_so_but_never_after_itself():
    recommender = Recommender(scorer(last_may_return=True, session={"vectors": 1.0, "own.newest": 50.0}))
    session = rows([3, 5, 8])
    assert recommender.recommend([session], 3)[0][0].tolist() == [8, 5, 3]
    assert not {3, 5, 8} & set(recommender.recommend([session], ITEMS, exclude_seen=True)[0][0].tolist())
    assert 8 not in recommender.next_of(rows([8]), ITEMS)[0][0]


@pytest.mark.parametrize("setting", [False, True, "auto"])
@pytest.mark.parametrize(
    ("exclude_seen", "asked", "gone"),
    [
        (False, True, set()),
        (False, False, {8}),
        (True, True, {3, 5}),
        (True, False, {3, 5, 8}),
        (True, None, {3, 5, 8}),
    ],
)
def test_the_caller_says_whether_the_last_item_may_return_whatever_the_setting(setting, exclude_seen, asked, gone):
    found = scorer(last_may_return=setting, session={"vectors": 1.0, "own.newest": 50.0})
    session = rows([8, 3, 5, 8])
    vectors = found.next_vectors()
    searcher = Searcher(build(vectors, ITEMS, 0.99, 1, 1).graph, vectors)
    for recommender in (Recommender(found), Recommender(found, searcher, dense_items=0)):
        listed, scores = recommender.among(session, ITEMS, None, exclude_seen=exclude_seen, last_may_return=asked)
        dense = recommender.scores([session], False, exclude_seen, asked)[0]
        assert {3, 5, 8} - set(listed.tolist()) == gone
        assert set(np.flatnonzero(np.isinf(dense)).tolist()) == gone
        np.testing.assert_allclose(scores[listed >= 0], dense[listed[listed >= 0]], rtol=1e-3, atol=1e-3)


def test_a_setting_that_is_not_decided_yet_keeps_the_last_item_out():
    found = Recommender(scorer(last_may_return="auto", session={"vectors": 1.0, "own.newest": 50.0}))
    assert found.recommend([rows([3, 5, 8])], ITEMS)[0][0][:2].tolist() == [5, 3]


def test_weights_of_the_caller_multiply_the_session_rule():
    config = RecommenderConfig(session_decay="exponential", half_life=1.0, session_items=2)
    asked = Question.of_session(rows([1, 2, 3]), config, np.array([9, 2, -1], dtype=np.float32))
    assert asked.recent.rows.tolist() == [2, 3]
    assert asked.recent.weights.tolist() == [1.0, -1.0]
    assert asked.own.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("weights", "last"), [(None, [3]), ([1, 1, 1], [3]), ([1, 5, 2], [2]), ([5, 5, 1], [2]), ([-1, -2, 0], [])]
)
def test_with_weights_of_the_caller_the_heaviest_item_counts_as_the_last(weights, last):
    given = None if weights is None else np.array(weights, dtype=np.float32)
    asked = Question.of_session(rows([1, 2, 3]), RecommenderConfig(), given)
    assert asked.last.rows.tolist() == last
    assert asked.last.weights.tolist() == [1.0] * len(last)


def test_disliked_items_pull_away_together_with_half_of_what_the_session_weighs():
    asked = Question.of_session(rows([1, 2]), RecommenderConfig(), disliked=rows([5, 6]), dislike=0.5, own=False)
    assert asked.recent.rows.tolist() == [1, 2, 5, 6]
    assert asked.recent.weights.tolist() == [0.5, 1.0, -0.375, -0.375]
    assert asked.own is None


def test_a_query_without_counts_still_gets_an_answer():
    empty = Rules(np.zeros(ITEMS + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
    for scale in ("share", "z"):
        found = scorer(counts={"after": RulesConfig(scale=scale)})
        found.rules = {"after": empty}
        assert np.isfinite(found.dense([Question.of_item(rows([1]))], True)).all()
        assert np.isfinite(found.dense([Question.of_session(rows([]), found.config)], False)).all()
        assert found.dense([], True).shape == (0, ITEMS)


def test_another_reading_needs_another_scorer():
    with pytest.raises(ValueError, match="next_reading"):
        scorer(next_reading="in-in").with_config(RecommenderConfig(next_reading="in-out"))


def test_other_weights_need_none():
    first = scorer(counts=COUNTS, item={"vectors": 1.0})
    config = RecommenderConfig(counts=COUNTS, item={"both": 2.0, "popular.recent": 1.0})
    asked = [Question.of_item(rows([3]))]
    changed, made = first.with_config(config), scorer(**config.model_dump())
    np.testing.assert_allclose(changed.dense(asked, True), made.dense(asked, True), rtol=1e-5, atol=1e-5)
    assert not np.allclose(first.dense(asked, True), changed.dense(asked, True))


def test_a_zero_vector_stays_zero_when_normalised():
    assert normalised(np.array([[0, 0], [3, 4]], dtype=np.float32)).tolist() == [
        [0, 0],
        [np.float32(0.6), np.float32(0.8)],
    ]


def test_similar_vectors_are_units_of_either_reading():
    inputs, outputs = matrices()
    for reading in ("in", "sum"):
        norms = np.linalg.norm(similar_vectors(inputs, outputs, reading), axis=1)
        np.testing.assert_allclose(norms, 1, rtol=1e-5)
