"""What is chosen on validation: how far new items may come forward, what content counts for those seldom seen."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from index.artifact.manifest import ContentFacts
from index.content.content import Vectors
from index.content.lexicon import Lexicon, Rule
from index.content.standing import Standing, deviations
from index.ranking.rules import RulesConfig
from index.ranking.scorer import NextScorer
from index.ranking.settings import RecommenderConfig
from training.choice.materials import Counted
from training.content.choose import MOST_LOST, SURE, highest
from training.content.hidden import DEEP, Hiding, Pairs
from training.content.learn import Design
from training.content.ridge import ridge
from training.content.seldom import SIGHTS, Blend, shares_that_pay
from training.content.stand import usual_standing
from training.corpus import Corpus
from training.evaluation.metrics import hits
from training.trainers.spaces import Spaces
from training.trainers.trainer import Embeddings

ITEMS, DIMS = 80, 6
CONFIG = RecommenderConfig(
    next_reading="in-out",
    counts={"after": RulesConfig(steps=3)},
    item={"vectors": 1.0, "alike": 0.5, "after": 1.0, "popular": 0.1},
)


@pytest.fixture(scope="module")
def scorer():
    rng = np.random.default_rng(3)
    tokens = rng.integers(0, ITEMS, 2000).astype(np.int32)
    offsets = np.arange(0, 2001, 5)
    clock = np.arange(400, dtype=np.int64)
    corpus = Corpus(tokens, offsets, clock, clock, ITEMS)
    inputs, outputs, similar = (rng.normal(size=(ITEMS, DIMS)).astype(np.float32) for _ in range(3))
    similar /= np.linalg.norm(similar, axis=1, keepdims=True)
    rules = Counted(corpus, 1).rules(CONFIG)
    return NextScorer.of(inputs, outputs, similar, corpus.counts(), CONFIG, rules)


@pytest.fixture(scope="module")
def hiding(scorer):
    rng = np.random.default_rng(4)
    asked, wanted = (rng.integers(0, ITEMS, 600).astype(np.int32) for _ in range(2))
    hidden = rng.random(ITEMS) < 0.3
    usual = usual_standing(scorer, trained_of(scorer), np.ones(ITEMS, np.int64))
    return Hiding(scorer, Pairs(asked, wanted).where(asked != wanted), hidden, usual)


def trained_of(scorer):
    vectors, alike = scorer.vectors["vectors"], scorer.vectors["alike"]
    return Vectors(vectors.queries, vectors.targets, alike.targets)


@pytest.mark.parametrize("length", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("offset", [-20.0, -1.0, 0.0, 1.5])
def test_from_which_offset_on_an_item_is_listed_is_what_lists_with_that_offset_show(hiding, length, offset):
    rng = np.random.default_rng(5)
    made = Vectors(*(rng.normal(size=(len(hiding.rows), DIMS)).astype(np.float32) for _ in range(3)))
    found = hiding.hits(made, ContentFacts(method="map", length=length, offset=offset))
    asking = hiding.asking(made)
    for answered, ranks in ((asking, found.asked), (hiding.known, found.known)):
        below = hiding.kept_below(answered, hiding.scores(answered, made), length)
        assert (below > offset).tolist() == hits(ranks, DEEP).astype(bool).tolist()
    above = hiding.found_above(hiding.scores(hiding.found, made), length)
    assert (above < offset).tolist() == hits(found.found, DEEP).astype(bool).tolist()


def test_hidden_items_with_their_trained_vectors_and_no_offset_stand_as_the_scorer_says(hiding, scorer):
    made = Vectors(*(part[hiding.rows] for part in trained_of(scorer)))
    plain = Hiding(scorer, hiding.known.pairs, hiding.hidden, hiding.usual)
    deviation = deviations(scorer.beside(*made), hiding.usual.spread)
    expected = scorer.beside(*made) * (hiding.usual.deviation / deviation)
    scores = plain.scores(plain.known, made)
    assert scores == pytest.approx(plain.known.q @ expected.T, rel=1e-4, abs=1e-4)


def test_every_new_items_score_has_the_same_deviation_whatever_its_length():
    rng = np.random.default_rng(6)
    q = rng.normal(size=(500, 5)).astype(np.float32)
    standing = Standing((q.T @ q / 500).astype(np.float32), 2.0, 0.0)
    targets = rng.normal(size=(7, 5)).astype(np.float32) * np.float32([[0.01], [1], [1], [100], [1], [3], [0]])
    scaled = standing.scaled(targets)
    assert np.sqrt(((q @ scaled.T) ** 2).mean(axis=0)) == pytest.approx([2] * 6 + [0], rel=1e-3)
    alone = np.concatenate([standing.scaled(row[None]) for row in targets])
    assert alone.tolist() == scaled.tolist()


def test_the_offset_loses_no_more_than_may_be_lost_by_a_standard_error():
    below = np.full(1000, np.inf, dtype=np.float32)
    below[:100] = np.linspace(-9, -1, 100)
    below[100:300] = -np.inf  # never hits: nothing to lose
    offset = highest(below)
    lost = float((below[np.isfinite(below)] <= offset).sum()) / len(below)
    assert lost + SURE * np.sqrt(lost * (1 - lost) / 1000) <= MOST_LOST
    more = lost + 1 / 1000
    assert more + SURE * np.sqrt(more * (1 - more) / 1000) > MOST_LOST


def test_the_offset_never_lifts_new_items():
    assert highest(np.full(50, 7, dtype=np.float32)) == 0
    assert highest(np.full(50, np.inf, dtype=np.float32)) == 0


@pytest.mark.parametrize("strength", [0.3, 30.0])
def test_the_map_is_the_exact_least_squares(strength):
    rng = np.random.default_rng(7)
    features = (rng.random((60, 20)) < 0.2) * rng.random((60, 20))
    targets, weights = rng.normal(size=(60, 4)), rng.random(60) + 0.1
    exact = np.linalg.solve(
        features.T @ (weights[:, None] * features) + strength * np.eye(20), features.T @ (weights[:, None] * targets)
    )
    found = ridge(
        csr_array(features.astype(np.float32)), targets.astype(np.float32), weights.astype(np.float32), strength, 1e-5
    )
    assert found == pytest.approx(exact, abs=1e-3)


@pytest.fixture
def described():
    """Twelve items, of which the last has no feature, in two families."""
    rng = np.random.default_rng(8)
    lexicon = Lexicon({"kind": Rule("values")}, [("kind", "a"), ("kind", "b")], np.ones(2, dtype=np.float32))
    columns = [np.array([row % 2], dtype=np.int32) for row in range(11)] + [np.empty(0, dtype=np.int32)]
    spaces = [Embeddings(*(rng.normal(size=(12, 4)).astype(np.float32) for _ in range(2))) for _ in range(2)]
    return Design(lexicon, columns), Spaces(spaces[0], spaces[1]), np.array([1, 2, 5, 10, 1000, 9, 9, 9, 9, 9, 9, 1])


def test_an_item_that_was_seldom_seen_stands_between_what_was_learnt_and_its_content(described):
    design, spaces, counts = described
    facts = ContentFacts(method="map")
    blend = Blend(spaces, design, counts, facts, 3.0)
    near, far = blend.at(3.0), blend.at(1e-9)
    for learnt, blended, hardly in ((spaces.next, near.next, far.next), (spaces.similar, near.similar, far.similar)):
        for old, new, same in (
            (learnt.inputs, blended.inputs, hardly.inputs),
            (learnt.outputs, blended.outputs, hardly.outputs),
        ):
            content = (new[0] * (1 + 3) - old[0] * 1) / 3  # of (n v + 3 c) / (n + 3), n = 1
            assert (5 * old[2] + 3 * content) / 8 == pytest.approx(new[2], abs=1e-4)  # same family
            assert new[4].tolist() == old[4].tolist()  # often seen
            assert new[11].tolist() == old[11].tolist()  # nothing is known of it
            assert same == pytest.approx(old, abs=1e-6)


def test_one_training_for_both_stays_one(described):
    design, spaces, counts = described
    both = Blend(Spaces(spaces.next, spaces.next), design, counts, ContentFacts(method="map"), 3.0).at(3.0)
    assert both.similar is both.next


@pytest.mark.parametrize("gain", [False, True])
def test_content_counts_for_them_only_where_that_pays(described, gain):
    design, spaces, counts = described
    of_seldom = np.arange(200) < 100

    def ranks(tried):
        better = gain and tried is not spaces
        return np.where(of_seldom, 3 if better else 40, 5).astype(np.int32)

    found = shares_that_pay(spaces, design, counts, ContentFacts(method="map"), ranks, of_seldom, 1e-2)
    assert found.seldom == (SIGHTS[0] if gain else 0)


def test_content_does_not_count_where_others_lose_by_it(described):
    design, spaces, counts = described
    of_seldom = np.arange(200) < 100

    def ranks(tried):
        return np.full(200, 10, dtype=np.int32) if tried is spaces else np.where(of_seldom, 1, 25).astype(np.int32)

    assert shares_that_pay(spaces, design, counts, ContentFacts(method="map"), ranks, of_seldom, 1e-2).seldom == 0
