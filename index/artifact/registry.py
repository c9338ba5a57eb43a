"""The versions of one model: list, open, activate, roll back, prune.

    root/versions/<version>/    an artifact each
    root/current.json           which one serves, and which ones served before it

Readers never lock: they see a whole `current.json`, old or new, and whole versions.
"""

import logging
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import EllipsisType
from typing import Literal, NoReturn

from index.artifact.current import Current, CurrentFile
from index.artifact.directory import LOCK_NAME, WRITING, Artifact, ArtifactWriter
from index.artifact.files import (
    Stamp,
    is_locked,
    locked,
    os_errors_as,
    remove_tree,
    sync_directory,
)
from index.artifact.manifest import MANIFEST_NAME, VERSION_NAME, Manifest, check_version
from index.errors import ArtifactCorrupt, ArtifactError, NoModel, NothingToRollBack, RegistryError

REMOVING = ".removing-"

logger = logging.getLogger(__name__)

Examine = Callable[[Artifact], None]


class Registry:
    """A folder of versions; nothing is created before the first write."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._versions = root / "versions"
        self._current = CurrentFile(root, lambda: (self.versions() or ["none"])[-1])

    def new_version(self, now: datetime) -> str:
        """A name for a version made at `now` (aware), to the second in UTC; -2, -3, ... when that is taken.

        It sorts after all that there are, are being written, or have served, whatever the clock says: names are the
        order in which versions were made, and one that was given is not given again. After a clock that was ahead it
        is the newest name's second with a number.
        """
        if now.tzinfo is None:
            raise ValueError("now needs a timezone")
        second = f"{now.astimezone(UTC):%Y%m%d-%H%M%S}"
        newest, number = max((_age(name) for name in self._given()), default=("", 0))
        if newest < second:
            return second
        return f"{newest}-{number + 1}"

    def writer(self, version: str) -> ArtifactWriter:
        return ArtifactWriter(self._versions, version)

    def versions(self) -> list[str]:
        """The complete versions, oldest first."""
        return sorted((name for name in self._names() if self._is_complete(name)), key=_age)

    def manifests(self) -> list[Manifest]:
        """Of every complete version, oldest first; one that cannot be read is left out, with a warning in the log."""
        manifests = []
        for version in self.versions():
            path = self._versions / version / MANIFEST_NAME
            try:
                with os_errors_as(ArtifactCorrupt, "cannot be read", path):
                    manifests.append(Manifest.from_json(path.read_bytes(), path))
            except ArtifactError as error:
                logger.warning("manifest skipped version=%s error=%s", version, error)
        return manifests

    def current(self) -> str | None:
        """The version that serves; None before the first was activated. Raises ArtifactCorrupt, ArtifactUnsupported."""
        current = self._current.read()
        return current.version if current else None

    def open(self, version: str | None = None, verify: bool | Literal["changed"] = True) -> Artifact:
        """The given or the current version. Raises NoModel, RegistryError for an unknown one, and as Artifact.open.

        verify: whether all files are hashed; "changed": of the current version only those that may have changed since
        all were.
        """
        if version is None and (version := self.current()) is None:
            self._no_model()
        if not self._is_complete(check_version(version)):
            known = ", ".join(reversed(self.versions()[-5:])) or "none"
            raise RegistryError(f"has no version {version}; newest first, it has: {known}", self.root)
        current = self._current.read() if verify == "changed" else None
        checked = current.checked if current is not None and current.version == version else {}
        artifact = Artifact.open(self._versions / version, bool(verify), checked)
        if artifact.manifest.version != version:
            raise ArtifactCorrupt(
                f"says version {artifact.manifest.version}: the folder was renamed", artifact.directory / MANIFEST_NAME
            )
        return artifact

    def activate(
        self, version: str, instead_of: str | EllipsisType | None = ..., examine: Examine | None = None
    ) -> bool:
        """Makes a version the current one, after checking all of it; raises as `open`, and then nothing has changed.

        examine: looks at what is in it, and raises; without it, whoever serves the version does that.

        With `instead_of`, which `current` returned before, only while that version still serves: whoever chose another
        one meanwhile keeps it. Returns whether the version serves now, which it may have done already.
        """
        check_version(version)
        if not self._versions.is_dir():
            self._no_model()
        with locked(self.root / LOCK_NAME):
            checked = self._checked(version, examine)
            try:
                before = self._current.read()
            except ArtifactCorrupt as error:
                if instead_of is not ...:
                    raise
                # This is the way out that the error itself names.
                logger.warning("current.json replaced, history lost error=%s", error)
                before = None
            serving = before.version if before else None
            if instead_of is not ... and serving not in (instead_of, version):
                logger.info("version not activated version=%s instead_of=%s serving=%s", version, instead_of, serving)
                return False
            history = before.history if before else ()
            if serving is not None and serving != version:
                history = (*history, serving)
            self._write_current(Current(version=version, history=history, checked=checked))
        return True

    def rollback(self, examine: Examine | None = None) -> str:
        """Goes back to the version that served before the current one and still exists, after checking all of it.

        What is left leaves the history, so a second rollback goes further back. Raises NothingToRollBack when
        nothing is left to go back to, NoModel when nothing is active. examine: as in `activate`.
        """
        if not self._versions.is_dir():
            self._no_model()
        with locked(self.root / LOCK_NAME):
            current = self._current.read()
            if current is None:
                self._no_model()
            history = self._way_back(current)
            if not history:
                raise NothingToRollBack(f"has no version before {current.version} to go back to", self.root)
            checked = self._checked(history[-1], examine)
            self._write_current(Current(version=history[-1], history=history[:-1], checked=checked))
        return history[-1]

    def served_before(self) -> list[str]:
        """The versions that served before the current one and are still there, the newest first."""
        current = self._current.read()
        names = reversed(current.history) if current is not None else ()
        return [name for name in dict.fromkeys(names) if self._is_complete(name)]

    def _checked(self, version: str, examine: Examine | None) -> dict[str, Stamp]:
        """Stamps of files that need not be looked at again."""
        artifact = self.open(version)
        if examine is None:
            return {}
        examine(artifact)
        return artifact.stamps

    def prune(self, keep: int) -> list[str]:
        """Removes all but the newest `keep` versions, the current one and the one a rollback would go to.

        Returns what was removed, oldest first. Readers that have a removed version open keep it until they close it.
        """
        if keep < 0:
            raise ValueError(f"keep must not be negative: {keep}")
        if not self._versions.is_dir():
            return []
        doomed = []
        with locked(self.root / LOCK_NAME), os_errors_as(RegistryError, "cannot be pruned", self._versions):
            kept = set(self.versions()[-keep:] if keep else [])
            if current := self._current.read():
                kept.update([current.version, *self._way_back(current)[-1:]])
            removed = [version for version in self.versions() if version not in kept]
            doomed += [self._set_aside(version) for version in removed]
            sync_directory(self._versions)
        self._remove(doomed)
        return removed

    def remove(self, version: str) -> bool:
        """Deletes a version that never served; one that serves, or that a rollback may go to, stays. Returns whether
        it was deleted."""
        if not self._is_complete(check_version(version)):
            return False
        with locked(self.root / LOCK_NAME), os_errors_as(RegistryError, "cannot be removed", self._versions):
            current = self._current.read()
            served = () if current is None else (current.version, *current.history)
            if version in served or not self._is_complete(version):
                return False
            doomed = self._set_aside(version)
            sync_directory(self._versions)
        self._remove([doomed])
        return True

    def _set_aside(self, version: str) -> Path:
        """Out of the list in one step: the deletion can then stop half-way without anyone seeing a torn version."""
        doomed = self._versions / f"{REMOVING}{version}.{os.getpid()}.{secrets.token_hex(4)}"
        (self._versions / version).rename(doomed)
        return doomed

    def sweep(self) -> list[str]:
        """Deletes what killed processes left half written or half deleted, and returns the directories' names."""
        if not self._versions.is_dir():
            return []
        # A new writer holds this lock until it has its own, so a directory whose own lock is free has lost its writer.
        with locked(self._versions / LOCK_NAME), os_errors_as(RegistryError, "cannot be swept", self._versions):
            left = [
                name
                for name in sorted(self._names())
                if name.startswith(REMOVING)
                or (name.startswith(WRITING) and not is_locked(self._versions / name / LOCK_NAME))
            ]
        self._remove([self._versions / name for name in left])
        return left

    def _names(self) -> list[str]:
        with os_errors_as(RegistryError, "cannot be listed", self._versions):
            return os.listdir(self._versions) if self._versions.exists() else []

    def _given(self) -> set[str]:
        """All names of versions that can be known to have been given."""
        names = (name.removeprefix(WRITING).removeprefix(REMOVING).partition(".")[0] for name in self._names())
        found = {name for name in names if VERSION_NAME.fullmatch(name)}
        with suppress(ArtifactError):  # whoever activates the version says so
            if current := self._current.read():
                found.update((current.version, *current.history))
        return found

    def _is_complete(self, name: str) -> bool:
        return VERSION_NAME.fullmatch(name) is not None and (self._versions / name / MANIFEST_NAME).is_file()

    def _way_back(self, current: Current) -> tuple[str, ...]:
        """The history up to the version that a rollback would go to; empty when there is none."""
        history = current.history
        while history and (history[-1] == current.version or not self._is_complete(history[-1])):
            history = history[:-1]
        return history

    def _remove(self, directories: list[Path]) -> None:
        for directory in directories:
            with os_errors_as(RegistryError, "cannot be deleted", directory):
                remove_tree(directory)
            logger.info("directory removed name=%s", directory.name)

    def _write_current(self, current: Current) -> None:
        self._current.write(current)
        logger.info("version activated version=%s history=%d", current.version, len(current.history))

    def _no_model(self) -> NoReturn:
        versions = self.versions()
        step = f"item2vec models activate {versions[-1]} --models {self.root}" if versions else "item2vec train"
        raise NoModel("has no active model", self.root, step)


def _age(version: str) -> tuple[str, int]:
    """Sorts by time, then by number, so that -10 comes after -9."""
    return version[:15], int(version[16:] or 1)
