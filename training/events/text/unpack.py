"""Packed files, told by their first bytes and not by their names."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, cast

import pyarrow as pa

from index.errors import EventsError
from training.events.text.binary import HEAD_BYTES, binary_kind
from training.events.text.members import members

MAGIC = {
    "gzip": b"\x1f\x8b",
    "bz2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
    "lzma": b"\x5d\x00\x00",
    "zstd": b"\x28\xb5\x2f\xfd",
    "zip": b"PK\x03\x04",
}
GZIP = 31  # of zlib: its largest window, in the frame of gzip
BLOCK_BYTES = 1 << 20
LAYERS = 3  # a gzip in a zip in a gzip: who goes on packing wants to break something


def packed_as(head: bytes) -> str:
    """A key of MAGIC, or '' for what is not packed. An Excel workbook is a zip, but not a packed text."""
    kind = next((kind for kind, magic in MAGIC.items() if head.startswith(magic)), "")
    return "" if kind == "zip" and binary_kind(head) else kind


@contextmanager
def open_file(path: str, member: str | None = None, layers: int = LAYERS) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked where it is packed. member: of a zip; without it, its first. layers: packings that
    are taken off.

    Raises EventsError for a zip without a file, OSError and others as `reading` expects them.
    """
    with ExitStack() as opened:
        stream: IO[bytes] = opened.enter_context(open(path, "rb"))
        for _ in range(layers):
            head = stream.read(HEAD_BYTES)
            stream.seek(0)
            kind = packed_as(head)
            if not kind:
                break
            stream = opened.enter_context(_unpacked(stream, path, kind, member))
        yield stream


def _unpacked(stream: IO[bytes], path: str, kind: str, member: str | None) -> IO[bytes]:
    match kind:
        case "gzip":
            return cast(IO[bytes], gzip.GzipFile(fileobj=stream, mode="rb"))
        case "bz2":
            return cast(IO[bytes], bz2.BZ2File(stream))
        case "zstd":
            return io.BufferedReader(_Zstd(stream), 1 << 20)
        case "zip":
            return zipfile.ZipFile(stream).open(member or members(path, stream)[0])
        case _:
            return cast(IO[bytes], lzma.LZMAFile(stream))


class _Kept:
    """A file that pyarrow does not close when it lets go of it."""

    closed = False

    def __init__(self, stream: IO[bytes]) -> None:
        self.read = stream.read

    def close(self) -> None:
        pass


class _Zstd(io.RawIOBase):
    """pyarrow's reader, which cannot go back to its beginning, as one that can. Frames follow each other."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._begin()

    def _begin(self) -> None:
        self._stream.seek(0)
        self._found = pa.CompressedInputStream(pa.PythonFile(_Kept(self._stream), "r"), "zstd")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        if offset or whence:
            raise io.UnsupportedOperation("only to the beginning")
        self._begin()
        return 0

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        found = self._found.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)


def is_padded(path: str) -> bool:
    """Whether zeros follow what a gzip holds, as tapes and blocks of disks leave them: gunzip passes over them.

    Raises zlib.error."""
    with open(path, "rb") as stream:
        stream.seek(-1, io.SEEK_END)
        if stream.read(1) != b"\0":  # the highest byte of the size: only below 16 MB it is 0 too, and looking is quick
            return False
        stream.seek(0)
        member = zlib.decompressobj(GZIP)
        while data := (member.unused_data if member.eof else member.unconsumed_tail) or stream.read(BLOCK_BYTES):
            if member.eof:
                if data.startswith(b"\0"):
                    return True
                member = zlib.decompressobj(GZIP)
            member.decompress(data, BLOCK_BYTES)
    return False


@contextmanager
def reading(file: str) -> Iterator[None]:
    """Raises EventsError for whatever goes wrong with a file while it is read."""
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, pa.ArrowException) as error:
        raise _damaged(file, error) from error
    except NotImplementedError as error:  # of zipfile
        raise EventsError(f"{file}: cannot be unpacked ({error}); unpack it, or pack it as gzip or zstd") from error
    except UnicodeError as error:
        raise EventsError(f"{file}: is not in the encoding that was named ({error}); see --encoding") from error
    except OSError as error:
        if error.errno is None and _packing(file):  # so say gzip, bz2 and zstd that the bytes are wrong
            raise _damaged(file, error) from error
        raise EventsError(f"{file}: cannot be read ({error.strerror or error})") from error


def _damaged(file: str, error: Exception) -> EventsError:
    return EventsError(f"{file}: damaged {_packing(file) or 'file'} ({error}); write or copy it again, or leave it out")


def _packing(file: str) -> str:
    try:
        with open(file, "rb") as stream:
            return packed_as(stream.read(HEAD_BYTES))
    except OSError:
        return ""
