"""runs/stored/<job>/ under the models folder: all that a job needs to resume after its worker died.

events.parquet, items.jsonl    what the service had stored when the job began
plan.json                      whether the model that serves is updated, and with which events
request.json                   the settings, fixed then
workspace.json                 where the training keeps its steps
serving.json                   which version served when publishing began
moment.json                    when the model was published, noted before it was
hangs.json                     how often its training hung
result.json                    what the training came to, noted when its version had become current, or was not to
"""

import json
import logging
import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from index.artifact.files import private_directory, remove_tree, replace_file
from index.artifact.manifest import Manifest, StoredEvents
from index.artifact.registry import Registry
from index.errors import ConfigError, Item2vecError
from index.sense import examine
from store.job import Result
from training.config import TrainConfig
from training.jobs.plan import Plan

log = logging.getLogger(__name__)

JOB_ID = re.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,99}")  # ours, see store.job.new_row; others can write the row too


class Request(BaseModel):
    """What is trained, and where the model goes. kept: the steps of a training that ends early serve a later one.
    update: the version that the events are added to; None where they are the whole log. stored: those out of the
    database."""

    config: TrainConfig
    models: Path
    force: bool
    kept: bool
    update: str | None = None
    stored: StoredEvents | None = None


class JobFolder:
    """Of one job; nothing is created before `save`. Raises ConfigError for an id that would lead out of the folder."""

    def __init__(self, models: Path, job_id: str) -> None:
        if not JOB_ID.fullmatch(job_id):
            raise ConfigError(f"{job_id[:100]!r} is not the id of a job")
        self.models = models
        self.path = models / "runs" / "stored" / job_id

    def _make(self) -> None:
        """For the owner only, as the folder of all jobs: they hold what people did."""
        for path in (self.path.parent, self.path):
            private_directory(path)

    def _note(self, name: str, content: object) -> None:
        replace_file(self.path / name, json.dumps(content).encode())

    def _noted(self, name: str) -> Any:
        """None before it was noted."""
        path = self.path / name
        return json.loads(path.read_bytes()) if path.exists() else None

    def save(self, request: Request) -> None:
        replace_file(self.path / "request.json", request.model_dump_json().encode())

    def plan(self, make: Callable[[], Plan]) -> Plan:
        """As it was made when the job began."""
        if self._noted("plan.json") is None:
            self._make()
            self._note("plan.json", make().to_json())
        return Plan.from_json(self._noted("plan.json"))

    def begin_again(self, change: Callable[[Plan], Plan]) -> None:
        """With another plan, and nothing else of what was there. Killed in between, the first plan is made anew."""
        plan = change(Plan.from_json(self._noted("plan.json")))
        remove_tree(self.path)
        self._make()
        self._note("plan.json", plan.to_json())

    def forget(self) -> None:
        """Deletes all of it, and the steps of its training: nothing is left of the events. Raises OSError."""
        # First: killed half-way, the copy must not be taken for that of a plan that is made anew.
        for copy in self.path.glob("*events.parquet*"):
            copy.unlink(missing_ok=True)
        steps = self._noted("workspace.json")
        if steps and not Path(steps, "run.json").exists():
            remove_tree(Path(steps))
        remove_tree(self.path)

    def request(self) -> Request | None:
        """None before it was saved."""
        path = self.path / "request.json"
        return Request.model_validate_json(path.read_bytes()) if path.exists() else None

    def moment(self) -> datetime:
        """The job's moment of publishing: now, when it is first asked for, and the same ever after."""
        noted = self._moment()
        if noted is None:
            noted = datetime.now(UTC)
            self._note("moment.json", noted.isoformat())
        return noted

    def _moment(self) -> datetime | None:
        noted = self._noted("moment.json")
        return noted and datetime.fromisoformat(noted)

    def published(self) -> Manifest | None:
        """The version this job has published already, known by its moment; so a job publishes once."""
        noted = self._moment()
        if noted is None:
            return None
        return next((m for m in reversed(Registry(self.models).manifests()) if m.created == noted), None)

    def serving(self, registry: Registry) -> str | None:
        """The version that the job's own takes the place of: what serves when it is first asked for, ever after."""
        if not (self.path / "serving.json").exists():
            self._note("serving.json", registry.current())
        version: str | None = self._noted("serving.json")
        return version

    def activate(self, manifest: Manifest) -> bool:
        """Makes the job's version current where the gate lets it. Where somebody has chosen another one since the job
        began to publish, that one stays. Returns whether the job's version serves."""
        registry = Registry(self.models)
        accepted = manifest.gate is not None and manifest.gate.accepted
        return accepted and registry.activate(manifest.version, instead_of=self.serving(registry), examine=examine)

    def withdraw(self) -> str | None:
        """Deletes the version of a job that is not to have one, unless somebody has made it current by hand. Returns
        its name; None where nothing was deleted. What is in the way is left, and does not serve."""
        try:
            manifest = self.published()
            return manifest.version if manifest and Registry(self.models).remove(manifest.version) else None
        except (Item2vecError, OSError, ValueError) as error:
            log.warning("version left over folder=%s error=%s", self.path, error)
            return None

    def note_hang(self) -> int:
        """How often the job's training has hung, with this time."""
        times = int(self._noted("hangs.json") or 0) + 1
        self._note("hangs.json", times)
        return times

    def note_result(self, result: Result) -> None:
        self._note("result.json", asdict(result))

    def result(self) -> Result | None:
        """None before it was noted. Afterwards nothing is left to do: whoever rolls the version back, keeps that."""
        noted = self._noted("result.json")
        return noted and Result(**noted)

    def note_workspace(self, folder: Path) -> None:
        self._note("workspace.json", str(folder))

    def remove(self) -> None:
        """Deletes it, and the steps of a training that nothing can resume. What is in the way is left."""
        try:
            request, steps = self.request(), self._noted("workspace.json")
            if request is not None and not request.kept and steps and not Path(steps, "run.json").exists():
                remove_tree(Path(steps))
            remove_tree(self.path)
        except (OSError, ValueError) as error:
            log.warning("left over folder=%s error=%s", self.path, error)
