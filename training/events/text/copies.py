"""Plain copies of files that DuckDB cannot read as they are: they live as long as someone holds them."""

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path

from index.errors import EventsError

PREFIX, BEGUN = "item2vec-copy-", "item2vec-begun-"
RESERVE_BYTES, RESERVE_SHARE = 1 << 28, 0.05  # of the disk, left to the others: the smaller of both
LOOK_BYTES = 1 << 26  # between two looks at what is free


def free_bytes(folder: str) -> int:
    """What a copy may take of the disk."""
    disk = shutil.disk_usage(folder)
    return disk.free - int(min(RESERVE_BYTES, disk.total * RESERVE_SHARE))


class Copy:
    """A file of our own, for the user's eyes only. It goes with the object, or with the process: whoever makes the next
    copy in the folder removes those whose process was killed. Its lock says whether it lives."""

    def __init__(self, folder: Path | None) -> None:
        place = folder or Path(tempfile.gettempdir())
        sweep(place)
        # Locked before it has a name that is swept.
        self._file, begun = tempfile.mkstemp(prefix=BEGUN, dir=place)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self.path = str(place / (PREFIX + os.path.basename(begun)[len(BEGUN) :]))
        os.rename(begun, self.path)
        self._end = weakref.finalize(self, _remove, self._file, self.path, os.getpid())

    def write(self, name: str, blocks: Iterable[bytes], free: Callable[[str], int] = free_bytes) -> None:
        """name: of the original, for the EventsError where the disk is full, or would be."""
        unlooked = LOOK_BYTES
        try:
            for block in blocks:
                unlooked += len(block)
                if unlooked >= LOOK_BYTES:
                    unlooked = 0
                    if free(os.path.dirname(self.path)) < len(block):
                        raise EventsError(_full(name, self.path, os.fstat(self._file).st_size))
                at = 0
                while at < len(block):
                    at += os.write(self._file, block[at:])
        except OSError as error:
            if error.filename is None and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise EventsError(_full(name, self.path, os.fstat(self._file).st_size)) from error
            raise

    def close(self) -> None:
        self._end()


def room_for(name: str, size: int, folder: Path | None, free: Callable[[str], int] = free_bytes) -> None:
    """Raises EventsError unless a copy of `size` bytes fits on the disk."""
    place = str(folder or tempfile.gettempdir())
    if size > free(place):
        raise EventsError(
            f"{name}: unpacked it has {size / 1e9:,.1f} GB, and {place} has room for {max(free(place), 0) / 1e9:,.1f}; "
            "free space, set TMPDIR to a folder on a larger disk, or unpack it there yourself"
        )


def _full(name: str, path: str, size: int) -> str:
    return (
        f"{name}: its plain copy has {size / 1e9:,.1f} GB so far, and the disk of {os.path.dirname(path)} is full; "
        "free space, set TMPDIR to a folder on a larger disk, or convert it to UTF-8, packed as gzip or not at all"
    )


def sweep(folder: Path | None) -> None:
    """Removes the copies of processes that are no more."""
    folder = folder or Path(tempfile.gettempdir())
    with contextlib.suppress(OSError):
        for left in folder.glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                file = os.open(left, os.O_RDWR | os.O_NOFOLLOW)
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(left)
                finally:
                    os.close(file)


def _remove(file: int, path: str, owner: int) -> None:
    if os.getpid() != owner:  # a child that was forked ends: the copy is its parent's
        return
    with contextlib.suppress(OSError):
        os.unlink(path)
    with contextlib.suppress(OSError):
        os.close(file)
