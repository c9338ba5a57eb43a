"""A condition over a column passes what it holds for, one value after the other."""

import datetime as dt
import json
import math
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.filters import columns, words
from app.filters.columns import MISSING, Codes, Members, Moments, Numbers, Singles, column_of
from app.filters.conditions import OPERATORS, Condition, filter_of
from app.filters.words import UNKNOWN, Words
from app.problems import ValueUnfit
from index.errors import RequestError

TEXTS = [
    "",
    "a",
    "A",
    "5",
    "5.0",
    " 7 ",
    "1_000",
    "nan",
    "inf",
    "-0",
    "1e3",
    "true",
    "None",
    "\u0661",
    "\ud800",
    "\0",
    "\U0001f600",
]
TEXTS += ["x" * 3000, "9007199254740993", "1" + "0" * 400]
NUMBERS = [
    0,
    -0.0,
    5,
    5.0,
    5.5,
    2**53 + 1,
    2**53,
    float(2**53),
    10**20,
    1e20,
    10**400,
    1e300,
    math.inf,
    -math.inf,
    math.nan,
]
VALUES = (
    st.none()
    | st.booleans()
    | st.sampled_from(NUMBERS)
    | st.sampled_from(TEXTS)
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.just(["x"])
    | st.lists(st.sampled_from(["a", "b", "", "5", "\ud800", 5, 5.0, True]), max_size=4)
    | st.sampled_from(["2024-03-01", "2024-03-01T10:00:00+02:00", "2024-03-01 08:00:00", "20240301", "0001-01-01"])
)
WANTED = st.sampled_from(
    [*TEXTS, "b", "2024-03-01", "0", "false", "5.5", "9007199254740992", "1" + "0" * 20, '["x"]', '["a", 5]']
) | st.text(max_size=3)
LIMITS = st.sampled_from(
    ["5", "-0", "1e3", "9007199254740992", "1e300", "2024-03-01", "2024-03-01T08:00:01Z"]
) | st.floats(allow_nan=False).map(str)


def plainly(condition, value):
    """What a filter says, as it was before there were columns."""
    if condition.operator == "has":
        return any(written(part) in condition.values for part in (value if isinstance(value, list) else [value]))
    if condition.operator in ("eq", "ne"):
        return (written(value) in condition.values) == (condition.operator == "eq")
    limit = condition.values[0]
    if limit[:4].isdigit() and limit[4:5] == "-":
        number, limit = (read_date(text) if isinstance(text, str) else math.nan for text in (value, limit))
    else:
        number, limit = math.nan, float(limit)
        if value is not None and not isinstance(value, bool):
            with suppress(TypeError, ValueError, OverflowError):
                number = float(value)
    return {"lt": number < limit, "le": number <= limit, "gt": number > limit, "ge": number >= limit}[
        condition.operator
    ]


def written(value):
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return ("true" if value else "false") if isinstance(value, bool) else None if value is None else str(value)


def read_date(text):
    with suppress(ValueError):
        found = dt.datetime.fromisoformat(text.strip())
        return (found.astimezone(dt.UTC) if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()
    return math.nan


@st.composite
def conditions(draw):
    operator = draw(st.sampled_from(OPERATORS))
    if operator in ("eq", "ne", "has"):
        return Condition("f", operator, tuple(draw(st.lists(WANTED, min_size=1, max_size=6))))
    return Condition("f", operator, (draw(LIMITS),))


def reading(values):
    return lambda field, rows: [values[row] for row in rows]


def passing(column, condition):
    """What is refused as unfit must pass nowhere."""
    try:
        return column.passing(condition).tolist()
    except ValueUnfit:
        return None


def plain_or_unfit(found, expected):
    return found == expected or (found is None and not any(expected))


@settings(deadline=None, max_examples=300)
@given(
    values=st.lists(VALUES, max_size=30),
    changes=st.lists(st.dictionaries(st.integers(0, 29), VALUES, max_size=5), max_size=3),
    condition=conditions(),
)
def test_columns_pass_what_each_value_by_itself_passes(values, changes, condition):
    made = column_of(condition, len(values), reading(values))
    for change in [{}, *changes]:
        change = {row: value for row, value in change.items() if row < len(values)}
        before, had = made, list(values)
        mended = made.mended(list(change), list(change.values()))
        values = [change.get(row, value) for row, value in enumerate(values)]
        # A column of single values is made anew for the first list.
        made = mended if mended is not None else column_of(condition, len(values), reading(values))
        assert plain_or_unfit(passing(made, condition), [plainly(condition, value) for value in values])
        assert plain_or_unfit(passing(made, condition), [condition.holds(value) for value in values])
        assert plain_or_unfit(passing(before, condition), [plainly(condition, value) for value in had])


@pytest.mark.parametrize("kind", [Numbers, Codes])
def test_a_column_is_read_in_parts(monkeypatch, kind):
    monkeypatch.setattr(columns, "CHUNK", 3)
    parts, values = [], [str(n % 5) if n % 4 else None for n in range(11)]

    def read(field, rows):
        parts.append(len(rows))
        return [values[row] for row in rows]

    made = kind.of(11, "f", read)
    condition = Condition("f", "gt" if kind is Numbers else "eq", ("2",))
    assert parts == [3, 3, 3, 2]
    assert made.passing(condition).tolist() == [condition.holds(value) for value in values]


def test_words_with_one_hash_are_told_apart():
    known = Words({"a": 0, "b": 1, "c": 2})
    known._hashes = np.full(3, hash("b"), dtype=np.int64)
    assert [known.find(text) for text in ("b", "d")] == [1, UNKNOWN]


def test_too_many_new_words_ask_for_a_new_column(monkeypatch):
    monkeypatch.setattr(words, "MOST_NEW", 3)
    made = Codes.of(4, "f", reading(["a", "b", None, "a"]))
    following = made.mended([0, 1, 3], ["x", "y", "z"])
    assert following.mended([2], ["more"]) is None
    assert following.mended([2], ["x"]).passing(Condition("f", "eq", ("x",))).tolist() == [True, False, True, False]
    assert made.passing(Condition("f", "eq", ("x", "z"))).tolist() == [False] * 4


def test_an_item_with_several_elements_has_each_of_them():
    values = [["jazz", "rock"], ["rock"], [], None, "jazz", ["jazzy"], ["a", "jazz", "a"]]
    made = Members.of(7, "genres", reading(values))
    assert isinstance(made, Members)
    has = Condition("genres", "has", ("jazz",))
    assert made.passing(has).tolist() == [True, False, False, False, True, False, True]
    assert made.passing(Condition("genres", "has", ("rock", "jazzy"))).tolist() == [
        True,
        True,
        *[False] * 3,
        True,
        False,
    ]
    changed = made.mended([0, 3], [["folk"], ["jazz", "folk"]])
    assert changed.passing(has).tolist() == [False, False, False, True, True, False, True]
    assert changed.passing(Condition("genres", "has", ("folk",))).tolist() == [True, False, False, True, *[False] * 3]


def test_single_elements_take_four_bytes_an_item_until_one_has_two():
    made = Members.of(1000, "f", lambda field, rows: [[f"c{row % 5}"] if row % 2 else f"c{row % 5}" for row in rows])
    assert isinstance(made, Singles)
    assert made.nbytes < 1000 * 4 + 500
    assert made.mended([0], [["c1"]]).passing(Condition("f", "has", ("c1",)))[0]
    assert made.mended([0], [["c1", "c2"]]) is None


def test_a_date_is_compared_with_dates_and_a_number_with_numbers():
    values = ["2023-12-31", "2024-01-01", "2024-01-01T00:30:00+02:00", 20240101, "2024", "soon", None]
    made = Moments.of(7, "released", reading(values))
    (wanted,) = filter_of([], ["released:ge:2024-01-01"]).conditions
    assert made.passing(wanted).tolist() == [False, True, False, False, False, False, False]
    assert [wanted.holds(value) for value in values] == made.passing(wanted).tolist()


@pytest.mark.parametrize(
    "text", ["price:le:soon", "price:le:", "price:gt:inf", "price:lt:2024-13-01", "genres:contains:x"]
)
def test_a_comparison_with_what_is_neither_number_nor_date_is_refused(text):
    with pytest.raises(RequestError):
        filter_of([], [text])


def test_a_column_of_few_words_takes_four_bytes_an_item():
    made = Codes.of(10_000, "f", lambda field, rows: [f"c{row % 20}" for row in rows])
    assert made.nbytes < 10_000 * 4 + 1000
    assert MISSING == -1  # the last place of a table
