"""word2vec's binary format: a line of two counts, then of each item its word, a blank, and its float32 numbers."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from index.errors import VectorsError
from training.vectors.files import opened
from training.vectors.found import Block, Found, checked_dims, rows_at_once

READ = 1 << 22
LONGEST = 1 << 14  # bytes of a word: without a blank for longer it is another format
# Lengths of vectors that somebody trained; numbers read in the wrong order of bytes are mostly far from them.
SHORTEST, WIDEST = 1e-12, 1e12


def open_binary(path: Path, rows: int, dims: int) -> Found:
    """rows, dims: as the first line says."""
    dims = checked_dims(dims, path)
    return Found("word2vec binary", rows, dims, "float32", lambda: _blocks(path, rows, dims), words=True)


def _blocks(path: Path, rows: int, dims: int) -> Iterator[Block]:
    size, width = rows_at_once(dims), 4 * dims
    with opened(path) as file:
        file.readline(LONGEST)
        stream = _Stream(file)
        for begin in range(0, rows, size):
            ids: list[str] = []
            numbers = bytearray()
            for row in range(begin, min(rows, begin + size)):
                word = stream.until(b" ", LONGEST)
                values = None if word is None else stream.take(width)
                if word is None or values is None:
                    raise VectorsError(
                        f"says in its first line that it has {rows:,} vectors of {dims} numbers, and ends after "
                        f"{row:,}: it is cut off, or the line is wrong",
                        path,
                    )
                numbers += values
                try:
                    ids.append(word.lstrip(b"\n").decode())
                except UnicodeDecodeError:
                    raise VectorsError(
                        f"row {row + 1:,} has an id that is not UTF-8: its first line says another number of numbers "
                        "than there are, or it was written in another encoding",
                        path,
                    ) from None
            vectors = np.frombuffer(bytes(numbers), dtype="<f4").reshape(-1, dims)
            if not begin and not _sensible(vectors) and _sensible(vectors.view(">f4")):
                raise VectorsError(
                    "has its numbers in the other order of bytes (big-endian): word2vec's format is little-endian, "
                    "write it with `array.astype('<f4')`",
                    path,
                )
            yield Block(ids, vectors)
        rest = stream.rest().strip()
    if rest:
        raise VectorsError(f"goes on after the {rows:,} vectors that its first line says it has", path)


def _sensible(vectors: NDArray[np.float32]) -> bool:
    """Whether most of the rows could be vectors."""
    with np.errstate(all="ignore"):
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    return bool(((lengths > SHORTEST) & (lengths < WIDEST)).mean() > 0.5)


class _Stream:
    """Bytes up to a mark, or so many of them; None where the file ends before."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._held, self._at = file, b"", 0

    def until(self, mark: bytes, most: int) -> bytes | None:
        while True:
            end = self._held.find(mark, self._at)
            if end >= 0:
                found = self._held[self._at : end]
                self._at = end + len(mark)
                return found
            if len(self._held) - self._at > most or not self._more():
                return None

    def take(self, count: int) -> bytes | None:
        while len(self._held) - self._at < count:
            if not self._more():
                return None
        self._at += count
        return self._held[self._at - count : self._at]

    def rest(self) -> bytes:
        """What is left, up to a block."""
        self._more()
        return self._held[self._at :]

    def _more(self) -> bool:
        read = self._file.read(READ)
        self._held, self._at = self._held[self._at :] + read, 0
        return bool(read)
