"""The records of CSV files, counted exactly.

DuckDB reads the rows. It is quick, but where quotes do not match it may skip many lines and report one, or none:
2.0.0 lost 177,000 of 2,000,000 rows after one quote that was never closed. So the rows it gives are counted against the
lines of the file, and where the two differ, against the records as they are cut here.
"""

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numba as nb
import numpy as np
from numpy.typing import NDArray

from index.errors import EventsError
from training.events.delimited.csvfile import Dialect
from training.events.text.guess import Guess
from training.events.text.plain import Text
from training.events.text.unpack import reading

BLOCK_BYTES = 1 << 22
COUNT_BYTES = 1 << 18  # stays in the core's cache
NEWLINE = ord("\n")


@dataclass(frozen=True)
class Records:
    """count: rows of the file, blank lines and what stands before the first row left out. blanks: int64, the blank
    lines after that, by number; a record within quotes counts as one line. broken: (line, lines it takes up) of the
    first record over several lines whose quotes do not match, or None.
    """

    count: int
    blanks: NDArray[np.int64]
    broken: tuple[int, int] | None


def count_lines(texts: Sequence[Text]) -> int:
    """Lines that end, and a last one that does not: the records of plain files, headers among them.

    Packed files are looked at whole here and nowhere else: raises EventsError for one that is not in UTF-8 after all.
    """
    total = 0
    for text in texts:
        last, guess = b"\n", Guess()
        with reading(text.name), text.open() as stream:
            while block := stream.read(COUNT_BYTES):
                # Three times as fast as bytes.count, where lines are as short as those of a log.
                total += int(np.count_nonzero(np.frombuffer(block, np.uint8) == NEWLINE))
                last = block[-1:]
                if text.unsure:
                    guess.see(block)
        found = guess.encoding()
        if found is not None:
            raise EventsError(f"{text.name}: is not in UTF-8, though it begins so; type --encoding {found}, or another")
        total += last != b"\n"
    return total


def read_records(text: Text, dialect: Dialect) -> Records:
    """The file cut into records, byte by byte: exact where `count_lines` is only quick."""
    state = np.zeros(10, dtype=np.int64)
    marks = dialect.marks
    cut = np.frombuffer(dialect.delimiter.encode(), np.uint8), marks.quote, marks.escape
    found = np.empty(BLOCK_BYTES * 2, dtype=np.int64)
    blanks = []
    with reading(text.name):
        for block in _blocks(text):
            number = _cut(np.frombuffer(block, dtype=np.uint8), *cut, state, found[: len(block)])
            blanks.append(found[:number].copy())
    _cut(np.frombuffer(b"", dtype=np.uint8), *cut, state, found)
    broken = (int(state[7]), int(state[8])) if state[7] else None
    every = np.concatenate(blanks) if blanks else np.empty(0, np.int64)
    blank = every[every > dialect.before]
    count = int(state[1]) - (dialect.before - (len(every) - len(blank)))
    return Records(count, blank, broken)


def check_count(texts: Sequence[Text], dialect: Dialect, rows: int, lines: int) -> None:
    """Raises EventsError unless `rows`, those DuckDB gave and those it reported as malformed, are all there are.

    lines: from `count_lines`; where they alone do not explain the rows, the files are cut into records.
    """
    if rows == lines - len(texts) * dialect.before:
        return
    expected = 0
    for text in texts:
        records = read_records(text, dialect)
        expected += records.count
        if records.broken:
            line, length = records.broken
            row = line - dialect.before - int(np.searchsorted(records.blanks, line))
            raise EventsError(
                f"{text.name}: row {row} has a quote that is not closed, or closed within a value, and so it takes "
                f"up {length} lines. Write quotes within values twice and such values in quotes, or remove the row; "
                "where quotes are characters like any other, --quoting none"
            )
    if rows != expected:
        others = f" and {len(texts) - 1} more files" if len(texts) > 1 else ""
        raise EventsError(
            f"{texts[0].name}{others}: {expected} rows are there, but {rows} could be read; check --delimiter and "
            "--quoting, and that all lines end alike"
        )


def _blocks(text: Text) -> Iterator[bytes]:
    with text.open() as stream:
        while block := stream.read(BLOCK_BYTES):
            yield block.removeprefix(codecs.BOM_UTF8)


@nb.njit(cache=True, nogil=True)
def _cut(block, delimiter, quote, escape, state, blanks):  # type: ignore[no-untyped-def]
    """One block further; an empty block ends the file. Returns how many blank lines were put into `blanks`.

    state: mode (0 field begins, 1 in a field, 2 in quotes, 3 after a quote in quotes, 4 after an escape), records,
    lines, bytes of this record, newlines in its quotes, whether its quotes do not match, whether \\r was just seen,
    line and length of the first record that is broken over several lines, and bytes of the delimiter just seen.
    """
    mode, records, lines, size, newlines, bad, after_cr, broken, length, seen = state
    found = 0
    if block.size == 0 and size > 0:
        records += 1
        lines += 1
        bad |= mode == 2 or mode == 4
        if bad and newlines > 0 and broken == 0:
            broken, length = lines, newlines + 1
    for byte in block:
        if mode == 2:
            if byte == escape and escape != quote:
                mode = 4
            elif byte == quote:
                mode = 3
            elif byte == 10:
                newlines += 1
            continue
        if mode == 4:
            mode = 2
            continue
        if byte == 10 or byte == 13:
            if byte == 10 and after_cr:
                after_cr = 0
                continue
            after_cr = np.int64(byte == 13)
            lines += 1
            if size == 0:
                blanks[found] = lines
                found += 1
            else:
                records += 1
                if bad and newlines > 0 and broken == 0:
                    broken, length = lines, newlines + 1
            mode = size = newlines = bad = seen = 0
            continue
        after_cr = 0
        size += 1
        seen = seen + 1 if byte == delimiter[seen] else np.int64(byte == delimiter[0])
        if seen == delimiter.size:
            mode = seen = 0
        elif mode == 3:
            if byte == quote and escape == quote:
                mode = 2
            elif seen == 0:
                bad, mode = 1, 1
        elif mode == 0:
            mode = 2 if byte == quote else 1
    state[:] = (mode, records, lines, size, newlines, bad, after_cr, broken, length, seen)
    return found
