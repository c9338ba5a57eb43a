"""Tables: Parquet, Arrow and CSV, with a column of ids and a column of lists or one for each number."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from index.errors import VectorsError
from training.vectors.columns import Columns, columns_of, numbers_in
from training.vectors.files import opened
from training.vectors.found import Block, Found, checked_dims, rows_at_once

ARROW, PARQUET = b"ARROW1", b"PAR1"
ROWS = 8192  # of a table, at once
LOOK_ROWS = 64
CSV_BLOCK = 1 << 24


def open_parquet(files: Sequence[Path], ids: str | None, vectors: str | None) -> Found:
    """Several files are parts of one table."""
    with _arrow_errors(files[0]):
        tables = [pq.ParquetFile(file) for file in files]
        schema = tables[0].schema_arrow
        rows = sum(table.metadata.num_rows for table in tables)
    columns = _columns(schema, files[0], ids, vectors)

    def batches() -> Iterator[Block]:
        for file, table in zip(files, tables, strict=True):
            with _arrow_errors(file):
                size = min(ROWS, rows_at_once(found.dims))
                for batch in table.iter_batches(size, columns=[columns.ids, *columns.vectors]):
                    yield _block(batch, columns, found.dims, file)

    first = (batch for table in tables for batch in table.iter_batches(LOOK_ROWS, columns=list(columns.vectors)))
    found = Found(
        columns.said("Parquet"),
        rows,
        _dims(first, columns, files[0]),
        _dtype(schema.field(columns.vectors[0]).type),
        batches,
    )
    return found


def open_arrow(path: Path, ids: str | None, vectors: str | None) -> Found:
    with _arrow_errors(path):
        table = pa.ipc.open_file(pa.memory_map(str(path)))
        schema, parts = table.schema, table.num_record_batches
    columns = _columns(schema, path, ids, vectors)

    def blocks() -> Iterator[Block]:
        with _arrow_errors(path):
            for number in range(parts):
                batch = _whole(table.get_batch(number))
                for begin in range(0, batch.num_rows, ROWS):
                    yield _block(batch.slice(begin, ROWS), columns, dims, path)

    with _arrow_errors(path):
        dims = _dims(map(_whole, map(table.get_batch, range(parts))), columns, path)
    return Found(columns.said("Arrow (Feather)"), None, dims, _dtype(schema.field(columns.vectors[0]).type), blocks)


def open_csv(path: Path, head: bytes, ids: str | None, vectors: str | None) -> Found:
    try:
        text = head.decode("utf-8-sig", "strict" if len(head) < 4 else "ignore")
    except UnicodeDecodeError as error:
        raise VectorsError("is neither a format of vectors nor text in UTF-8", path) from error
    line = text.split("\n", 1)[0].rstrip("\r")
    delimiter = max("\t,;|", key=line.count)
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    names = rows[0]
    second = rows[1] if len(rows) > 1 else []
    if len(set(names)) != len(names):
        raise VectorsError("has two columns of one name in its first line", path)
    kinds = {name: numbers_in(value) for name, value in zip(names, second, strict=False)}
    columns = columns_of(kinds, path, ids, vectors)
    dims = checked_dims(len(columns.vectors) if columns.many else kinds[columns.vectors[0]], path)

    def blocks() -> Iterator[Block]:
        types = {columns.ids: pa.string()}
        types |= {name: pa.float32() if columns.many else pa.string() for name in columns.vectors}
        read = pa_csv.ReadOptions(block_size=CSV_BLOCK)
        parse = pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
        convert = pa_csv.ConvertOptions(include_columns=list(types), column_types=types, strings_can_be_null=False)
        with opened(path) as file, _arrow_errors(path):
            for batch in pa_csv.open_csv(file, read, parse, convert):
                yield _block(batch, columns, dims, path)

    return Found(columns.said("CSV"), None, dims, "text", blocks)


def ids_of(column: Any, path: Path) -> list[str]:
    """Texts; whole numbers as they are written, also where a tool has made them floats. Raises VectorsError."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return ids_of(column.dictionary_decode(), path)
    if column.null_count:
        raise VectorsError(f"has {column.null_count} rows without an id", path)
    if pa.types.is_floating(kind):
        values = column.to_numpy(zero_copy_only=False)
        if not (np.isfinite(values) & (values == np.rint(values))).all():
            raise VectorsError("has ids that are fractions: name the column of the ids with --id-column", path)
        return [str(int(value)) for value in values.tolist()]
    if not (pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise VectorsError(f"has ids of type {kind}: name another column with --id-column", path)
    return [str(item) for item in column.to_pylist()]


def _block(batch: Any, columns: Columns, dims: int, path: Path) -> Block:
    ids = ids_of(batch.column(columns.ids), path)
    if columns.many:
        parts = [_floats(batch.column(name)) for name in columns.vectors]
        return Block(ids, np.stack(parts, axis=1))
    column = batch.column(columns.vectors[0])
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return Block(ids, _written(column.to_pylist(), dims, ids, path))
    lengths = pc.list_value_length(column)
    if column.null_count or (len(column) and pc.min_max(lengths).as_py() != {"min": dims, "max": dims}):
        wrong = next(n for n, length in enumerate(lengths.to_pylist()) if length != dims)
        has = "no vector" if lengths[wrong].as_py() is None else f"{lengths[wrong].as_py()} numbers"
        raise VectorsError(f"item {ids[wrong]!r} has {has}, the others have {dims}", path)
    return Block(ids, _floats(column.flatten()).reshape(-1, dims))


def _written(texts: list[str], dims: int, ids: list[str], path: Path) -> NDArray[np.float32]:
    """Lists that are written as texts: [1, 2], 1 2, 1|2."""
    vectors = np.empty((len(texts), dims), dtype=np.float32)
    for row, (item, text) in enumerate(zip(ids, texts, strict=True)):
        pieces = text.strip(" \t\r\n[](){}").replace(",", " ").replace("|", " ").replace(";", " ").split()
        if "..." in pieces:
            raise VectorsError(f"item {item!r} has a list that was shortened with ... when it was printed", path)
        try:
            numbers = list(map(float, pieces))
        except ValueError:
            raise VectorsError(f"item {item!r} has a list with something that is no number", path) from None
        if len(numbers) != dims:
            raise VectorsError(f"item {item!r} has {len(numbers)} numbers, the others have {dims}", path)
        vectors[row] = numbers
    return vectors


def _columns(schema: Any, path: Path, ids: str | None, vectors: str | None) -> Columns:
    kinds = {}
    for field in schema:
        kind = field.type
        lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
        if lists and _is_numeric(kind.value_type):
            kinds[field.name] = 2
        else:
            kinds[field.name] = int(_is_numeric(kind))
    return columns_of(kinds, path, ids, vectors)


def _is_numeric(kind: Any) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind))


def _whole(batch: Any) -> Any:
    """Raises ArrowException for rows that point outside of the file: Arrow has no checksums."""
    batch.validate(full=True)
    return batch


def _dims(batches: Iterator[Any], columns: Columns, path: Path) -> int:
    """Of the first row that has a vector: one without it is named later, with its id."""
    if columns.many:
        return checked_dims(len(columns.vectors), path)
    rows = 0
    for batch in batches:
        lengths = pc.list_value_length(batch.column(columns.vectors[0])).drop_null()
        if len(lengths):
            return checked_dims(lengths[0].as_py(), path)
        rows += batch.num_rows
    raise VectorsError(f"has {rows:,} rows, and none has a vector" if rows else "has no rows", path)


def _dtype(kind: Any) -> str:
    value = kind.value_type if hasattr(kind, "value_type") else kind
    return {"float": "float32", "double": "float64", "halffloat": "float16"}.get(str(value), str(value))


def _floats(column: Any) -> NDArray[Any]:
    """A null becomes NaN, which is refused with the others."""
    if pa.types.is_decimal(column.type):
        column = pc.cast(column, pa.float64())
    values: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return values


class _arrow_errors:
    """pyarrow's errors as VectorsError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, pa.ArrowException | OSError) and not isinstance(error, VectorsError):
            raise VectorsError(f"cannot be read: {error}", self._path) from error
