"""Events waiting to be sorted: split by user into shards, in memory up to a budget, on disk beyond it.

A shard holds all events of its users, so shards are sorted one at a time, and the log need never fit into memory.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

from index.errors import EventsError

RUN = 64  # events that an insertion sort puts in order
SHARD_BITS = 8
SHARDS = 1 << SHARD_BITS


@dataclass(frozen=True)
class Shard:
    """Events of some users, ordered by user, session (where given) and time, ties in input order.

    users, sessions: uint64; times: int64 microseconds; items: int32 codes; weights: float32; converted, disliked: bool.
    Columns the log does not have are empty arrays.
    """

    users: NDArray[np.uint64]
    sessions: NDArray[np.uint64]
    times: NDArray[np.int64]
    items: NDArray[np.int32]
    weights: NDArray[np.float32]
    converted: NDArray[np.bool_]
    disliked: NDArray[np.bool_]

    def where(self, keep: NDArray[np.bool_]) -> "Shard":
        """Only the events marked in `keep`."""
        columns = {name: getattr(self, name) for name in COLUMNS}
        return Shard(**{name: values[keep] if values.size else values for name, values in columns.items()})


COLUMNS: dict[str, Any] = {
    "users": np.uint64,
    "sessions": np.uint64,
    "times": np.int64,
    "items": np.int32,
    "weights": np.float32,
    "converted": np.bool_,
    "disliked": np.bool_,
}


class Shards:
    """Collects events batch by batch; `shard(i)` gives them back sorted. Use as a context manager: it cleans up."""

    def __init__(self, budget_bytes: int, spill: Path | None = None) -> None:
        self._budget = budget_bytes
        self._held = 0
        self._folder = tempfile.TemporaryDirectory(prefix="item2vec-events-", dir=spill)
        self.folder = Path(self._folder.name)
        self._parts: list[tuple[NDArray[np.int64], dict[str, Any]]] = []

    def __enter__(self) -> "Shards":
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.clear()
        self._folder.cleanup()

    def add(self, **columns: NDArray[Any] | None) -> None:
        """Events of one batch: the columns of `Shard`, of equal length; None for those that the log does not have."""
        starts, order = _shard_order(columns["users"])
        part: dict[str, Any] = {name: values[order] for name, values in columns.items() if values is not None}
        size = sum(values.nbytes for values in part.values())
        if self._held + size > self._budget:
            part = {name: self._spill(name, values) for name, values in part.items()}
        else:
            self._held += size
        self._parts.append((starts, part))

    def _spill(self, name: str, values: Any) -> Callable[[int, int], Any]:
        """Written to a file of its own; read back by slices with plain reads, so the pages are not ours to keep."""
        path = self.folder / f"{len(self._parts)}-{name}"
        try:
            values.tofile(path)
        except OSError as error:
            raise EventsError(
                f"events beyond the budget cannot be kept on disk in {self.folder}: {error.strerror or error}; free "
                "space there, or raise --memory-mb"
            ) from error
        dtype = values.dtype
        return lambda a, b: np.fromfile(path, dtype, count=b - a, offset=a * dtype.itemsize)

    def sizes(self) -> NDArray[np.int64]:
        """Events of each shard."""
        return sum((np.diff(starts) for starts, _ in self._parts), np.zeros(SHARDS, dtype=np.int64))

    def users(self, i: int) -> NDArray[np.uint64]:
        """Of the events of one shard, as they came."""
        pieces = [np.empty(0, np.uint64)]
        for starts, part in self._parts:
            values, a, b = part["users"], int(starts[i]), int(starts[i + 1])
            pieces.append(values(a, b) if callable(values) else values[a:b])
        return np.concatenate(pieces)

    def shard(self, i: int) -> Shard:
        """Sorted; safe to call from several threads."""
        pieces: dict[str, list[Any]] = {name: [] for name in COLUMNS}
        for starts, part in self._parts:
            a, b = int(starts[i]), int(starts[i + 1])
            for name, values in part.items():
                pieces[name].append(values(a, b) if callable(values) else values[a:b])
        columns = {n: np.concatenate(p) if p else np.empty(0, COLUMNS[n]) for n, p in pieces.items()}
        order = _sorted_order(columns["users"], columns["sessions"], columns["times"])
        return Shard(**{name: values[order] if values.size else values for name, values in columns.items()})


@nb.njit(cache=True, nogil=True)
def _shard_order(users):  # type: ignore[no-untyped-def]
    """Rows grouped by the top bits of the user's hash, input order kept. Returns (start of each shard, order)."""
    shift = np.uint64(64 - SHARD_BITS)
    starts = np.zeros(SHARDS + 1, np.int64)
    for row in range(users.size):
        starts[(users[row] >> shift) + np.uint64(1)] += 1
    for i in range(SHARDS):
        starts[i + 1] += starts[i]
    at = starts[:-1].copy()
    order = np.empty(users.size, np.int32)
    for row in range(users.size):
        shard = users[row] >> shift
        order[at[shard]] = row
        at[shard] += 1
    return starts, order


@nb.njit(cache=True, nogil=True)
def _sorted_order(users, sessions, times):  # type: ignore[no-untyped-def]
    """Stable order by (user, session, time).

    A counting sort on the next bits of the hash leaves buckets of about 8 events, which an insertion sort finishes in
    cache: hashes spread evenly, and logs come nearly in time order. Buckets made large by one busy user are sorted so
    in runs, which are then merged: the worst case stays n log n. Our own merge sort, because numpy's takes 4 s to
    compile.
    """
    size = users.size
    bits = 1
    while bits < 40 and (1 << bits) * 8 < size:
        bits += 1
    shift = np.uint64(64 - SHARD_BITS - bits)
    mask = np.uint64((1 << bits) - 1)
    starts = np.zeros((1 << bits) + 1, np.int64)
    for row in range(size):
        starts[((users[row] >> shift) & mask) + np.uint64(1)] += 1
    for i in range(1 << bits):
        starts[i + 1] += starts[i]
    at = starts[:-1].copy()
    order = np.empty(size, np.int64)
    for row in range(size):
        bucket = (users[row] >> shift) & mask
        order[at[bucket]] = row
        at[bucket] += 1
    spare = np.empty(size, np.int64)
    for bucket in range(1 << bits):
        a, b = starts[bucket], starts[bucket + 1]
        for begin in range(a, b, RUN):
            for i in range(begin + 1, min(begin + RUN, b)):
                row = order[i]
                j = i - 1
                while j >= begin and _later(users, sessions, times, order[j], row):
                    order[j + 1] = order[j]
                    j -= 1
                order[j + 1] = row
        width = RUN
        while width < b - a:
            for begin in range(a, b - width, 2 * width):
                middle, end = begin + width, min(begin + 2 * width, b)
                if not _later(users, sessions, times, order[middle - 1], order[middle]):
                    continue  # as it is where events come in time order
                spare[begin:middle] = order[begin:middle]
                i, j, out = begin, middle, begin
                while i < middle:
                    if j < end and _later(users, sessions, times, spare[i], order[j]):
                        order[out] = order[j]
                        j += 1
                    else:
                        order[out] = spare[i]
                        i += 1
                    out += 1
            width *= 2
    return order


@nb.njit(cache=True, nogil=True)
def _later(users, sessions, times, a, b):  # type: ignore[no-untyped-def]
    """Whether event a comes after event b; not where they are equal."""
    if users[a] != users[b]:
        return users[a] > users[b]
    if sessions.size > 0 and sessions[a] != sessions[b]:
        return sessions[a] > sessions[b]
    return times[a] > times[b]
