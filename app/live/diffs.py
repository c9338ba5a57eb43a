"""What changed between two versions, kept for the next request: one comparison opens up to two models."""

import threading

from app.live.snapshot import Snapshot
from index.artifact.registry import Registry
from index.diff import ModelDiff, diff
from index.model import Model
from index.sense import examine

KEPT = 8


class Diffs:
    """The last few diffs: versions never change, so neither does what changed between two.

    One is made at a time, since each opens up to two models beside the one that serves.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._most = kept
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], ModelDiff] = {}

    def get(self, registry: Registry, serving: Snapshot | None, before: str, after: str) -> ModelDiff:
        """Raises RegistryError for an unknown version, ArtifactError for a damaged one."""
        with self._lock:
            found = self._kept.pop((before, after), None)
            if found is None:
                found = diff(_model(registry, serving, before), _model(registry, serving, after))
            self._kept[before, after] = found
            if len(self._kept) > self._most:
                self._kept.pop(next(iter(self._kept)))
        return found


def _model(registry: Registry, serving: Snapshot | None, version: str) -> Model:
    """The one that serves where it is that one: opening another takes seconds at 100,000 items."""
    if serving and serving.version == version:
        return serving.model
    artifact = registry.open(version)
    examine(artifact)  # whole files may hold what no model is, and nothing has asked for this version yet
    return Model(artifact)
