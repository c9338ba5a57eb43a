"""numpy's files: a matrix in .npy, or a matrix and its ids in .npz. Nothing that only pickle could hold is read."""

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.errors import VectorsError
from training.vectors.files import PICKLE, is_packed, opened
from training.vectors.found import NUMBERS, Block, Found, checked_shape, ends_early, rows_at_once

MAGIC = b"\x93NUMPY"
OBJECTS = (
    "holds Python objects, which only a pickle can: save ids as texts, `numpy.array(ids, dtype=str)`, and vectors as "
    "one matrix, `numpy.stack(vectors).astype('float32')`"
)

Open = Callable[[], AbstractContextManager[IO[bytes]]]


class Header(NamedTuple):
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]


def header_of(file: IO[bytes], path: Path) -> Header:
    """Of a .npy file, whose numbers follow. Raises VectorsError, for objects too."""
    with ends_early(path, "a numpy array"):
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        header = Header(*read(file))
    if header.dtype.hasobject:
        raise VectorsError(OBJECTS, path)
    return header


def open_npy(path: Path) -> Found:
    with opened(path) as file:
        header = header_of(file, path)
    checked_shape(header.shape, header.dtype, path, "the array")
    if header.fortran and not is_packed(path):  # its columns lie one after the other: mapped, rows are gathered
        return _found("numpy array", header, lambda: _mapped(path))
    return _found("numpy array", header, lambda: _streamed(path, lambda: opened(path)))


def open_npz(path: Path, vectors: str | None, ids: str | None) -> tuple[Found, list[str] | None]:
    """The matrix, and the ids where they are in the file too. vectors, ids: names of the arrays; None: the only one
    that can be it."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            headers = {}
            for name in names:
                if name.endswith(".npy"):
                    with archive.open(name) as file:
                        headers[name.removesuffix(".npy")] = header_of(file, path)
            if not headers:
                raise VectorsError(_no_arrays(names), path)
            matrix = _only(path, headers, vectors, _is_matrix, "a matrix of numbers", "--vector-column")
            rows = headers[matrix].shape[0]
            fitting = {name: header for name, header in headers.items() if name != matrix}
            listed = None
            if ids is not None or any(_is_ids(header) and header.shape[0] == rows for header in fitting.values()):
                name = _only(path, fitting, ids, _is_ids, "a list of ids", "--id-column")
                with archive.open(f"{name}.npy") as file:
                    listed = texts_of(np.lib.format.read_array(file, allow_pickle=False), path)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise VectorsError(f"is cut off or damaged ({error}): write or copy it again", path) from error
    header = headers[matrix]
    checked_shape(header.shape, header.dtype, path, f"the array {matrix!r}")
    return _found(
        "numpy arrays (.npz)", header, lambda: _streamed(path, lambda: _Member(path, f"{matrix}.npy"))
    ), listed


def texts_of(array: NDArray[Any], path: Path) -> list[str]:
    """Ids as an array has them: texts, bytes in UTF-8, or whole numbers. Raises VectorsError."""
    if array.ndim != 1:
        raise VectorsError(f"has ids in {array.ndim} dimensions: one list of them is needed", path)
    if array.dtype.kind == "S":
        try:
            return [item.decode() for item in array.tolist()]
        except UnicodeDecodeError as error:
            raise VectorsError("has ids that are not UTF-8", path) from error
    if array.dtype.kind not in "Uiu":
        raise VectorsError(f"has ids of type {array.dtype.name}: save them as texts", path)
    return [str(item) for item in array.tolist()]


class _Member:
    """One file of an archive, closed with it."""

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name

    def __enter__(self) -> IO[bytes]:
        self._archive = zipfile.ZipFile(self._path)
        self._file = self._archive.open(self._name)
        return self._file

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._archive.close()


def _found(kind: str, header: Header, blocks: Callable[[], Iterator[Block]]) -> Found:
    return Found(kind, header.shape[0], header.shape[1], header.dtype.name, blocks, ids_inside=False)


def _mapped(path: Path) -> Iterator[Block]:
    with ends_early(path, "a numpy array"):
        matrix = np.load(path, mmap_mode="r", allow_pickle=False)
    size = rows_at_once(matrix.shape[1])
    for begin in range(0, len(matrix), size):
        yield Block(None, np.asarray(matrix[begin : begin + size]))


def _streamed(path: Path, opening: Open) -> Iterator[Block]:
    """Without a map of the file, so also from one that is unpacked as it is read."""
    try:
        with opening() as file:
            header = header_of(file, path)
            rows, dims = header.shape
            size = rows if header.fortran else rows_at_once(dims)
            for begin in range(0, rows, max(1, size)):
                count = min(size, rows - begin)
                data = file.read(count * dims * header.dtype.itemsize)
                if len(data) < count * dims * header.dtype.itemsize:
                    raise VectorsError(f"is cut off: {rows:,} vectors of {dims} numbers do not fit into it", path)
                block = np.frombuffer(data, dtype=header.dtype)
                yield Block(None, block.reshape((count, dims), order="F" if header.fortran else "C"))
    except (zipfile.BadZipFile, zlib.error) as error:
        raise VectorsError(f"is cut off or damaged ({error}): write or copy it again", path) from error


def _is_matrix(header: Header) -> bool:
    return len(header.shape) == 2 and header.dtype.kind in NUMBERS


def _is_ids(header: Header) -> bool:
    return len(header.shape) == 1 and header.dtype.kind in "USiu"


def _only(
    path: Path,
    headers: dict[str, Header],
    asked: str | None,
    fits: Callable[[Header], bool],
    what: str,
    flag: str,
) -> str:
    """The name of the array that is asked for, or of the only one that fits."""
    there = ", ".join(f"{name} ({' x '.join(map(str, h.shape))} {h.dtype.name})" for name, h in headers.items())
    if asked is not None:
        if asked not in headers:
            raise VectorsError(f"has no array {asked!r}; it has {there}", path)
        return asked
    found = [name for name, header in headers.items() if fits(header)]
    if len(found) != 1:
        many = "none of its arrays is" if not found else f"{' and '.join(found)} are each"
        raise VectorsError(f"holds {there}: {many} {what}; name it with {flag}", path)
    return found[0]


def _no_arrays(names: list[str]) -> str:
    if any(name.endswith(("data.pkl", ".pkl")) for name in names):
        return PICKLE
    return f"is an archive ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''}): unpack it, and name one file"
