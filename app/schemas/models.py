"""Replies of the model routes, and how a manifest is shown: without any path of the machine it was trained on."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.common import Reply
from index.artifact.manifest import Data, FileEntry, Gate, ImportFacts, Manifest, StoredEvents
from index.diff import FigureChange, ItemChanges, ModelDiff, Mover, Overlap, SettingChange, VectorChanges, main_figures

VERSION = "20261124-065832"
# Settings that say where on the server, or in which database, something lies.
HIDDEN = {"events.paths", "events.items"}
# /data/x, ~/x, C:\x, \\host\x and anything://x, for settings that a later release adds.
PATH = re.compile(r"(/|~|[A-Za-z]:[\\/]|\\\\).+|.*://.*", re.DOTALL)


class Figure(BaseModel):
    """A measured value with its 95 % interval."""

    value: float
    low: float
    high: float


class Verdict(BaseModel):
    """Whether the model was allowed to replace the one before it."""

    accepted: bool = Field(description="it may serve", examples=[True])
    forced: bool = Field(description="accepted although the reasons spoke against it", examples=[False])
    reasons: list[str] = Field(description="what speaks against it, in words", examples=[[]])
    notes: list[str] = Field([], description="what could not be asked, and why not")
    advice: str | None = Field(None, description="what to do where it was refused and that is not right")


class ModelSummary(BaseModel):
    """One version in the list."""

    version: str = Field(examples=[VERSION])
    created: datetime = Field(description="UTC", examples=["2026-11-24T06:58:32Z"])
    current: bool = Field(description="the one that serves by the registry; a process may be about to load it")
    trained_on: Literal["all", "before_split"] = Field(description="all sessions, or only those before the test part")
    items: int = Field(description="items with a vector", examples=[32000])
    sessions: int = Field(description="sessions it was trained on", examples=[190000])
    events: int = Field(description="events in the log, before the rules", examples=[1500000])
    gate: Verdict | None = Field(description="null where no gate was asked")
    metrics: dict[str, dict[str, Figure]] = Field(
        description="task (T1: after one item, T2: in a session) -> metric -> figure; empty where nothing was measured",
        examples=[{"T1": {"ndcg@10": {"value": 0.21, "low": 0.2, "high": 0.22}}}],
    )


class ModelsReply(Reply):
    models: list[ModelSummary] = Field(description="newest first")


class ManifestReply(Reply):
    """The manifest as docs/formats.md describes it, without the settings that name places on the server."""

    version: str = Field(examples=[VERSION])
    created: datetime = Field(description="UTC")
    current: bool = Field(description="the one that serves by the registry")
    schema_version: int = Field(description="of the artifact's format", examples=[1])
    config: dict[str, Any] = Field(
        description="settings it was trained with, without paths", examples=[{"trainer": {"dims": 100, "epochs": 20}}]
    )
    recommender: dict[str, Any] = Field(description="how its matrices are read, as measured and as served")
    seed: int = Field(examples=[1])
    libraries: dict[str, str] = Field(description="versions it was made with", examples=[{"numpy": "2.4.6"}])
    data: Data = Field(description="the log it was trained on, and what the rules took away")
    trained_on: Literal["all", "before_split"]
    training: dict[str, Any] = Field(
        description="learning rate that held, restarts before it, version it started from; empty in old models",
        examples=[{"learning_rate": 1.0, "restarts": 0, "started_from": None}],
    )
    index: dict[str, Any] = Field(description="kind and measured recall of the indexes, by score")
    metrics: dict[str, Any] = Field(description="the whole evaluation, beside its baselines")
    timings: dict[str, float] = Field(description="seconds by step")
    gate: Gate | None
    imported: ImportFacts | None = Field(None, description="where its vectors were made elsewhere: what was imported")
    stored: StoredEvents | None = Field(
        None, description="what of it came out of the database, and how many users were erased before"
    )
    files: dict[str, FileEntry] = Field(description="bytes and SHA-256 of each file")


class DiffReply(Reply):
    """What changed between two models."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    from_: str = Field(alias="from", description="the earlier version", examples=["20261123-065540"])
    to: str = Field(description="the later version", examples=[VERSION])
    items: ItemChanges
    similar: Overlap = Field(description="neighbours by score=similar")
    next: Overlap = Field(description="neighbours by score=next")
    movers: list[Mover] = Field(description="the least overlap by score=similar first, frequent items first")
    vectors: VectorChanges = Field(description="whether the two models are alike in what they learnt")
    metrics: list[FigureChange] = Field(description="figures that both models have")
    settings: list[SettingChange] = Field(description="settings that differ, without paths")


class ServingReply(Reply):
    """model_version is another version for as long as this process cannot load the one asked for: see GET /readyz."""

    version: str = Field(description="the version that serves from now on, by the registry", examples=[VERSION])


def summary_of(manifest: Manifest, current: str | None) -> ModelSummary:
    gate = manifest.gate
    return ModelSummary(
        version=manifest.version,
        created=manifest.created,
        current=manifest.version == current,
        trained_on=manifest.trained_on,
        items=manifest.data.items,
        sessions=manifest.data.sessions,
        events=manifest.data.events,
        gate=gate and Verdict.model_validate(gate.model_dump(exclude={"figures"})),
        metrics={
            task: {name: Figure(value=value, low=low, high=high) for name, (value, low, high) in figures.items()}
            for task, figures in main_figures(manifest).items()
        },
    )


def manifest_of(manifest: Manifest, current: str | None, serving: str | None) -> ManifestReply:
    fields = manifest.model_dump() | {"config": public(manifest.config)}
    return ManifestReply(**fields, current=manifest.version == current, model_version=serving)


def diff_of(found: ModelDiff, before: str, after: str, serving: str | None) -> DiffReply:
    shown = [c for c in found.settings if not (is_private(c.name, c.before) or is_private(c.name, c.after))]
    fields = vars(found) | {"settings": shown}
    return DiffReply(from_=before, to=after, model_version=serving, **fields)


def public(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The settings without those that `is_private`."""
    return {
        name: public(value, f"{prefix}{name}.") if isinstance(value, Mapping) else value
        for name, value in settings.items()
        if not is_private(f"{prefix}{name}", value)
    }


def is_private(name: str, value: Any) -> bool:
    """Whether a setting (`events.paths`) is or holds a place on the server: a path, a URL."""
    if name in HIDDEN:
        return True
    if isinstance(value, list | tuple):
        return any(is_private(name, part) for part in value)
    return isinstance(value, str) and PATH.fullmatch(value) is not None
