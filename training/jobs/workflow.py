"""The durable workflow of a retraining: export what is stored, train in a child process, say how it ended.

DBOS remembers which step is done. Whatever it does twice does no harm: a step first makes the job's row its own, and
where that is not possible it waits until the job has ended elsewhere or can be had.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from threading import Event, Lock
from typing import Any, TypeVar

from dbos import DBOS, SetWorkflowID
from sqlalchemy import Engine

from index.errors import EventsMissing, Item2vecError
from store.queue import ACTIVE, Job, JobTable, Lost
from store.reflected import StoreUnavailable, Tables
from training.config import load_config
from training.jobs.attempt import Ending, attempt
from training.jobs.child import advised
from training.jobs.folder import JobFolder, Request
from training.jobs.pulse import Cancelled, Pulse, Stopping
from training.jobs.storedlog import StoredLog, export, with_stored

log = logging.getLogger(__name__)

T = TypeVar("T")

QUEUE = "retrain"
QUEUE_SECONDS = 0.2  # between two looks at DBOS's queue
TRAIN: dict[str, Any] = {"state": "train"}  # the export's way to say that there is something to train on


class Jobs:
    """The workflow, bound to a database, a folder of models and the name of this worker."""

    def __init__(
        self, engine: Engine, tables: Tables, table: JobTable, models: Path, config: Path | None, worker: str
    ) -> None:
        self._engine, self._tables, self._table = engine, tables, table
        self._models, self._config, self._worker = models, config, worker
        self._alone = Lock()
        self.stop = Event()
        self.idle = Event()  # no training runs, and when we are asked to stop none begins
        self.idle.set()
        self._workflow = self._register()

    def enqueue(self, job_id: str) -> None:
        """Starts the job's workflow, or does nothing where it was started before, by whomever."""
        with SetWorkflowID(job_id):
            DBOS.enqueue_workflow(QUEUE, self._workflow, job_id)

    def resume(self, job_id: str) -> None:
        """Goes on with a job whose worker is gone."""
        status = DBOS.get_workflow_status(job_id)
        if status is None:
            self.enqueue(job_id)
        elif status.status in ("SUCCESS", "ERROR"):
            # Only where DBOS's tables and ours are not of one time, as after a restored backup.
            if self._table.claim(job_id, self._worker) is not None:
                detail = "the job cannot be gone on with: start another one"
                self._table.finish(job_id, self._worker, "failed", None, {"code": "training_failed", "detail": detail})
        else:
            DBOS.resume_workflow(job_id, queue_name=QUEUE)

    def _register(self) -> Callable[[str], str]:
        # Functions, not methods: DBOS writes attributes onto what it decorates.
        @DBOS.step(name="export")
        def export_step(job_id: str) -> dict[str, Any]:
            return self._owned(job_id, self._exported)

        @DBOS.step(name="train")
        def train_step(job_id: str) -> dict[str, Any]:
            return self._owned(job_id, lambda job, pulse: asdict(attempt(self._models, job.job_id, pulse)))

        @DBOS.step(name="finish")
        def finish_step(job_id: str, ending: dict[str, Any]) -> None:
            self._finished(job_id, ending)

        @DBOS.workflow(name="retrain", max_recovery_attempts=None)
        def retrain(job_id: str) -> str:
            ending = export_step(job_id)
            if ending == TRAIN:
                ending = train_step(job_id)
            finish_step(job_id, ending)
            return str(ending["state"])

        return retrain

    def _finished(self, job_id: str, ending: dict[str, Any]) -> None:
        """Ends the row first: the folder is of use for as long as the job may be gone on with."""

        def end() -> None:
            if self._table.claim(job_id, self._worker) is not None:
                self._table.finish(job_id, self._worker, ending["state"], ending["result"], ending["error"])
                log.info("job=%s state=%s error=%s", job_id, ending["state"], ending["error"])

        with self._alone:
            self._persist(end)
            if self._persist(lambda: self._table.state(job_id)) not in ACTIVE:
                JobFolder(self._models, job_id).remove()

    def _exported(self, job: Job, pulse: Pulse) -> dict[str, Any]:
        folder = JobFolder(self._models, job.job_id)
        if folder.request() is not None:
            return TRAIN
        sections = {name: value for name, value in job.overrides.items() if name != "seed"}
        config = load_config(self._config, sections, seed=job.overrides.get("seed"))
        started = time.perf_counter()
        pulse.at("export")
        pulse.touch(at_once=True)

        def progress(share: float) -> None:
            pulse.at("export", share)
            pulse.touch()

        # An outage in the middle starts the export over: it takes seconds, and nothing half stays.
        stored = self._persist(lambda: export(self._engine, self._tables, config.events, folder.path, progress))
        if stored.events is None and not config.events.paths:
            raise EventsMissing(_nothing(stored))
        seconds = time.perf_counter() - started
        items = stored.items is not None
        pulse.line(f"step=export rows={stored.rows} left_out={stored.left_out} items={items} seconds={seconds:.3f}")
        kept = stored.events is None and stored.items is None
        folder.save(Request(config=with_stored(config, stored), models=self._models, force=job.force, kept=kept))
        pulse.touch(at_once=True)
        return TRAIN

    def _owned(self, job_id: str, work: Callable[[Job, Pulse], dict[str, Any]]) -> dict[str, Any]:
        """What `work` returns, with the job's row ours all the while; how it ended where it did not get through.

        Returns only when the job has ended or this step is done; when the worker stops, it never does: DBOS would
        write down whatever came back, and the next worker has to find the step undone.
        """
        with self._alone:
            while True:
                job = self._persist(lambda: self._table.claim(job_id, self._worker))
                if job is None:
                    if self._persist(lambda: self._table.state(job_id)) not in ACTIVE:
                        return asdict(Ending("elsewhere"))
                    self._wait(1.0)
                    continue
                self.idle.clear()
                pulse = Pulse(self._table, job_id, self._worker, self.stop)
                try:
                    found = work(job, pulse)
                    self._persist(pulse.flush)
                    return found
                except Cancelled:
                    return asdict(Ending("cancelled"))
                except Lost:
                    log.warning("job=%s is another worker's now", job_id)
                except Stopping:
                    self.idle.set()
                    self._park()
                except Item2vecError as error:
                    log.warning("job=%s code=%s error=%s", job_id, error.code, error)
                    return asdict(Ending.failed(error.code, str(error)))
                except OSError as error:
                    log.exception("job=%s", job_id)
                    return asdict(Ending.failed("training_failed", advised(error)))
                except Exception as error:
                    log.exception("job=%s", job_id)
                    kind = type(error).__name__
                    detail = f"an unexpected {kind}; the worker's log has all of it"
                    return asdict(Ending.failed("training_failed", detail))
                finally:
                    self.idle.set()

    def _persist(self, call: Callable[[], T]) -> T:
        """What `call` returns, once the database answers."""
        seconds = 0.5
        while True:
            try:
                return call()
            except StoreUnavailable as error:
                log.warning("waiting seconds=%.1f error=%s", seconds, error)
                self._wait(seconds)
                seconds = min(10.0, 2 * seconds)

    def _wait(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            self._park()

    def _park(self) -> None:
        """The worker is about to end the process; this thread must not come back."""
        self.stop.set()
        Event().wait()


def _nothing(stored: StoredLog) -> str:
    if stored.left_out:
        return (
            f"none of the {stored.left_out} stored events has a session id, which events.session asks for: "
            "take that setting out, or post events with session_id"
        )
    return (
        "there is nothing to train on: no events are stored and no files are configured. POST /events first, or name "
        "files as [events] paths in the worker's --config; then retrain"
    )
