"""What is said of a pair must be what a loop over the sessions says."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.why.evidence import build_evidence

HOUR = 3_600_000_000
START = 1_700_000_000_000_000


def evidence_of(sessions, items, clock=True):
    tokens = np.array([t for s in sessions for t in s], dtype=np.int32)
    offsets = np.concatenate([[0], np.cumsum([len(s) for s in sessions])]).astype(np.int64)
    ends = START + np.arange(len(sessions), dtype=np.int64) * HOUR
    return build_evidence(tokens, offsets, ends, items, clock)


def test_a_pair_is_counted_once_a_session_with_its_order_distance_and_last_time():
    sessions = [[0, 1], [1, 2, 0], [0, 2], [0, 1, 1, 0], [2, 1, 3, 0]]
    pair = evidence_of(sessions, 5).pair(0, 1)
    assert pair.sessions == 4
    assert pair.expected == 5 * 4 / 5
    assert pair.lift == 1.0
    assert (pair.first_before, pair.second_before) == (2, 2)
    assert pair.distance == (1 + 2 + 1 + 2) / 4
    assert pair.last == datetime.fromtimestamp(START / 1e6 + 4 * 3600, UTC)


def test_items_that_never_met_have_no_lift_and_no_date():
    evidence = evidence_of([[0, 1], [2, 1]], 5)
    pair = evidence.pair(0, 2)
    assert (pair.sessions, pair.expected, pair.lift, pair.distance, pair.last) == (0, 0.5, 0.0, 0.0, None)
    assert evidence.pair(0, 4).expected == 0


def test_without_a_clock_there_is_no_last_time():
    assert evidence_of([[0, 1]], 2, clock=False).pair(0, 1).last is None


def test_occurrences_are_sessions_and_positions_ascending():
    sessions, positions = evidence_of([[0, 1, 0], [1], [1, 1, 0]], 2).occurrences(0)
    assert sessions.tolist() == [0, 0, 2]
    assert positions.tolist() == [0, 2, 2]


def all_gaps(session, a, b):
    return [j - i for i, x in enumerate(session) for j, y in enumerate(session) if (x, y) == (a, b)]


def nearest(session, a, b):
    """Signed steps between the nearest; 0 where they did not meet."""
    return min(all_gaps(session, a, b), key=abs, default=0)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(0, 5), max_size=12), min_size=1, max_size=15), st.permutations(range(6)))
def test_any_pair_agrees_with_a_loop_over_the_sessions(sessions, order):
    a, b = order[:2]
    pair = evidence_of(sessions, 6).pair(a, b)
    steps = [s for s in (nearest(session, a, b) for session in sessions) if s]
    assert pair.sessions == len(steps)
    assert pair.distance == pytest.approx(np.mean(np.abs(steps)) if steps else 0)
    held = [sum(item in s for s in sessions) for item in (a, b)]
    assert pair.expected == pytest.approx(held[0] * held[1] / len(sessions))
    assert pair.first_before + pair.second_before == pair.sessions
    # Equally near on both sides, a session counts for either order.
    sure = sum(-s not in all_gaps(session, a, b) for session in sessions if (s := nearest(session, a, b)) and s > 0)
    assert (
        sure <= pair.first_before <= sum(max(x, -x) in all_gaps(q, a, b) for q in sessions if (x := nearest(q, a, b)))
    )


def test_a_giant_session_gives_the_same_as_all_its_gaps():
    session = np.random.default_rng(1).integers(0, 3, 3000).tolist()
    pair = evidence_of([session], 3).pair(0, 1)
    assert (pair.sessions, pair.distance) == (1, 1.0)
    far = [0] * 100 + [2] * 7 + [1] * 100
    assert evidence_of([far], 3).pair(0, 1).distance == 8
    assert evidence_of([far], 3).pair(1, 0).second_before == 1
