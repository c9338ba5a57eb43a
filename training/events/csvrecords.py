"""The records of CSV files, counted exactly.

DuckDB reads the rows. It is quick, but where quotes do not match it may skip many lines and report one, or none:
2.0.0 lost 177,000 of 2,000,000 rows after one quote that was never closed. So the rows it gives are counted against the
lines of the file, and where the two differ, against the records as they are cut here.
"""

import codecs
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numba as nb
import numpy as np
from numpy.typing import NDArray

from index.errors import EventsError
from training.events.csvfile import QUOTE, Dialect
from training.events.files import open_file, reading

BLOCK_BYTES = 1 << 22


@dataclass(frozen=True)
class Records:
    """count: records of the file, the header among them, blank lines not. blanks: int64, the blank lines, by number; a
    record within quotes counts as one line. broken: (line, lines it takes up) of the first record over several lines
    whose quotes do not match, or None.
    """

    count: int
    blanks: NDArray[np.int64]
    broken: tuple[int, int] | None


def count_lines(files: Sequence[str]) -> int:
    """Lines that end, and a last one that does not: the records of plain files, headers among them."""
    total = 0
    for file in files:
        last = b"\n"
        with reading(file), open_file(file) as stream:
            while block := stream.read(BLOCK_BYTES):
                total += block.count(b"\n")
                last = block[-1:]
        total += last != b"\n"
    return total


def read_records(file: str, dialect: Dialect) -> Records:
    """The file cut into records, byte by byte: exact where `count_lines` is only quick."""
    state = np.zeros(9, dtype=np.int64)
    marks = [ord(dialect.delimiter) if dialect.delimiter.isascii() else -1, ord(QUOTE), ord(dialect.escape)]
    found = np.empty(BLOCK_BYTES * 2, dtype=np.int64)
    blanks = []
    with reading(file):
        for block in _blocks(file, dialect.encoding):
            number = _cut(np.frombuffer(block, dtype=np.uint8), *marks, state, found[: len(block)])
            blanks.append(found[:number].copy())
    _cut(np.frombuffer(b"", dtype=np.uint8), *marks, state, found)
    broken = (int(state[7]), int(state[8])) if state[7] else None
    return Records(int(state[1]), np.concatenate(blanks) if blanks else np.empty(0, np.int64), broken)


def check_count(files: Sequence[str], dialect: Dialect, rows: int, lines: int) -> None:
    """Raises EventsError unless `rows`, those DuckDB gave and those it reported as malformed, are all there are.

    lines: from `count_lines`; where they alone do not explain the rows, the files are cut into records.
    """
    if rows == lines - len(files) and dialect.encoding != "utf-16":
        return
    expected = 0
    for file in files:
        records = read_records(file, dialect)
        expected += records.count - 1
        if records.broken:
            line, length = records.broken
            row = line - 1 - int(np.searchsorted(records.blanks, line))
            raise EventsError(
                f"{file}: row {row} has a quote that is not closed, or closed within a value, and so it takes "
                f"up {length} lines. Write quotes within values twice and such values in quotes, or remove the row"
            )
    if rows != expected:
        others = f" and {len(files) - 1} more files" if len(files) > 1 else ""
        raise EventsError(
            f"{files[0]}{others}: {expected} rows are there, but {rows} could be read; check --delimiter and "
            "--encoding, and that all lines end alike"
        )


def _blocks(file: str, encoding: str) -> Iterator[bytes]:
    with open_file(file) as stream:
        if encoding != "utf-16":
            while block := stream.read(BLOCK_BYTES):
                yield block.removeprefix(codecs.BOM_UTF8)
            return
        text = io.TextIOWrapper(stream, encoding, "replace", newline="")
        while part := text.read(BLOCK_BYTES // 4):
            yield part.encode("utf-8", "replace")


@nb.njit(cache=True, nogil=True)
def _cut(block, delimiter, quote, escape, state, blanks):  # type: ignore[no-untyped-def]
    """One block further; an empty block ends the file. Returns how many blank lines were put into `blanks`.

    state: mode (0 field begins, 1 in a field, 2 in quotes, 3 after a quote in quotes, 4 after an escape), records,
    lines, bytes of this record, newlines in its quotes, whether its quotes do not match, whether \\r was just seen, and
    line and length of the first record that is broken over several lines.
    """
    mode, records, lines, size, newlines, bad, after_cr, broken, length = state
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
            mode = size = newlines = bad = 0
            continue
        after_cr = 0
        size += 1
        if mode == 3:
            if byte == quote and escape == quote:
                mode = 2
            elif byte == delimiter:
                mode = 0
            else:
                bad, mode = 1, 1
        elif byte == delimiter:
            mode = 0
        elif mode == 0:
            mode = 2 if byte == quote else 1
    state[:] = (mode, records, lines, size, newlines, bad, after_cr, broken, length)
    return found
