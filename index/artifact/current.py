"""The file that says which version serves, and which served before it."""

from collections.abc import Callable
from pathlib import Path

from pydantic import Field, ValidationError

from index.artifact.files import Stamp, make_directory, os_errors_as, reason_of, replace_file
from index.artifact.manifest import SCHEMA_VERSION, Version
from index.errors import ArtifactCorrupt, ArtifactUnsupported, RegistryError
from index.record import Record


class Current(Record):
    """The content of current.json. history: what served before, newest last, without what serves now.

    checked: of the version's files when they were last hashed."""

    schema_version: int = SCHEMA_VERSION
    version: Version
    history: tuple[Version, ...] = ()
    checked: dict[str, Stamp] = Field(default_factory=dict)


class CurrentFile:
    """current.json of a folder of models: readers see it whole, old or new."""

    def __init__(self, root: Path, newest: Callable[[], str]) -> None:
        """newest: the version to name where the file is damaged."""
        self._root = root
        self._path = root / "current.json"
        self._newest = newest

    def read(self) -> Current | None:
        """None before the first version was activated. Raises ArtifactCorrupt, ArtifactUnsupported."""
        try:
            current = Current.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            reason = reason_of(error) if isinstance(error, OSError) else error.errors()[0]["msg"]
            raise ArtifactCorrupt(
                f"is damaged ({reason}): say again which version serves",
                self._path,
                f"item2vec models activate VERSION --models {self._root} (newest: {self._newest()})",
            ) from error
        if current.schema_version > SCHEMA_VERSION:
            raise ArtifactUnsupported(
                f"has schema {current.schema_version}, this item2vec reads {SCHEMA_VERSION}: upgrade it", self._path
            )
        return current

    def write(self, current: Current) -> None:
        """In one step. Raises RegistryError."""
        with os_errors_as(RegistryError, "cannot be written", self._path):
            make_directory(self._root)
            replace_file(self._path, current.model_dump_json(indent=1).encode() + b"\n")
