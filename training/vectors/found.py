"""What a file of vectors holds, before it is read: its format in words, its size, and its rows block by block."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.errors import VectorsError

BLOCK_BYTES = 1 << 24  # of float32 numbers held at once
LEAST_DIMS, MOST_DIMS = 2, 4096
NUMBERS = {"f": "floating-point", "i": "whole", "u": "whole"}  # kinds of numpy that are numbers


class Block(NamedTuple):
    """Some rows of the file. ids: None where they are in a file of their own. vectors: any real type, (rows, dims)."""

    ids: list[str] | None
    vectors: NDArray[Any]


@dataclass(frozen=True)
class Found:
    """kind: the format, in words. rows: as the file says, None where only reading tells. dtype: of its numbers, by
    numpy's name. words: whether the ids are words of word2vec's formats, which may be percent-encoded. ids_inside:
    whether each block has its ids."""

    kind: str
    rows: int | None
    dims: int
    dtype: str
    blocks: Callable[[], Iterator[Block]]
    words: bool = False
    ids_inside: bool = True


def rows_at_once(dims: int) -> int:
    return max(1, BLOCK_BYTES // (4 * dims))


def checked_shape(shape: Sequence[int], dtype: np.dtype[Any], path: Path, what: str) -> tuple[int, int]:
    """(rows, dims) of a matrix of numbers. Raises VectorsError for anything else."""
    if dtype.kind not in NUMBERS:
        raise VectorsError(f"{what} holds {dtype.name} and no numbers: save it as float32", path)
    if len(shape) != 2:
        raise VectorsError(f"{what} has {len(shape)} dimensions: vectors are a matrix, one row an item", path)
    return int(shape[0]), checked_dims(int(shape[1]), path)


def checked_dims(dims: int, path: Path) -> int:
    if not LEAST_DIMS <= dims <= MOST_DIMS:
        raise VectorsError(f"has vectors of {dims} numbers: from {LEAST_DIMS} to {MOST_DIMS} are possible", path)
    return dims


@contextmanager
def ends_early(path: Path, what: str) -> Iterator[None]:
    """What a library says of a file that ends too early, or is damaged, as VectorsError."""
    try:
        yield
    except (EOFError, ValueError) as error:
        raise VectorsError(f"cannot be read as {what}: {error}", path) from error
