from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.factories import corpus_of, two_groups

from index.ranking.rules import Rules, RulesConfig
from training.counting import blocks
from training.counting.baskets import baskets, newest_of
from training.counting.rules import EarlierRules, count_rules, select


def as_dict(rules: Rules) -> dict[tuple[int, int], float]:
    return {(a, int(b)): float(w) for a in range(len(rules)) for b, w in zip(*rules.row(a), strict=True)}


def plain(sessions: list[list[int]], config: RulesConfig) -> dict[tuple[int, int], float]:
    """The definition, pair by pair."""
    counts = Counter(t for s in sessions for t in s)
    found: dict[tuple[int, int], float] = defaultdict(float)
    for session in sessions:
        for i, a in enumerate(session):
            for d in range(1, config.steps + 1):
                if i + d < len(session) and session[i + d] != a:
                    b = session[i + d]
                    falls = {"inverse": 1 / d, "linear": 1 - (d - 1) / config.steps, "flat": 1}
                    weight = falls[config.decay]
                    found[a, b] += weight
                    if config.backward:
                        found[b, a] += config.backward * weight
    return {
        (a, b): w / counts[b] ** config.target_power / counts[a] ** config.source_power for (a, b), w in found.items()
    }


def test_rules_can_be_checked_by_hand():
    corpus = corpus_of([[0, 1, 2], [0, 1, 0]], items=4)
    # 0 -> 1: twice at one step. 0 -> 2: once at two. 1 -> 2 and 1 -> 0 once at one. 0 .. 0 is left out.
    assert as_dict(count_rules(corpus, RulesConfig())) == {(0, 1): 2, (0, 2): 0.5, (1, 0): 1, (1, 2): 1}


def test_steps_limit_the_distance_and_linear_decay_falls_to_the_last_step():
    corpus = corpus_of([[0, 1, 2, 3]])
    assert as_dict(count_rules(corpus, RulesConfig(steps=2, decay="linear"))) == {
        (0, 1): 1, (0, 2): 0.5, (1, 2): 1, (1, 3): 0.5, (2, 3): 1,
    }  # fmt: skip


def test_backward_rules_count_their_share():
    assert as_dict(count_rules(corpus_of([[0, 1]]), RulesConfig(backward=0.25))) == {(0, 1): 1, (1, 0): 0.25}


def test_powers_divide_by_the_counts_of_target_and_source():
    corpus = corpus_of([[0, 1], [2, 1], [2, 1], [2, 1]])
    weights = as_dict(count_rules(corpus, RulesConfig(target_power=0.5, source_power=1)))
    assert weights == pytest.approx({(0, 1): 1 / 2, (2, 1): 3 / 2 / 3})


def test_sessions_do_not_leak_into_each_other():
    assert as_dict(count_rules(corpus_of([[0], [1], [2, 3]]), RulesConfig(backward=1))) == {(2, 3): 1, (3, 2): 1}


def test_the_strongest_are_kept_ties_by_row():
    corpus = corpus_of([[0, 3], [0, 2], [0, 1], [0, 4], [0, 4]])
    items, weights = count_rules(corpus, RulesConfig(keep=3)).row(0)
    assert items.tolist() == [4, 1, 2]
    assert weights.tolist() == [2, 1, 1]


def test_only_the_newest_sessions_are_counted_where_the_settings_say_so():
    corpus = corpus_of([[0, 1], [0, 2], [0, 3], [3, 0]], items=5)
    config = RulesConfig(newest=0.5, source_power=1)
    assert as_dict(count_rules(corpus, config)) == {(0, 3): 0.5, (3, 0): 0.5}
    assert as_dict(count_rules(corpus, config)) == as_dict(
        count_rules(newest_of(corpus, 0.5), RulesConfig(source_power=1))
    )


def test_in_baskets_each_item_of_a_session_counts_once_however_far_apart():
    corpus = corpus_of([[0, 1, 0, 1], [1, 0, 2]])
    config = RulesConfig(steps=1000, decay="flat", backward=1, baskets=True)
    expected = {(0, 1): 2, (1, 0): 2, (0, 2): 1, (2, 0): 1, (1, 2): 1, (2, 1): 1}
    assert as_dict(count_rules(corpus, config)) == expected
    assert as_dict(count_rules(baskets(corpus), config.model_copy(update={"baskets": False}))) == expected


def test_an_empty_corpus_has_no_rules():
    rules = count_rules(corpus_of([], items=3), RulesConfig())
    assert len(rules) == 3
    assert rules.items.size == 0


@given(
    sessions=st.lists(st.lists(st.integers(0, 7), max_size=12), max_size=8),
    config=st.builds(
        RulesConfig,
        steps=st.integers(1, 6),
        decay=st.sampled_from(["inverse", "linear", "flat"]),
        backward=st.sampled_from([0.0, 0.5, 1.0]),
        target_power=st.sampled_from([0.0, 0.5]),
        source_power=st.sampled_from([0.0, 0.5]),
    ),
)
@settings(max_examples=60, deadline=None)
def test_rules_equal_the_definition_pair_by_pair(sessions: list[list[int]], config: RulesConfig):
    corpus = corpus_of(sessions, items=8)
    rules = count_rules(corpus, config)
    assert as_dict(rules) == pytest.approx(plain(sessions, config), rel=1e-5)
    for a in range(8):
        items, weights = rules.row(a)
        assert list(zip(-weights, items, strict=True)) == sorted(zip(-weights, items, strict=True))
        few, _ = count_rules(corpus, config.model_copy(update={"keep": 2})).row(a)
        assert few.tolist() == items[:2].tolist()


@pytest.mark.parametrize("chunk", [1, 50, 1 << 22])
def test_rules_do_not_depend_on_threads_or_chunks(monkeypatch: pytest.MonkeyPatch, chunk: int):
    corpus, config = two_groups(), RulesConfig(backward=0.5, keep=5)
    expected = count_rules(corpus, config, threads=1)
    monkeypatch.setattr(blocks, "CHUNK_PAIRS", chunk)
    for threads in (1, 2, 5):
        rules = count_rules(corpus, config, threads)
        for name in ("offsets", "items", "weights"):
            assert np.array_equal(getattr(rules, name), getattr(expected, name))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60), st.data())
@settings(max_examples=60, deadline=None)
def test_select_puts_the_smallest_first(values: list[int], data: st.DataObject):
    keys = np.array(values, dtype=np.uint64)
    k = data.draw(st.integers(0, len(values) - 1))
    select(keys, k)
    assert sorted(keys[:k].tolist()) == sorted(values)[:k]


@pytest.mark.parametrize("shape", [{}, {"backward": 1.0, "source_power": 0.5}, {"target_power": 0.25, "baskets": True}])
def test_rules_of_items_without_new_events_are_taken_over(shape):
    """The old items are in another order in the new vocabulary, which has one item more."""
    rng = np.random.default_rng(3)
    old = corpus_of([rng.permutation(40)[:6].tolist() for _ in range(200)], items=40)
    row_of = rng.permutation(41)[:40].astype(np.int32)
    new = int(np.setdiff1d(np.arange(41), row_of)[0])
    sessions = [row_of[old.session(i)].tolist() for i in range(len(old))]
    came = [[new, int(row_of[1]), int(row_of[2])], [int(row_of[3]), new, int(row_of[3])]]
    corpus = corpus_of([*sessions, *came], items=41)
    config = RulesConfig(steps=3, keep=500, **shape)
    source = np.full(41, -1, dtype=np.int32)
    source[row_of] = np.arange(40)
    source[[new, *row_of[1:4]]] = -1
    seen = (baskets(old) if config.baskets else old).counts()
    found = count_rules(corpus, config, 2, EarlierRules(count_rules(old, config), seen, row_of, source))
    wanted = count_rules(corpus, config)
    assert as_dict(found) == pytest.approx(as_dict(wanted), rel=1e-6)
    assert all((np.diff(found.row(a)[1]) <= 0).all() for a in range(41))
