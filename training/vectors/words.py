"""Text: a line for each item, its id and its numbers. word2vec and fastText .vec begin with a line of two counts, GloVe
does not; numbers are separated by blanks, tabs, commas or semicolons."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import numpy as np

from index.errors import VectorsError
from training.vectors.files import opened
from training.vectors.found import Block, Found, checked_dims, rows_at_once

LOOKED_AT = 20  # lines that tell how many numbers a line has
DECIMAL_COMMA = re.compile(rb"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")
LONGEST = 1 << 20  # bytes of a line: a longer one is no text
BOM = b"\xef\xbb\xbf"


def counts_of(line: bytes) -> tuple[int, int] | None:
    """(items, dims) of the first line of word2vec's formats; None where it is another one."""
    parts = line.split()
    if len(parts) == 2 and all(part.isdigit() and len(part) < 12 for part in parts):
        return int(parts[0]), int(parts[1])
    return None


def is_row(line: bytes) -> bool:
    """Whether it could be an id and numbers, and not the names of the columns of a table: 0, 1, 2, ..."""
    pieces = _pieces(line, _separator(line))
    count = _numbers_at_end(pieces)
    last = sorted(int(piece) if piece.isdigit() else -1 for piece in pieces[-count:])
    named = any(mark in line for mark in b",;\t") and last in (list(range(count)), list(range(1, count + 1)))
    return count > 0 and not named


def open_text(path: Path, head: bytes) -> Found:
    """Raises VectorsError for text that is no vectors."""
    lines = [line for line in head.removeprefix(BOM).split(b"\n")[: LOOKED_AT + 1] if line.strip()]
    counts = counts_of(lines[0])
    sample = lines[1:] if counts else lines
    if len(sample) > 1 and not head.endswith(sample[-1] + b"\n"):
        sample = sample[:-1]  # what is read of the file may end within it
    if not sample:
        raise VectorsError("holds a line of counts and no vectors", path)
    separator = _separator(sample[0])
    # An id may end with a number of its own ("Windows 95"): most do not.
    usual = Counter(_numbers_at_end(_pieces(line, separator)) for line in sample).most_common(1)[0][0]
    dims = counts[1] if counts else usual
    if not dims:
        raise VectorsError(
            "has lines that are not an id and numbers: word2vec and GloVe have `id number number ...`, a table has a "
            "line with the names of its columns",
            path,
        )
    kind = "word2vec text" if counts else "text without a header (GloVe)"
    rows = counts[0] if counts else None
    dims = checked_dims(dims, path)
    return Found(kind, rows, dims, "text", lambda: _blocks(path, rows, dims, separator), words=True)


def refuse_decimal_commas(path: Path, head: bytes) -> None:
    """Raises VectorsError for numbers like 0,25: nobody can tell them from two numbers with a comma between them."""
    for line in head.splitlines()[:2]:  # the first may have the names of columns
        for mark in b";\t ":
            pieces = line.strip().split(bytes([mark]))[1:]
            found = [piece for piece in pieces if DECIMAL_COMMA.fullmatch(piece.strip(b'" '))]
            if len(found) > 1 and 2 * len(found) > len(pieces):
                raise VectorsError(
                    f"has numbers with a decimal comma, as {found[0].decode()}: write them with a point, for example "
                    "with: sed 's/,/./g'",
                    path,
                )


def open_numbers(path: Path, head: bytes) -> Found:
    """Lines of numbers alone; the ids are in another file."""
    first = head.removeprefix(BOM).split(b"\n", 1)[0]
    separator = next((mark for mark in (b",", b";") if mark in first), None)
    before = b"row" + (separator or b" ")  # in place of the id
    dims = checked_dims(len(_pieces(first, separator)), path)

    def blocks() -> Iterator[Block]:
        with opened(path) as file:
            for begin in count(0, size := rows_at_once(dims)):
                lines = list(islice(iter(lambda: file.readline(LONGEST), b""), size))
                if not lines:
                    return
                rows = [
                    _row(path, begin + n, before + line.removeprefix(BOM), dims, separator)[1]
                    for n, line in enumerate(lines, 1)
                    if line.strip()
                ]
                yield Block(None, np.array(rows).reshape(-1, dims))

    return Found("lines of numbers", None, dims, "text", blocks, ids_inside=False)


def _blocks(path: Path, rows: int | None, dims: int, separator: bytes | None) -> Iterator[Block]:
    size, number, done = rows_at_once(dims), 0, 0
    with opened(path) as file:
        if rows is not None:
            file.readline(LONGEST)
            number = 1
        while lines := list(islice(iter(lambda: file.readline(LONGEST), b""), size)):
            ids: list[str] = []
            vectors = np.empty((len(lines), dims), dtype=np.float32)
            for line in lines:
                number += 1
                if number == 1:
                    line = line.removeprefix(BOM)
                if not line.strip():
                    continue
                item, numbers = _row(path, number, line, dims, separator)
                with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as such
                    vectors[len(ids)] = numbers
                ids.append(item)
            done += len(ids)
            yield Block(ids, vectors[: len(ids)])
    if rows is not None and done != rows:
        raise VectorsError(
            f"says in its first line that it has {rows:,} vectors, and has {done:,}: it is cut off, or the line is "
            "wrong",
            path,
        )


def _row(path: Path, number: int, line: bytes, dims: int, separator: bytes | None) -> tuple[str, list[float]]:
    """An id may hold blanks (". . ." of GloVe), so the numbers are taken from the end."""
    parts = line.rstrip().rsplit(separator, dims)
    try:
        numbers = list(map(float, parts[1:]))
    except ValueError:
        numbers = []
    if len(numbers) != dims or _ends_with_a_fraction(parts[0], separator):
        pieces = _pieces(line, separator)
        numbers_there = _numbers_at_end(pieces)
        bad = next((piece for piece in pieces[1:] if not _is_number(piece)), None)
        if len(pieces) == dims + 1 and bad is not None:
            wrong = f"has {bad[:40].decode('utf-8', 'replace')!r} in place of a number"
        else:
            wrong = f"has {numbers_there} numbers, the others have {dims}"
        raise VectorsError(f"line {number:,} {wrong}", path)
    try:
        return parts[0].strip().decode(), numbers
    except UnicodeDecodeError:
        raise VectorsError(f"line {number:,} has an id that is not UTF-8: write the file as UTF-8", path) from None


def _ends_with_a_fraction(item: bytes, separator: bytes | None) -> bool:
    """Whether what should be an id ends with one more number: "Windows 95" does not, "word 0.25" does."""
    pieces = _pieces(item, separator)
    return len(pieces) > 1 and _is_number(pieces[-1]) and not pieces[-1].isdigit()


def _separator(line: bytes) -> bytes | None:
    """None for blanks and tabs, however many."""
    if _numbers_at_end(line.split()) > 1:
        return None
    return max((b",", b";"), key=line.count) if b"," in line or b";" in line else None


def _pieces(line: bytes, separator: bytes | None) -> list[bytes]:
    return line.split() if separator is None else [piece.strip() for piece in line.rstrip().split(separator)]


def _numbers_at_end(pieces: list[bytes]) -> int:
    """How many of the pieces, without the first, are numbers, counted from the end."""
    count = 0
    for piece in reversed(pieces[1:]):
        if not _is_number(piece):
            break
        count += 1
    return count


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
