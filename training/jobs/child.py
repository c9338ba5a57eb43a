"""A job's work in a process of its own: it can be killed at any moment, and its memory goes when it ends.

There are two: `train` publishes a version, and `activate` makes it current. In between the worker makes sure that
nobody has cancelled the job, and that nobody can any more. Neither needs the database: how far it is, it says as JSON
lines on standard output.
"""

import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from index.artifact.files import as_full, reason_of
from index.artifact.manifest import Manifest
from index.artifact.registry import Registry
from index.errors import Item2vecError, RunUnderWay, TrainingFailed
from index.process import die_with
from index.visible import log_to
from store.job import SEALED, Failure, Result
from training.jobs.folder import JobFolder, Request
from training.progress import Step, line

log = logging.getLogger("item2vec")

SHARE_SECONDS = 0.25
LOCK_SECONDS = 60.0  # a training whose worker died holds its workspace until it is gone
NICENESS = 10


def main(arguments: list[str]) -> int:
    """WORK MODELS JOB, and the process id of the worker. 0 however the work ended: its end is said to the worker."""
    name, models, job_id, parent = arguments[0], Path(arguments[1]), arguments[2], int(arguments[3])
    die_with(parent, signal.SIGKILL)
    # What a library prints must not end up among our lines.
    out = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    log_to(sys.stderr, "%(asctime)s %(message)s", logging.WARNING)
    os.nice(NICENESS)  # requests go first where cores are few
    say(out, **work(train if name == "train" else activate, JobFolder(models, job_id), PipeReporter(out)))
    return 0


def work(
    do: Callable[[JobFolder, "PipeReporter"], Result], folder: JobFolder, reporter: "PipeReporter"
) -> dict[str, Any]:
    """The end as it is said to the worker: `result`, or `error` with a code and what to do."""
    try:
        return {"result": asdict(do(folder, reporter))}
    except Exception as error:
        return {"error": asdict(failure_of(error))}


def failure_of(error: Exception) -> Failure:
    """What is told of an error: the reason, and what to do where that is known. The log has all of it."""
    code, detail = "training_failed", f"an unexpected {type(error).__name__}; the worker's log has all of it"
    full = as_full(error)
    if full is not None:
        code, detail = full.code, f"{full}; then retrain"
    elif isinstance(error, Item2vecError):
        code, detail = error.code, str(error)
    elif isinstance(error, MemoryError):
        code = "training_killed"
        detail = "the training ran out of memory: give it more, or set fewer dims or memory_mb"
    elif isinstance(error, OSError):
        detail = reason_of(error)
    log.warning("training failed code=%s error=%s", code, error, exc_info=not isinstance(error, Item2vecError))
    return Failure(code, detail)


def train(folder: JobFolder, reporter: "PipeReporter") -> Result:
    """Trains and publishes once, however often it is begun again. Nothing becomes current."""
    request = folder.request()
    if request is None:
        raise TrainingFailed("the job's folder is gone: retrain")
    return _result(folder.published() or _published(folder, request, reporter))


def activate(folder: JobFolder, reporter: "PipeReporter") -> Result:
    """Makes the version current that the job has published; once it has, never again."""
    result = folder.result()
    if result is not None:
        return result
    published = folder.published()
    if published is None:
        raise TrainingFailed("the version that the job has published is gone: retrain")
    with reporter.step(SEALED) as step:
        step.facts |= {"version": published.version, "current": folder.activate(published)}
    result = _result(published)
    folder.note_result(result)
    return result


def _result(published: Manifest) -> Result:
    counts = {name: getattr(published.data, name) for name in ("events", "sessions", "items", "tokens")}
    counts["rejected"] = sum(published.data.rejected.values())
    gate = None if published.gate is None else published.gate.model_dump(mode="json")
    return Result(published.version, gate, counts)


def _published(folder: JobFolder, request: Request, reporter: "PipeReporter") -> Manifest:
    """Of the version that this training publishes, or that the one before it is just publishing. Raises RunUnderWay
    when that one, whose worker died, does not end."""
    # Here: the end of a worker is to be noticed before the seconds these imports take.
    from training.pipeline.prepare import identity_of
    from training.pipeline.publish import Publishing
    from training.pipeline.run import run
    from training.pipeline.updating.base import base_of
    from training.pipeline.updating.update import identity_of_update, update
    from training.workspace import Workspace

    config, models, force = request.config, request.models, request.force
    how = Publishing(folder.moment, folder.serving, request.stored, activate=False)
    base = request.update and base_of(
        Registry(models), config.events.model_dump(), request.update, config.gate.model_dump()
    )
    workspace = Workspace(models, identity_of_update(base) if base else identity_of(config))
    folder.note_workspace(workspace.folder)
    patience = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            with workspace:  # nobody publishes meanwhile: before this, the one waited for may have, just now
                published = folder.published()
            if published is not None:
                return published
            if base:
                return update(base, models, reporter, later=False, force=force, how=how).manifest
            return run(config, models, reporter, force, how).manifest
        except RunUnderWay:
            if time.monotonic() > patience:
                raise
        time.sleep(0.2)


class PipeReporter:
    """A Reporter that tells the worker."""

    def __init__(self, out: TextIO) -> None:
        self.timings: dict[str, float] = {}
        self._out = out

    @contextmanager
    def step(self, name: str, total: int | None = None, unit: str = "") -> Iterator[Step]:
        started = time.perf_counter()
        say(self._out, step=name)
        step = _PipeStep(self._out, name, total)
        yield step
        self.timings[name] = round(time.perf_counter() - started, 3)
        self.note(name, **step.facts, seconds=self.timings[name])

    def note(self, event: str, **facts: Any) -> None:
        say(self._out, line=line({"step": event} | facts))


class _PipeStep(Step):
    def __init__(self, out: TextIO, name: str, total: int | None) -> None:
        super().__init__()
        self._out, self._name, self._total = out, name, total
        self._started = self._said = time.monotonic()

    def share(self, done: float) -> None:
        moment = time.monotonic()
        if moment - self._said < SHARE_SECONDS:
            return
        self._said = moment
        done = min(1.0, max(0.0, float(done)))
        # The first hundredth tells too little to foretell the rest.
        eta = (moment - self._started) * (1 - done) / done if done > 0.01 else None
        say(self._out, step=self._name, progress=round(done, 4), eta_seconds=None if eta is None else round(eta, 1))

    def count(self, done: int) -> None:
        if self._total:
            self.share(done / self._total)


def say(out: TextIO, **content: Any) -> None:
    out.write(json.dumps(content, default=str) + "\n")
    out.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
