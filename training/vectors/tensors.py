"""safetensors: a length, a header in JSON, and the numbers of each tensor as they lie in memory."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import VectorsError
from training.vectors.files import opened
from training.vectors.found import Block, Found, checked_shape, ends_early, rows_at_once

TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}  # numpy has no bfloat16: the upper half of a float32
MOST_HEADER = 100 << 20


def is_tensors(head: bytes) -> bool:
    return len(head) > 9 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < MOST_HEADER


def open_tensors(path: Path, name: str | None) -> Found:
    """name: of the tensor; None: the only matrix."""
    with opened(path) as file, ends_early(path, "safetensors"):
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    tensors = {key: value for key, value in header.items() if key != "__metadata__"}
    matrices = [key for key, value in tensors.items() if value.get("dtype") in TYPES and len(value["shape"]) == 2]
    if name is None and len(matrices) != 1:
        raise VectorsError(f"holds the tensors {', '.join(tensors)}: name the matrix with --vector-column", path)
    tensor = tensors.get(matrices[0] if name is None else name)
    if tensor is None or tensor.get("dtype") not in TYPES:
        raise VectorsError(f"has no tensor {name!r} of floating-point numbers; it has {', '.join(tensors)}", path)
    kept = tensor["dtype"]
    dtype = np.dtype(TYPES[kept])
    rows, dims = checked_shape(tensor["shape"], np.dtype(np.float32), path, "the tensor")
    offsets = tensor.get("data_offsets")
    size = rows * dims * dtype.itemsize
    if not _are_offsets(offsets) or offsets[1] - offsets[0] != size:
        raise VectorsError(
            f"is damaged: {rows:,} vectors of {dims} numbers take up {size:,} bytes, and its header says that they lie "
            f"at {str(offsets)[:60]}",
            path,
        )
    begin = 8 + length + offsets[0]
    told = "bfloat16" if kept == "BF16" else dtype.name
    return Found("safetensors", rows, dims, told, lambda: _blocks(path, begin, rows, dims, dtype), ids_inside=False)


def _are_offsets(offsets: Any) -> bool:
    return isinstance(offsets, list) and len(offsets) == 2 and all(type(at) is int and at >= 0 for at in offsets)


def _blocks(path: Path, begin: int, rows: int, dims: int, dtype: np.dtype[Any]) -> Iterator[Block]:
    size = rows_at_once(dims)
    with opened(path) as file:
        file.seek(begin)
        for done in range(0, rows, size):
            count = min(size, rows - done)
            data = file.read(count * dims * dtype.itemsize)
            if len(data) < count * dims * dtype.itemsize:
                raise VectorsError(f"is cut off: {rows:,} vectors of {dims} numbers do not fit into it", path)
            yield Block(None, _as_floats(np.frombuffer(data, dtype=dtype)).reshape(count, dims))


def _as_floats(numbers: NDArray[Any]) -> NDArray[Any]:
    return numbers if numbers.dtype.kind == "f" else (numbers.astype("<u4") << np.uint32(16)).view("<f4")
