"""A condition over a column passes what it holds for, one value after the other."""

import math
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.filters import columns
from app.filters.columns import MISSING, Codes, Numbers, Words, column_of
from app.filters.conditions import OPERATORS, Condition
from app.problems import ValueUnfit

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
)
WANTED = st.sampled_from([*TEXTS, "0", "false", "5.5", "9007199254740992", "1" + "0" * 20, "['x']"]) | st.text(
    max_size=3
)
LIMITS = st.sampled_from(["5", "-0", "1e3", "9007199254740992", "1e300"]) | st.floats(allow_nan=False).map(str)


def plainly(condition, value):
    """What a filter says, as it was before there were columns."""
    if condition.operator in ("eq", "ne"):
        plain = ("true" if value else "false") if isinstance(value, bool) else None if value is None else str(value)
        if isinstance(value, float) and value.is_integer():
            plain = str(int(value))
        return (plain in condition.values) == (condition.operator == "eq")
    number = math.nan
    if value is not None and not isinstance(value, bool):
        with suppress(TypeError, ValueError, OverflowError):
            number = float(value)
    limit = float(condition.values[0])
    return {"lt": number < limit, "le": number <= limit, "gt": number > limit, "ge": number >= limit}[
        condition.operator
    ]


@st.composite
def conditions(draw):
    operator = draw(st.sampled_from(OPERATORS))
    if operator in ("eq", "ne"):
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
        made = made.mended(list(change), list(change.values()))
        values = [change.get(row, value) for row, value in enumerate(values)]
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
    words = Words({"a": 0, "b": 1, "c": 2})
    words._hashes = np.full(3, hash("b"), dtype=np.int64)
    assert [words.find(text) for text in ("b", "d")] == [1, columns.UNKNOWN]


def test_too_many_new_words_ask_for_a_new_column(monkeypatch):
    monkeypatch.setattr(columns, "MOST_NEW", 3)
    made = Codes.of(4, "f", reading(["a", "b", None, "a"]))
    following = made.mended([0, 1, 3], ["x", "y", "z"])
    assert following.mended([2], ["more"]) is None
    assert following.mended([2], ["x"]).passing(Condition("f", "eq", ("x",))).tolist() == [True, False, True, False]
    assert made.passing(Condition("f", "eq", ("x", "z"))).tolist() == [False] * 4


def test_a_column_of_few_words_takes_four_bytes_an_item():
    made = Codes.of(10_000, "f", lambda field, rows: [f"c{row % 20}" for row in rows])
    assert made.nbytes < 10_000 * 4 + 1000
    assert MISSING == -1  # the last place of a table
