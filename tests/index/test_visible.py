"""Text of the data does nothing to the screen, and reads as what it is."""

import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.visible import Visible, json_text, one_line, visible

HEBREW = "שיר אחד"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Song [feat. X] (y)", "Song [feat. X] (y)"),
        ("\x1b[31mred\x1b[0m", "\\e[31mred\\e[0m"),
        ("a\tb\rc", "a\\tb\\rc"),
        ("bell\x07 \x9b31m", "bell\\x07 \\x9b31m"),
        ("photo\u202egpj.exe", "photo\\u202egpj.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("half \ud800 a pair", "half \\ud800 a pair"),
        ("tag \U000e0041", "tag \\U000e0041"),
        ("two\nlines", "two\nlines"),
        ("日本語 🎵 é", "日本語 🎵 é"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),  # a joiner makes one picture of three
        ("می\u200cخواهم", "\u2067می\u200cخواهم\u2069"),  # and its opposite is spelling in Persian
        (HEBREW, f"\u2067{HEBREW}\u2069"),
        (f"1 {HEBREW} 2", f"1 \u2067{HEBREW}\u2069 2"),
        ("similar to שיר (1999) x שלום", "similar to \u2067שיר\u2069 (1999) x \u2067שלום\u2069"),
        ("\u2067open", "\\u2067open"),
    ],
)
def test_what_is_seen(text, seen):
    assert visible(text) == seen
    assert visible(seen) == seen


@given(st.text(st.characters(), max_size=60))
def test_nothing_harmful_is_left_and_json_keeps_its_values(text):
    seen = visible(text)
    assert visible(seen) == seen
    assert not any(ord(letter) < 32 and letter != "\n" for letter in seen)
    assert not any(0x7F <= ord(letter) < 0xA0 or 0x202A <= ord(letter) <= 0x202E for letter in seen)
    assert "\n" not in one_line(text)
    written = json_text({"title": text, text: [text]})
    assert json.loads(written) == {"title": text, text: [text]}
    written.encode("utf-8")


def test_a_log_line_is_one_line_and_a_stack_trace_keeps_its_lines():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Visible("%(levelname)s %(message)s"))
    log = logging.getLogger("test_visible")
    log.addHandler(handler)
    log.propagate = False
    try:
        log.warning("item=%s", "a\nERROR forged \x1b[2J")
        try:
            raise ValueError("id \x1b[2J")
        except ValueError:
            log.exception("failed")
    finally:
        log.removeHandler(handler)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "WARNING item=a\\nERROR forged \\e[2J"
    assert lines[1] == "ERROR failed"
    assert lines[-1] == "ValueError: id \\e[2J"
