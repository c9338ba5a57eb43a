"""Replies of the model routes, and how a manifest is shown: without any path of the machine it was trained on."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.common import Reply
from index.artifact.manifest import Data, FileEntry, Gate, Manifest
from index.diff import main_figures

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
    files: dict[str, FileEntry] = Field(description="bytes and SHA-256 of each file")


class ItemChangesReply(BaseModel):
    """Which items came and went."""

    before: int = Field(description="items of the earlier model", examples=[31800])
    after: int = Field(description="items of the later model", examples=[32000])
    both: int = Field(examples=[31500])
    gained: int = Field(examples=[500])
    lost: int = Field(examples=[300])
    gained_ids: list[str] = Field(description="the first 100, most frequent first", examples=[["t000327"]])
    lost_ids: list[str] = Field(description="the first 100, most frequent first", examples=[["h000012"]])


class OverlapReply(BaseModel):
    """How many of the ten neighbours stayed, among the items that both models have."""

    items: int = Field(description="items compared", examples=[31500])
    mean: float | None = Field(description="0 to 1; null without items to compare", examples=[0.62])
    histogram: list[int] = Field(
        description="items by overlap, ten bins from [0, 0.1) to [0.9, 1]",
        examples=[[10, 40, 300, 900, 2500, 6000, 9000, 8000, 3750, 1000]],
    )


class MoverReply(BaseModel):
    """An item whose similar items changed."""

    item_id: str = Field(examples=["t000327"])
    overlap: float = Field(description="share of its ten neighbours that stayed", examples=[0.1])
    gained: list[str] = Field(description="neighbours it has now, best first", examples=[["t000180"]])
    lost: list[str] = Field(description="neighbours it had before, best first", examples=[["t000911"]])


class MovedItemReply(BaseModel):
    """An item whose vector moved."""

    item_id: str = Field(examples=["t000327"])
    moved: float = Field(description="1 - cosine of its two vectors", examples=[0.41])


class VectorChangesReply(BaseModel):
    """How far input vectors moved, once the later model is turned onto the earlier one."""

    items: int = Field(description="items of both models", examples=[31500])
    median: float | None = Field(
        description="1 - cosine: 0 stayed, 1 at a right angle; null where they cannot be compared",
        examples=[0.06],
    )
    most: list[MovedItemReply] = Field(description="the 20 that moved most, farthest first")
    reason: str | None = Field(
        description="why there is no median", examples=["the earlier model has 64 dims, the later 128"]
    )


class FigureChangeReply(BaseModel):
    """One figure of both evaluations, each on the test sessions of its own log."""

    task: str = Field(examples=["T2"])
    metric: str = Field(examples=["ndcg@10"])
    before: float = Field(examples=[0.208])
    after: float = Field(examples=[0.214])
    difference: float = Field(description="after - before", examples=[0.006])


class SettingChangeReply(BaseModel):
    """A setting that differs; null where one of the two does not know it."""

    name: str = Field(description="as in docs/configuration.md", examples=["trainer.dims"])
    before: Any = Field(examples=[64])
    after: Any = Field(examples=[100])


class DiffReply(Reply):
    """What changed between two models."""

    model_config = ConfigDict(protected_namespaces=(), validate_by_name=True, validate_by_alias=True)

    from_: str = Field(alias="from", description="the earlier version", examples=["20261123-065540"])
    to: str = Field(description="the later version", examples=[VERSION])
    items: ItemChangesReply
    similar: OverlapReply = Field(description="neighbours by score=similar")
    next: OverlapReply = Field(description="neighbours by score=next")
    movers: list[MoverReply] = Field(description="the least overlap by score=similar first, frequent items first")
    vectors: VectorChangesReply = Field(description="whether the two models are alike in what they learnt")
    metrics: list[FigureChangeReply] = Field(description="figures that both models have")
    settings: list[SettingChangeReply] = Field(description="settings that differ, without paths")


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
        gate=gate and Verdict(accepted=gate.accepted, forced=gate.forced, reasons=gate.reasons),
        metrics={
            task: {name: Figure(value=value, low=low, high=high) for name, (value, low, high) in figures.items()}
            for task, figures in main_figures(manifest).items()
        },
    )


def manifest_of(manifest: Manifest, current: str | None, serving: str | None) -> ManifestReply:
    fields = manifest.model_dump() | {"config": public(manifest.config)}
    return ManifestReply(**fields, current=manifest.version == current, model_version=serving)


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
