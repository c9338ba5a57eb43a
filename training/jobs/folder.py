"""runs/stored/<job>/ under the models folder: all that a job needs to go on after its worker died.

events.parquet, items.jsonl    what the service had stored when the job began
request.json                   the settings, fixed then
moment.json                    when the model was published, noted before it was
workspace.json                 where the training keeps its steps
"""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel

from index.artifact.files import remove_tree, replace_file
from index.artifact.manifest import MANIFEST_NAME, Manifest
from index.artifact.registry import Registry
from training.config import TrainConfig

log = logging.getLogger(__name__)


class Request(BaseModel):
    """What is trained, and where the model goes. kept: the steps of a training that ends early serve a later one."""

    config: TrainConfig
    models: Path
    force: bool
    kept: bool


class JobFolder:
    """Of one job; nothing is created before `save`."""

    def __init__(self, models: Path, job_id: str) -> None:
        self.models = models
        self.path = models / "runs" / "stored" / job_id

    def save(self, request: Request) -> None:
        replace_file(self.path / "request.json", request.model_dump_json().encode())

    def request(self) -> Request | None:
        """None before it was saved."""
        path = self.path / "request.json"
        return Request.model_validate_json(path.read_bytes()) if path.exists() else None

    def moment(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> datetime:
        """The job's moment of publishing: now, when it is first asked for, and the same ever after."""
        noted = self._moment()
        if noted is None:
            noted = clock()
            replace_file(self.path / "moment.json", json.dumps(noted.isoformat()).encode())
        return noted

    def _moment(self) -> datetime | None:
        path = self.path / "moment.json"
        return datetime.fromisoformat(json.loads(path.read_text())) if path.exists() else None

    def published(self) -> Manifest | None:
        """The version this job has published already, known by its moment; so a job publishes once."""
        noted = self._moment()
        if noted is None:
            return None
        return next((m for m in reversed(Registry(self.models).manifests()) if m.created == noted), None)

    def activate(self, manifest: Manifest) -> None:
        """Makes up for an end between publishing and activating, unless somebody has decided otherwise since."""
        registry, version = Registry(self.models), manifest.version
        written = (self.models / "versions" / version / MANIFEST_NAME).stat().st_mtime_ns
        current = self.models / "current.json"
        accepted = manifest.gate is not None and manifest.gate.accepted
        if accepted and not (current.exists() and current.stat().st_mtime_ns >= written):
            registry.activate(version)

    def note_workspace(self, folder: Path) -> None:
        replace_file(self.path / "workspace.json", json.dumps(str(folder)).encode())

    def remove(self) -> None:
        """Deletes it, and the steps of a training that nothing can go on with. What is in the way is left."""
        try:
            request, note = self.request(), self.path / "workspace.json"
            if request is not None and not request.kept and note.exists():
                steps = Path(json.loads(note.read_text()))
                if not (steps / "run.json").exists():
                    remove_tree(steps)
            remove_tree(self.path)
        except (OSError, ValueError) as error:
            log.warning("left over folder=%s error=%s", self.path, error)
