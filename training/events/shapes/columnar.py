"""Arrow and ORC files as relations of a connection, streamed by pyarrow; and the schemas of all typed files."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from index.errors import EventsError

MARK = b"ARROW1"  # of a file of Arrow; a stream has none
NAMES = {"arrow": "Arrow", "orc": "ORC", "parquet": "Parquet"}
DATASETS = {"arrow": "ipc", "orc": "orc"}


def columnar(file: str, kind: str) -> "ds.Dataset | StreamFile":
    """What DuckDB can scan as often as it likes, in bounded memory. Raises EventsError for a damaged file."""
    try:
        with open(file, "rb") as stream:
            marked = stream.read(len(MARK)) == MARK
        if kind == "arrow":
            with pa.memory_map(file) as mapped:
                refuse_wrong(pa.ipc.open_file(mapped) if marked else pa.ipc.open_stream(mapped))
        if kind == "arrow" and not marked:
            return StreamFile(file)
        found = ds.dataset(file, format=DATASETS[kind])
        found.head(1)  # the schema alone may be whole where the rows are not
        return found
    except (pa.ArrowException, OSError) as error:
        raise damaged(file, kind, error) from error


def refuse_wrong(file: pa.ipc.RecordBatchFileReader | pa.ipc.RecordBatchStreamReader) -> None:
    """Raises ArrowException for rows that point outside of what the file holds, or text that is none: Arrow has no
    checksums, and whoever takes such rows as they are reads beyond their memory."""
    stream = isinstance(file, pa.ipc.RecordBatchStreamReader)
    for batch in file if stream else map(file.get_batch, range(file.num_record_batches)):
        batch.validate(full=True)


class StreamFile:
    """A file that holds a stream of Arrow: it can only be read from its beginning, and is with every scan."""

    def __init__(self, file: str) -> None:
        self._file = file
        with pa.ipc.open_stream(file) as stream:
            self.schema = stream.schema

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return pa.RecordBatchReader.from_batches(self.schema, self._batches()).__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        with pa.OSFile(self._file) as file, pa.ipc.open_stream(file) as stream:
            yield from stream


def parquet_schema(file: str) -> pa.Schema:
    try:
        return pq.read_schema(file)
    except (pa.ArrowException, OSError) as error:
        raise damaged(file, "parquet", error) from error


def damaged(file: str, kind: str, error: Exception) -> EventsError:
    said = str(error).strip().split("\n")[0]
    return EventsError(
        f"{file}: not a complete {NAMES[kind]} file ({said}); "
        "it was probably cut off, or is none: write or copy it again, or leave it out"
    )
