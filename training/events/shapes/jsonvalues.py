"""JSON that is not in lines: an array, a value over several lines, or values one after the other, cut into values.

The values of an array are its elements. Those that are no objects are given out too: they are counted and rejected like
malformed lines.
"""

import codecs
from collections.abc import Iterator

import numba as nb
import numpy as np
import pyarrow as pa

from index.errors import EventsError
from training.events.text.unpack import open_file, reading

BLOCK_BYTES = 1 << 21
MOST_BYTES = 1 << 24  # of one value, as of one line
BATCH = 20_000  # values
BARE = 2  # a value that is neither object nor array


def values(path: str, file: str | None = None) -> Iterator[bytes]:
    """The text of each value, in order. file: what to call it, where the path is that of a copy.

    Raises EventsError for a value of more than MOST_BYTES, or that never ends.
    """
    state = np.zeros(6, dtype=np.int64)
    cuts = np.empty((BLOCK_BYTES // 2 + 2, 2), dtype=np.int64)  # a value and what is between two: two bytes
    rest, last, count = b"", b"", 0
    file = path if file is None else file
    with reading(file), open_file(path) as stream:
        first = True
        while block := stream.read(BLOCK_BYTES):
            text = block.removeprefix(codecs.BOM_UTF8) if first else rest + block
            first = False
            found = _cut(np.frombuffer(text, dtype=np.uint8), len(rest), state, cuts)
            yield from (text[begin:end] for begin, end in cuts[:found].tolist())
            last = text[slice(*cuts[found - 1].tolist())][:80] if found else last
            count += found
            begun = int(state[4])
            rest = text[begun:] if begun >= 0 and state[3] else b""
            state[4] = 0
            if len(rest) > MOST_BYTES:
                raise EventsError(
                    f"{file}: value {count + 1} takes up more than {MOST_BYTES >> 20} MB, so a bracket or a quote is "
                    f"probably missing in it; it begins with {rest[:80].decode('utf-8', 'replace')!r}"
                )
    if state[3] == BARE:
        yield rest
    elif state[3] or state[1]:
        # One bracket too few, and the values after it are inside another: how many cannot be told.
        what, number = (f"value {count + 1}", count + 1) if state[3] else ("the array", count)
        raise EventsError(
            f"{file}: {what} is not closed at the end of the file. The end is missing, or a quote or a bracket in "
            f"value {number}, which begins with {(rest or last)[:80].decode('utf-8', 'replace')!r}"
        )


class ValueStream:
    """The values of a file as an Arrow stream of one column `line`, for DuckDB: it begins anew with every scan."""

    schema = pa.schema([("line", pa.string())])

    def __init__(self, path: str, file: str) -> None:
        self._path, self._file = path, file

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return pa.RecordBatchReader.from_batches(self.schema, self._batches()).__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        some: list[str | None] = []
        size = 0
        for value in values(self._path, self._file):
            some.append(_text(value))
            size += len(value)
            if len(some) == BATCH or size > BLOCK_BYTES:
                yield pa.record_batch([pa.array(some, pa.string())], schema=self.schema)
                some, size = [], 0
        yield pa.record_batch([pa.array(some, pa.string())], schema=self.schema)


def _text(value: bytes) -> str | None:
    """None for what is not UTF-8: a malformed value."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


@nb.njit(cache=True, nogil=True)
def _cut(block, since, state, cuts):  # type: ignore[no-untyped-def]
    """One block further, from byte `since`. Returns how many (begin, end) of whole values were put into `cuts`.

    state: depth of brackets, whether in a top array, whether in a string, what is open (0 nothing, 1 a value in
    brackets, 2 a bare one), where it began in the block (-1 where nothing did), whether after a backslash.
    """
    depth, array, string, kind, begin, escaped = state
    found = 0
    at = since
    while at < block.size:
        byte = block[at]
        if string:
            # A line break ends a string: no JSON string holds one, so its quote is missing.
            if escaped:
                escaped = 0
            elif byte == 92:
                escaped = 1
            elif byte == 34 or byte == 10:
                string = 0
            at += 1
            continue
        if kind == 1:
            if byte == 34:
                string = 1
            elif byte == 123 or byte == 91:
                depth += 1
            elif byte == 125 or byte == 93:
                depth -= 1
                if depth == 0:
                    cuts[found, 0], cuts[found, 1] = begin, at + 1
                    found += 1
                    kind = 0
            at += 1
            continue
        space = byte == 32 or byte == 9 or byte == 10 or byte == 13
        if kind == 2:
            if not (space or byte == 44 or byte == 93 or byte == 123 or byte == 91):
                string = np.int64(byte == 34)
                at += 1
                continue
            cuts[found, 0], cuts[found, 1] = begin, at
            found += 1
            kind = 0
        if byte == 93 and array:
            array = 0
        elif byte == 91 and not array:
            array = 1
        elif byte == 123 or byte == 91:
            kind, begin, depth = 1, at, 1
        elif not (space or byte == 44):
            kind, begin = 2, at
            string = np.int64(byte == 34)
        at += 1
    state[:] = (depth, array, string, kind, begin if kind else -1, escaped)
    return found
