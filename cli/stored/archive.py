"""A backup on disk: the database, the versions, current.json, and backup.json, which says what each must look like.

database.db                   SQLite, one file
models/current.json           which version serves
models/versions/<version>/    as in the folder of the models
backup.json                   written last, sealed with its own SHA-256
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from index.artifact.files import BLOCK, digest, reason_of
from index.errors import BackupInvalid

FORMAT = 1
MANIFEST, DATABASE, MODELS = "backup.json", "database.db", "models"


@dataclass(frozen=True)
class Archive:
    """made: ISO 8601, UTC. tables: version of the database's tables. current: version that serves, if any. files: path
    in the backup -> (bytes, SHA-256)."""

    made: str
    item2vec: str
    tables: str
    current: str | None
    files: dict[str, tuple[int, str]]
    format: int = FORMAT

    def to_json(self) -> bytes:
        text = json.dumps(asdict(self), sort_keys=True)
        return json.dumps({"backup": text, "sha256": _sha256(text)}, indent=1).encode() + b"\n"

    @classmethod
    def read(cls, folder: Path) -> "Archive":
        """Raises BackupInvalid."""
        path = folder / MANIFEST
        try:
            outer = json.loads(path.read_bytes())
            text = outer["backup"]
            if _sha256(text) != outer["sha256"]:
                raise BackupInvalid("is damaged: its checksum differs", path)
            fields = json.loads(text)
            if fields["format"] != FORMAT:
                raise BackupInvalid(f"has format {fields['format']}, this item2vec reads {FORMAT}", path)
            fields["files"] = {name: (int(size), str(sha)) for name, (size, sha) in fields["files"].items()}
            return cls(**fields)
        except OSError as error:
            raise BackupInvalid(f"cannot be read ({reason_of(error)}): is this a whole backup?", path) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupInvalid(f"is damaged: {error}", path) from error

    def verify(self, folder: Path) -> None:
        """Every file has the size and the checksum that it had. Raises BackupInvalid, which names the first that has
        not."""
        for name, wanted in self.files.items():
            path = folder / name
            if ".." in Path(name).parts or Path(name).is_absolute() or path.is_symlink():
                raise BackupInvalid("leads out of the backup", path)
            try:
                found = digest(path)
            except OSError as error:
                raise BackupInvalid(f"cannot be read: {reason_of(error)}", path) from error
            if found != wanted:
                raise BackupInvalid("is damaged: size or checksum differ", path)


def copy_file(source: Path, to: Path, mode: int) -> tuple[int, str]:
    """A durable copy; (bytes, SHA-256) of what was read. Raises OSError."""
    size, sha256 = 0, hashlib.sha256()
    descriptor = os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    with source.open("rb", buffering=0) as reading, open(descriptor, "wb", buffering=0) as writing:
        while block := reading.read(BLOCK):
            writing.write(block)
            sha256.update(block)
            size += len(block)
        os.fsync(writing.fileno())
    return size, sha256.hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
