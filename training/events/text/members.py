"""The files within a zip archive. Their names are only shown: no path of a member is ever used as one."""

import zipfile
from typing import IO

from index.errors import EventsError

# Notes that people put beside data; they are no part of a log.
NOTES = ("readme", "license", "licence", "copying", "changelog", "citation")


def members(path: str, stream: IO[bytes] | None = None) -> list[str]:
    """Names of the files that hold anything, in the order of their names. Raises EventsError where there are none, or
    where they need a password; zipfile.BadZipFile."""
    with zipfile.ZipFile(stream or path) as archive:
        files = [m for m in archive.infolist() if not m.is_dir() and not is_note(m.filename)]
    locked = next((m.filename for m in files if m.flag_bits & 1), None)
    if locked is not None:
        raise EventsError(f"{path}: {locked!r} in this zip archive needs a password; unpack it first")
    if not files:
        raise EventsError(f"{path}: is a zip archive without a file of data")
    return sorted(m.filename for m in files if m.file_size) or [files[0].filename]


def unpacked_bytes(path: str, member: str) -> int:
    """As the archive says; it may lie."""
    with zipfile.ZipFile(path) as archive:
        return archive.getinfo(member).file_size


def is_note(name: str) -> bool:
    """Whether a file is not data: a README, or what other programs leave."""
    *folders, last = name.replace("\\", "/").split("/")
    hidden = any(part.startswith((".", "_")) and part.strip(".") for part in (*folders, last))
    return hidden or last.lower().startswith(NOTES)
