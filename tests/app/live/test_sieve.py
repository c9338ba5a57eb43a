"""A sieve that follows the changes passes what one made anew passes."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.live import sieve
from app.live.filters import Condition, Filter, filter_of
from app.live.sieve import Sieve

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


def test_a_filter_is_ready_from_the_second_time_on_and_until_a_row_changes(monkeypatch):
    states = [{"category": "a" if n % 4 == 0 else "b", "shown": True} for n in range(40)]
    made = Sieve(shown_of(states), values_of(states))
    wanted, vectors = FILTERS[0], np.ones((40, 2), dtype=np.float32)
    assert not made.is_ready(wanted)
    made.allowed(wanted).few(vectors)
    assert made.is_ready(wanted)
    after = Sieve(shown_of(states), values_of(states), made, [3])
    assert not after.is_ready(wanted)
    assert after.allowed(wanted) is made.allowed(wanted)  # row 3 passes as little as before
    assert after.is_ready(wanted)


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


def test_filters_are_dropped_where_there_are_too_many_of_them(monkeypatch):
    monkeypatch.setattr(sieve, "KEPT_FILTERS", 3)
    states = [{"category": str(n), "shown": True} for n in range(9)]
    made = Sieve(shown_of(states), values_of(states))
    vectors = np.ones((9, 2), dtype=np.float32)
    asked = [Filter((Condition("category", "eq", (str(n),)),)) for n in range(9)]
    for wanted in asked:
        made.allowed(wanted).few(vectors)
    assert [made.is_ready(wanted) for wanted in asked] == [False] * 6 + [True] * 3
    monkeypatch.setattr(sieve, "KEPT_NUMBERS", 3)  # two copies hold more
    made.allowed(asked[0])
    assert [made.is_ready(wanted) for wanted in asked[1:]] == [False] * 7 + [True]
