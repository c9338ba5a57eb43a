"""What becomes of a job that a worker has claimed: export what is stored, train in a child process, seal the job so
that nobody can cancel it any more, and make the new version current in another child.

Every line of it may be done twice: each finds what was done before in the job's folder.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from index.artifact.registry import Registry
from index.errors import ConfigError, EventsMissing, StoreUnavailable, UpdateImpossible
from store.database import Database
from store.job import OVERRIDABLE, OVERRIDABLE_OF_EVENTS, Ending, Job, JobState
from store.queue import Lost
from training.configfile import load_config
from training.jobs.attempt import Hung, attempt
from training.jobs.child import failure_of
from training.jobs.folder import JobFolder, Request
from training.jobs.planning import plan_of
from training.jobs.pulse import Cancelled, Erased, Pulse, Stopping, TimeUp
from training.jobs.storedlog import StoredLog, export, with_stored
from training.presets.unfold import unfold


def carry_out(job: Job, pulse: Pulse, database: Database, models: Path, config: Path | None) -> Ending:
    """How the job ended. config: TOML file of the training.

    Raises what leaves it to a later turn: Lost, Stopping, StoreUnavailable.
    """
    try:
        folder = JobFolder(models, job.job_id)
    except ConfigError as error:
        return Ending(JobState.FAILED, error=failure_of(error))
    try:
        ending = _ending(job, folder, pulse, database, config)
    except Cancelled:
        ending = Ending(JobState.CANCELLED)
    except TimeUp:
        ending = Ending.failed("job_timed_out", _too_long(pulse.limits.job_seconds))
    except (Lost, Stopping, StoreUnavailable):
        raise
    except Exception as error:
        ending = Ending(JobState.FAILED, error=failure_of(error))
    if ending.result is None and not pulse.sealed:
        # A job without a result has no version either.
        version = folder.withdraw()
        if version is not None:
            pulse.line(f"step=withdraw version={version}")
    return ending


def _ending(job: Job, folder: JobFolder, pulse: Pulse, database: Database, config: Path | None) -> Ending:
    done = folder.result()
    if done is not None:
        return Ending.trained(done)
    if not pulse.sealed:
        ending = _trained(job, folder, pulse, database, config)
        if ending.result is None:
            return ending
        pulse.seal()
        if ending.state == JobState.REFUSED:
            return ending
    return _attempted("activate", folder, pulse)


def _trained(job: Job, folder: JobFolder, pulse: Pulse, database: Database, config: Path | None) -> Ending:
    """With a version that is published, and not current yet; or with an error. Where a user is erased meanwhile, the
    copy of the events goes, and all begins again without them."""
    while True:
        try:
            return _trained_once(job, folder, pulse, database, config)
        except Erased:
            pulse.line('step=plan again="a user was erased"')
            folder.withdraw()
            folder.forget()
        finally:
            pulse.erasure = None


def _trained_once(job: Job, folder: JobFolder, pulse: Pulse, database: Database, config: Path | None) -> Ending:
    if folder.request() is None:
        folder.save(_exported(job, folder, pulse, database, config))
    ending = _on_copies(folder, pulse)
    if ending.error is None or ending.error.code != UpdateImpossible.code:
        return ending
    # Events that make no session, for one. A whole training needs all of them.
    why = ending.error.detail
    pulse.line(f'step=plan whole="{why}"')
    folder.begin_again(lambda plan: replace(plan, update=None, why=why, after=0))
    folder.save(_exported(job, folder, pulse, database, config))
    return _on_copies(folder, pulse)


def _on_copies(folder: JobFolder, pulse: Pulse) -> Ending:
    """Raises Erased as long as nothing is published; a version that is stays what it is: its manifest has the number,
    and the next training is whole."""
    request = folder.request()
    copies = None if request is None or folder.published() is not None else request.stored
    pulse.erasure = None if copies is None else copies.erasure
    return _attempted("train", folder, pulse)


def _attempted(work: Literal["train", "activate"], folder: JobFolder, pulse: Pulse) -> Ending:
    """Once more where it hangs for the first time: by then the next may find it well."""
    while True:
        pulse.touch(at_once=True)
        try:
            return attempt(work, folder.models, pulse)
        except Hung:
            minutes = f"{pulse.limits.hang_seconds / 60:g}"
            pulse.line(f"step=hung work={work} minutes={minutes}")
            if folder.note_hang() > 1:
                detail = (
                    f"the training did nothing for {minutes} minutes, twice: see whether the disk of the models and "
                    "the files of the log answer, then retrain"
                )
                return Ending.failed("training_hung", detail)


def _too_long(seconds: float) -> str:
    return (
        f"the job took longer than {seconds / 3600:g} hours: train on fewer events or with settings that take less, or "
        "set ITEM2VEC_JOB_HOURS higher, then retrain"
    )


def _exported(job: Job, folder: JobFolder, pulse: Pulse, database: Database, file: Path | None) -> Request:
    """The training's settings, with the stored events and items as files of the job's folder. Raises EventsMissing."""

    def progress(share: float | None) -> None:
        pulse.at("export", share)
        pulse.touch(at_once=share is None)

    config = unfold(load_config(file, sections_of(job.overrides), seed=job.overrides.get("seed")), folder.models)
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


def sections_of(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a job that are sections of settings. Raises ConfigError for what a job may not set: the row may be
    another's than the API's, and who can write to the database must not have us read a file of his choice."""
    events = overrides.get("events", {})
    unknown = {name for name in overrides if name not in (*OVERRIDABLE, "events", "seed", "whole")}
    named = events if isinstance(events, dict) else {"": events}
    unknown |= {f"events.{name}" for name in named if name not in OVERRIDABLE_OF_EVENTS}
    if unknown:
        may = ", ".join([*OVERRIDABLE, *(f"events.{name}" for name in OVERRIDABLE_OF_EVENTS)])
        raise ConfigError(f"a job may not set {', '.join(sorted(unknown))}: only {may} and the seed")
    return {name: value for name, value in overrides.items() if name in (*OVERRIDABLE, "events")}


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
