"""One retraining, as API and worker know it: its record, its states, its end, and the row it begins as."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

# A worker writes every two seconds; after this many without, it is dead, and another takes the job.
STALE_SECONDS = 30.0
# The step from which on a job cannot be cancelled: nobody has asked for its end, and its version may become current.
SEALED = "activate"
# Settings of the training that a job may carry, by section. Not `gate`: who may only write must not loosen it.
OVERRIDABLE = ("sessions", "objective", "trainer", "index", "recommender", "evaluation")
# And of the section `events`: nothing else of it, since no row of the database names a file.
OVERRIDABLE_OF_EVENTS = ("type_weights",)


class JobState(StrEnum):
    """refused: a version was published, but the gate kept the one that served before current."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self not in ACTIVE


ACTIVE = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True)
class Result:
    """A version that was published. gate: as its manifest has it. counts: events, sessions, items, tokens, rejected."""

    version: str
    gate: dict[str, Any] | None
    counts: dict[str, int]


@dataclass(frozen=True)
class Failure:
    """code: see docs/errors.md. detail: what happened and what to do."""

    code: str
    detail: str


@dataclass(frozen=True)
class Ending:
    """How a job ended. result: of one that succeeded or was refused. error: of one that failed."""

    state: JobState
    result: Result | None = None
    error: Failure | None = None

    @classmethod
    def trained(cls, result: Result) -> "Ending":
        refused = result.gate is not None and not result.gate["accepted"]
        return cls(JobState.REFUSED if refused else JobState.SUCCEEDED, result=result)

    @classmethod
    def failed(cls, code: str, detail: str) -> "Ending":
        return cls(JobState.FAILED, error=Failure(code, detail))


@dataclass(frozen=True)
class Job:
    """One retraining. Times are microseconds since 1970 UTC; progress is 0 to 1 of the step, None where unknown."""

    job_id: str
    state: JobState
    overrides: dict[str, Any]
    force: bool
    requested_by: str
    cancel: bool
    created: int
    started: int | None
    finished: int | None
    heartbeat: int | None
    worker: str | None
    step: str | None
    progress: float | None
    eta_seconds: float | None
    result: Result | None
    error: Failure | None

    @property
    def ended(self) -> bool:
        return self.state.ended

    @property
    def sealed(self) -> bool:
        """Whether it is about to end, and cannot be cancelled any more."""
        return self.state == JobState.RUNNING and self.step == SEALED


@dataclass(frozen=True)
class Line:
    """One line of a job's log; seq grows."""

    seq: int
    at: int
    text: str


def job_of(row: Mapping[str, Any]) -> Job:
    """The record of a row. What a newer release adds to a result is left out."""
    result, error = row["result"], row["error"]
    read = {
        "state": JobState(row["state"]),
        "overrides": row["overrides"] or {},
        "result": result and Result(*(result[field.name] for field in fields(Result))),
        "error": error and Failure(error["code"], error["detail"]),
    }
    return Job(**{**row, **read})


def new_row(
    overrides: dict[str, Any], force: bool, requested_by: str, key: str | None, fingerprint: str, now: int
) -> dict[str, Any]:
    """The row of a job that waits for a worker; its id tells when it was made. now: microseconds since 1970 UTC."""
    return {
        "job_id": f"{datetime.fromtimestamp(now / 1e6, UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        "state": JobState.QUEUED,
        "active": "retrain",
        "overrides": overrides,
        "force": force,
        "idempotency_key": key,
        "fingerprint": fingerprint,
        "requested_by": requested_by,
        "cancel": False,
        "created": now,
    }
