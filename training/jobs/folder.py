"""runs/stored/<job>/ under the models folder: all that a job needs to resume after its worker died.

events.parquet, items.jsonl    what the service had stored when the job began
request.json                   the settings, fixed then
workspace.json                 where the training keeps its steps
serving.json                   which version served when publishing began
moment.json                    when the model was published, noted before it was
result.json                    what the training came to, noted when all of it was done
"""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel

from index.artifact.files import remove_tree, replace_file
from index.artifact.manifest import Manifest
from index.artifact.registry import Registry
from store.job import Result
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

    def serving(self, registry: Registry) -> str | None:
        """The version that the job's own takes the place of: what serves when it is first asked for, ever after."""
        path = self.path / "serving.json"
        if not path.exists():
            replace_file(path, json.dumps(registry.current()).encode())
        version: str | None = json.loads(path.read_text())
        return version

    def activate(self, manifest: Manifest) -> bool:
        """Makes up for an end between publishing and activating; where somebody has chosen another version since, that
        one stays. Returns whether the job's version serves."""
        registry = Registry(self.models)
        accepted = manifest.gate is not None and manifest.gate.accepted
        return accepted and registry.activate(manifest.version, instead_of=self.serving(registry))

    def note_result(self, result: Result) -> None:
        replace_file(self.path / "result.json", json.dumps(asdict(result)).encode())

    def result(self) -> Result | None:
        """None before it was noted. Afterwards nothing is left to do: whoever rolls the version back, keeps that."""
        path = self.path / "result.json"
        return Result(**json.loads(path.read_text())) if path.exists() else None

    def note_workspace(self, folder: Path) -> None:
        replace_file(self.path / "workspace.json", json.dumps(str(folder)).encode())

    def remove(self) -> None:
        """Deletes it, and the steps of a training that nothing can resume. What is in the way is left."""
        try:
            request, note = self.request(), self.path / "workspace.json"
            if request is not None and not request.kept and note.exists():
                steps = Path(json.loads(note.read_text()))
                if not (steps / "run.json").exists():
                    remove_tree(steps)
            remove_tree(self.path)
        except (OSError, ValueError) as error:
            log.warning("left over folder=%s error=%s", self.path, error)
