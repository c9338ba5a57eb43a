"""The parser of record of times (store/times/) as functions that DuckDB calls, with a few thousand rows at a time."""

import duckdb
import numpy as np
import pyarrow as pa

from store.times.civil import zone_of
from store.times.likeness import likeness
from store.times.numbers import LATEST
from store.times.reading import read_time, rule_of


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """The parser of record as functions of the connection."""
    for function, call, kinds, result in (
        ("item2vec_time", _times, ["VARCHAR", "VARCHAR"], "BIGINT"),
        ("item2vec_utc", _utc_of, ["BIGINT", "VARCHAR"], "BIGINT"),
        ("item2vec_likeness", _likeness, ["VARCHAR"], "VARCHAR"),
    ):
        connection.create_function(function, call, kinds, result, type="arrow", null_handling="special")


def _times(texts: pa.Array, rules: pa.Array) -> pa.Array:
    """Each different text is read once: many times of a log come often."""
    found = _plain(texts).dictionary_encode()
    if not len(found):
        return pa.array([], pa.int64())
    rule = rule_of(_plain(rules)[0].as_py())
    times = [_bounded(read_time(text, rule)) for text in found.dictionary.to_pylist()]
    return pa.array(times, pa.int64()).take(found.indices)


def _bounded(micros: int | None) -> int | None:
    return None if micros is None else max(-1, min(micros, LATEST + 1))


def _utc_of(walls: pa.Array, zones: pa.Array) -> pa.Array:
    walls, zones = _plain(walls), _plain(zones)
    if not len(walls):
        return walls
    zone = zone_of(zones[0].as_py())
    micros = walls.fill_null(0).to_numpy(zero_copy_only=False)
    seconds = micros // 1_000_000
    offsets = np.array(zone.offsets, np.int64)[np.searchsorted(np.array(zone.breaks, np.int64), seconds, "right")]
    return pa.array(micros - offsets * 1_000_000, mask=walls.is_null().to_numpy(zero_copy_only=False))


def _likeness(texts: pa.Array) -> pa.Array:
    return pa.array([None if text is None else likeness(text) for text in _plain(texts).to_pylist()], pa.string())


def _plain(values: pa.Array) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
