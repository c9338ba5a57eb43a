"""A model of any size for the HTTP benchmark: clustered vectors and random sessions, without any training."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.artifact.manifest import Data, Gate, Manifest
from index.artifact.registry import Registry
from index.catalogue.catalogue import Catalogue
from index.parts import ModelParts, Neighbours, write_parts
from index.ranking.readings import similar_vectors
from index.ranking.scorer import NextScorer
from index.ranking.settings import RecommenderConfig
from index.search.exact import Floats, Rows, top_k
from index.sense import examine
from index.vocabulary import Vocabulary
from index.why.evidence import build_evidence

DIMS, CATEGORIES, STORED, CLUSTER = 100, 20, 100, 150


def publish(models: Path, items: int, seed: int = 1) -> str:
    """The version. Categories have nothing to do with the clusters, so that a filter finds little in stored lists."""
    rng = np.random.default_rng(seed)
    near = rng.permutation(items) // CLUSTER
    centres = rng.normal(size=(near.max(initial=0) + 1, DIMS))
    vectors = (centres[near] + 0.7 * rng.normal(size=(items, DIMS))).astype(np.float32)
    counts = np.sort(rng.zipf(1.3, size=items).clip(5, 100_000))[::-1].astype(np.int64)
    ids = [f"item-{i:06d}" for i in range(items)]
    titles, categories = [f"Title number {i}" for i in range(items)], [f"c{i % CATEGORIES}" for i in range(items)]
    tokens = rng.integers(items, size=items * 5).astype(np.int32)
    offsets = np.arange(0, len(tokens) + 1, 5, dtype=np.int64)
    alone = {"vectors": 1.0}
    config = RecommenderConfig(next_reading="in-in", counts={}, item=alone, session=alone)
    unit = similar_vectors(vectors, vectors, "in")
    rows, scores = near_lists(unit, near, min(STORED, items - 1))
    scorer = NextScorer.of(vectors, vectors, unit, counts, config)
    parts = ModelParts(
        Vocabulary(ids, counts),
        Catalogue(
            ids, {"title": titles, "category": categories, "price": [i * 7919 % 10_007 / 7 for i in range(items)]}
        ),
        {},
        vectors,
        vectors,
        {},
        {},
        build_evidence(tokens, offsets, np.arange(len(offsets) - 1, dtype=np.int64), items, False),
        unit,
        scorer.vectors["vectors"].targets,
        Neighbours(rows, scores),
        Neighbours(rows, scores),
    )
    registry = Registry(models)
    now = datetime.now(UTC)
    version = registry.new_version(now)
    manifest = Manifest(
        version=version,
        created=now,
        config={"sessions": {"min_item_count": 5}},
        recommender=config.model_dump(mode="json"),
        seed=seed,
        libraries={},
        data=Data(fingerprint="0" * 64, events=0, sessions=len(offsets) - 1, items=items, tokens=len(tokens)),
        trained_on="all",
        index={"similar": {"kind": "flat", "recall_at_10": 1.0}},
        metrics={},
        timings={},
        gate=Gate(accepted=True, forced=True, reasons=[], figures={}),
    )
    with registry.writer(version) as writer:
        write_parts(writer, parts)
        writer.commit(manifest)
    registry.activate(version, examine=examine)
    return version


def near_lists(unit: Floats, near: NDArray[np.int64], k: int) -> tuple[Rows, Floats]:
    """The k best of each item, among those of its cluster: all others are further away. Of a million items in half a
    minute. Small worlds are searched whole."""
    rows = np.full((len(unit), k), -1, dtype=np.int32)
    scores = np.full((len(unit), k), -np.inf, dtype=np.float32)
    groups = np.split(np.argsort(near, kind="stable"), np.flatnonzero(np.diff(np.sort(near))) + 1)
    if len(groups) < 20 or len(groups[-1]) <= k:
        groups = [*groups[:-2], np.concatenate(groups[-2:])] if len(groups) >= 20 else [np.arange(len(unit))]
    for group in map(np.sort, groups):
        products = unit[group] @ unit[group].T
        np.fill_diagonal(products, -np.inf)
        found, scores[group] = top_k(products, k)
        rows[group] = np.where(found >= 0, group[found], -1)
    return rows, scores


if __name__ == "__main__":
    print(publish(Path(sys.argv[1]), int(sys.argv[2])))
