"""The version that is updated: what of it is needed, and why it may not be one."""

import glob
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.artifact.manifest import Manifest
from index.artifact.registry import Registry
from index.errors import NoModel, UpdateImpossible
from index.model import Model as Served
from training.config import TrainConfig
from training.configfile import config_of
from training.corpus import Corpus
from training.presets.unfold import unfold


@dataclass(frozen=True)
class Base:
    """The version that is updated. config: its settings, with the files of the new events."""

    version: str
    manifest: Manifest
    model: Served
    config: TrainConfig


def base_of(
    registry: Registry, events: Mapping[str, Any], version: str | None = None, gate: Mapping[str, Any] | None = None
) -> Base:
    """events, gate: settings of these sections that differ from those of the version: its files, most of all. version:
    None for the one that serves.

    Raises UpdateImpossible for a version that cannot be updated; ConfigError.
    """
    try:
        artifact = registry.open(version)
    except NoModel:
        raise UpdateImpossible("no model serves yet: train whole first, without --update") from None
    manifest = artifact.manifest
    if manifest.imported is not None:
        raise UpdateImpossible(
            f"version {manifest.version} has imported vectors, which new events do not change: give them again with "
            "the new log (`item2vec import VECTORS --events LOG`), or train whole"
        )
    made = manifest.training is not None and manifest.training.engine is not None and manifest.metrics is not None
    if not made or manifest.trained_on != "all":
        raise UpdateImpossible(
            f"version {manifest.version} was made by release 0.1, or of a part of its log: train whole, once"
        )
    config = unfold(config_of(artifact, events, gate), registry.root)
    items = config.events.items
    if items and "items" not in events and not any(map(_is_there, items)):  # the metadata stays as it was
        config = config.model_copy(update={"events": config.events.model_copy(update={"items": ()})})
    return Base(manifest.version, manifest, Served(artifact), config)


def corpus_of(base: Base) -> Corpus:
    evidence = base.model.evidence
    assert evidence.starts is not None
    tokens, offsets = evidence.tokens()
    return Corpus(tokens, offsets, evidence.starts, evidence.ends, len(base.model.vocabulary), evidence.weights)


def _is_there(path: str) -> bool:
    return Path(path).exists() or bool(glob.glob(path, recursive=True))
