"""An explanation reads the same in the terminal and over HTTP."""

from datetime import UTC, datetime

import numpy as np

from index.why.evidence import PairEvidence
from index.why.explanation import Explanation, Place

LAST = datetime(2026, 10, 1, 12, tzinfo=UTC)


def pair(sessions, lift, last=LAST):
    return PairEvidence(sessions, 2.25, lift, 57, 1061, 3.64, last)


def test_a_pair_that_met_often_is_told_with_its_figures():
    found = Explanation("a", "b", pair(1118, 15.94), Place(0.94, 1), Place(-8.4, 1200), {})
    assert found.sentences("Blue hat", "Red hat") == [
        "First: Blue hat. Second: Red hat.",
        "They were together in 1,118 sessions, 15.9 times more often than chance, last on 1 October 2026.",
        "The first came before the second in 57 of them and after it in 1,061; on average they were 3.6 steps apart.",
        "Of the items similar to the first, the second has rank 1 (score 0.940).",
        "Of the items that come next after the first, the second has rank 1,200 (score -8.400).",
    ]


def test_what_speaks_for_the_second_is_told_in_shares_the_most_first_and_what_speaks_against_it_by_name():
    parts = {"vectors": 1.0, "after": 3.0, "popular": -1.0, "alike": 0.001, "both": -0.01}
    found = Explanation("a", "b", pair(1118, 15.94), Place(0.94, 1), Place(3.0, 1), {}, parts)
    assert found.sentences("A", "B")[-2:] == [
        "What speaks for the second as the next: "
        "75 % what came soon after the first, 25 % its vector for what comes next.",
        "Against it: how often it occurs.",
    ]


def test_less_often_than_chance_and_without_a_clock():
    found = Explanation("a", "b", pair(1, 0.444, None), None, None, {})
    assert found.sentences("A", "B")[1] == "They were together in 1 session, 0.44 times as often as chance."


def test_a_pair_that_never_met_is_told_with_what_chance_would_give():
    missing = {"similar": "rank 130 of 2,000; 100 are stored", "next": "rank 7 of 2,000; 5 are stored"}
    found = Explanation("a", "b", pair(0, 0.0), None, None, missing)
    assert found.sentences("A", "B")[1:] == [
        "They were never together in a session; by chance it would have been 2.2.",
        "The second is not in the first's stored list of similar items: rank 130 of 2,000; 100 are stored.",
        "The second is not in the first's stored list of items that come next: rank 7 of 2,000; 5 are stored.",
    ]


def test_items_without_a_vector_or_hidden_are_told_with_the_reason():
    missing = {"vector": "item 'b' occurs 2 times in the sessions, 5 are needed", "hidden": "item 'b' is not available"}
    assert Explanation("a", "b", None, None, None, missing).sentences("A", "B") == [
        "First: A. Second: B.",
        "No vector: item 'b' occurs 2 times in the sessions, 5 are needed.",
        "Not listed: item 'b' is not available.",
    ]


def test_a_place_counts_all_items_that_score_more_but_the_item_itself_and_ties_go_by_row():
    scores = np.array([9, 5, 7, 5, 1], dtype=np.float32)
    assert Place.of(scores, item=0, candidate=2) == (7.0, 1)
    assert Place.of(scores, item=0, candidate=1) == (5.0, 2)
    assert Place.of(scores, item=0, candidate=3) == (5.0, 3)
    assert Place.of(scores, item=4, candidate=3) == (5.0, 4)
