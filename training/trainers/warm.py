"""Warm start: the vectors of the model that serves, as the beginning of the next training, or as what the closed form
is turned onto."""

import logging
from dataclasses import dataclass

import numpy as np

from index.artifact.registry import Registry
from index.errors import Item2vecError
from index.parts import similar_of
from training.trainers.spaces import Start
from training.trainers.trainer import Embeddings, fresh_inputs

log = logging.getLogger("item2vec")


@dataclass(frozen=True)
class WarmStart:
    """start: rows as in the new vocabulary. version: whose vectors they are. known: how many items have them; the
    others begin as in a training from scratch."""

    start: Start
    version: str
    known: int


def warm_start(registry: Registry, ids: list[str], dims: int, seed: int, engine: str) -> WarmStart | str:
    """From the current version, or in words why that is not possible. ids: of the rows of the new vocabulary.
    engine: that trains."""
    try:
        version = registry.current()
        if version is None:
            return "no model is active"
        artifact = registry.open(version)
        similar = similar_of(artifact)
    except Item2vecError as error:
        # A damaged model must not keep a good one from replacing it. The message names folders, and a job's lines go
        # over HTTP: they get the code.
        log.warning("no warm start error=%s", error)
        return f"the current model cannot be read: {error.code}"
    if artifact.manifest.imported is not None:
        return f"version {version} has imported vectors"
    before = artifact.manifest.training
    if engine != "spectral" and before is not None and before.engine == "spectral":
        return f"version {version} was made by the closed form, whose vectors are no beginning for {engine}"
    inputs, outputs = artifact.array("inputs"), artifact.array("outputs")
    if inputs.shape[1] != dims:
        return f"version {version} has {inputs.shape[1]} dims, this training {dims}"
    place = {item: row for row, item in enumerate(artifact.json("vocabulary")["ids"])}
    rows = np.array([place.get(item, -1) for item in ids], dtype=np.int64)
    both = rows >= 0
    if not both.any():
        return f"version {version} has none of the items of this log"
    start = Embeddings(fresh_inputs(len(ids), dims, seed), np.zeros((len(ids), dims), dtype=np.float32))
    start.inputs[both], start.outputs[both] = inputs[rows[both]], outputs[rows[both]]
    alike = None
    if similar.shape[1] == dims:
        alike = Embeddings(np.zeros((len(ids), dims), np.float32), np.zeros((len(ids), dims), np.float32))
        alike.inputs[both] = similar[rows[both]]
    return WarmStart(Start(start, alike), version, int(both.sum()))
