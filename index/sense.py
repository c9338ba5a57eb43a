"""Whether an artifact makes sense: its files may be whole, with right checksums, and hold what no model can be."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.artifact.directory import Artifact
from index.catalogue.lists import Lists
from index.catalogue.texts import Texts
from index.content.file import faults
from index.errors import ArtifactCorrupt, ArtifactError
from index.model import Model
from index.parts import ModelParts, read_parts
from index.types.file import faults as faults_of_types

Array = NDArray[Any]


def examine(artifact: Artifact) -> None:
    """Reads all of it. Raises ArtifactCorrupt that names the file, ArtifactUnsupported; nothing else, whatever it
    holds."""
    try:
        parts = read_parts(artifact)
        for name, reason in _faults(parts):  # the first of them
            raise ArtifactCorrupt(f"{reason}: this is no model; train again", artifact.path(_file_of(artifact, name)))
        _asked(Model(artifact))
    except ArtifactError:
        raise
    except Exception as error:
        # Without the error's own words, which may name places on this machine: the cause has them.
        reason = f"cannot be a model ({type(error).__name__}); train again"
        raise ArtifactCorrupt(reason, artifact.directory) from error


def _asked(model: Model) -> None:
    """One question of each kind."""
    if len(model.vocabulary) > 1:
        first = model.vocabulary.ids[0]
        model.recommend([first], 1)
        for score in ("similar", "next"):
            model.neighbours(first, 1, score)
        model.catalogue.metadata(first)


def _faults(parts: ModelParts) -> Iterator[tuple[str, str]]:
    """(file, what is wrong); what comes later takes for granted what was looked at before."""
    ids, items = parts.vocabulary.ids, len(parts.vocabulary)
    if not all(isinstance(item, str) and _can_be_sent(item) for item in ids):
        yield "vocabulary", "holds ids that are no texts"
    if len(set(ids)) != items:
        yield "vocabulary", "names an item twice"
    if not _within(parts.vocabulary.counts, 0, None):
        yield "counts", "holds counts below 0"
    if (
        not isinstance(parts.rare, dict)
        or not all(isinstance(count, int) for count in parts.rare.values())
        or not all(map(_can_be_sent, parts.rare))
    ):
        yield "rare", "does not hold a count for each item"
    for number, column in enumerate(parts.catalogue.columns.values()):
        if len(column) != parts.catalogue.size:
            yield "catalogue", "has columns of another length than its items"
        if isinstance(column, Texts) and not column.is_sound():
            yield f"catalogue_{number}_text", "holds what is no text"
        if isinstance(column, Lists) and not column.is_sound():
            yield f"catalogue_{number}_members", "holds what are no lists of texts"
    matrices = {"inputs": parts.inputs, "outputs": parts.outputs}
    for name, matrix in (matrices | {"similar": parts.similar_vectors, "targets": parts.targets}).items():
        if matrix.ndim != 2 or len(matrix) != items:
            yield name, f"is not of {items} items"
        if matrix.dtype != np.float32:
            yield name, "is not of float32 numbers"
        if not _finite(matrix):
            yield name, "holds numbers that are not finite"
    if parts.inputs.shape != parts.outputs.shape:
        yield "outputs", "has another shape than the inputs"
    if parts.codes is not None:
        if parts.codes.values.shape != parts.targets.shape:
            yield "codes", "has another shape than the targets"
        if not _within(np.array([parts.codes.scale, parts.codes.left, parts.codes.length]), 0, None):
            yield "codes_bounds", "holds bounds that are no numbers from 0"
    for name, lists in (("similar", parts.similar), ("next", parts.next)):
        if not _whole(lists.rows) or lists.scores.dtype != np.float32:
            yield f"{name}_rows", "does not list rows and scores by their types"
        if lists.rows.ndim != 2 or len(lists.rows) != items or not _within(lists.rows, -1, items - 1):
            yield f"{name}_rows", f"does not list rows of {items} items"
        if lists.scores.shape != lists.rows.shape or (lists.scores.size and np.isnan(lists.scores.max())):
            yield f"{name}_scores", "does not hold a number for each row"
    for name, rules in parts.rules.items():
        file = f"counts_{name.replace('.', '_')}"
        if not _rising(rules.offsets, items, len(rules.items)):
            yield f"{file}_offsets", "does not rise from 0 to the last entry"
        if not _whole(rules.items) or not _within(rules.items, 0, items - 1):
            yield f"{file}_items", "names rows that there are not"
        if rules.weights.shape != rules.items.shape or not _finite(rules.weights):
            yield f"{file}_weights", "does not hold a number for each row"
    for name, counts in parts.newest.items():
        if counts.shape != (items,) or not _within(counts, 0, None):
            yield name.replace(".", "_"), "is not a count of each item"
    evidence = parts.evidence
    if not _rising(evidence.offsets, items, len(evidence.sessions)):
        yield "evidence_offsets", "does not rise from 0 to the last entry"
    if not _whole(evidence.sessions, evidence.positions, evidence.ends):
        yield "evidence_sessions", "is not of whole numbers"
    if not _within(evidence.sessions, 0, len(evidence.ends) - 1):
        yield "evidence_sessions", "names sessions that there are not"
    if parts.content is not None:
        yield from faults(parts.content)
    if evidence.positions.shape != evidence.sessions.shape or not _within(evidence.positions, 0, None):
        yield "evidence_positions", "does not hold a position for each session"
    if parts.types is not None:
        yield from faults_of_types(parts.types, items)


def _can_be_sent(text: str) -> bool:
    """Half of a surrogate pair is a text to Python and to JSON, and to nobody who reads bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _whole(*values: Array) -> bool:
    return all(array.dtype.kind in "iu" for array in values)


def _within(values: Array, least: float, most: float | None) -> bool:
    """NaN is nowhere."""
    if not values.size:
        return True
    return bool(values.min() >= least) and (most is None or bool(values.max() <= most))


def _finite(values: Array) -> bool:
    return not values.size or bool(np.isfinite(values.max()) and np.isfinite(values.min()))


def _rising(offsets: Array, items: int, last: int) -> bool:
    return (
        _whole(offsets)
        and offsets.shape == (items + 1,)
        and offsets[0] == 0
        and offsets[-1] == last
        and bool((np.diff(offsets) >= 0).all())
    )


def _file_of(artifact: Artifact, name: str) -> str:
    """As the manifest lists it; the manifest itself for what lies in a file of release 0.1 only."""
    found = [file for file in (f"{name}.npy", f"{name}.json", f"{name}.faiss") if artifact.has(file)]
    return found[0] if found else next(iter(artifact.manifest.files))
