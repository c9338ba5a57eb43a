"""What an artifact says about itself: `manifest.json`, written last and sealed with its own checksum."""

import hashlib
import json
import re
from datetime import UTC
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, ValidationError, field_validator

from index.errors import ArtifactCorrupt, ArtifactUnsupported, RegistryError
from index.record import Noted, Omitted, Record
from index.report import Report

SCHEMA_VERSION = 1
MANIFEST_NAME = "manifest.json"
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
VERSION_NAME = re.compile(r"[0-9]{8}-[0-9]{6}(-[1-9][0-9]{0,5})?")
UNSEALED = "0" * 64


def check_version(version: str) -> str:
    """The version as it came; raises RegistryError for anything but a version's name, so that no path gets in."""
    if VERSION_NAME.fullmatch(version) is None:
        raise RegistryError(f"{version[:80]!r} is not a version; they look like 20261124-061512 or 20261124-061512-2")
    return version


def is_file_name(name: str) -> bool:
    """Whether an artifact may list a file of this name: it stays in the directory, is not hidden, not the manifest."""
    return FILE_NAME.fullmatch(name) is not None and name != MANIFEST_NAME


Version = Annotated[str, Field(pattern=f"^{VERSION_NAME.pattern}$")]
UtcTime = Annotated[AwareDatetime, AfterValidator(lambda time: time.astimezone(UTC))]


class FileEntry(Record):
    """What a file must look like to be the one that was published."""

    bytes: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class LogFinding(Record):
    """Something wrong with the log, as `item2vec check` says it: see docs/check.md for the codes."""

    code: str
    severity: Literal["stop", "warn"]
    found: str
    advice: str


class Data(Record):
    """The log a model was trained on: its fingerprint, what was left after the rules, what they took away, and what is
    wrong with it."""

    fingerprint: str
    events: int
    sessions: int
    items: int
    tokens: int
    first_event: UtcTime | None = None
    last_event: UtcTime | None = None
    rejected: dict[str, int] = Field(default_factory=dict)
    removed: dict[str, int] = Field(default_factory=dict)
    findings: list[LogFinding] = Field(default_factory=list)


class Gate(Record):
    """Whether the model was allowed to replace the one before it, and why.

    reasons: what speaks against it. notes: what could not be asked, and why not. advice: what to do where it was
    refused.
    """

    accepted: bool
    forced: bool
    reasons: list[str]
    figures: dict[str, list[int | float]]
    notes: list[str] = Field(default_factory=list)
    advice: Omitted[str] = None


class TrainingFacts(Record):
    """How the published vectors came about: by which engine, the learning rate that held, None where there are no
    steps, restarts of that training after divergence, and the version it started from, None where it started from
    scratch."""

    engine: str | None = None
    learning_rate: float | None
    restarts: int
    started_from: str | None


class UpdateFacts(Record):
    """Of a version that was made from another one's sessions and new events: nothing was chosen or measured anew.

    base: that version. whole: the last one that was trained whole, which chose and measured. events, sessions, items:
    that were new. tokens_since, tokens_whole: events in the sessions that came since the whole training, and in those
    of it. foretold: HR@20 of `base` on the new sessions, by task, where there were enough of them. known_before:
    events of a given log that were left out, since they are not later than those of `base`.
    """

    base: Version
    whole: Version
    events: int
    sessions: int
    items: int
    tokens_since: int
    tokens_whole: int
    foretold: dict[str, float] = Field(default_factory=dict)
    known_before: int = 0


class ImportFacts(Record):
    """Of a version whose vectors were made elsewhere.

    kind, dtype: of the file, in words. vectors: how many it held; zero: of these, all zeros. matrices: 2 where vectors
    of items as context came with them; with 1, both matrices of the artifact are the same. in_log: items of the log
    with a vector; log_only: those without one, and log_only_events their events; vectors_only: vectors of items that
    the log does not have. All four are None where there was no log. next: what `next` answers from, in words.
    """

    kind: str
    dtype: str
    vectors: int
    dims: int
    zero: int
    matrices: Literal[1, 2]
    metric: Literal["cosine", "dot"]
    next: str
    in_log: int | None = None
    log_only: int | None = None
    log_only_events: int | None = None
    vectors_only: int | None = None


class ContentFacts(Record):
    """How items without a past get vectors. inputs, outputs, similar: strengths of the ridge regression for each
    matrix, power: of how often an item was seen, its weight there; both say nothing for the other methods. length: the
    deviation of their scores over all questions, in medians of those of trained items. offset: added to their scores.
    seldom: as how many sights the content of a trained item counts beside what was learnt of it."""

    method: Literal["map", "nearest", "mean"]
    inputs: float = 1.0
    outputs: float = 1.0
    similar: float = 1.0
    power: float = 0.5
    length: float = 1.0
    offset: float = 0.0
    seldom: float = 0.0


class StoredEvents(Record):
    """The events of the database that a model was trained on: numbers of the first and the last. settings: SHA-256 over
    the worker's settings and configured files, by which a later training knows that they are the same.

    erasure: number of the last erasure of a user that the model was trained without. erased_users: erasures since the
    model that served before; erased_last: when the last of them was.
    """

    first: int
    last: int
    settings: str
    erasure: int = 0
    erased_users: int = 0
    erased_last: Omitted[UtcTime] = None


class IndexFacts(Record):
    """An index, and beside these two the parameters of its kind, by FAISS's names. recall_at_10: as measured."""

    model_config = ConfigDict(extra="allow")

    kind: str
    recall_at_10: float


class Manifest(Record):
    """Everything needed to tell versions apart, to serve one as it was measured, and to train it again.

    config, recommender: settings by name, as the release that wrote them knew them; a release that does not know one
    must still list the version. index: by score. training, metrics: None where nothing was noted or measured.
    """

    schema_version: int = SCHEMA_VERSION
    version: Version
    created: UtcTime
    config: dict[str, Any]
    recommender: dict[str, Any]
    seed: int
    libraries: dict[str, str]
    data: Data
    trained_on: Literal["all", "before_split"]
    training: Noted[TrainingFacts] = None
    index: dict[str, IndexFacts]
    metrics: Noted[Report]
    timings: dict[str, float]
    gate: Gate | None = None
    update: Omitted[UpdateFacts] = None
    imported: Omitted[ImportFacts] = None
    content: Omitted[ContentFacts] = None
    stored: Omitted[StoredEvents] = None
    files: dict[str, FileEntry] = Field(default_factory=dict)

    @field_validator("files")
    @classmethod
    def _files_stay_inside(cls, files: dict[str, FileEntry]) -> dict[str, FileEntry]:
        for name in files:
            if not is_file_name(name):
                raise ValueError(f"{name!r} is not the name of a file in the artifact")
        return files

    def to_json(self) -> bytes:
        """The bytes of manifest.json. Its last field, `checksum`, is their SHA-256 with 64 zeros in its place.

        Raises ValueError for what JSON cannot hold: NaN, infinity, a numpy number.
        """
        fields = {**self.model_dump(mode="json"), "checksum": UNSEALED}
        return _with_checksum((json.dumps(fields, indent=1, allow_nan=False) + "\n").encode(), UNSEALED)

    @classmethod
    def from_json(cls, data: bytes, source: Path) -> Self:
        """Raises ArtifactUnsupported for a newer schema, ArtifactCorrupt for all else; both name `source`.

        The seal is there because the other files' checksums would not notice a flipped bit in the figures or settings.
        """
        try:
            fields = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ArtifactCorrupt(f"is damaged: not complete JSON ({error})", source) from error
        schema = fields.get("schema_version") if isinstance(fields, dict) else None
        if type(schema) is not int or schema < 1:
            raise ArtifactCorrupt("is damaged: no usable schema_version", source)
        if schema > SCHEMA_VERSION:
            raise ArtifactUnsupported(
                f"has schema {schema}, this item2vec reads up to {SCHEMA_VERSION}: "
                "upgrade item2vec, or activate a version it wrote itself",
                source,
            )
        checksum = fields.get("checksum")
        if not isinstance(checksum, str) or _with_checksum(data, checksum) != data:
            raise ArtifactCorrupt("is damaged: its checksum differs", source)
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
            raise ArtifactCorrupt(f"is not a manifest: {wrong}", source) from error


def _with_checksum(data: bytes, present: str) -> bytes:
    """The bytes with their last `present` replaced by the checksum that belongs there."""
    before, found, after = data.rpartition(present.encode("utf-8", "replace"))
    if not present or not found:
        return b""
    checksum = hashlib.sha256(before + UNSEALED.encode() + after).hexdigest()
    return before + checksum.encode() + after
