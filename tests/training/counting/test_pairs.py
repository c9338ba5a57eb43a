"""Pair counts are whole numbers: whichever way a log is cut, and whoever counts, they add up to the same."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.factories import corpus_of, two_groups

from training.counting import blocks
from training.counting.blocks import HEAVIEST, UNIT, Reach
from training.counting.pairs import PairCounts

ITEMS = 8
SESSIONS = st.lists(st.lists(st.integers(0, ITEMS - 1), max_size=12), max_size=8)
REACH = st.builds(
    Reach.of,
    st.integers(1, 14),
    st.sampled_from(["inverse", "linear", "flat"]),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.sampled_from([0.0, 0.5, 1.0]),
)


def weighted(sessions, seed):
    """With a weight for each event, some of them 0; None for no weights."""
    corpus = corpus_of(sessions, items=ITEMS)
    if seed is None:
        return corpus
    drawn = np.random.default_rng(seed).gamma(1.0, 2.0, len(corpus.tokens)) * (len(corpus.tokens) % 3 > 0)
    return replace(corpus, weights=drawn.astype(np.float32))


def counted(corpus, reach, **how):
    return PairCounts.of(corpus, reach, weights=corpus.weights, **how)


def equal(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("offsets", "items", "counts"))


def as_dict(counts):
    rows = np.repeat(np.arange(len(counts)), np.diff(counts.offsets))
    return {(int(a), int(b)): int(c) for a, b, c in zip(rows, counts.items, counts.counts, strict=True)}


def plain(corpus, reach):
    """The definition, pair by pair."""
    found = defaultdict(int)
    weights = np.ones(len(corpus.tokens)) if corpus.weights is None else corpus.weights.astype(np.float64)
    roots = np.sqrt(np.clip(weights, 0, HEAVIEST))
    for begin, end in zip(corpus.offsets[:-1], corpus.offsets[1:], strict=True):
        for i in range(begin, end):
            for j in range(begin, end):
                distance = abs(i - j)
                a, b = int(corpus.tokens[i]), int(corpus.tokens[j])
                if a != b and distance <= len(reach.ahead):
                    units = (reach.ahead if j > i else reach.behind)[distance - 1]
                    found[a, b] += int(np.rint(units * roots[i] * roots[j]))
    return {pair: count for pair, count in found.items() if count}


def test_pairs_can_be_checked_by_hand():
    counts = PairCounts.of(corpus_of([[0, 1, 2], [0, 1, 0]], items=4), Reach.of(2, "inverse", 1, 0.5))
    assert as_dict(counts) == {
        (0, 1): 2 * UNIT + UNIT // 2,  # twice right after, once right before
        (0, 2): UNIT // 2,
        (1, 0): UNIT + 2 * UNIT // 2,
        (1, 2): UNIT,
        (2, 1): UNIT // 2,
        (2, 0): UNIT // 4,
    }
    assert len(counts) == 4
    assert counts.counts.dtype == np.int32


def test_what_a_pair_counts_falls_with_its_distance():
    assert Reach.of(3).ahead.tolist() == [UNIT, UNIT // 2, UNIT // 3]
    assert Reach.of(3).behind.tolist() == [0, 0, 0]
    assert Reach.of(4, "linear", 0.5, 1).ahead.tolist() == [UNIT // 2, 3 * UNIT // 8, UNIT // 4, UNIT // 8]
    assert Reach.of(2, "flat", 0, 1).behind.tolist() == [UNIT, UNIT]


@given(sessions=SESSIONS, reach=REACH, seed=st.none() | st.integers(0, 99))
@settings(max_examples=80, deadline=None)
def test_counts_equal_the_definition_pair_by_pair(sessions, reach, seed):
    corpus = weighted(sessions, seed)
    counts = counted(corpus, reach)
    assert as_dict(counts) == plain(corpus, reach)
    for begin, end in zip(counts.offsets[:-1], counts.offsets[1:], strict=True):
        assert (np.diff(counts.items[begin:end]) > 0).all()


@given(sessions=SESSIONS, reach=REACH, seed=st.none() | st.integers(0, 99), data=st.data())
@settings(max_examples=80, deadline=None)
def test_however_the_sessions_are_parted_the_counts_add_up_to_those_of_the_whole(sessions, reach, seed, data):
    corpus = weighted(sessions, seed)
    part = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(sessions), max_size=len(sessions))), dtype=int)
    parts = [counted(corpus.take(np.flatnonzero(part == number)), reach) for number in range(3)]
    assert equal(parts[0] + parts[1] + parts[2], counted(corpus, reach))
    assert equal(parts[2] + (parts[1] + parts[0]), counted(corpus, reach))


@pytest.mark.parametrize("chunk", [1, 50, 1 << 22])
def test_counts_do_not_depend_on_threads_or_chunks(monkeypatch, chunk):
    corpus, reach = two_groups(), Reach.of(4, "linear", 1, 0.5)
    expected = PairCounts.of(corpus, reach, threads=1)
    monkeypatch.setattr(blocks, "CHUNK_PAIRS", chunk)
    for threads in (1, 2, 5):
        assert equal(PairCounts.of(corpus, reach, threads), expected)


@pytest.mark.parametrize("sessions", [[], [[0], [1]], [[0, 1, 2, 0], [3, 1]]])
def test_counts_that_went_to_disk_are_those_in_memory(tmp_path, monkeypatch, sessions):
    monkeypatch.setattr(blocks, "CHUNK_PAIRS", 2)
    corpus, reach = corpus_of(sessions, items=5), Reach.of(3, "inverse", 1, 1)
    there, here = PairCounts.of(corpus, reach, spill=tmp_path), PairCounts.of(corpus, reach)
    assert equal(there, here)
    assert equal(there + there, here + here)
    assert [sums.tolist() for sums in there.sums()] == [sums.tolist() for sums in here.sums()]


def test_counts_too_large_for_32_bits_are_kept_in_64():
    corpus = corpus_of([[0, 1]] * 100)
    heavy = replace(corpus, weights=np.full(200, 1000, dtype=np.float32))
    counts = counted(heavy, Reach.of(1))
    assert counts.counts.dtype == np.int64
    assert counts.counts.tolist() == [100 * 1000 * UNIT]
    few = PairCounts.of(corpus_of([[0, 1]] * 60_000), Reach.of(1))
    assert few.counts.dtype == np.int32
    both = few + few
    assert both.counts.dtype == np.int64
    assert both.counts.tolist() == [120_000 * UNIT]


def test_an_event_is_no_heavier_than_a_limit_and_one_without_weight_is_in_no_pair():
    corpus = replace(corpus_of([[0, 1, 2]]), weights=np.array([1e30, 1, 0], dtype=np.float32))
    assert as_dict(counted(corpus, Reach.of(2))) == {(0, 1): UNIT * 1000}


@given(sessions=SESSIONS, reach=REACH, row=st.permutations(range(ITEMS)), left=st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_counts_over_another_vocabulary_are_those_of_the_renumbered_sessions(sessions, reach, row, left):
    row = np.array(row, dtype=np.int32)
    counts = PairCounts.of(corpus_of(sessions, items=ITEMS), reach)
    other = corpus_of([row[session].tolist() for session in sessions], items=ITEMS + 2)
    assert equal(counts.renumbered(row, ITEMS + 2), PairCounts.of(other, reach))
    row[row < left] = -1
    kept = {(a, b): c for (a, b), c in as_dict(counts).items() if row[a] >= 0 and row[b] >= 0}
    assert as_dict(counts.renumbered(row, ITEMS)) == {(row[a], row[b]): c for (a, b), c in kept.items()}


@given(sessions=SESSIONS, reach=REACH)
@settings(max_examples=40, deadline=None)
def test_sums_are_those_of_rows_and_of_columns(sessions, reach):
    counts = PairCounts.of(corpus_of(sessions, items=ITEMS), reach)
    dense = np.zeros((ITEMS, ITEMS))
    for pair, count in as_dict(counts).items():
        dense[pair] = count / UNIT
    rows, columns = counts.sums()
    np.testing.assert_allclose(rows, dense.sum(axis=1))
    np.testing.assert_allclose(columns, dense.sum(axis=0))
