"""A sieve that follows the changes passes what one made anew passes."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.filters import kept, sieve
from app.filters.conditions import Condition, Filter, filter_of
from app.filters.sieve import Sieve
from app.problems import FieldUnknown

ITEMS = 12
FILTERS = [
    filter_of(["a"], []),
    filter_of(["a", "b"], []),
    filter_of([], ["price:le:5"]),
    filter_of(["b"], ["price:gt:2"]),
    filter_of([], ["tags:ne:x"]),
]
VALUES = {"category": st.sampled_from(["a", "b", None]), "price": st.integers(0, 9) | st.none(), "tags": st.just(["x"])}
STATE = st.fixed_dictionaries({**VALUES, "shown": st.booleans()})


def values_of(states):
    return lambda field, rows: [states[row][field] for row in rows]


def shown_of(states):
    return np.array([state["shown"] for state in states])


@settings(deadline=None, max_examples=60)
@given(
    first=st.lists(STATE, min_size=ITEMS, max_size=ITEMS),
    changes=st.lists(st.dictionaries(st.integers(0, ITEMS - 1), STATE, max_size=4), max_size=5),
    asked=st.lists(st.sets(st.integers(0, len(FILTERS) - 1)), min_size=6, max_size=6),
)
def test_after_any_changes_it_is_as_one_made_anew(first, changes, asked):
    states = list(first)
    following = Sieve(shown_of(states), values_of(list(states)))
    for number, change in enumerate([{}, *changes]):
        if number:
            states = [change.get(row, state) for row, state in enumerate(states)]
            following = Sieve(shown_of(states), values_of(list(states)), following, list(change))
        anew = Sieve(shown_of(states), values_of(list(states)))
        for place in asked[number]:  # what is not asked for now is mended later
            assert (following.allowed(FILTERS[place]).mask == anew.allowed(FILTERS[place]).mask).all()


def test_a_filter_is_ready_once_it_is_copied_and_stays_so_where_little_changes(monkeypatch):
    states = [{"category": "a" if n % 4 == 0 else "b", "shown": True} for n in range(40)]
    made = Sieve(shown_of(states), values_of(states))
    wanted, vectors = FILTERS[0], np.ones((40, 2), dtype=np.float32)
    assert not made.is_ready(wanted)
    made.allowed(wanted)
    assert not made.is_ready(wanted)
    made.allowed(wanted).few(vectors)
    assert made.is_ready(wanted)
    after = Sieve(shown_of(states), values_of(states), made, [3])
    assert after.is_ready(wanted)
    assert after.allowed(wanted) is made.allowed(wanted)  # row 3 passes as little as before
    monkeypatch.setattr(sieve, "AT_ONCE", 2)
    assert not Sieve(shown_of(states), values_of(states), after, [3, 4, 5]).is_ready(wanted)


def test_many_threads_may_ask_for_more_filters_than_are_kept(monkeypatch):
    monkeypatch.setattr(sieve, "KEPT_FILTERS", 4)
    states = [{"category": str(n % 7), "price": n, "shown": True} for n in range(50)]
    made = Sieve(shown_of(states), values_of(states))
    asked = [filter_of([str(n % 7)], [f"price:lt:{n}"]) for n in range(60)]

    def ask(wanted):
        return made.allowed(wanted).mask

    with ThreadPoolExecutor(8) as pool:
        for wanted, mask in zip(asked * 20, pool.map(ask, asked * 20), strict=True):
            limit = int(wanted.conditions[1].values[0])
            assert np.flatnonzero(mask).tolist() == [
                n for n in range(min(limit, 50)) if str(n % 7) in wanted.conditions[0].values
            ]


def test_a_filter_that_nobody_asks_for_again_drives_out_none_that_is(monkeypatch):
    monkeypatch.setattr(sieve, "KEPT_FILTERS", 8)
    states = [{"category": str(n), "shown": True} for n in range(40)]
    made = Sieve(shown_of(states), values_of(states))
    asked = [Filter((Condition("category", "eq", (str(n),)),)) for n in range(40)]
    for wanted in [*asked[:4], *asked[:4], *asked[4:]]:
        made.allowed(wanted)
    assert [n for n, wanted in enumerate(asked) if made.is_kept(wanted)] == [0, 1, 2, 3, 36, 37, 38, 39]


def test_a_field_that_no_item_can_have_is_not_read():
    def values(field, rows):
        raise AssertionError(f"{field} was read")

    made = Sieve(np.array([True, False]), values, known=lambda field: field == "price", names=lambda: ["price"])
    for conditions in (["colour:ne:red"], ["colour:eq:red"], ["colour:le:3", "colour:ne:red"]):
        with pytest.raises(FieldUnknown) as told:
            made.allowed(filter_of([], conditions))
        assert told.value.extra == {"fields": ["price"]}


@pytest.mark.parametrize("rows", [3, 40])  # looked at one by one, and worked out anew
def test_a_state_of_before_may_be_asked_after_those_that_follow(monkeypatch, rows):
    monkeypatch.setattr(sieve, "MOST_PENDING", 10)
    states = [{"price": n, "category": str(n), "shown": True} for n in range(50)]
    before = Sieve(shown_of(states), values_of(states))
    later = [{"price": 99, "category": "x", "shown": True}] * rows + states[rows:]
    after = Sieve(shown_of(later), values_of(later), before, range(rows))
    for wanted in (filter_of([], ["price:lt:5"]), filter_of(["1", "x"], []), filter_of([], ["price:gt:50"])):
        for _ in range(2):
            for made, truth in ((after, later), (before, states)):
                right = [all(c.holds(state[c.field]) for c in wanted.conditions) for state in truth]
                assert made.allowed(wanted).mask.tolist() == right


def test_what_is_made_while_the_catalogue_changes_serves_the_states_that_follow():
    """A column of a million items takes a second, in which ten changes may come."""
    states = [{"price": n, "shown": True} for n in range(50)]
    read = []

    def values(field, rows):
        read.append(len(rows))
        return values_of(states)(field, rows)

    old = Sieve(shown_of(states), values)
    newer = Sieve(shown_of(states), values, old, [4])
    old.allowed(filter_of([], ["price:lt:5"]))
    assert newer.allowed(filter_of([], ["price:lt:5"])).count == 5
    assert Sieve(shown_of(states), values, newer, [7]).allowed(filter_of([], ["price:lt:9"])).count == 9
    assert read == [50, 1, 2]


def test_so_many_changes_that_they_are_forgotten_cost_a_new_look_at_all(monkeypatch):
    monkeypatch.setattr(kept, "MOST_CHANGED", 5)
    states = [{"price": n, "shown": True} for n in range(20)]
    made, wanted = Sieve(shown_of(states), values_of(states)), filter_of([], ["price:lt:3"])
    assert made.allowed(wanted).count == 3
    for row in range(8):
        states = [{"price": 50, "shown": True} if n == row else state for n, state in enumerate(states)]
        made = Sieve(shown_of(states), values_of(states), made, [row])
    assert made.allowed(wanted).count == 0
