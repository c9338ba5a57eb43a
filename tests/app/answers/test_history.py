"""Stored events as a session: dislikes are none of its items, and age is measured from the newest event."""

import pytest

from app.answers.history import DAY, session_of
from index.artifact.signals import dislike_types_of, segment_of
from store.event import EventRow


def events(*rows):
    return [EventRow(item_id=item, time=time, event_type=kind) for item, time, kind in rows]


def test_dislikes_are_no_interest_and_the_newest_word_on_an_item_counts():
    rows = events(
        ("a", 1, "view"), ("b", 2, "skip"), ("c", 3, "view"), ("a", 4, "skip"), ("b", 5, "view"), ("d", 6, "down"),
        ("e", 7, None),
    )  # fmt: skip
    session = session_of(rows, {"skip", "down"})
    assert session.items == ["c", "b", "e"]
    assert session.disliked == ["a", "d"]
    assert session.weights is None
    assert not session.timed
    assert session_of(rows, ()).items == ["a", "b", "c", "a", "b", "d", "e"]


def test_a_session_of_dislikes_alone_has_no_items():
    session = session_of(events(("a", 1, "skip")), {"skip"}, 7.0)
    assert (session.items, session.disliked, session.weights) == ([], ["a"], None)


def test_the_weight_of_an_event_halves_with_its_age():
    session = session_of(events(("a", 0, None), ("b", 7 * DAY, None), ("c", 14 * DAY, None)), (), 7.0)
    assert session.weights == pytest.approx([0.25, 0.5, 1.0])
    assert session.timed


def test_what_a_model_was_told_of_its_log_is_read_from_its_settings():
    assert dislike_types_of({"events": {"dislike_types": ["skip"]}}) == {"skip"}
    assert dislike_types_of({"events": {"dislike_types": None}}) == dislike_types_of({}) == frozenset()
    assert segment_of({"objective": {"segment": "market"}}) == "market"
    assert segment_of({"objective": {"segment": ""}}) is segment_of({}) is None
