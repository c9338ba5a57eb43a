"""Walks over the graph of what followed what: how they are drawn, that they repeat, and what they are for."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.factories import corpus_of, two_groups

from training.config import TrainConfig, TrainerConfig
from training.corpus import Corpus
from training.objective.dislikes import Dislikes
from training.objective.lesson import lesson_of
from training.objective.settings import ObjectiveConfig
from training.trainers.trainer import trainer_for
from training.walks.graph import graph_of
from training.walks.walk import walks_of, with_walks


def paths_of(corpus: Corpus) -> list[tuple[int, ...]]:
    return [tuple(corpus.session(i).tolist()) for i in range(len(corpus))]


def same(one: Corpus, other: Corpus) -> bool:
    return np.array_equal(one.tokens, other.tokens) and np.array_equal(one.offsets, other.offsets)


def test_an_edge_is_as_heavy_as_it_was_often_gone():
    corpus = replace(corpus_of([[0, 1, 1, 2], [0, 1], [0, 3]]), weights=np.array([1, 1, 1, 4, 1, 1, 1, 4], np.float32))
    graph = graph_of(corpus, np.array([9, 7, 5, 3], dtype=np.uint64), 1)
    assert graph.offsets.tolist() == [0, 2, 3, 3, 3]
    assert graph.items.tolist() == [3, 1, 2]  # by key; no edge from 1 to itself
    assert (np.diff(graph.reach, prepend=0) / graph.reach[0]).tolist() == [1, 1, 1]


def test_steps_are_drawn_in_proportion_to_the_weights():
    corpus = corpus_of([[0, 1]] * 6 + [[0, 2]] * 3 + [[0, 3]])
    walks = walks_of(corpus, 4000, 2, 1)
    assert {path[0] for path in paths_of(walks)} == {0}  # nothing followed the others
    shares = np.bincount([path[1] for path in paths_of(walks)], minlength=4) / 4000
    assert shares == pytest.approx([0, 0.6, 0.3, 0.1], abs=0.03)


@st.composite
def worlds(draw):
    sessions = draw(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=8), min_size=1, max_size=20))
    return corpus_of(sessions, items=10)


@given(worlds(), st.integers(1, 4), st.integers(2, 6), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_every_step_was_gone_and_a_walk_ends_where_nothing_followed(corpus, walks, length, seed):
    gone = {
        (int(a), int(b))
        for i in range(len(corpus))
        for a, b in zip(corpus.session(i)[:-1], corpus.session(i)[1:], strict=True)
        if a != b
    }
    leads = {a for a, _ in gone}
    found = paths_of(walks_of(corpus, walks, length, seed))
    for path in found:
        assert all(step in gone for step in pairwise(path))
        assert len(path) == length or path[-1] not in leads
    begins = [path[0] for path in found]
    assert begins == sorted(a for a in leads for _ in range(walks))


def test_walks_repeat_whatever_the_threads_and_the_order_of_the_rows():
    corpus = replace(two_groups(200), keys=np.random.default_rng(1).integers(0, 2**63, 20).astype(np.uint64))
    one = walks_of(corpus, 3, 8, 1, threads=1)
    assert same(one, walks_of(corpus, 3, 8, 1, threads=4))
    assert not same(one, walks_of(corpus, 3, 8, 2))
    assert len(set(paths_of(one))) > 55  # the three walks of an item differ
    row = np.random.default_rng(2).permutation(20).astype(np.int32)
    keys = np.empty(20, dtype=np.uint64)
    keys[row] = corpus.keys
    other = walks_of(replace(corpus.renumbered(row, 20), keys=keys), 3, 8, 1)
    assert sorted(tuple(int(row[t]) for t in path) for path in paths_of(one)) == sorted(paths_of(other))


def test_walks_are_spread_among_the_sessions_and_weigh_what_these_do_in_the_mean():
    corpus = replace(
        corpus_of([[0, 1], [1, 2], [2, 0]]),
        weights=np.array([1, 3, 1, 3, 1, 3], dtype=np.float32),
        converted=np.array([0, 1, 0, 0, 0, 0], dtype=np.bool_),
        dislikes=Dislikes(np.array([1]), np.array([2], np.int32), np.array([0], np.int32)),
    )
    walks = corpus_of([[0, 1, 2]] * 3)
    both = with_walks(corpus, walks)
    assert paths_of(both) == [(0, 1), (0, 1, 2), (1, 2), (0, 1, 2), (2, 0), (0, 1, 2)]
    assert both.weights[2:5].tolist() == [2, 2, 2]
    assert both.converted.sum() == 1
    assert both.dislikes.sessions.tolist() == [2]
    nothing = corpus_of([[0], [1]])
    assert with_walks(nothing, walks_of(nothing, 3, 5, 1)) is nothing


def test_a_lesson_has_walks_where_they_are_asked_for():
    corpus, objective = two_groups(50), ObjectiveConfig(walks=2, walk_length=4)
    lesson = lesson_of(corpus, TrainConfig(objective=objective))
    assert len(lesson.corpus) == len(corpus) + 40
    assert lesson_of(corpus, TrainConfig()).corpus is corpus


def chain():
    """Items of two rows of ten; a session is a step along its row, so items two steps apart never meet."""
    rng = np.random.default_rng(1)
    sessions = [[10 * row + at, 10 * row + at + 1] for row in (0, 1) for at in range(9) for _ in range(5)]
    return corpus_of([sessions[i] for i in rng.permutation(len(sessions))], items=20)


@pytest.mark.parametrize("engine", ["spectral", "sgns", "gensim"])
def test_what_never_met_is_reached_over_a_third_item(engine):
    corpus, place = chain(), np.arange(20)
    steps = place[None] - place[:, None]
    row = place // 10
    reached = (row[:, None] == row[None]) & (steps == 2)
    trainer = TrainerConfig(engine=engine, dims=8, window=3, epochs=20, workers=1)

    def lead(walks):
        config = TrainConfig(trainer=trainer, objective=ObjectiveConfig(walks=walks, walk_length=5))
        lesson = lesson_of(corpus, config)
        found = trainer_for(engine)(lesson.corpus, trainer, 1, lambda _: None, None, lesson.signals)
        scores = found.inputs @ found.outputs.T
        scores = (scores - scores.mean()) / scores.std()
        return scores[reached].mean() - scores[row[:, None] != row[None]].mean()

    assert lead(20) > lead(0) + 0.2
