"""The last step of a run: everything is written as one version, and serves where the gate lets it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any

from index.artifact.manifest import (
    ContentFacts,
    Data,
    Gate,
    ImportFacts,
    IndexFacts,
    Manifest,
    StoredEvents,
    UpdateFacts,
)
from index.artifact.registry import Registry
from index.explorer.itemmap import ItemMap, write_map
from index.parts import ModelParts, write_parts
from index.ranking.settings import RecommenderConfig
from index.report import Report
from index.search.builder import BuiltIndex
from index.sense import examine
from training.config import TrainConfig
from training.corpus import Corpus
from training.evaluation.split import has_clock
from training.map.earlier import earlier_map
from training.map.make import map_of
from training.pipeline.prepare import Prepared
from training.pipeline.train import Fitted
from training.workspace import Workspace

LIBRARIES = ("item2vec", "numpy", "duckdb", "pyarrow", "numba", "gensim", "faiss-cpu", "scipy", "pydantic")


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Publishing:
    """When a version is published, and instead of what. now: its moment. serving: the version it takes the place of,
    asked for when publishing begins; where another one serves at the end, somebody has chosen it meanwhile, and it
    stays. activate: whether the version becomes current at once, or later, by whoever asked for it. stored: the part of
    the log that came out of the database."""

    now: Callable[[], datetime] = utc_now
    serving: Callable[[Registry], str | None] = Registry.current
    stored: StoredEvents | None = None
    activate: bool = True


PLAINLY = Publishing()


@dataclass(frozen=True)
class Outcome:
    """What a run left behind. report: None where nothing was measured. rejects: the rows that could not be events, None
    where there were none. resumed: steps taken over from a run that was interrupted. current: whether the version
    serves now."""

    version: str
    gate: Gate
    report: Report | None
    manifest: Manifest
    rejects: Path | None
    resumed: tuple[str, ...]
    current: bool


@dataclass(frozen=True)
class Model:
    """What is published: settings, parts, and what is known of them. report: None where nothing was measured."""

    config: TrainConfig
    recommender: RecommenderConfig
    log: Prepared
    final: Fitted
    parts: ModelParts
    indexes: dict[str, BuiltIndex]
    report: Report | None
    update: UpdateFacts | None = None
    imported: ImportFacts | None = None
    content: ContentFacts | None = None


def publish(model: Model, gate: Gate, registry: Registry, how: Publishing, work: Workspace) -> Outcome:
    """Writes the version, and makes it current when the gate has accepted it and `how` does not say later."""
    told, log = work.told, model.log
    before = how.serving(registry)
    drawn = _map(model, registry, before, work) if model.config.index.map else None
    with told.step("publish") as step:
        created = how.now()
        version = registry.new_version(created)
        manifest = Manifest(
            version=version,
            created=created,
            config=model.config.model_dump(mode="json"),
            recommender=model.recommender.model_dump(mode="json"),
            seed=model.config.seed,
            libraries={name: library_version(name) for name in LIBRARIES},
            data=data_of(log, model.final.corpus),
            trained_on="all" if model.config.evaluation.publish_all else "before_split",
            training=model.final.facts,
            index={
                score: IndexFacts(kind=built.kind, recall_at_10=built.recall_at_10, **built.parameters)
                for score, built in model.indexes.items()
            },
            metrics=model.report,
            timings=told.timings,
            gate=gate,
            update=model.update,
            imported=model.imported,
            content=model.content if model.parts.content is not None else None,
            stored=how.stored,
        )
        with registry.writer(version) as writer:
            write_parts(writer, model.parts)
            if drawn is not None:
                write_map(writer, drawn)
            writer.commit(manifest)
        wanted = how.activate and gate.accepted
        current = wanted and registry.activate(version, instead_of=before, examine=examine)
        step.facts |= {"version": version} | ({"current": current} if how.activate else {})
    summary: dict[str, Any] = {"version": version, "gate": gate.model_dump(mode="json"), "counts": asdict(log.counts)}
    work.finish(summary)
    path = work.folder / "rejects.parquet"
    rejects = path if path.exists() else None
    return Outcome(version, gate, model.report, manifest, rejects, work.resumed, current)


def _map(model: Model, registry: Registry, before: str | None, work: Workspace) -> ItemMap:
    parts, config = model.parts, model.config
    with work.told.step("map") as step:
        earlier = earlier_map(registry, before, parts.vocabulary.ids)
        drawn = map_of(
            parts.similar,
            parts.similar_vectors,
            parts.vocabulary,
            parts.catalogue,
            config.seed,
            config.trainer.workers,
            earlier,
        )
        step.facts |= {"regions": len(drawn.regions), "kept": drawn.kept}
    return drawn


def data_of(log: Prepared, corpus: Corpus) -> Data:
    """corpus: of the published model. The times are None where the log has no clock."""
    clock = has_clock(log.corpus)
    ends = (corpus.starts.min(), corpus.ends.max()) if clock else (0, 0)
    first, last = (datetime.fromtimestamp(int(t) / 1e6, UTC) for t in ends)
    return Data(
        fingerprint=log.fingerprint,
        events=log.counts.rows,
        sessions=len(corpus),
        items=corpus.items,
        tokens=len(corpus.tokens),
        first_event=first if clock else None,
        last_event=last if clock else None,
        rejected=log.counts.rejected,
        removed=log.counts.removed,
        findings=log.findings,
    )
