"""An opened artifact that answers: the parts written and read here are the format of an artifact's data files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from index.artifact.directory import Artifact, ArtifactWriter
from index.catalogue import Catalogue
from index.errors import ArtifactCorrupt, ItemUnknown, ItemUntrained
from index.evidence import Evidence, PairEvidence
from index.ranking.recommender import Recommender
from index.ranking.rules import Rules
from index.ranking.scorer import NextScorer, RecommenderConfig
from index.search.allowed import Allowed
from index.search.builder import BuiltIndex, read_index, stored_vectors, write_index
from index.search.searcher import Searcher
from index.vocabulary import Vocabulary

Score = Literal["similar", "next"]


@dataclass(frozen=True)
class Neighbours:
    """rows: int32, shape (items, k), padded with -1. scores: float32, the same shape, padded with -inf."""

    rows: NDArray[np.int32]
    scores: NDArray[np.float32]


@dataclass(frozen=True)
class ModelParts:
    """Everything an artifact holds beside its manifest; shapes are in docs/formats.md."""

    vocabulary: Vocabulary
    catalogue: Catalogue
    rare: dict[str, int]
    inputs: NDArray[np.float32]
    outputs: NDArray[np.float32]
    rules: Rules
    evidence: Evidence
    similar_index: BuiltIndex
    next_index: BuiltIndex
    similar: Neighbours
    next: Neighbours
    evaluation_ranks: NDArray[Any] | None = None


def write_model(writer: ArtifactWriter, parts: ModelParts) -> None:
    """All files but the manifest."""
    writer.json("vocabulary", {"ids": parts.vocabulary.ids})
    writer.json("catalogue", parts.catalogue.to_json())
    writer.json("rare", parts.rare)
    arrays: dict[str, NDArray[Any]] = {
        "counts": parts.vocabulary.counts,
        "inputs": parts.inputs,
        "outputs": parts.outputs,
        "rules_offsets": parts.rules.offsets,
        "rules_items": parts.rules.items,
        "rules_weights": parts.rules.weights,
        "evidence_offsets": parts.evidence.offsets,
        "evidence_sessions": parts.evidence.sessions,
        "evidence_positions": parts.evidence.positions,
        "session_ends": parts.evidence.ends,
        "similar_rows": parts.similar.rows,
        "similar_scores": parts.similar.scores,
        "next_rows": parts.next.rows,
        "next_scores": parts.next.scores,
    }
    if parts.evaluation_ranks is not None:
        arrays["evaluation_ranks"] = parts.evaluation_ranks
    for name, values in arrays.items():
        writer.array(name, values)
    write_index(parts.similar_index.index, writer.path("similar.faiss"))
    write_index(parts.next_index.index, writer.path("next.faiss"))


@dataclass(frozen=True)
class Ranked:
    """One answer: the item and its score."""

    item: str
    score: float


@dataclass(frozen=True)
class Explanation:
    """Why two items are close, or why the second is not in the list. pair is None where an item has no vector.

    similar, next: (score, rank of the second among all items for the first). missing: reasons it is not among the
    stored neighbours, by score.
    """

    item: str
    candidate: str
    pair: PairEvidence | None
    similar: tuple[float, int] | None
    next: tuple[float, int] | None
    missing: dict[str, str]


class Model:
    """Ids in, ids out. The arrays are memory maps, shared by all processes that open the same version."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self.manifest = artifact.manifest
        self.config = RecommenderConfig.model_validate(artifact.manifest.recommender)
        self.vocabulary = Vocabulary(artifact.json("vocabulary")["ids"], artifact.array("counts"))
        self.catalogue = Catalogue.from_json(artifact.json("catalogue"))
        self.rare: dict[str, int] = artifact.json("rare")
        self.inputs, self.outputs = artifact.array("inputs"), artifact.array("outputs")
        self.rules = Rules(*(artifact.array(f"rules_{part}") for part in ("offsets", "items", "weights")))
        self.evidence = Evidence(
            artifact.array("evidence_offsets"),
            artifact.array("evidence_sessions"),
            artifact.array("evidence_positions"),
            artifact.array("session_ends"),
            clock=artifact.manifest.data.last_event is not None,
        )
        scorer = NextScorer(self.inputs, self.outputs, self.vocabulary.counts, self.rules, self.config)
        # What the indexes hold is what was built from the matrices: taken from there it is mapped, and in no process's
        # own memory (100,000 x 100: 40 MB for each of the three).
        next_index, similar_index = (read_index(artifact.path(f"{name}.faiss")) for name in ("next", "similar"))
        next_vectors, self.vectors = stored_vectors(next_index), stored_vectors(similar_index)
        _check_shape(next_vectors, (len(self.vocabulary), scorer.targets.shape[1] + 1), artifact.path("next.faiss"))
        _check_shape(self.vectors, (len(self.vocabulary), self.inputs.shape[1]), artifact.path("similar.faiss"))
        scorer.share(next_vectors[:, :-1], next_index)
        self.recommender = Recommender(scorer, Searcher(next_index, next_vectors))
        self.searcher = Searcher(similar_index, self.vectors)
        self.stored = {
            # Plain views of the maps: slicing a np.memmap takes 1.5 us more, each time.
            name: Neighbours(*(np.asarray(artifact.array(f"{name}_{part}")) for part in ("rows", "scores")))
            for name in ("similar", "next")
        }

    def row(self, item: str) -> int:
        """Raises ItemUntrained for an item that is known but too rare for a vector, ItemUnknown otherwise."""
        if item in self.vocabulary:
            return self.vocabulary.row(item)
        if item in self.rare:
            needed = self.manifest.config["sessions"]["min_item_count"]
            raise ItemUntrained(f"item {item!r} occurs {self.rare[item]} times in the sessions, {needed} are needed")
        if item in self.catalogue:
            raise ItemUntrained(f"item {item!r} is in the catalogue, but in no session the model was trained on")
        raise ItemUnknown.named(item)

    def resolve(self, text: str) -> str:
        """An item id from an id or a title; of several items with this very title the one seen most often. Raises
        ItemUnknown."""
        if text in self.vocabulary or text in self.rare:
            return text
        same = [item for item in self.catalogue.titled(text) if item in self.vocabulary]
        if text not in self.catalogue and same:
            return max(same, key=lambda item: self.vocabulary.counts[self.vocabulary.row(item)])
        return self.catalogue.resolve(text)

    def neighbours(self, item: str, k: int, score: Score = "similar") -> list[Ranked]:
        """The k best by either score: from the stored lists where they reach, else searched."""
        row = self.row(item)
        stored = self.stored[score]
        if k <= stored.rows.shape[1]:
            rows, scores = stored.rows[row, :k], stored.scores[row, :k]
        elif score == "similar":
            found = self.searcher.search(self.vectors[row : row + 1], k, exclude=[np.array([row])])
            rows, scores = found[0][0], found[1][0]
        else:
            found = self.recommender.next_of(np.array([row], dtype=np.int32), k)
            rows, scores = found[0][0], found[1][0]
        return self._ranked(rows, scores)

    def among(
        self, row: int, k: int, score: Score, allowed: Allowed | None, gone: NDArray[np.int32] | None = None
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The k best by either score of the rows that `allowed` lets through, `gone` and the item itself left out.

        Exactly the k best where the stored lists are exact: what passes of them comes first, and only where that is
        fewer than k the rows are scanned (few allowed) or the index over-fetches (many). At most k long, no padding.
        """
        stored = self.stored[score]
        rows, scores = stored.rows[row], stored.scores[row]
        if allowed is None and gone is None and k <= len(rows) and rows[k - 1] >= 0:
            return rows[:k], scores[:k]
        keep = rows >= 0
        complete = not keep.all()  # the list holds every item there is
        if allowed is not None:
            keep &= allowed.mask[rows]
        if gone is not None and len(gone):
            keep &= ~np.isin(rows, gone)
        found = np.flatnonzero(keep)[:k]
        if len(found) == k or complete:
            return rows[found], scores[found]
        out = np.array([row], dtype=np.int32) if gone is None else np.append(gone, np.int32(row)).astype(np.int32)
        if score == "similar":
            query = self.vectors[row : row + 1]
            if allowed is not None and (few := allowed.few(self.vectors)) is not None:
                rows, scores = few.search(query, k, out)
            else:
                mask = None if allowed is None else allowed.mask
                found_rows, found_scores = self.searcher.search(query, k, mask, [out])
                rows, scores = found_rows[0], found_scores[0]
        else:
            mask = np.ones(len(self.vocabulary), dtype=np.bool_) if allowed is None else allowed.mask.copy()
            mask[out] = False
            rows, scores = self.recommender.among(np.array([row], dtype=np.int32), k, mask, one_item=True)
        real = rows >= 0
        return rows[real], scores[real]

    def recommend(self, items: list[str], k: int, exclude_seen: bool = False) -> list[Ranked]:
        """What comes next after a session, oldest item first; items without a vector are passed over."""
        session = self.vocabulary.known_rows(items)
        if not len(session):
            raise ItemUnknown("none of the session's items has a vector")
        rows, scores = self.recommender.recommend([session], k, exclude_seen)
        return self._ranked(rows[0], scores[0])

    def explain(self, item: str, candidate: str) -> Explanation:
        """Evidence and ranks of one pair. Raises ItemUnknown for an id nobody knows."""
        missing: dict[str, str] = {}
        places = []
        for known in (item, candidate):
            try:
                places.append(self.row(known))
            except ItemUntrained as error:
                missing["vector"] = str(error)
        if len(places) < 2 or places[0] == places[1]:
            if not missing:
                missing["same"] = "an item is not listed beside itself"
            return Explanation(item, candidate, None, None, None, missing)
        a, b = places
        ranks: dict[Score, tuple[float, int]] = {}
        dense: dict[Score, Callable[[], NDArray[np.float32]]] = {
            "similar": lambda: self.vectors @ self.vectors[a],
            "next": lambda: self.recommender.scores([np.array([a], dtype=np.int32)], one_item=True)[0],
        }
        for score, scores in dense.items():
            ranks[score] = _rank(scores(), a, b)
            stored = self.stored[score].rows
            if b not in stored[a]:
                missing[score] = f"rank {ranks[score][1]:,} of {len(self.vocabulary):,}; {stored.shape[1]} are stored"
        return Explanation(item, candidate, self.evidence.pair(a, b), ranks["similar"], ranks["next"], missing)

    def _ranked(self, rows: NDArray[np.int32], scores: NDArray[np.float32]) -> list[Ranked]:
        return [
            Ranked(self.vocabulary.ids[row], score)
            for row, score in zip(rows.tolist(), scores.tolist(), strict=True)
            if row >= 0
        ]


def _check_shape(vectors: NDArray[np.float32], wanted: tuple[int, int], path: Path) -> None:
    if vectors.shape != wanted:
        raise ArtifactCorrupt(
            f"holds {vectors.shape[0]} x {vectors.shape[1]}, the model is of {wanted[0]} x {wanted[1]}: "
            "they are not of one artifact; train again",
            path,
        )


def _rank(scores: NDArray[np.float32], query: int, candidate: int) -> tuple[float, int]:
    """(score, rank) of the candidate, the query itself not counted; ties by row."""
    own = scores[candidate]
    above = scores > own
    above[:candidate] |= scores[:candidate] == own
    above[query] = False
    return float(own), int(above.sum()) + 1
