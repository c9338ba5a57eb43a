"""The beginning of a file, by which its shape is told."""

import codecs
import zipfile
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from index.errors import EventsError
from training.events.text.binary import HEAD_BYTES, NOT_TEXT, binary_kind
from training.events.text.members import members
from training.events.text.unpack import open_file, reading
from training.presets.rows import object_of

MOST_BYTES = 1 << 16
MOST_LINES = 1000
PARQUET = b"PAR1"
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Head:
    """lines: the first lines that hold anything, as text; none of a file that is no text. columns: of a Parquet file.
    kind: what else it is, in words."""

    file: str
    lines: tuple[str, ...]
    columns: tuple[str, ...] = ()
    kind: str = ""

    def fields(self, delimiter: str, line: int = 0) -> list[str]:
        """Of one line; [] where there is none. Quotes around a field are dropped."""
        if line >= len(self.lines):
            return []
        return [field.strip().strip('"') for field in self.lines[line].split(delimiter)]

    def header(self, delimiter: str = ",") -> list[str]:
        """Names of the columns, if the first line names them."""
        return list(self.columns) or self.fields(delimiter)

    @cached_property
    def objects(self) -> tuple[dict[str, Any], ...]:
        """The lines that are JSON objects."""
        return tuple(row for line in self.lines if (row := object_of(line)) is not None)

    @property
    def keys(self) -> frozenset[str]:
        """Of the JSON objects."""
        return frozenset(key for row in self.objects for key in row)

    def described(self) -> str:
        """What the file begins with, short, for a message."""
        if self.columns:
            return f"has the columns {', '.join(self.columns)[:120]}"
        if self.kind:
            return f"is {self.kind}"
        return f"begins with {self.lines[0][:100]!r}" if self.lines else "is empty"


def head_of(file: str) -> Head:
    """Raises EventsError for a file that cannot be read, and for an archive of several files, of which one alone is no
    log."""
    with reading(file), open(file, "rb") as raw:
        begins = raw.read(HEAD_BYTES)
        known = binary_kind(begins)
        if known not in (None, NOT_TEXT) and not begins.startswith(PARQUET):
            return Head(file, (), kind=known[0])
        inside = members(file) if zipfile.is_zipfile(file) else []
    if len(inside) > 1:
        raise EventsError(
            f"{file}: is an archive of {len(inside)} files ({', '.join(inside[:3])}, ...): unpack it, and name the "
            "folder"
        )
    with reading(file), open_file(file) as stream:
        data = stream.read(MOST_BYTES)
    if data.startswith(PARQUET):
        try:
            return Head(file, (), tuple(pq.read_schema(file).names))
        except (pa.ArrowException, OSError) as error:
            raise EventsError(f"{file}: not a complete Parquet file; write or copy it again") from error
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), None)
    if encoding is None and b"\0" in data:
        return Head(file, (), kind=NOT_TEXT[0])
    text = data.decode(encoding, "replace") if encoding else _decoded(data)
    lines = text.splitlines()
    if len(data) == MOST_BYTES and len(lines) > 1:
        lines.pop()  # it may be cut
    return Head(file, tuple(islice((line for line in lines if line.strip()), MOST_LINES)))


def _decoded(data: bytes) -> str:
    try:
        # The last letter may be cut.
        return codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return data.decode("latin-1")
