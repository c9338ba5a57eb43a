"""Item ids to small integers while a log streams by: a hash table of the ids' 64-bit hashes."""

import numba as nb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class ItemCodes:
    """Numbers items in order of their first appearance. Two different ids with one hash would be one item: among a
    million items the chance of any is 3 in 100 million."""

    def __init__(self) -> None:
        self._keys = np.zeros(1 << 16, dtype=np.uint64)
        self._codes = np.full(1 << 16, -1, dtype=np.int32)
        self._size = 0
        self._chunks: list[pa.Array] = []

    def __len__(self) -> int:
        return self._size

    def encode(self, keys: NDArray[np.uint64], ids: pa.Array) -> NDArray[np.int32]:
        """int32 codes of the items whose hashes are `keys` and whose text is `ids`."""
        codes = np.empty(len(keys), dtype=np.int32)
        first_seen = np.empty(len(keys), dtype=np.int64)
        done = 0
        while True:
            done, size = _lookup(keys, done, self._keys, self._codes, self._size, codes, first_seen)
            if size > self._size:
                self._chunks.append(ids.take(pa.array(first_seen[: size - self._size])))
                self._size = size
            if done == len(keys):
                return codes
            self._grow()

    def ids(self) -> list[str]:
        """code -> item id."""
        return [item for chunk in self._chunks for item in chunk.to_pylist()]

    def _grow(self) -> None:
        keys = np.zeros(self._keys.size * 4, dtype=np.uint64)
        codes = np.full(self._keys.size * 4, -1, dtype=np.int32)
        _reinsert(self._keys, self._codes, keys, codes)
        self._keys, self._codes = keys, codes


@nb.njit(cache=True, nogil=True)
def _lookup(keys, done, table_keys, table_codes, size, codes, first_seen):  # type: ignore[no-untyped-def]
    """Fills `codes` from row `done` on; stops early when the table is half full. Returns (rows done, items known)."""
    mask = np.uint64(table_keys.size - 1)
    known = size
    for row in range(done, keys.size):
        key = keys[row]
        slot = key & mask
        while table_codes[slot] >= 0 and table_keys[slot] != key:
            slot = (slot + np.uint64(1)) & mask
        if table_codes[slot] < 0:
            if 2 * size >= table_keys.size:
                return row, size
            table_keys[slot] = key
            table_codes[slot] = size
            first_seen[size - known] = row
            size += 1
        codes[row] = table_codes[slot]
    return keys.size, size


@nb.njit(cache=True, nogil=True)
def _reinsert(old_keys, old_codes, keys, codes):  # type: ignore[no-untyped-def]
    mask = np.uint64(keys.size - 1)
    for i in range(old_keys.size):
        if old_codes[i] >= 0:
            slot = old_keys[i] & mask
            while codes[slot] >= 0:
                slot = (slot + np.uint64(1)) & mask
            keys[slot] = old_keys[i]
            codes[slot] = old_codes[i]
