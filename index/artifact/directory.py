"""A directory per version: written complete beside its place and renamed into it, read with every file checked.

A published directory is never written again: replacing a file under a reader's memory map would kill the reader.
"""

import json
import os
import secrets
import stat
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import EllipsisType, MappingProxyType, TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from index.artifact.files import (
    Stamp,
    digest,
    is_locked,
    locked,
    make_directory,
    os_errors_as,
    reason_of,
    release_lock,
    remove_tree,
    stamp_of,
    sync_directory,
    sync_file,
    take_lock,
    write_file,
)
from index.artifact.manifest import MANIFEST_NAME, FileEntry, Manifest, check_version, is_file_name
from index.errors import ArtifactCorrupt, ArtifactError, RegistryError

WRITING = ".writing-"
LOCK_NAME = ".lock"
NOTHING: Mapping[str, Stamp] = MappingProxyType({})
REMEDY = "restore this version from a copy, or activate another one"


class ArtifactWriter:
    """Collects the files of one version under `root` and publishes them together, as a context manager.

    Leaving the block without `commit` removes everything. A killed process leaves a `.writing-` directory, which no
    reader looks at; its `.lock` is then free, which is how `Registry.sweep` knows it from one still being written.
    """

    def __init__(self, root: Path, version: str) -> None:
        self.version = check_version(version)
        self._root = root
        self._names: set[str] = set()
        self._directory: Path | None = None
        self._lock = -1

    def __enter__(self) -> Self:
        """Raises RegistryError when the version exists or another process is writing it."""
        with os_errors_as(ArtifactError, "cannot be written", self._root):
            make_directory(self._root)
            # Under the root's lock no sweep can meet the directory between its creation and its lock.
            with locked(self._root / LOCK_NAME):
                self._refuse_existing()
                for other in self._root.glob(f"{WRITING}{self.version}.*"):
                    if is_locked(other / LOCK_NAME):
                        raise RegistryError(f"is being written: version {self.version} has another writer", other)
                directory = self._root / f"{WRITING}{self.version}.{os.getpid()}.{secrets.token_hex(4)}"
                directory.mkdir()
                self._lock = take_lock(directory / LOCK_NAME)
        self._directory = directory
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._directory is not None:
            directory, self._directory = self._directory, None
            try:
                remove_tree(directory)
            finally:
                release_lock(self._lock)

    def array(self, name: str, array: NDArray[Any]) -> None:
        """Writes `name`.npy; raises ValueError for an array that only pickle could hold."""
        path = self._new_path(f"{name}.npy")
        with self._disk_errors(path), path.open("xb") as file:
            np.save(file, array, allow_pickle=False)

    def json(self, name: str, content: object) -> None:
        """Writes `name`.json, in ASCII so that any id comes back; raises ValueError for what JSON cannot hold."""
        path = self._new_path(f"{name}.json")
        try:
            text = json.dumps(content, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path.name} cannot be written as JSON: {error}") from error
        with self._disk_errors(path), path.open("x", encoding="ascii") as file:
            file.write(text)

    def path(self, name: str) -> Path:
        """Where another library is to write the file `name`; `commit` then syncs and hashes it with the others."""
        if not is_file_name(name):
            raise ValueError(f"{name!r} cannot be the name of a file in an artifact")
        if self._directory is None:
            raise ValueError(f"the writer of version {self.version} is not open")
        self._names.add(name)
        return self._directory / name

    def commit(self, manifest: Manifest) -> Path:
        """Publishes the files, with their sizes and checksums entered in the manifest, and returns the directory.

        Raises ArtifactError when a file that `path` was asked for is not there, or the disk fails; RegistryError when
        the version exists by now; ValueError for a manifest of another version or one that JSON cannot hold.
        """
        if manifest.version != self.version:
            raise ValueError(f"the manifest says version {manifest.version}, the writer {self.version}")
        if self._directory is None:
            raise ValueError(f"the writer of version {self.version} is not open")
        directory, final = self._directory, self._root / self.version
        files = {name: self._seal(directory / name) for name in sorted(self._names)}
        try:
            sealed = manifest.model_copy(update={"files": files}).to_json()
        except (TypeError, ValueError) as error:
            raise ValueError(f"{MANIFEST_NAME} cannot be written as JSON: {error}") from error
        with self._disk_errors(directory):
            write_file(directory / MANIFEST_NAME, sealed)
            sync_directory(directory)
            with locked(self._root / LOCK_NAME):
                # A rename onto an empty directory would succeed, so the name is looked at first, under the lock.
                self._refuse_existing()
                directory.rename(final)
                self._directory = None
            release_lock(self._lock)
            (final / LOCK_NAME).unlink(missing_ok=True)
            sync_directory(self._root)
        return final

    def _new_path(self, name: str) -> Path:
        if name in self._names:
            raise ValueError(f"{name} was already written")
        return self.path(name)

    def _seal(self, path: Path) -> FileEntry:
        if not path.is_file() or path.is_symlink():
            raise ArtifactError(f"was never written: version {self.version} is not complete", path)
        with self._disk_errors(path):
            sync_file(path)
            size, sha256 = digest(path)
        return FileEntry(bytes=size, sha256=sha256)

    def _refuse_existing(self) -> None:
        if os.path.lexists(self._root / self.version):
            raise RegistryError(f"has a version {self.version}; versions are never overwritten", self._root)

    def _disk_errors(self, path: Path) -> AbstractContextManager[None]:
        return os_errors_as(ArtifactError, "cannot be written", path)


class Artifact:
    """A published version: its manifest and its files, which `open` has checked."""

    def __init__(self, directory: Path, manifest: Manifest, stamps: Mapping[str, Stamp]) -> None:
        """stamps: of the files, from before they were checked."""
        self.directory = directory
        self.manifest = manifest
        self.stamps = dict(stamps)
        self.is_known = False  # whether all files are as they were when they were last checked

    @classmethod
    def open(cls, path: Path, verify: bool = True, checked: Mapping[str, Stamp] = NOTHING) -> Self:
        """Checks the manifest and that every file it lists is there with the right size; `verify` also hashes them.

        checked: of files that were hashed before; those that still have this stamp are not hashed again. Raises
        ArtifactUnsupported for a newer schema and ArtifactCorrupt, naming the file, for all else. Files that the
        manifest does not list are ignored.
        """
        source = path / MANIFEST_NAME
        try:
            data = source.read_bytes()
        except FileNotFoundError as error:
            raise ArtifactCorrupt("is missing: not an artifact, or not copied completely", source) from error
        except OSError as error:
            raise ArtifactCorrupt(f"cannot be read: {reason_of(error)}", source) from error
        manifest = Manifest.from_json(data, source)
        stamps = {
            name: _check_file(path / name, entry, checked.get(name) if verify else ...)
            for name, entry in manifest.files.items()
        }
        artifact = cls(path, manifest, stamps)
        artifact.is_known = dict(checked) == stamps
        return artifact

    def check(self) -> None:
        """Looks again at files that were written to since they were opened: reading a map of one that was cut ends the
        process. Raises ArtifactCorrupt, as `open` does. A file that is gone, or another one by now, is as it was to
        whoever has it mapped.
        """
        if any(_is_written_to(self.directory / name, stamp) for name, stamp in self.stamps.items()):
            self.stamps = type(self).open(self.directory, checked=self.stamps).stamps

    def has(self, name: str) -> bool:
        """Whether the manifest lists the file `name`, written with its ending: `similar.faiss`."""
        return name in self.manifest.files

    def path(self, name: str) -> Path:
        """Where the listed file `name` is; raises ArtifactCorrupt when the manifest does not list it."""
        if not self.has(name):
            raise ArtifactCorrupt(f"is missing: the manifest does not list it; {REMEDY}", self.directory / name)
        return self.directory / name

    def array(self, name: str, mmap: bool = True) -> NDArray[Any]:
        """`name`.npy, read-only and paged in as it is used, or with mmap=False as a copy in memory."""
        path = self.path(f"{name}.npy")
        try:
            if mmap:
                # A plain view of the map: what np.memmap adds costs microseconds in each product and slice.
                return np.asarray(np.lib.format.open_memmap(path, mode="r"))
            with path.open("rb") as file:
                array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
                return array
        except (OSError, ValueError, EOFError) as error:
            raise ArtifactCorrupt(f"cannot be read as an array: {reason_of(error)}; {REMEDY}", path) from error

    def json(self, name: str) -> Any:
        """The content of `name`.json."""
        path = self.path(f"{name}.json")
        try:
            return json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise ArtifactCorrupt(f"cannot be read as JSON: {reason_of(error)}; {REMEDY}", path) from error


def _is_written_to(path: Path, stamp: Stamp) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    size, changed, _, number = stamp.split()
    return status.st_ino == int(number) and (status.st_size, status.st_mtime_ns) != (int(size), int(changed))


def _check_file(path: Path, entry: FileEntry, checked: Stamp | EllipsisType | None) -> Stamp:
    """checked: the stamp with which it need not be hashed; ...: with any."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise ArtifactCorrupt(f"is not a regular file; {REMEDY}", path)
        stamp = stamp_of(status)
        size, sha256 = (status.st_size, entry.sha256) if checked in (stamp, ...) else digest(path)
    except FileNotFoundError as error:
        raise ArtifactCorrupt(f"is missing; {REMEDY}", path) from error
    except OSError as error:
        raise ArtifactCorrupt(f"cannot be read: {reason_of(error)}; {REMEDY}", path) from error
    if size != entry.bytes:
        raise ArtifactCorrupt(f"has {size} bytes, the manifest says {entry.bytes}; {REMEDY}", path)
    if sha256 != entry.sha256:
        raise ArtifactCorrupt(f"is altered: its checksum differs from the manifest's; {REMEDY}", path)
    return stamp
