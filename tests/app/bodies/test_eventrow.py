"""What a row of events may hold, and the code of what it may not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.times import READ, REFUSED

from app.bodies.eventrow import DAY, EARLIEST, ROW_CODES, RowError, parse
from store.times.reading import TimeRule, read_time

NOW = 1_800_000_000_000_000
GOOD = {"item_id": "i", "user_id": "u"}

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = ["item_id", "user_id", "session_id", "time", "timestamp", "event_id", "event_type", "weight", "dwell", "x"]


def code_of(row):
    with pytest.raises(RowError) as caught:
        parse(row, NOW)
    assert caught.value.detail.isascii()
    return caught.value.code


def test_all_fields_are_taken_over():
    row = {
        "item_id": 7,
        "user_id": "ü",
        "session_id": "s",
        "event_id": "e",
        "event_type": "view",
        "weight": 2,
        "dwell": 0.5,
        "time": 1_700_000_000,
    }
    event = parse(row, NOW)
    assert (event.item_id, event.user_id, event.session_id, event.event_id) == ("7", "ü", "s", "e")
    assert (event.event_type, event.weight, event.dwell, event.time) == ("view", 2.0, 0.5, 1_700_000_000_000_000)


def test_null_is_the_same_as_no_field_and_no_time_is_now():
    assert parse({**GOOD, "time": None, "weight": None, "event_id": None}, NOW) == parse(GOOD, NOW)
    assert parse(GOOD, NOW).time == NOW
    assert parse({"item_id": "i", "session_id": "s"}, NOW).user_id is None


@pytest.mark.parametrize("user", ["", "  ", "\u3000", None])
def test_a_blank_user_is_no_user_where_a_session_is_given_as_in_a_file(user):
    event = parse({"item_id": "i", "user_id": user, "session_id": "s"}, NOW)
    assert (event.user_id, event.session_id) == (None, "s")
    assert code_of({"item_id": "i", "user_id": user}) == ("user_missing" if user is None else "user_invalid")


@pytest.mark.parametrize(
    ("time", "micros"),
    [
        (1_700_000_000, 1_700_000_000_000_000),
        (1_700_000_000.123456, 1_700_000_000_123_456),
        (1_700_000_000_123, 1_700_000_000_123_000),
        (1_700_000_000_123_456, 1_700_000_000_123_456),
        (1_700_000_000_123_456_789, 1_700_000_000_123_456),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000_000),
        ("2023-11-14T22:13:20.000001", 1_700_000_000_000_001),
        ("2023-11-14 23:13:20+01:00", 1_700_000_000_000_000),
        ("2023-11-14", 1_699_920_000_000_000),
        (31_536_000, EARLIEST),
        (NOW + DAY, NOW + DAY),
    ],
)
def test_times_are_read_by_their_magnitude_or_as_iso(time, micros):
    assert parse({**GOOD, "time": time}, NOW).time == micros
    assert parse({**GOOD, "timestamp": time}, NOW).time == micros


@pytest.mark.parametrize("text", [text for texts in READ.values() for text in texts])
def test_a_text_that_files_may_have_is_read_as_there(text):
    assert parse({**GOOD, "time": text}, NOW).time == read_time(text, TimeRule())


@pytest.mark.parametrize("text", REFUSED)
def test_a_text_that_files_may_not_have_is_refused(text):
    assert code_of({**GOOD, "time": text}) == "time_invalid"


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("3/4/2024 8:26", "which comes first is not known"),
        ("25/12/2024", "day and month, in this order"),
        ("20240301", "dates written as YYYYMMDD"),
        (20240301, "dates written as YYYYMMDD"),
        (202403011020, "YYYYMMDDHHMM"),
        (133537608000000000, "FILETIME"),
        ("2024-03-01 10:00:00 CEST", "write an offset"),
    ],
)
def test_a_time_that_one_row_cannot_decide_is_refused_with_what_it_looks_like(time, said):
    with pytest.raises(RowError, match=said) as caught:
        parse({**GOOD, "time": time}, NOW)
    assert caught.value.code == "time_invalid"
    assert "give seconds" in caught.value.detail


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ([], "row_not_object"),
        ("text", "row_not_object"),
        (None, "row_not_object"),
        ({**GOOD, "itme": 1}, "field_unknown"),
        ({**GOOD, "\ud800\0é": 1}, "field_unknown"),
        ({"user_id": "u"}, "item_missing"),
        ({"user_id": "u", "item_id": None}, "item_missing"),
        ({"item_id": "i"}, "user_missing"),
        ({**GOOD, "item_id": True}, "item_invalid"),
        ({**GOOD, "item_id": 1.0}, "item_invalid"),
        ({**GOOD, "item_id": ""}, "item_invalid"),
        ({**GOOD, "item_id": " \u3000"}, "item_invalid"),
        ({**GOOD, "item_id": "x" * 1025}, "item_invalid"),
        ({**GOOD, "item_id": "\U0001f600" * 513}, "item_invalid"),
        ({**GOOD, "item_id": "a\0"}, "item_invalid"),
        ({**GOOD, "item_id": "a\udc00"}, "item_invalid"),
        ({**GOOD, "item_id": ["i"]}, "item_invalid"),
        ({**GOOD, "user_id": {}}, "user_invalid"),
        ({**GOOD, "session_id": ""}, "user_invalid"),
        ({**GOOD, "time": "yesterday"}, "time_invalid"),
        ({**GOOD, "time": "\ud800"}, "time_invalid"),
        ({**GOOD, "time": True}, "time_invalid"),
        ({**GOOD, "time": []}, "time_invalid"),
        ({**GOOD, "time": float("inf")}, "time_invalid"),
        ({**GOOD, "time": 1_700_000_000, "timestamp": 1_700_000_000}, "time_invalid"),
        ({**GOOD, "time": 0}, "time_out_of_range"),
        ({**GOOD, "time": -5}, "time_out_of_range"),
        ({**GOOD, "time": 10**400}, "time_out_of_range"),
        ({**GOOD, "time": "0001-01-01T00:00:00+14:00"}, "time_out_of_range"),
        ({**GOOD, "time": NOW + DAY + 1}, "time_out_of_range"),
        ({**GOOD, "weight": -1}, "weight_invalid"),
        ({**GOOD, "weight": float("nan")}, "weight_invalid"),
        ({**GOOD, "weight": 10**400}, "weight_invalid"),
        ({**GOOD, "weight": "1"}, "weight_invalid"),
        ({**GOOD, "dwell": True}, "dwell_invalid"),
        ({**GOOD, "dwell": float("inf")}, "dwell_invalid"),
        ({**GOOD, "event_id": 5}, "event_id_invalid"),
        ({**GOOD, "event_id": ""}, "event_id_invalid"),
        ({**GOOD, "event_id": "x" * 257}, "event_id_invalid"),
        ({**GOOD, "event_type": "a\0"}, "event_type_invalid"),
    ],
)
def test_a_bad_row_is_refused_with_its_code(row, code):
    assert code_of(row) == code


@given(st.dictionaries(st.sampled_from(NAMES), JSON_VALUES) | JSON_VALUES)
def test_any_json_is_an_event_that_both_databases_take_or_has_a_known_code(row):
    try:
        event = parse(row, NOW)
    except RowError as refused:
        event, error = None, refused
    if event is None:
        assert error.code in ROW_CODES
        assert error.detail.isascii()
        return
    assert EARLIEST <= event.time <= NOW + DAY
    for text in (event.item_id, event.user_id, event.session_id, event.event_id, event.event_type):
        assert text is None or (text.encode() and "\0" not in text)
    json.dumps([event.weight, event.dwell], allow_nan=False)
