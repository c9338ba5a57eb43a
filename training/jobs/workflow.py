"""What becomes of a job that a worker has claimed: export what is stored, train in a child process.

Every line of it may be done twice: each finds what was done before in the job's folder.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from index.artifact.registry import Registry
from index.errors import EventsMissing, StoreUnavailable, UpdateImpossible
from store.database import Database
from store.job import Ending, Job, JobState
from store.queue import Lost
from training.configfile import load_config
from training.jobs.attempt import attempt
from training.jobs.child import failure_of
from training.jobs.folder import JobFolder, Request
from training.jobs.plan import plan_of
from training.jobs.pulse import Cancelled, Erased, Pulse, Stopping
from training.jobs.storedlog import StoredLog, export, with_stored


def carry_out(job: Job, pulse: Pulse, database: Database, models: Path, config: Path | None) -> Ending:
    """How the job ended. config: TOML file of the training.

    Raises what leaves it to a later turn: Lost, Stopping, StoreUnavailable.
    """
    folder = JobFolder(models, job.job_id)
    try:
        ending = _without_the_erased(job, folder, pulse, database, config)
        error = ending.error
        if error is not None and error.code == UpdateImpossible.code:
            # Events that make no session, for one. A whole training needs all of them.
            why = error.detail
            pulse.line(f'step=plan whole="{why}"')
            folder.begin_again(lambda plan: replace(plan, update=None, why=why, after=0))
            ending = _without_the_erased(job, folder, pulse, database, config)
        return ending
    except Cancelled:
        return Ending(JobState.CANCELLED)
    except (Lost, Stopping, StoreUnavailable):
        raise
    except Exception as error:
        return Ending(JobState.FAILED, error=failure_of(error))


def _without_the_erased(job: Job, folder: JobFolder, pulse: Pulse, database: Database, config: Path | None) -> Ending:
    """Where a user is erased meanwhile, the copy of the events goes, and all begins again without them."""
    while True:
        try:
            return _attempted(job, folder, pulse, database, config)
        except Erased:
            pulse.erasure = None
            pulse.line('step=plan again="a user was erased"')
            folder.forget()


def _attempted(job: Job, folder: JobFolder, pulse: Pulse, database: Database, config: Path | None) -> Ending:
    request = folder.request()
    if request is None:
        request = _exported(job, folder, pulse, database, config)
        folder.save(request)
    # A version that is published stays what it is: its manifest has the number, and the next training is whole.
    published = folder.published() is not None
    pulse.erasure = None if request.stored is None or published else request.stored.erasure
    pulse.touch(at_once=True)
    return attempt(folder.models, job.job_id, pulse)


def _exported(job: Job, folder: JobFolder, pulse: Pulse, database: Database, file: Path | None) -> Request:
    """The training's settings, with the stored events and items as files of the job's folder. Raises EventsMissing."""

    def progress(share: float | None) -> None:
        pulse.at("export", share)
        pulse.touch(at_once=share is None)

    sections = {name: value for name, value in job.overrides.items() if name not in ("seed", "whole")}
    config = load_config(file, sections, seed=job.overrides.get("seed"))
    started = time.perf_counter()
    progress(None)
    whole, now = bool(job.overrides.get("whole")), datetime.now(UTC)
    plan = folder.plan(lambda: plan_of(Registry(folder.models), database, config, whole, now))
    until = plan.stored.last if plan.stored else 0
    pulse.erasure = plan.stored.erasure if plan.stored else None
    if plan.stored and plan.stored.erased_users and config.trainer.warm_start:
        # The vectors that serve come from the person's sessions too.
        config = config.model_copy(update={"trainer": config.trainer.model_copy(update={"warm_start": False})})
    stored = export(database, config.events, folder.path, progress, plan.after, until)
    if stored.events is None and (plan.update or not config.events.paths):
        raise EventsMissing(_nothing(stored))
    seconds = time.perf_counter() - started
    items = stored.items is not None
    how = f"update={plan.update}" if plan.update else f'whole="{plan.why}"'
    pulse.line(f"step=export rows={stored.rows} left_out={stored.left_out} items={items} {how} seconds={seconds:.3f}")
    kept = stored.events is None and stored.items is None
    return Request(
        config=with_stored(config, stored, alone=plan.update is not None),
        models=folder.models,
        force=job.force,
        kept=kept,
        update=plan.update,
        stored=plan.stored,
    )


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
