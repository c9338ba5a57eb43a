"""Vectors on disk as one float32 matrix, with everything that is wrong with them found on the way."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import VectorsError
from index.words import are_encoded, id_of
from store.event import MAX_ID_BYTES, MAX_ID_CHARACTERS, storable
from training.progress import Step
from training.vectors.source import Opened

NAME = "vectors"
WHOLE = re.compile(r"-?[0-9]{1,18}\.0")


@dataclass(frozen=True)
class Matrix:
    """ids: row -> item. vectors: float32 (items, dims), mapped. kind, dtype: of the file, in words. zero: how many rows
    are all zeros. decoded: whether the ids were percent-encoded words."""

    ids: list[str]
    vectors: NDArray[np.float32]
    kind: str
    dtype: str
    zero: int
    decoded: bool


def write_matrix(opened: Opened, percent: bool | None, folder: Path, step: Step) -> dict[str, Any]:
    """Reads the vectors block by block into `folder`; what `read_matrix` needs besides. percent: whether words are
    percent-encoded ids, as `item2vec export` writes them; None: where all of them can be.

    Raises VectorsError for numbers that are none, for an id that is blank, too long, or there twice, and for no rows.
    """
    found, path = opened.found, opened.files[0]
    ids: list[str] = []
    rows = zero = 0
    with (folder / f"{NAME}.npy").open("wb") as out:
        _header(out, 0, found.dims)
        for block in found.blocks():
            # Checked before the conversion: what is too large for float32 becomes infinite there.
            with np.errstate(over="ignore"):
                vectors = np.ascontiguousarray(block.vectors, dtype="<f4")
            if block.ids is not None:
                ids += block.ids
            bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
            if len(bad):
                raise VectorsError(_not_finite(block.vectors[bad[0]], _name(opened, ids, rows, int(bad[0]))), path)
            zero += int((~vectors.any(axis=1)).sum())
            out.write(vectors.data)
            rows += len(vectors)
            step.share(rows / found.rows) if found.rows else step.count(rows)
        out.seek(0)
        _header(out, rows, found.dims)
    ids = ids if opened.ids is None else opened.ids
    if not rows:
        raise VectorsError("has no vectors", path)
    if len(ids) != rows:
        raise VectorsError(f"has {rows:,} vectors, but there are {len(ids):,} ids for them", path)
    decoded = found.words and (are_encoded(ids) if percent is None else percent)
    if decoded:
        ids = [id_of(word) for word in ids]
    if found.dtype == "text" and all(map(WHOLE.fullmatch, ids)):  # pandas writes 300 so where an id was missing once
        ids = [item.partition(".")[0] for item in ids]
        step.facts |= {"ids": "whole numbers"}
    check_ids(ids, path)
    return {"ids": ids, "kind": found.kind, "dtype": found.dtype, "zero": zero, "decoded": decoded}


def read_matrix(folder: Path, told: dict[str, Any]) -> Matrix:
    """What `write_matrix` has written and returned."""
    vectors = np.load(folder / f"{NAME}.npy", mmap_mode="r", allow_pickle=False)
    return Matrix(vectors=np.asarray(vectors), **told)


def check_ids(ids: list[str], path: Path) -> None:
    """As the service takes them. Raises VectorsError."""
    for row, item in enumerate(ids, 1):
        if not item.strip():
            raise VectorsError(f"row {row:,} has a blank id", path)
        if len(item) > MAX_ID_CHARACTERS or len(item.encode("utf-8", "replace")) > MAX_ID_BYTES:
            raise VectorsError(
                f"row {row:,} has an id of {len(item):,} characters: at most {MAX_ID_CHARACTERS:,}, and "
                f"{MAX_ID_BYTES:,} bytes, are possible",
                path,
            )
        if not storable(item):
            raise VectorsError(f"row {row:,} has the id {item!r}, which no database and no UTF-8 can hold", path)
    if len(set(ids)) < len(ids):
        first: dict[str, int] = {}
        for row, item in enumerate(ids, 1):
            if item in first:
                raise VectorsError(
                    f"has the id {item!r} twice, in rows {first[item]:,} and {row:,}, and {len(ids) - len(set(ids)):,} "
                    "such rows in all: an item has one vector, leave out the others",
                    path,
                )
            first[item] = row


def _header(out: Any, rows: int, dims: int) -> None:
    """numpy leaves room for more rows, so a later header is as long as the first."""
    np.lib.format.write_array_header_1_0(out, {"descr": "<f4", "fortran_order": False, "shape": (rows, dims)})


def _not_finite(vector: NDArray[Any], item: str) -> str:
    numbers = np.asarray(vector, dtype=np.float64)
    if np.isfinite(numbers).all():
        return f"has a number too large for float32, {numbers[np.abs(numbers).argmax()]:g}, in the vector of {item}"
    number = numbers[~np.isfinite(numbers)][0]
    return (
        f"has {'a value that is no number (NaN)' if np.isnan(number) else 'an infinite value'} in the vector of {item}"
    )


def _name(opened: Opened, ids: list[str], rows: int, bad: int) -> str:
    """ids: those so far, where the file has them."""
    known = opened.ids if opened.ids is not None else ids
    row = rows + bad
    return f"item {known[row]!r}" if row < len(known) else f"row {row + 1:,}"
