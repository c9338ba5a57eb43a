"""Requests and responses of the retraining routes, as the OpenAPI document shows them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.schemas.common import Reply
from index.wording import unknown_name
from store.job import JobState

# Overrides that say what the gate measures, or what it does not look at.
GUARDED = ("sessions", "index", "evaluation")
# But for settings there that move no session and no question: they say only what an old session counts.
FREE = ("half_life_days",)

Scalar = bool | int | Annotated[float, Field(allow_inf_nan=False)] | Annotated[str, Field(max_length=200)]
Value = Scalar | Annotated[list[Scalar], Field(max_length=100)]
Name = Annotated[str, Field(pattern="^[a-z_]{1,40}$")]
TypeName = Annotated[str, Field(min_length=1, max_length=200)]
TypeWeight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Section = Annotated[dict[Name, Value], Field(max_length=50)]


class EventOverrides(BaseModel):
    """What events count. Where they are and what their columns mean is the worker's own matter."""

    # The settings are those of store.job.OVERRIDABLE_OF_EVENTS, which the worker asks.
    model_config = ConfigDict(extra="forbid")

    type_weights: Annotated[dict[TypeName, TypeWeight], Field(max_length=100)] | None = Field(
        None, description="event type -> how much an event of it counts, in place of all that is configured; {}: none"
    )


class Overrides(BaseModel):
    """Settings that override the worker's own, by section: see docs/configuration.md. An unknown setting ends the job
    as failed, with the code config_invalid. sessions (but for half_life_days), index and evaluation need the scope
    admin."""

    # The sections are those of store.job.OVERRIDABLE, which the worker asks.
    model_config = ConfigDict(extra="forbid")

    events: EventOverrides = EventOverrides()
    sessions: Section = {}
    objective: Section = {}
    trainer: Section = {}
    index: Section = {}
    recommender: Section = {}
    evaluation: Section = {}
    seed: int | None = Field(None, ge=0, lt=2**31, description="seed of everything random")

    @model_validator(mode="before")
    @classmethod
    def _known(cls, sent: Any) -> Any:
        """A section that there is not is told with the one that may be meant."""
        if isinstance(sent, dict):
            for name in sent:
                if name not in cls.model_fields:
                    raise ValueError(unknown_name("section", str(name)[:40], list(cls.model_fields)))
        return sent

    def given(self) -> dict[str, Any]:
        """Without what was not sent."""
        return {name: value for name, value in self.model_dump(exclude_none=True).items() if value != {}}


class RetrainRequest(BaseModel):
    """All of it is optional; so is the body."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{}, {"overrides": {"trainer": {"epochs": 30}}, "force": False}]}
    )

    overrides: Overrides = Overrides()
    whole: bool = Field(
        False, description="train on the whole log and choose everything anew, also where new events would be added"
    )
    force: bool = Field(
        False, description="make the new model current even when the gate refuses it; needs the scope admin"
    )

    @property
    def may_pass_the_gate(self) -> bool:
        """Whether a model may serve that the gate would not have let pass: by force, or since what is measured is
        another thing. Other sessions share no prefixes with the serving model's; a few prefixes tell nothing; an index
        of low recall is not looked at."""
        return self.force or any(set(getattr(self.overrides, name)) - {*FREE} for name in GUARDED)


class GateReply(BaseModel):
    accepted: bool
    forced: bool
    reasons: list[str] = Field(description="why the new model is not to replace the one that serves")
    figures: dict[str, list[int | float]] = Field({}, description="what was measured: see docs/formats.md")
    notes: list[str] = Field([], description="what could not be asked, and why not")
    advice: str | None = Field(None, description="what to do where it was refused and that is not right")


class ResultReply(BaseModel):
    version: str = Field(description="version that was published", examples=["20261124-065832"])
    gate: GateReply
    counts: dict[str, int] = Field(description="events, sessions, items, tokens, rejected")


class ErrorReply(BaseModel):
    code: str = Field(examples=["events_missing"])
    detail: str


class JobReply(Reply):
    """One retraining."""

    job_id: str = Field(examples=["20261124-065832-1f9a3c"])
    state: JobState = Field(description="refused: a version was published, but the gate kept the old one current")
    cancel: bool = Field(description="whether somebody asked for its end")
    overrides: dict[str, Any]
    force: bool
    requested_by: str = Field(description="id of the key, schedule, or anonymous")
    created: str = Field(description="ISO 8601, UTC")
    started: str | None
    finished: str | None
    heartbeat: str | None = Field(description="when the worker last wrote that it lives")
    worker: str | None
    step: str | None = Field(description="what it is doing", examples=["train"])
    progress: float | None = Field(description="0 to 1 of the step; null where its size is not known")
    eta_seconds: float | None = Field(description="seconds left of the step")
    result: ResultReply | None = Field(description="of a job that succeeded or was refused")
    error: ErrorReply | None = Field(description="of a job that failed")


class JobsReply(Reply):
    jobs: list[JobReply] = Field(description="newest first")
    next_cursor: str | None = Field(description="for the next page; null on the last")
