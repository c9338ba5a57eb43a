"""The demo log on disk: Parquet, CSV or JSON lines, with a few broken rows among the sound ones."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

Ints = NDArray[np.int32]

FORMATS = ("parquet", "csv", "csv.gz", "jsonl")
EVENT_TYPES = ("play", "skip", "view", "book", "reject")


@dataclass(frozen=True)
class Log:
    """Events as columns of one length.

    time: int64, epoch seconds. user, item: int32, rows of People and Catalogue. dwell: float32, seconds.
    type: int8, place in EVENT_TYPES.
    """

    time: NDArray[np.int64]
    user: Ints
    item: Ints
    dwell: NDArray[np.float32]
    type: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.time)

    def take(self, rows: NDArray[np.int64] | slice) -> "Log":
        return Log(self.time[rows], self.user[rows], self.item[rows], self.dwell[rows], self.type[rows])

    @classmethod
    def joined(cls, logs: Sequence["Log"]) -> "Log":
        return cls(*(np.concatenate([getattr(log, f.name) for log in logs]) for f in fields(cls)))

    def in_time_order(self) -> "Log":
        """Ties stay as they are: time and position in one integer sort several times as fast as a stable argsort."""
        bits = len(self).bit_length()
        key = np.sort(((self.time - self.time.min()) << bits) | np.arange(len(self)))
        return self.take(key & ((1 << bits) - 1))


def with_broken(log: Log, damages: NDArray[np.int64], rng: np.random.Generator) -> tuple[Log, dict[int, int]]:
    """The log with a row more for each damage, a copy of the row before it; and row -> damage."""
    spots = np.sort(rng.integers(0, len(log), len(damages)))
    rows = np.sort(np.concatenate([np.arange(len(log)), spots]))
    places = spots + np.arange(1, len(spots) + 1)
    return log.take(rows), dict(zip(places.tolist(), damages.tolist(), strict=True))


@dataclass(frozen=True)
class Users:
    """Arrow strings, by row. country: with a dictionary."""

    ids: Any
    country: Any

    @classmethod
    def of(cls, country: NDArray[np.int8], names: Sequence[str]) -> "Users":
        """country: of each user the place in names."""
        digits = pc.utf8_lpad(pc.cast(pa.array(np.arange(len(country))), pa.string()), 7, "0")
        ids = pc.binary_join_element_wise("u", digits, "")
        return cls(ids, pa.DictionaryArray.from_arrays(pa.array(country), list(names)))


def write_parquet(path: Path, log: Log, broken: dict[int, int], users: Users, items: Any) -> None:
    places, damages = np.array(list(broken), np.int64), np.array(list(broken.values()), np.int64)
    missing = [np.zeros(len(log), bool) for _ in range(3)]
    for damage, mask in enumerate(missing):
        mask[places[damages == damage]] = True
    # Two of three unreadable times stay, as what a broken clock and an overflow leave.
    times = log.time.copy()
    unreadable = np.flatnonzero(missing[2])
    times[unreadable] = np.resize([-62_135_596_800, 2**63 - 1, 0], len(unreadable))
    missing[2] &= times == 0
    table = pa.table(
        {
            "user_id": users.ids.take(pa.array(log.user, mask=missing[0])),
            "item_id": items.take(pa.array(log.item, mask=missing[1])),
            "timestamp": pa.array(times, mask=missing[2]),
            "event_type": pa.DictionaryArray.from_arrays(pa.array(log.type), list(EVENT_TYPES)),
            "dwell": pa.array(log.dwell),
            "country": users.country.take(pa.array(log.user)),
        }
    )
    # These settings write twice as fast as the defaults, and no larger: a dictionary of users would hold nearly every
    # row. Without the schema of Arrow the dictionary of types is read back as plain strings.
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=1,
        use_dictionary=["item_id", "event_type", "country"],
        column_encoding={"user_id": "PLAIN", "timestamp": "DELTA_BINARY_PACKED", "dwell": "PLAIN"},
        store_schema=False,
    )


def write_text(path: Path, log: Log, broken: dict[int, int], users: Users, items: Any) -> None:
    """CSV or JSONL by name. Arrow joins the columns to lines, whose buffer is what the file holds."""
    csv = ".csv" in path.suffixes
    spoil = spoil_csv if csv else spoil_json
    between = ("", ",", ",", ",", ",", ",", "\n")
    if not csv:
        names = ('{"user_id": "', '", "item_id": "', '", "timestamp": ', ', "event_type": "', '", "dwell": ')
        between = (*names, ', "country": "', '"}\n')
    with opened(path) as file:
        if csv:
            file.write(b"user_id,item_id,timestamp,event_type,dwell,country\n")
        for begin in range(0, len(log), 500_000):
            some = log.take(slice(begin, begin + 500_000))
            columns = (
                users.ids.take(pa.array(some.user)),
                items.take(pa.array(some.item)),
                pc.cast(pa.array(some.time), pa.string()),
                pa.array(EVENT_TYPES).take(pa.array(some.type)),
                pc.cast(pa.array(some.dwell), pa.string()),
                pc.cast(users.country.take(pa.array(some.user)), pa.string()),
            )
            pieces = [x for pair in zip(between, columns, strict=False) for x in pair]
            lines = pc.binary_join_element_wise(*pieces, between[-1], "")
            _, offsets, text = lines.buffers()
            ends, text, done = np.frombuffer(offsets, np.int32), memoryview(text), 0
            for place in [p for p in broken if begin <= p < begin + len(some)]:
                start, end = int(ends[place - begin]), int(ends[place - begin + 1])
                file.write(text[done:start])
                file.write(spoil(bytes(text[start:end]), broken[place]))
                done = end
            file.write(text[done : int(ends[len(some)])])


def spoil_csv(line: bytes, damage: int) -> bytes:
    cells = line.rstrip().split(b",")
    if damage == 3:
        return b",".join([*cells, b"1\n"])
    cells[damage] = b"not-a-time" if damage == 2 else b""
    return b",".join(cells) + b"\n"


def spoil_json(line: bytes, damage: int) -> bytes:
    if damage == 3:
        return line[: len(line) // 2] + b"\n"
    event = json.loads(line)
    event[("user_id", "item_id", "timestamp")[damage]] = "not-a-time" if damage == 2 else None
    return json.dumps(event).encode() + b"\n"


def write_items(path: Path, table: Any) -> None:
    if path.suffix == ".parquet":
        pq.write_table(table, path, compression="zstd")
        return
    with opened(path) as file:
        if path.suffix == ".jsonl":
            for item in table.to_pylist():
                file.write(json.dumps(item, ensure_ascii=False).encode() + b"\n")
        else:
            pa_csv.write_csv(table, file)


def opened(path: Path) -> Any:
    """The file for writing bytes, compressed where it is named .gz; without the time of day, so it repeats exactly."""
    return gzip.GzipFile(path, "wb", compresslevel=1, mtime=0) if path.suffix == ".gz" else path.open("wb")
