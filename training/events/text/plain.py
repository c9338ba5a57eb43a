"""A file of text as it can be read: itself where DuckDB reads it, a plain copy in UTF-8 where not."""

import codecs
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from index.errors import EventsError
from training.events.text.binary import HEAD_BYTES, NOT_TEXT, binary_kind
from training.events.text.blanks import Marks, without
from training.events.text.copies import Copy, room_for
from training.events.text.encodings import PARITY_BYTES, as_named, marked_as, wide
from training.events.text.guess import guessed, looked_at
from training.events.text.members import members, unpacked_bytes
from training.events.text.unpack import is_padded, open_file, packed_as, reading

BLOCK_BYTES = 1 << 22
LOOK_BYTES = 1 << 22  # of a packed file that is looked at for its encoding: unpacking takes longer than reading
NATIVE = {"": "", "gzip": ".gz", "zstd": ".zst"}  # what DuckDB unpacks, and by which names it knows that
WRONG = "item2vec.wrong"  # the handler of bytes that are not in the encoding


@dataclass(frozen=True)
class Text:
    """name: of the file, with that of the member where it is a zip of several. origin: the file. path: where to read.
    packing: as DuckDB calls it, where the path's name does not tell. encoding: of the original; was_guessed: nobody
    named it, and no mark did; doubted: it was named, but all is valid UTF-8. unsure: only the beginning was looked
    at. copy: what keeps the file at `path`, where that is a copy.
    """

    name: str
    origin: str
    path: str
    packing: str = ""
    encoding: str = "utf-8"
    was_guessed: bool = False
    doubted: bool = False
    unsure: bool = False
    copy: Copy | None = None

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """Raises what `reading` of unpack.py expects."""
        return open_file(self.path)

    def head(self, size: int) -> bytes:
        """Its first bytes, without a byte order mark. Raises EventsError."""
        with reading(self.name), self.open() as stream:
            return stream.read(size).removeprefix(codecs.BOM_UTF8)

    @contextmanager
    def named(self) -> Iterator[None]:
        """Whoever reads the copy names the copy; people know the file."""
        try:
            yield
        except EventsError as error:
            if self.path == self.name or self.path not in str(error):
                raise
            raise type(error)(str(error).replace(self.path, self.name)) from error

    @property
    def marked(self) -> bool:
        """Whether it begins with a byte order mark, as Windows tools write them."""
        with reading(self.name), self.open() as stream:
            return stream.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8

    def without_mark(self, folder: Path | None) -> "Text":
        """A copy that begins with its first letter."""
        with reading(self.name), self.open() as stream:
            return self._copied(_unmarked(_blocks(stream)), folder)

    def without_blanks(self, marks: Marks, before: bool, folder: Path | None) -> "Text":
        """A copy without the blanks behind the delimiters. before: without those before them too."""
        with reading(self.name), self.open() as stream:
            return self._copied(without(_blocks(stream), marks, before), folder)

    def _copied(self, blocks: Iterator[bytes], folder: Path | None) -> "Text":
        copy = Copy(folder)
        copy.write(self.name, blocks)
        return replace(self, path=copy.path, packing="", copy=copy)


def texts_of(file: str, encoding: str, folder: Path | None = None) -> list[Text]:
    """One, or those in a zip archive; none for a file without a byte. encoding: as Python calls it, or auto.

    folder: for the copies; the system's for temporary files where it is None. Raises EventsError for what is not text,
    damaged, not in the encoding, or too large for the disk.
    """
    with reading(file):
        with open(file, "rb") as stream:
            head = stream.read(HEAD_BYTES)
        packing = packed_as(head)
        inside = members(file) if packing == "zip" else [None]
        # Without a folder of notes, one member is the file itself.
        named = [(file if len(inside) == 1 else f"{file}/{member}", member) for member in inside]
        found = [_text(file, name, member, packing, encoding, folder) for name, member in named]
    return [text for text in found if text is not None]


def _text(file: str, name: str, member: str | None, packing: str, encoding: str, folder: Path | None) -> Text | None:
    with open_file(file, member) as stream:
        head = stream.read(PARITY_BYTES)
    if not head:
        return None
    broad = wide(head)
    refuse_binary(name, head, maybe=broad is not None or encoding != "auto")
    text = Text(name, file, file, packing=_told(file, packing), unsure=bool(packing) and encoding == "auto")
    # A packing that DuckDB does not know, one more around it, or zeros behind it: unpacked first, whatever the text's
    # encoding is.
    if packing not in NATIVE or packed_as(_layer(file, packing)) or (packing == "gzip" and is_padded(file)):
        if packing == "zip" and member is not None:
            room_for(name, unpacked_bytes(file, member), folder)
        copy = Copy(folder)
        with open_file(file, member) as stream:
            copy.write(name, _unmarked(_blocks(stream)))
        text = Text(name, file, copy.path, copy=copy)
    if encoding != "auto":
        found, was_guessed = as_named(name, head, encoding), False
    elif broad is not None:
        found, was_guessed = broad, marked_as(head) is None
    else:
        with text.open() as stream:
            found, was_guessed = guessed(stream, LOOK_BYTES if text.unsure else None) or "utf-8", True
    if found == "utf-8":
        return text
    with text.open() as stream:
        doubted = not was_guessed and broad is None and looked_at(stream, None).utf8
    with text.open() as stream:
        copy = Copy(folder)
        copy.write(name, decoded(stream, found))
    return Text(name, file, copy.path, encoding=found, was_guessed=was_guessed, doubted=doubted, copy=copy)


def refuse_binary(name: str, head: bytes, maybe: bool = False) -> None:
    """Raises EventsError for a file of such first bytes that is not text; what they are is said, and never shown.

    maybe: bytes of no known kind may be text after all, in UTF-16 or as somebody has named it (EBCDIC, say)."""
    found = binary_kind(head[:HEAD_BYTES])
    if found is not None and not (maybe and found == NOT_TEXT):
        kind, advice = found
        raise EventsError(f"{name}: is {kind}, and cannot be read as text{f'; {advice}' if advice else ''}")


def _told(file: str, packing: str) -> str:
    """DuckDB's name of the packing, where it would take the file for something else."""
    if packing not in NATIVE:
        return ""
    lower = file.lower()
    by_name = next((kind for kind, suffix in NATIVE.items() if suffix and lower.endswith(suffix)), "")
    return "" if by_name == packing else packing or "none"


def _layer(file: str, packing: str) -> bytes:
    """First bytes below one packing: a log that was packed twice."""
    if not packing:
        return b""
    with open_file(file, layers=1) as stream:
        return stream.read(HEAD_BYTES)


def decoded(stream: IO[bytes], encoding: str) -> Iterator[bytes]:
    """As UTF-8; where bytes are not in the encoding stands a byte that is not in UTF-8 either, so that the reader
    rejects that row, with its number."""
    codecs.register_error(WRONG, _wrong)
    decoder = codecs.getincrementaldecoder(encoding)(WRONG)
    first = True
    for block in _blocks(stream):
        part = decoder.decode(block)
        yield _encoded(part.removeprefix("\ufeff") if first and part else part)
        first = first and not part
    yield _encoded(decoder.decode(b"", True))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _wrong(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    wide = error.encoding.startswith(("utf-16", "utf-32", "utf16", "utf32"))
    # One byte at a time where bytes stand for themselves: the end of the line may be next.
    return "\udcff", error.end if wide else error.start + 1


def _unmarked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield next(blocks, b"").removeprefix(codecs.BOM_UTF8)
    yield from blocks


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(BLOCK_BYTES):
        yield block
