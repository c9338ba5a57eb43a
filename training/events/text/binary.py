"""Files that are no log, named for what they are. Their bytes are never shown."""

import re

HEAD_BYTES = 4096

# (first bytes, at which place, what it is, what to do)
SAVE_AS_CSV = "save it as CSV UTF-8"
UNPACK = "unpack it first"
KINDS = (
    (b"PAR1", 0, "a Parquet file", "use --format parquet, or call it .parquet"),
    (b"ARROW1", 0, "an Arrow file", "use --format arrow, or call it .arrow"),
    (b"ORC", 0, "an ORC file", "use --format orc, or call it .orc"),
    (b"Obj\x01", 0, "an Avro file", "write it as Parquet or JSON lines"),
    (b"SQLite format 3\x00", 0, "a SQLite database", "export the table, for example with: sqlite3 -header -csv"),
    (b"DUCK", 8, "a DuckDB database", "export the table with: COPY ... TO 'log.parquet'"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "an old Excel workbook or other Office document", SAVE_AS_CSV),
    (b"\x89HDF\r\n\x1a\n", 0, "an HDF5 file", "write its table as Parquet or CSV"),
    (b"\x93NUMPY", 0, "an array of numpy", "write it as CSV or Parquet"),
    (b"\x89PNG", 0, "an image (PNG)", ""),
    (b"\xff\xd8\xff", 0, "an image (JPEG)", ""),
    (b"GIF8", 0, "an image (GIF)", ""),
    (b"BM", 0, "an image (BMP)", ""),
    (b"RIFF", 0, "a picture, sound or film (RIFF)", ""),
    (b"OggS", 0, "a sound or film (Ogg)", ""),
    (b"ID3", 0, "a sound (MP3)", ""),
    (b"ftyp", 4, "a film or sound (MP4)", ""),
    (b"%PDF", 0, "a PDF document", "its table has to be exported"),
    (b"\x7fELF", 0, "a program", ""),
    (b"MZ", 0, "a program", ""),
    (b"\xca\xfe\xba\xbe", 0, "a program", ""),
    (b"\xac\xed\x00\x05", 0, "a file of Java objects", "write it as CSV or JSON lines"),
    (b"RDX", 0, "an R data file", "write it with write.csv"),
    (b"ustar", 257, "a tar archive", "unpack it first: tar -xf"),
    (b"PK\x05\x06", 0, "an empty zip archive", ""),
    (b"7z\xbc\xaf\x27\x1c", 0, "a 7z archive", UNPACK),
    (b"Rar!\x1a\x07", 0, "a RAR archive", UNPACK),
    (b"\x04\x22\x4d\x18", 0, "packed with lz4", UNPACK),
    (b"\xff\x06\x00\x00sNaPpY", 0, "packed with snappy", UNPACK),
    (b"\x1f\x9d", 0, "packed with compress", UNPACK),
)
# Texts that are no log, by their first words in small letters: what a download or a checkout left in its place.
PAGES = (
    (b"<!doctype html", "a web page (HTML)", "was it an error of the download?"),
    (b"<html", "a web page (HTML)", "was it an error of the download?"),
    (b"<?xml", "an XML document", "write it as CSV or JSON lines"),
    (b"version https://git-lfs", "a Git LFS pointer", "fetch the file itself: git lfs pull"),
)
ONLY_BINARY = {b"BM", b"MZ", b"RDX", b"ID3", b"DUCK", b"ORC", b"ftyp", b"RIFF", b"Obj\x01"}  # words may begin so too
IN_ZIP = (
    (b"xl/", "an Excel workbook", SAVE_AS_CSV),
    (b"word/", "a Word document", "its table has to be saved as CSV"),
    (b"ppt/", "a PowerPoint document", "its table has to be saved as CSV"),
    (b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument file", SAVE_AS_CSV),
    (b"[Content_Types].xml", "an Excel workbook or other Office document", SAVE_AS_CSV),
    (b"META-INF/", "a Java archive", ""),
)
# What no text holds. Tab, ends of lines, form feed, escape and the end of DOS files may stand in one, and so may the
# separators that Hive and ASCII have for columns.
CONTROL = re.compile(rb"[\x00\x02-\x06\x0e-\x19\x7f]")
NOT_TEXT = ("a file of bytes that are no text", "name a CSV, JSON lines or Parquet file")
MOST_CONTROL = 0.02  # of the bytes


def binary_kind(head: bytes) -> tuple[str, str] | None:
    """(what it is, what to do) of a file with these first bytes, both in words; None for what may be text, or packed.

    NOT_TEXT: of no known kind; UTF-16 and UTF-32 look like that.
    """
    words = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    page = next(((kind, advice) for begins, kind, advice in PAGES if words.startswith(begins)), None)
    if page is not None:
        return page
    control = len(CONTROL.findall(head))
    for magic, place, kind, advice in KINDS:
        sure = magic not in ONLY_BINARY or control
        if sure and head[place : place + len(magic)] == magic:
            return kind, advice
    if head.startswith(b"PK\x03\x04"):
        first = head[26:30]
        name = head[30 : 30 + int.from_bytes(first[:2], "little")]
        # The first names of an Office document are at its beginning; xl/ may come later.
        return next(((kind, advice) for mark, kind, advice in IN_ZIP if mark in head[30:] and _inner(name)), None)
    if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05" and control:
        return "a Python pickle", "write it with DataFrame.to_parquet or to_csv; a pickle is never opened"
    if control > MOST_CONTROL * len(head):
        return NOT_TEXT
    return None


def _inner(first: bytes) -> bool:
    """Whether the first name within a zip is that of an Office document, and no CSV that somebody packed."""
    return first.startswith((b"[Content_Types]", b"_rels/", b"xl/", b"word/", b"ppt/", b"docProps/", b"mimetype"))
