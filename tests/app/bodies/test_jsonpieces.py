"""Large JSON is read in pieces, and says the same as when it is read at once."""

import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bodies.jsonpieces import Pieces, TooMany

WINDOW = 24  # so small that all that happens at a window's end happens often
MANY = 10**9

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=30,
)
spaces = st.text(" \t\r\n", max_size=60)


def refuse(name):
    raise ValueError(f"{name} is refused")


def outcome(decode, text):
    try:
        return "read", json.dumps(decode(text))
    except RecursionError:
        return "too deep", ""
    except ValueError as error:
        return type(error).__name__, str(error)


def same(text):
    pieces = Pieces(refuse, WINDOW)
    expected = outcome(json.JSONDecoder(parse_constant=refuse).decode, text)
    assert outcome(lambda text: pieces.decode(text, MANY), text) == expected


@given(values, st.booleans(), st.sampled_from([None, 1, "\t"]), spaces, spaces)
def test_whatever_is_json_is_read_the_same(value, escaped, indent, before, after):
    same(before + json.dumps(value, ensure_ascii=escaped, indent=indent) + after)


@given(values, st.data())
def test_whatever_is_broken_is_refused_with_the_same_words_and_place(value, data):
    text = json.dumps({"events": [value] * 3} if data.draw(st.booleans()) else [value] * 3)
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(text)))
        put = data.draw(st.sampled_from(["", ",", "]", "}", '"', "\\", "NaN", "-Infinity", "1", " ", "\x00", "tru"]))
        text = text[:at] + put + text[at + data.draw(st.integers(0, 2)) :]
    same(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" + "9" * 5000 + "]",
        "[1, " + "1" * 40 + "]",
        "[" + "1." + "0" * 60 + "]",
        '["' + "\\u00e9" * 30 + '"]',
        "[1,2" + " " * 60,
        "[]" + " " * 60 + "x",
        " " * 60,
        '{"a": [1, 2, NaN]}' + " " * 20,
        '{"a": 1, "a": [2]}' + " " * 20,
        "[1, 2,]" + " " * 30,
        "1" * 60,
        '"' + "a" * 60 + '"',
    ],
)
def test_what_ends_at_a_windows_end_is_the_same(text):
    same(text)


def test_no_more_is_read_than_was_asked_for():
    rows = json.dumps([{"a": n} for n in range(10)])
    assert len(Pieces(refuse, WINDOW).decode(rows, 10)) == 10
    with pytest.raises(TooMany):
        Pieces(refuse, WINDOW).decode(rows[:-1] + ", broken", 9)


@pytest.mark.parametrize("form", ["[%s]", '{"events": [%s]}', "[[%s]]"])
def test_other_threads_have_their_turn_while_megabytes_are_read(form):
    """The other thread counts how often it came to its turn: in one call of the C reader it would not once."""
    text = form % ",".join(['{"user_id": "u1", "item_id": "i1", "event_id": "e1"}'] * 40_000)
    turns, done = 0, threading.Event()

    def others():
        nonlocal turns
        while not done.wait(0.0005):
            turns += 1

    thread = threading.Thread(target=others)
    thread.start()
    try:
        before = turns
        Pieces(refuse).decode(text, MANY)
        seen = turns - before
    finally:
        done.set()
        thread.join()
    assert seen >= 5
