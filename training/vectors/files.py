"""Which kind of file it is, by its first bytes: names lie more often."""

import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile
from pathlib import Path
from typing import IO

import pyarrow as pa

from index.artifact.files import reason_of
from index.errors import VectorsError
from training.events.text.binary import HEAD_BYTES
from training.events.text.unpack import open_file, packed_as

HEAD = 1 << 16
# No zip, for numpy's .npz is one and is read as it is; no old lzma, for the length of a safetensors begins as it does.
PACKED = ("gzip", "bz2", "xz", "zstd")
# What only the program that wrote it can read, or what would run code when it is opened: beginning -> what to type.
ELSEWHERE = (
    (b"\xba\x16\x4f\x2f", "is a model of fastText: write its vectors as text, `fasttext print-word-vectors`, or .vec"),
    (b"\x89HDF", "is HDF5: save the matrix with numpy.save, and the ids as a text file, one a line"),
    (b"SQLite format 3", "is a database: export a table with an id column and a vector column as Parquet"),
)
PICKLE = (
    "is a pickle, which would run whatever code is in it, so it is not opened. Where it was made, write the vectors "
    "as plain data: `model.wv.save_word2vec_format('vectors.txt')` of gensim, `numpy.save('vectors.npy', matrix)` and "
    "the ids as a text file, or `DataFrame.to_parquet`"
)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file, unpacked as it is read where it is gzip, bz2, xz or zstd. Raises VectorsError for whatever goes wrong
    while it is read."""
    try:
        with open_file(str(path), layers=int(is_packed(path))) as file:
            yield file
    except (EOFError, zlib.error, BadGzipFile, lzma.LZMAError, pa.ArrowException) as error:
        raise VectorsError(f"is cut off or damaged ({error}): write or copy it again", path) from error
    except OSError as error:
        if error.errno is None:  # so say gzip, bz2 and zstd that the bytes are wrong
            raise VectorsError(f"is cut off or damaged ({error}): write or copy it again", path) from error
        raise VectorsError(f"cannot be read: {reason_of(error)}", path) from error


def head_of(path: Path) -> bytes:
    """The first bytes, unpacked. Raises VectorsError for what no vectors can be read from."""
    with opened(path) as file:
        head = file.read(HEAD)
    if not head:
        raise VectorsError("is empty", path)
    for magic, advice in ELSEWHERE:
        if head.startswith(magic):
            raise VectorsError(advice, path)
    # Protocols 2 to 5 begin with these two bytes; a length of safetensors does too, where a brace follows it.
    if head[0] == 0x80 and head[1] in (2, 3, 4, 5) and head[8:9] != b"{":
        raise VectorsError(PICKLE, path)
    return head


def is_packed(path: Path) -> bool:
    """Raises OSError."""
    with path.open("rb") as raw:
        return packed_as(raw.read(HEAD_BYTES)) in PACKED
