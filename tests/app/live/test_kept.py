"""What is kept stays within its bounds, and is what the newest state made of it."""

import numpy as np

from app.filters.kept import Entry, History, Kept


def filled(kept, keys, size=10, state=0):
    for key in keys:
        kept.keep(key, Entry(np.zeros(size, dtype=np.int8), state))


def keys_of(kept, keys):
    return [key for key in keys if kept.find(key) is not None]


def test_bytes_are_bounded_whatever_is_asked_for():
    kept = Kept(100, 1000)
    filled(kept, range(500))
    assert len(keys_of(kept, range(500))) == 10
    filled(kept, range(1000, 1003), size=60)
    assert keys_of(kept, range(2000)) == [1002]


def test_what_is_larger_than_all_room_is_kept_alone():
    kept = Kept(100, 10)
    filled(kept, "ab", size=5)
    kept.asked("a")
    filled(kept, "c", size=500)
    assert keys_of(kept, "abc") == ["c"]


def test_what_was_asked_for_again_stays_and_of_that_what_was_asked_for_of_late():
    kept = Kept(100, 1000)
    filled(kept, range(8))
    for key in (*range(8), 0):
        kept.asked(key)
    filled(kept, range(10, 30))
    assert keys_of(kept, range(30)) == [*range(8), 28, 29]
    kept.asked(28)
    filled(kept, range(30, 33))
    assert keys_of(kept, range(40)) == [0, *range(2, 8), 28, 31, 32]


def test_an_older_state_does_not_replace_a_newer_one():
    kept = Kept(1000, 10)
    filled(kept, "a", size=1, state=5)
    filled(kept, "a", size=2, state=3)
    assert (kept.find("a").state, kept.find("a").value.nbytes) == (5, 1)
    filled(kept, "a", size=3, state=6)
    assert kept.find("a").state == 6


def test_history_knows_what_changed_between_two_states():
    history = History()
    for state, rows in enumerate([[1], [2, 3], [3], []], 1):
        history.add(state, rows)
    assert history.between(0, 4) == {1, 2, 3}
    assert history.between(2, 3) == history.between(3, 2) == {3}
    assert history.between(4, 4) == set()
    assert history.between(0, 4, most=2) is None
