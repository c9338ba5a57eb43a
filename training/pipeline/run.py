"""The offline job, from log to published model: read, choose, evaluate, train, publish. Every step is resumable."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.artifact.manifest import Data, Gate, Manifest
from index.artifact.registry import Registry
from index.catalogue import Catalogue
from index.model import write_model
from index.ranking.readings import similar_vectors
from index.ranking.recommender import Recommender
from index.ranking.scorer import NextScorer, RecommenderConfig
from index.vocabulary import Vocabulary
from training.baselines.items import FAMILIES
from training.choice.choose import choose
from training.choice.similar import alike, similar_reading, top_of
from training.config import TrainConfig
from training.corpus import Corpus
from training.counting import count_rules
from training.evaluation import evaluate
from training.evaluation.gate import judge
from training.evaluation.rival import rival_of
from training.evaluation.split import (
    Prefixes,
    Split,
    has_clock,
    sample_prefixes,
    split_test,
    split_validation,
    validation_prefixes,
)
from training.events.files import find_files
from training.pipeline.assemble import assemble
from training.pipeline.prepare import Prepared, catalogue_of, prepare
from training.pipeline.trainings import Training, Trainings
from training.progress import Reporter
from training.workspace import Workspace, read_array, read_json, write_arrays, write_json

LIBRARIES = ("item2vec", "numpy", "duckdb", "pyarrow", "numba", "gensim", "faiss-cpu", "scipy", "pydantic")
BASELINE_PREFIXES = 1000  # the baselines' grids are coarser


@dataclass(frozen=True)
class Outcome:
    """What a run left behind. rejects: the rows that could not be events, None where there were none.
    resumed: steps taken over from a run that was interrupted. current: whether the version serves now."""

    version: str
    gate: Gate
    manifest: Manifest
    rejects: Path | None
    resumed: tuple[str, ...]
    current: bool


@dataclass(frozen=True)
class Chosen:
    """What validation decided. baselines: task -> family -> number of the candidate."""

    blend: RecommenderConfig
    vectors: RecommenderConfig
    baselines: dict[str, dict[str, int]]
    trace: dict[str, Any]


@dataclass(frozen=True)
class Evaluated:
    """The test part and the figures on it. training: of the model that was measured, trained before the split."""

    training: Training
    report: dict[str, Any]
    prefixes: Prefixes
    keys: NDArray[np.uint64]
    records: NDArray[Any]


class Pipeline:
    """One run. Each method is a step: it leaves its result in the workspace, or takes it from there."""

    def __init__(self, config: TrainConfig, work: Workspace, reporter: Reporter) -> None:
        self.config = config
        self.work = work
        self.reporter = reporter
        self.trainings = Trainings(config, work, reporter)

    def choose(self, split: Split, prepared: Prepared, catalogue: Catalogue) -> Chosen:
        """Readings, weights and the baselines' settings, on a validation part cut from the end of the training part."""
        settings = self.config.evaluation
        if not settings.blend and not settings.baselines:
            recommender = self.config.recommender
            return Chosen(recommender, _without_counts(recommender), evaluate.ONLY_POPULARITY, {})

        def make(folder: Path) -> None:
            fit = split_validation(
                split.train, split.kind, settings, self.config.sessions.min_item_count, self.config.seed
            )
            embeddings = self.trainings.train("train for validation", fit.train).embeddings
            prefixes = validation_prefixes(fit, settings, self.config.seed)
            blend = vectors = self.config.recommender
            vectors = _without_counts(vectors)
            trace: dict[str, Any] = {}
            threads = self.config.trainer.workers
            if settings.blend:
                with self.reporter.step("choose") as step:
                    ids = prepared.vocabulary.items(split.rows[fit.rows].tolist())
                    similar, alike = similar_reading(self.config, embeddings, [catalogue.category(i) for i in ids])
                    chosen = choose(
                        embeddings, fit.train, prefixes, blend.model_copy(update=similar), threads, step.share
                    )
                    blend, vectors, trace = chosen.blend, chosen.vectors, chosen.trace | alike
                    step.facts |= {"reading": blend.next_reading, "item_counts": blend.item_counts}
                    step.facts |= {"session_counts": blend.session_counts, "decay": blend.session_decay}
            baselines = evaluate.ONLY_POPULARITY
            if settings.baselines:
                with self.reporter.step("baselines") as step:
                    fewer = prefixes.spread(BASELINE_PREFIXES)
                    baselines = evaluate.choose_baselines(fit.train, fewer, threads, step.share)
            content = {"blend": blend.model_dump(), "vectors": vectors.model_dump()}
            write_json(folder / "choice.json", content | {"baselines": baselines, "trace": trace})

        content = read_json(self.work.step("choose", make) / "choice.json")
        return Chosen(
            RecommenderConfig.model_validate(content["blend"]),
            RecommenderConfig.model_validate(content["vectors"]),
            content["baselines"],
            content["trace"],
        )

    def evaluate(self, split: Split, prepared: Prepared, catalogue: Catalogue, chosen: Chosen) -> Evaluated:
        """The model trained before the split, and its baselines, on what came after it."""
        settings, threads = self.config.evaluation, self.config.trainer.workers
        training = self.trainings.train("train for test", split.train)
        embeddings = training.embeddings
        ids = prepared.vocabulary.items(split.rows.tolist())
        prefixes = sample_prefixes(split.held_out, settings.prefixes, np.random.default_rng(self.config.seed))
        keys = evaluate.session_keys(split.held_out.corpus, ids)

        def make(folder: Path) -> None:
            train, counts = split.train, split.train.counts()
            recommender, vectors = (
                Recommender(
                    NextScorer(embeddings.inputs, embeddings.outputs, counts, count_rules(train, c.rules, threads), c)
                )
                for c in (chosen.blend, chosen.vectors)
            )
            questions = evaluate.Questions(prefixes, train, threads, settings.bootstrap, self.config.seed)
            with self.reporter.step("evaluate") as step:
                report, ranks = evaluate.evaluate(questions, recommender, vectors, chosen.baselines, step.share)
                categories = [catalogue.category(item) for item in ids]
                if any(categories):
                    near = similar_vectors(embeddings.inputs, embeddings.outputs, chosen.blend.similar_reading)
                    lists = {"item2vec": alike(self.config, near)}
                    if "AR" in FAMILIES and settings.baselines:
                        lists["co-occurrence"] = top_of(next(FAMILIES["AR"](train)).scores, train.items)
                    rng = np.random.default_rng(self.config.seed)
                    report["tasks"]["T3"] = evaluate.substitutes(lists, categories, rng)
                methods = evaluate.model_methods(recommender, vectors, "T2")
                report["conversions"] = evaluate.conversions(split.held_out, methods, train.items, threads)
                report["split"] = {
                    "kind": split.kind,
                    "train_sessions": len(train),
                    "test_sessions": len(split.held_out.corpus),
                    "items": train.items,
                    "unknown_targets": split.unknown,
                }
                report["chosen"] = {"vectors": chosen.vectors.model_dump(), "trace": chosen.trace}
                report["advice"] = evaluate.advice(report)
                step.facts |= {f"{t}_hr@20": r[0]["hr@20"][0] for t, r in report["tasks"].items() if t != "T3"}
            write_json(folder / "report.json", report)
            write_arrays(folder, records=evaluate.rank_records(prefixes, keys, ranks))

        folder = self.work.step("evaluate", make)
        records = read_array(folder, "records")
        return Evaluated(training, read_json(folder / "report.json"), prefixes, keys, records)


def run(
    config: TrainConfig,
    models: Path,
    reporter: Reporter,
    force: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    serving: Callable[[Registry], str | None] = Registry.current,
) -> Outcome:
    """Trains on the log, publishes a version, and makes it current when the gate lets it, or `force` does.

    serving: the version it takes the place of, asked for when publishing begins; where another one serves at the end,
    somebody has chosen it meanwhile, and it stays.

    Raises an Item2vecError. Whatever happens, the model that was current stays so until the new one is complete.
    """
    registry = Registry(models)
    registry.sweep()
    with Workspace(models, identity_of(config)) as work:
        pipeline = Pipeline(config, work, reporter)
        prepared = prepare(config, work, reporter)
        catalogue = catalogue_of(config, prepared, reporter)
        split = split_test(prepared.corpus, config.evaluation, config.sessions.min_item_count, config.seed)
        chosen = pipeline.choose(split, prepared, catalogue)
        evaluated = pipeline.evaluate(split, prepared, catalogue, chosen)
        if config.evaluation.publish_all:
            corpus, vocabulary = prepared.corpus, prepared.vocabulary
            start = pipeline.trainings.warm(registry, vocabulary.ids) if config.trainer.warm_start else None
            training = pipeline.trainings.train("train", corpus, start)
        else:
            corpus, training = split.train, evaluated.training
            vocabulary = Vocabulary(prepared.vocabulary.items(split.rows.tolist()), corpus.counts())
        if work.resumed:
            reporter.note("resumed", steps=",".join(work.resumed))
        parts = assemble(
            training.embeddings,
            corpus,
            vocabulary,
            prepared.rare,
            catalogue,
            chosen.blend,
            config,
            evaluated.records,
            reporter,
        )
        with reporter.step("gate") as step:
            starts = split.held_out.corpus.starts
            ids = prepared.vocabulary.items(split.rows.tolist())
            rival = rival_of(registry, evaluated.prefixes, starts, evaluated.keys, ids)
            gate = judge(evaluated.report, evaluated.records, rival, force, config.seed)
            step.facts |= {"accepted": gate.accepted, "forced": gate.forced}
        with reporter.step("publish") as step:
            moment, before = now(), serving(registry)
            version = registry.new_version(moment)
            manifest = Manifest(
                version=version,
                created=moment,
                config=config.model_dump(mode="json"),
                recommender=chosen.blend.model_dump(mode="json"),
                seed=config.seed,
                libraries={name: library_version(name) for name in LIBRARIES},
                data=_data(prepared, corpus),
                trained_on="all" if config.evaluation.publish_all else "before_split",
                training=training.facts,
                index={
                    name: {"kind": built.kind, "recall_at_10": built.recall_at_10, **built.parameters}
                    for name, built in (("similar", parts.similar_index), ("next", parts.next_index))
                },
                metrics=evaluated.report,
                timings=reporter.timings,
                gate=gate,
            )
            with registry.writer(version) as writer:
                write_model(writer, parts)
                writer.commit(manifest)
            current = gate.accepted and registry.activate(version, instead_of=before)
            step.facts |= {"version": version, "current": current}
        work.finish({"version": version, "gate": gate.model_dump(mode="json"), "counts": prepared.counts})
        rejects = work.folder / "rejects.parquet"
        return Outcome(version, gate, manifest, rejects if rejects.exists() else None, tuple(work.resumed), current)


def identity_of(config: TrainConfig) -> dict[str, Any]:
    """What makes two runs the same: the settings and the files as they are now."""
    paths = find_files(config.events.paths, config.events.format)
    if config.events.items is not None:
        paths += find_files([config.events.items])
    files = [(path, os.stat(path).st_size, os.stat(path).st_mtime_ns) for path, _ in paths]
    return {"config": config.model_dump(mode="json"), "files": files}


def _without_counts(config: RecommenderConfig) -> RecommenderConfig:
    return config.model_copy(update={"item_counts": 0.0, "session_counts": 0.0})


def _data(prepared: Prepared, corpus: Corpus) -> Data:
    clock = has_clock(prepared.corpus)
    moments = [datetime.fromtimestamp(int(t) / 1e6, UTC) for t in (corpus.starts.min(), corpus.ends.max())]
    return Data(
        fingerprint=prepared.fingerprint,
        events=prepared.counts["rows"],
        sessions=len(corpus),
        items=corpus.items,
        tokens=len(corpus.tokens),
        first_event=moments[0] if clock else None,
        last_event=moments[1] if clock else None,
        rejected=prepared.counts["rejected"],
        removed=prepared.counts["removed"],
    )
