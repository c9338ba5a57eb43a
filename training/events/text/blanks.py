"""Blanks around the delimiters, as people align their columns: taken away, but for those within quotes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numba as nb
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Marks:
    """Bytes that cut a line: delimiter, quote (-1: quotes are plain), and what takes the quote's meaning."""

    delimiter: int
    quote: int
    escape: int


def around(text: bytes, marks: Marks) -> tuple[bool, bool]:
    """Whether a blank stands behind each delimiter, and before each; at ends of lines and of empty values it may be
    missing. False, False without a delimiter, and where there is no such blank to take away."""
    mark = bytes([marks.delimiter])
    if mark + b" " not in text and b" " + mark not in text:
        return False, False  # most files: the compiled loop need not be loaded for them
    state = _begin()
    _trim(np.frombuffer(text, np.uint8), marks.delimiter, marks.quote, marks.escape, True, state, _room(text))
    delimiters, behind, before = state[4:7]
    return bool(delimiters and behind == delimiters), bool(delimiters and before == delimiters)


def without(blocks: Iterable[bytes], marks: Marks, before: bool) -> Iterator[bytes]:
    """The text without the blanks behind its delimiters. before: without those before them too."""
    state = _begin()
    for block in blocks:
        out = _room(block)
        held = int(state[2])
        out = out if not held else np.empty(len(out) + held, np.uint8)
        values = np.frombuffer(block, np.uint8)
        size = _trim(values, marks.delimiter, marks.quote, marks.escape, before, state, out)
        yield out[:size].tobytes()
    if state[2] and not (before and state[3]):
        yield b" " * int(state[2])


def _begin() -> NDArray[np.int64]:
    return np.zeros(8, np.int64)


def _room(block: bytes) -> NDArray[np.uint8]:
    return np.empty(len(block), np.uint8)


@nb.njit(cache=True, nogil=True)
def _trim(block, delimiter, quote, escape, before, state, out):  # type: ignore[no-untyped-def]
    """One block further; returns how many bytes were put into `out`.

    state: mode (0 field begins, 1 in a field, 2 in quotes, 3 after a quote in quotes, 4 after an escape), whether the
    byte before was a blank, blanks held back (their delimiter may come), whether this record has a delimiter;
    delimiters, those with a blank behind them, those with one before, whether the byte before was a delimiter.
    """
    mode, blank, held, inner, delimiters, after, ahead, bare = state
    size = 0
    for byte in block:
        if mode == 2:
            out[size] = byte
            size += 1
            if byte == escape and escape != quote:
                mode = 4
            elif byte == quote:
                mode = 3
            continue
        if mode == 4:
            mode = 2
            out[size] = byte
            size += 1
            continue
        if byte == 32:
            if mode == 0 and inner == 1:
                if bare == 1:
                    after += 1
                    bare = 0
                blank = 1
                continue
            held += 1
            blank = 1
            mode = 1 if mode == 0 else mode
            continue
        ends = byte == 10 or byte == 13
        if byte == delimiter or ends:
            if bare == 1:  # an empty value needs no blank
                after += 1
            bare = 0
            if byte == delimiter:
                delimiters += 1
                ahead += blank == 1 or mode == 0
            if not (before and (inner == 1 or byte == delimiter)):
                for _ in range(held):
                    out[size] = 32
                    size += 1
            held = 0
            blank = 0
            mode = 0
            inner = 0 if ends else 1
            bare = 0 if ends else 1
            out[size] = byte
            size += 1
            continue
        bare = 0
        for _ in range(held):
            out[size] = 32
            size += 1
        held = 0
        blank = 0
        out[size] = byte
        size += 1
        if mode == 3:
            mode = 2 if byte == quote and escape == quote else 1
        elif mode == 0:
            mode = 2 if byte == quote else 1
    state[:] = (mode, blank, held, inner, delimiters, after, ahead, bare)
    return size
