"""The error tree. Each leaf says what was found, where, and what to do; `code` is stable, see docs/errors.md.

Item2vecError
├── ConfigError
├── EventsError
│   ├── EventsMissing
│   └── EventsRejected
├── VectorsError
├── TrainingFailed
│   └── TrainingDiverged
├── ArtifactError
│   ├── ArtifactCorrupt
│   └── ArtifactUnsupported
├── RegistryError
│   ├── NoModel
│   └── NothingToRollBack
├── RunUnderWay
├── ItemUnknown
├── ItemUntrained
├── DiskFull
├── StoreUnavailable
│   └── StoreFull               a DiskFull too
├── BackupInvalid
├── BackupFailed
├── LoadFailed
└── RequestError                what a client asked for; the leaves of HTTP alone are in app/problems.py
    ├── JobUnknown
    ├── JobRunning
    ├── JobEnded
    ├── KeyReused
    ├── ItemTooLarge
    └── ItemsFull
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class Item2vecError(Exception):
    """Root of every error raised on purpose.

    reason: what is wrong. path: the file or folder it is about. command: what to type next. The message is all three.
    short: what is wrong, without what to do about it; all of the reason where not given. advice: the rest of it.
    """

    code = "error"

    def __init__(
        self,
        reason: str,
        path: Path | None = None,
        command: str | None = None,
        short: str | None = None,
        advice: str | None = None,
    ) -> None:
        found = reason if path is None else f"{path} {reason}"
        super().__init__(found if command is None else f"{found}; next step: {command}")
        self.reason, self.path, self.command = reason, path, command
        self.short = found if short is None else short
        self.advice = advice

    def within(self, root: Path) -> str:
        """The message for those who must not learn where `root` lies on this machine: no path leads out of it, and
        there is no command, which would be typed on this machine."""
        if self.path is None:
            return self.reason
        place = self.path.relative_to(root) if self.path.is_relative_to(root) else Path(self.path.name)
        return f"{'the folder of the models' if place == Path() else place} {self.reason}"


class ConfigError(Item2vecError):
    """A setting, a flag or a config file that cannot be used."""

    code = "config_invalid"


class EventsError(Item2vecError):
    """The log cannot be read as events."""

    code = "events_invalid"


class EventsMissing(EventsError):
    """No file, no column, or nothing left after the rules."""

    code = "events_missing"


class EventsRejected(EventsError):
    """More rows were rejected than the settings allow."""

    code = "events_rejected"


class VectorsError(Item2vecError):
    """Vectors that were made elsewhere cannot be read, or do not go with the log."""

    code = "vectors_invalid"


class TrainingFailed(Item2vecError):
    """Training ended without usable vectors."""

    code = "training_failed"


class TrainingDiverged(TrainingFailed):
    """The vectors ran away or became NaN: the steps were too large."""


class UpdateImpossible(Item2vecError):
    """The model that serves cannot be updated with new events alone: train whole."""

    code = "update_impossible"


class ArtifactError(Item2vecError):
    """An artifact that cannot be used."""

    code = "artifact_invalid"


class ArtifactCorrupt(ArtifactError):
    """A file of the artifact is missing, truncated or altered; the message names it."""

    code = "artifact_corrupt"


class ArtifactUnsupported(ArtifactError):
    """The artifact was written by a newer or unknown schema."""

    code = "artifact_unsupported"


class RegistryError(Item2vecError):
    """The registry has no such version, or the step asked for is not possible."""

    code = "registry_invalid"


class NoModel(RegistryError):
    """Nothing has been published yet."""

    code = "no_model"


class NothingToRollBack(RegistryError):
    """No version that served before the current one is left."""

    code = "rollback_impossible"


class RunUnderWay(Item2vecError):
    """A training with the same settings and files is running already."""

    code = "run_under_way"


class ItemUnknown(Item2vecError):
    """The id (or title) is neither in the vocabulary nor in the catalogue."""

    code = "item_unknown"

    @classmethod
    def named(cls, item_id: str) -> "ItemUnknown":
        return cls(f"item {item_id!r} is neither in the model nor in the catalogue")


class NoMap(Item2vecError):
    """The model has no map: it was made by a release without maps, or with index.map off."""

    code = "no_map"


class ItemUntrained(Item2vecError):
    """The item is known, but too rare to have a vector."""

    code = "item_untrained"


class TypeUnknown(Item2vecError):
    """The model has no such user type, or no user types at all."""

    code = "type_unknown"


class DiskFull(Item2vecError):
    """No space is left where it had to be written."""

    code = "disk_full"


class StoreUnavailable(Item2vecError):
    """The database does not answer, or its tables are not made yet."""

    code = "store_unavailable"


class StoreFull(DiskFull, StoreUnavailable):
    """No space is left for the database."""


class BackupInvalid(Item2vecError):
    """A backup that is not whole, was altered, or was made by a newer release."""

    code = "backup_invalid"


class BackupFailed(Item2vecError):
    """A backup cannot be written, or put back."""

    code = "backup_failed"


class LoadFailed(Item2vecError):
    """A service did not take what was sent into it, or what it refused cannot be kept."""

    code = "load_failed"


class RequestError(Item2vecError):
    """A request that cannot be carried out as it was sent."""

    code = "request_invalid"

    def __init__(
        self,
        reason: str,
        fields: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """fields: (where in the request, what is wrong there). headers: of the answer. extra: more members of the
        problem, as JSON has them."""
        super().__init__(reason)
        self.fields = tuple(fields)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})


class JobUnknown(RequestError):
    """No job has this id."""

    code = "job_unknown"


class JobRunning(RequestError):
    """A retraining is queued or runs already."""

    code = "job_running"


class JobEnded(RequestError):
    """The job has ended, or is about to, and cannot be cancelled."""

    code = "job_ended"


class KeyReused(RequestError):
    """The Idempotency-Key was used before, with another body."""

    code = "idempotency_key_reused"


class ItemTooLarge(RequestError):
    """The item would have more bytes than the settings allow."""

    code = "item_too_large"


class ItemsFull(RequestError):
    """There is no room for more stored items; the settings say how many there may be, and of how many bytes."""

    code = "items_full"
