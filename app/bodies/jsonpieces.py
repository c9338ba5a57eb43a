"""JSON of any size, read so that other threads have their turn.

Python's C reader takes a text in one call, in which no other thread runs: 16 MB stop a process for a quarter of a
second. Here the outer list or object, and lists right in it, are taken value by value, each by the C reader from a
short window of the text. A value that is larger than the window is read by Python's own reader in Python, slowly, and
others run meanwhile. What is read and what is refused, and with which words, is the same.
"""

import json
from collections.abc import Callable
from json import decoder, scanner
from typing import Any

WINDOW = 64 << 10  # characters; the C reader takes them in about a millisecond

Scan = Callable[[str, int], tuple[Any, int]]
"""(text, where a value begins) -> the value, and where it ends; StopIteration where none begins."""
reader: Any = decoder  # what it is made of in Python has no types
LONGEST_CUT = 3


class TooMany(Exception):
    """A list has more values than were asked for."""


class Pieces:
    """parse_constant: as of json.JSONDecoder. window: characters that the C reader gets at once."""

    def __init__(self, parse_constant: Callable[[str], Any] | None, window: int = WINDOW) -> None:
        self._quick: Any = json.JSONDecoder(parse_constant=parse_constant)
        self._constant = parse_constant
        self._window = window

    def decode(self, text: str, most: int) -> Any:
        """As json.JSONDecoder.decode. Raises what that raises, and TooMany as soon as a large text has more than `most`
        values."""
        if len(text) <= self._window:
            return self._quick.decode(text)
        scan = _Windows(text, self._quick.scan_once, _in_python(self._constant), self._window, most).scan
        begin = _past_space(text, 0).end()
        try:
            found, end = _outer(text, begin, scan)
        except StopIteration as stop:
            raise json.JSONDecodeError("Expecting value", text, stop.value) from None
        end = _past_space(text, end).end()
        if end != len(text):
            raise json.JSONDecodeError("Extra data", text, end)
        return found


class _Windows:
    """quick: the C reader. slow: the one in Python, whose errors tell places in the whole text."""

    def __init__(self, text: str, quick: Scan, slow: Scan, size: int, most: int) -> None:
        self._text = text
        self._quick = quick
        self._slow = slow
        self._size = size
        self._left = most
        self._window = ""
        self._begin = 0

    def scan(self, text: str, at: int) -> tuple[Any, int]:
        found = self._in_window(at)
        self._left -= 1
        if self._left < 0:
            raise TooMany
        if found is None:
            self._window, self._begin = self._text[at : at + self._size], at
            found = self._in_window(at)
        return self._slow(text, at) if found is None else found

    def _in_window(self, at: int) -> tuple[Any, int] | None:
        """None where the value may go on behind the window, or is none."""
        if not self._begin <= at < self._begin + len(self._window):
            return None
        try:
            value, end = self._quick(self._window, at - self._begin)
        except (ValueError, StopIteration, RecursionError):
            return None
        # A number that ends near the window's end may go on: 1.5 is all that is read of "1.5e-".
        return None if end > len(self._window) - LONGEST_CUT else (value, self._begin + end)


def _outer(text: str, at: int, scan: Scan) -> tuple[Any, int]:
    """The whole value; of an object, its lists are taken apart too."""
    if text.startswith("{", at):
        found: tuple[Any, int] = reader.JSONObject(
            (text, at + 1), True, lambda text, at: _values(text, at, scan), None, None, {}, _past_space
        )
        return found
    return _values(text, at, scan)


def _values(text: str, at: int, scan: Scan) -> tuple[Any, int]:
    """A list value by value; anything else at once."""
    if not text.startswith("[", at):
        return scan(text, at)
    found: tuple[Any, int] = reader.JSONArray((text, at + 1), scan, _past_space)
    return found


def _in_python(parse_constant: Callable[[str], Any] | None) -> Scan:
    slow: Any = json.JSONDecoder(parse_constant=parse_constant)
    slow.parse_object = reader.JSONObject
    slow.parse_array = reader.JSONArray
    python: Any = scanner
    found: Scan = python.py_make_scanner(slow)
    return found


class _End:
    """A match of white space, of which only the end is asked for."""

    def __init__(self, end: int) -> None:
        self._end = end

    def end(self) -> int:
        return self._end


def _past_space(text: str, at: int) -> _End:
    """In steps: one match over megabytes of spaces would take its time in one call too."""
    while True:
        end = reader.WHITESPACE.match(text, at, at + WINDOW).end()
        if end < at + WINDOW:
            return _End(end)
        at = end
