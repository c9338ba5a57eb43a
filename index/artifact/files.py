"""Files that survive a crash: written, synced and renamed so that a reader sees all of a file or none of it.

POSIX only, through `fcntl.flock`: a lock belongs to an open file, so it is gone the moment its process is, however that
process ended. A process id in a file name would prove less, because the system gives ids out again.
"""

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from index.errors import DiskFull, Item2vecError, RegistryError

BLOCK = 1 << 20
MAKE_ROOM = "free some space"

Stamp = str
"""Size, times of the last change and of the last change of state in nanoseconds, number on the disk: nothing can be
written to a file without changing it."""


@contextmanager
def os_errors_as(error_class: type[Item2vecError], what: str, path: Path | None = None) -> Iterator[None]:
    """Turns an OSError of the block (no permission) into `error_class`, and a full disk's into DiskFull, with the cause
    chained.

    what: "cannot be written"; path: of the file or folder that cannot.
    """
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise DiskFull(f"{what}: {reason_of(error)}; {MAKE_ROOM}", path) from error
        raise error_class(f"{what}: {reason_of(error)}", path) from error


def reason_of(error: Exception) -> str:
    """Why, in the system's or the library's words; without the path, which the system's words end with."""
    if not isinstance(error, OSError):
        return str(error) or type(error).__name__
    if is_full(error):
        return os.strerror(errno.ENOSPC)
    return error.strerror or str(error) or type(error).__name__


def is_full(error: OSError) -> bool:
    """Whether no space was left. numpy gives no number then, only how much it wanted to write."""
    if error.errno is None:
        return "requested and" in str(error) or "Not enough free space" in str(error)
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def as_full(error: BaseException) -> DiskFull | None:
    """What to say of an error that a full disk is behind, whichever library found it; None for any other."""
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in seen:
        if isinstance(link, DiskFull):
            return link
        # DuckDB and FAISS have errors of their own, with the system's words in them.
        if is_full(link) if isinstance(link, OSError) else os.strerror(errno.ENOSPC) in str(link):
            name = getattr(link, "filename", None)
            return DiskFull(f"cannot be written: {os.strerror(errno.ENOSPC)}; {MAKE_ROOM}", name and Path(name))
        seen.append(link)
        link = link.__cause__ or link.__context__
    return None


def sync_file(path: Path) -> None:
    _sync(path, os.O_RDONLY)


def sync_directory(path: Path) -> None:
    """Makes the names in a directory durable; syncing a file does not make its name so."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path) -> None:
    """Creates a directory and its missing parents, each of them durable."""
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(exist_ok=True)
    sync_directory(path.parent)


def private_directory(path: Path) -> None:
    """Creates a directory that only its owner may enter, and its missing parents as usual. One that is there becomes
    so, where it is ours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
    with suppress(OSError):
        path.chmod(0o700)


def write_file(path: Path, data: bytes) -> None:
    """Writes and syncs a file; an existing one is replaced in place, so this is for names nobody reads yet."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, data: bytes) -> None:
    """Replaces a file in one step: a reader gets the old bytes or the new. The caller locks out other writers.

    The temporary name is fixed: one left behind by a crash is overwritten next time instead of adding up.
    """
    temporary = path.with_name(f".{path.name}.writing")
    write_file(temporary, data)
    os.replace(temporary, path)
    sync_directory(path.parent)


def stamp_of(status: os.stat_result) -> Stamp:
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def digest(path: Path) -> tuple[int, str]:
    """(bytes, SHA-256 in hex) of a file, read in blocks of 1 MiB."""
    size, sha256 = 0, hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            size += len(block)
            sha256.update(block)
    return size, sha256.hexdigest()


def remove_tree(path: Path) -> None:
    """Deletes a directory; one that is gone, or that another process deletes at the same time, is no error."""
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        # What stood in the way the first time is raised now, with its cause.
        with suppress(FileNotFoundError):
            shutil.rmtree(path)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Waits for the lock on `path` (created if missing) and holds it for the block, against threads and processes.

    Raises RegistryError where the file cannot be locked.
    """
    with os_errors_as(RegistryError, "cannot be locked", path):
        descriptor = take_lock(path)
    try:
        yield
    finally:
        release_lock(descriptor)


def take_lock(path: Path) -> int:
    """Waits for the lock and returns the descriptor that holds it until `release_lock` or the end of the process."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def release_lock(descriptor: int) -> None:
    # Closing alone would leave the lock with any child that was forked while it was held.
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether a living process holds the lock; False where there is no lock file."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        return False
    finally:
        os.close(descriptor)
