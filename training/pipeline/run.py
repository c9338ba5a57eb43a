"""The offline job, from log to published model: read, choose, measure, train, publish. Every step is resumable."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from pathlib import Path

from threadpoolctl import threadpool_limits

from index.artifact.manifest import Data, Gate, IndexFacts, Manifest
from index.artifact.registry import Registry
from index.parts import write_parts
from index.process import keep_freed_memory
from index.report import Report
from training.config import TrainConfig
from training.corpus import Corpus
from training.evaluation.gate import judge
from training.evaluation.rival import rival_of
from training.evaluation.split import has_clock, split_test
from training.pipeline.assemble import assemble
from training.pipeline.choose import choose_settings
from training.pipeline.measure import measure
from training.pipeline.prepare import Prepared, identity_of, prepare, read_items
from training.pipeline.train import train_on_all
from training.progress import Reporter
from training.workspace import Workspace

LIBRARIES = ("item2vec", "numpy", "duckdb", "pyarrow", "numba", "gensim", "faiss-cpu", "scipy", "pydantic")


@dataclass(frozen=True)
class Outcome:
    """What a run left behind. rejects: the rows that could not be events, None where there were none.
    resumed: steps taken over from a run that was interrupted. current: whether the version serves now."""

    version: str
    gate: Gate
    report: Report
    manifest: Manifest
    rejects: Path | None
    resumed: tuple[str, ...]
    current: bool


def utc_now() -> datetime:
    return datetime.now(UTC)


def run(
    config: TrainConfig,
    models: Path,
    told: Reporter,
    force: bool = False,
    now: Callable[[], datetime] = utc_now,
    serving: Callable[[Registry], str | None] = Registry.current,
) -> Outcome:
    """Trains on the log, publishes a version, and makes it current when the gate lets it, or `force` does.

    serving: the version it takes the place of, asked for when publishing begins; where another one serves at the end,
    somebody has chosen it meanwhile, and it stays.

    Raises an Item2vecError. Whatever happens, the model that was current stays so until the new one is complete.
    """
    keep_freed_memory()
    registry = Registry(models)
    registry.sweep()
    # All that is large runs in threads of our own, block by block; a second layer of threads in BLAS only spins.
    with threadpool_limits(1, "blas"), Workspace(models, identity_of(config), told) as work:
        if work.resumed:
            told.note("resumed", steps=",".join(work.resumed))
        log = prepare(config, work)
        items = read_items(log, config, told)
        test = split_test(log.corpus, log.vocabulary.ids, config)
        chosen = choose_settings(test, items, config, work)
        measured = measure(test, items, chosen, config, work, log.counts)
        final = (
            train_on_all(log, registry, chosen.config(config), work)
            if config.evaluation.publish_all
            else measured.fitted
        )
        parts, indexes = assemble(log, final, items, chosen.blend, measured.records, config, told)
        with told.step("gate") as step:
            rival = rival_of(registry, test, measured.prefixes, measured.keys)
            gate = judge(measured.report.tasks, measured.records, rival, force, config.seed)
            step.facts |= {"accepted": gate.accepted, "forced": gate.forced}
        with told.step("publish") as step:
            before, created = serving(registry), now()
            version = registry.new_version(created)
            manifest = Manifest(
                version=version,
                created=created,
                config=config.model_dump(mode="json"),
                recommender=chosen.blend.model_dump(mode="json"),
                seed=config.seed,
                libraries={name: library_version(name) for name in LIBRARIES},
                data=data_of(log, final.corpus),
                trained_on="all" if config.evaluation.publish_all else "before_split",
                training=final.facts,
                index={
                    score: IndexFacts(kind=built.kind, recall_at_10=built.recall_at_10, **built.parameters)
                    for score, built in indexes.items()
                },
                metrics=measured.report,
                timings=told.timings,
                gate=gate,
            )
            with registry.writer(version) as writer:
                write_parts(writer, parts)
                writer.commit(manifest)
            current = gate.accepted and registry.activate(version, instead_of=before)
            step.facts |= {"version": version, "current": current}
        work.finish({"version": version, "gate": gate.model_dump(mode="json"), "counts": asdict(log.counts)})
        path = work.folder / "rejects.parquet"
        rejects = path if path.exists() else None
        return Outcome(version, gate, measured.report, manifest, rejects, work.resumed, current)


def data_of(log: Prepared, corpus: Corpus) -> Data:
    """corpus: of the published model. The times are None where the log has no clock."""
    clock = has_clock(log.corpus)
    first, last = (datetime.fromtimestamp(int(t) / 1e6, UTC) for t in (corpus.starts.min(), corpus.ends.max()))
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
    )
