"""The parts of a model, and the data files of an artifact that hold them: written and read here, and nowhere else."""

from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from index.artifact.directory import Artifact, ArtifactWriter
from index.catalogue.catalogue import Catalogue
from index.catalogue.file import read_catalogue, write_catalogue
from index.content.content import Content, Vectors
from index.content.file import read_content, write_content
from index.errors import ArtifactCorrupt, ArtifactUnsupported
from index.ranking.parts.popularity import NEWEST
from index.ranking.parts.vectors import Moments
from index.ranking.readings import target_dims
from index.ranking.rules import Rules
from index.ranking.settings import RecommenderConfig
from index.search.exact import Floats, Mask, Rows
from index.search.indexfile import aligned, read_index, stored_vectors, write_index
from index.search.rough import Codes
from index.types.file import read_types, write_types
from index.types.types import Types
from index.vocabulary import Vocabulary
from index.why.evidence import Evidence
from index.why.makeup import Makeup, read_makeup, write_makeup

RULES_FIELDS = ("offsets", "items", "weights")
DISLIKES = ("sessions", "positions", "items")


@dataclass(frozen=True)
class Neighbours:
    """Lists computed when the model was made.

    rows: int32, shape (items, k), best first, padded with -1. scores: float32, the same shape, padded with -inf.
    """

    rows: Rows
    scores: Floats

    def first_k(
        self, row: int, k: int, allowed: Mask | None = None, gone: Rows | None = None
    ) -> tuple[Rows, Floats] | None:
        """The first k of the row's list that are allowed (bool, (items,)) and not gone: (rows, scores), no padding.

        Fewer than k where the list holds every item there is; None where a longer list could hold more of them.
        """
        rows, scores = self.rows[row], self.scores[row]
        if allowed is None and gone is None and k <= len(rows) and rows[k - 1] >= 0:
            return rows[:k], scores[:k]
        complete = len(rows) > 0 and rows[-1] < 0
        if complete:
            rows = rows[rows >= 0]
        keep = np.ones(len(rows), dtype=np.bool_) if allowed is None else allowed[rows]
        if gone is not None and len(gone):
            keep &= ~np.isin(rows, gone)
        places = keep.nonzero()[0][:k]
        return (rows[places], scores[places]) if len(places) == k or complete else None


@dataclass(frozen=True)
class ModelParts:
    """Everything an artifact holds beside its manifest; the shapes are in docs/formats.md.

    rare: item -> occurrences, of items seen too rarely for a vector. inputs, outputs: float32 (n, d), what "next" is
    scored with. rules: by the name of the part. newest: occurrences in the newest sessions, int64 (n,), by the name of
    the part. similar_vectors: float32 (n, any d), of length 1; of the reading
    dot the inputs themselves. targets: float32 (n, d or 2 d), see `targets_of`; of the
    reading in-out the outputs themselves. codes, moments: of the targets. similar_graph: HNSW over
    similar_vectors; None in catalogues that are scanned. content: how items without a past get vectors; None where the
    catalogue says nothing, and in older artifacts. makeup: of the inputs, where items have attributes.
    """

    vocabulary: Vocabulary
    catalogue: Catalogue
    rare: dict[str, int]
    inputs: Floats
    outputs: Floats
    rules: dict[str, Rules]
    newest: dict[str, NDArray[np.int64]]
    evidence: Evidence
    similar_vectors: Floats
    targets: Floats
    similar: Neighbours
    next: Neighbours
    codes: Codes | None = None
    moments: Moments | None = None
    similar_graph: faiss.IndexHNSW | None = None
    evaluation_ranks: NDArray[Any] | None = None
    content: Content | None = None
    makeup: Makeup | None = None
    types: Types | None = None


def write_parts(writer: ArtifactWriter, parts: ModelParts) -> None:
    """All files but the manifest."""
    writer.json("vocabulary", {"ids": parts.vocabulary.ids})
    write_catalogue(writer, parts.catalogue, parts.vocabulary)
    writer.json("rare", parts.rare)
    codes, moments = parts.codes or Codes.of(parts.targets), parts.moments or Moments.of(parts.targets)
    arrays: dict[str, NDArray[Any]] = {
        "counts": parts.vocabulary.counts,
        "inputs": parts.inputs,
        "outputs": parts.outputs,
        "evidence_offsets": parts.evidence.offsets,
        "evidence_sessions": parts.evidence.sessions,
        "evidence_positions": parts.evidence.positions,
        "session_ends": parts.evidence.ends,
        "similar": parts.similar_vectors,
        "codes": codes.values,
        "codes_bounds": np.array([codes.scale, codes.left, codes.length]),
        "targets_mean": moments.mean,
        "targets_covariance": moments.covariance,
        "similar_rows": parts.similar.rows,
        "similar_scores": parts.similar.scores,
        "next_rows": parts.next.rows,
        "next_scores": parts.next.scores,
    }
    for name, rules in parts.rules.items():
        arrays |= {f"{_counts_file(name)}_{field}": getattr(rules, field) for field in RULES_FIELDS}
    arrays |= {_file(name): counts for name, counts in parts.newest.items()}
    optional = {
        "targets": None if parts.targets is parts.outputs else parts.targets,
        "session_starts": parts.evidence.starts,
        "event_weights": parts.evidence.weights,
        "event_converted": parts.evidence.converted,
        "evaluation_ranks": parts.evaluation_ranks,
    }
    if parts.evidence.dislikes is not None:
        optional |= {f"dislike_{name}": values for name, values in zip(DISLIKES, parts.evidence.dislikes, strict=True)}
    for name, values in (arrays | {name: values for name, values in optional.items() if values is not None}).items():
        writer.array(name, values)
    if parts.makeup is not None:
        write_makeup(writer, parts.makeup)
    if parts.similar_graph is not None:
        write_index(parts.similar_graph, writer.path("similar.faiss"))
    if parts.content is not None:
        write_content(writer, parts.content)
    if parts.types is not None:
        write_types(writer, parts.types)


def read_parts(artifact: Artifact) -> ModelParts:
    """The same parts, mapped: read when first used, and shared by all processes that open the same version.

    Raises ArtifactCorrupt for a file that is missing or cannot be read, and for vectors of another shape than the
    matrices; ArtifactUnsupported for an index of another kind, and as `recommender_of`.
    """
    array = artifact.array
    config = recommender_of(artifact)

    def optional(name: str) -> NDArray[Any] | None:
        return array(name) if artifact.has(f"{name}.npy") else None

    inputs, outputs = array("inputs"), array("outputs")
    similar_vectors, similar_graph = _similar(artifact)
    # Models of release 0.1 have the targets inside an index only.
    if artifact.has("targets.npy") or config.next_reading == "in-out":
        targets = outputs if config.next_reading == "in-out" else array("targets")
    else:
        targets = aligned(stored_vectors(read_index(artifact.path("next.faiss")))[:, :-1])
    codes = moments = None
    if artifact.has("codes.npy"):  # older artifacts have neither; then they are made
        codes = Codes(array("codes"), *array("codes_bounds").tolist())
        moments = Moments(array("targets_mean"), array("targets_covariance"))
    vocabulary = Vocabulary(artifact.json("vocabulary")["ids"], array("counts"))
    parts = ModelParts(
        vocabulary=vocabulary,
        catalogue=read_catalogue(artifact, vocabulary),
        rare=artifact.json("rare"),
        inputs=inputs,
        outputs=outputs,
        rules={
            name: Rules(*(array(f"{_counts_file(name)}_{field}") for field in RULES_FIELDS))
            for name in config.used_counts()
        },
        newest={name: array(_file(name)) for name in sorted(config.used() & NEWEST.keys())},
        evidence=Evidence(
            offsets=array("evidence_offsets"),
            sessions=array("evidence_sessions"),
            positions=array("evidence_positions"),
            ends=array("session_ends"),
            clock=artifact.manifest.data.last_event is not None,
            starts=optional("session_starts"),
            weights=optional("event_weights"),
            converted=optional("event_converted"),
            dislikes=_dislikes(artifact),
        ),
        similar_vectors=similar_vectors,
        targets=targets,
        codes=codes,
        moments=moments,
        similar_graph=similar_graph,
        similar=Neighbours(array("similar_rows"), array("similar_scores")),
        next=Neighbours(array("next_rows"), array("next_scores")),
        evaluation_ranks=optional("evaluation_ranks"),
        content=read_content(artifact, Vectors(inputs, outputs, similar_vectors)),
        makeup=read_makeup(artifact, len(vocabulary)),
        types=read_types(artifact),
    )
    items, dims = len(parts.vocabulary), parts.inputs.shape[1]
    wide = target_dims(dims, config.next_reading)
    _check_shape(similar_vectors, (items, similar_vectors.shape[-1]), artifact, "similar")
    _check_shape(targets, (items, wide), artifact, "targets")
    return parts


def _dislikes(artifact: Artifact) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None:
    """As in Evidence."""
    if not artifact.has(f"dislike_{DISLIKES[0]}.npy"):
        return None
    sessions, positions, items = (artifact.array(f"dislike_{name}") for name in DISLIKES)
    return sessions, positions, items


def similar_of(artifact: Artifact) -> Floats:
    """The vectors of `similar`, float32 (items, d), of length 1, mapped where they can be."""
    return _similar(artifact)[0]


def _similar(artifact: Artifact) -> tuple[Floats, faiss.IndexHNSW | None]:
    """Vectors that are scanned, and the graph over them. Up to release 0.1 they were inside a FAISS file only."""
    index = read_index(artifact.path("similar.faiss")) if artifact.has("similar.faiss") else None
    graph = index if isinstance(index, faiss.IndexHNSW) else None
    if artifact.has("similar.npy") or index is None:
        return artifact.array("similar"), graph
    return aligned(stored_vectors(index)), graph


def _counts_file(name: str) -> str:
    """Up to 0.1 there was one part of counts, in files called rules."""
    return name if name == "rules" else f"counts_{_file(name)}"


def _file(name: str) -> str:
    return name.replace(".", "_")


def recommender_of(artifact: Artifact) -> RecommenderConfig:
    """How the model scores. Raises ArtifactUnsupported for a setting that this release does not know."""
    try:
        return RecommenderConfig.model_validate(artifact.manifest.recommender)
    except ValidationError as error:
        settings = ", ".join("recommender." + ".".join(map(str, e["loc"])) for e in error.errors())
        raise ArtifactUnsupported(
            f"{artifact.directory} was made by another release of item2vec: this one does not know its {settings}. "
            "Upgrade item2vec, activate a version that this release made, or train again"
        ) from error


def _check_shape(vectors: Floats, wanted: tuple[int, int], artifact: Artifact, name: str) -> None:
    if vectors.shape != wanted:
        files = [file for file in (f"{name}.npy", f"{name}.faiss", "next.faiss", "outputs.npy") if artifact.has(file)]
        found = " x ".join(map(str, vectors.shape))
        raise ArtifactCorrupt(
            f"holds {found}, the model is of {wanted[0]} x {wanted[1]}: they are not of one artifact; train again",
            artifact.path(files[0]),
        )
