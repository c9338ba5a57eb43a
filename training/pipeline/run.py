"""The offline job, from log to published model: read, choose, measure, train, publish. Every step is resumable."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from index.artifact.manifest import Gate, Manifest
from index.artifact.registry import Registry
from index.parts import ModelParts, write_parts
from index.report import Report
from training.config import TrainConfig
from training.evaluation.gate import judge
from training.evaluation.rival import rival_of
from training.evaluation.split import Split, split_test
from training.pipeline.assemble import assemble
from training.pipeline.choose import choose_settings
from training.pipeline.identity import identity_of
from training.pipeline.manifest import manifest_of
from training.pipeline.measure import Measured, measure
from training.pipeline.prepare import prepare, read_items
from training.pipeline.train import train_on_all
from training.progress import Reporter
from training.workspace import Workspace


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
    registry = Registry(models)
    registry.sweep()
    with Workspace(models, identity_of(config), told) as work:
        if work.resumed:
            told.note("resumed", steps=",".join(work.resumed))
        log = prepare(config, work)
        items = read_items(log, config, told)
        test = split_test(log.corpus, log.vocabulary.ids, config)
        chosen = choose_settings(test, items, config, work)
        measured = measure(test, items, chosen, config, work)
        final = train_on_all(log, registry, config, work) if config.evaluation.publish_all else measured.fitted
        parts, indexes = assemble(final, log.rare, items, chosen.blend, measured.records, config, told)
        gate = gate_of(registry, test, measured, config, force, told)
        created = now()
        version = registry.new_version(created)
        manifest = manifest_of(
            version, created, config, chosen.blend, log, final, indexes, measured.report, gate, told.timings
        )
        current = publish(registry, parts, manifest, gate, serving, told)
        work.finish({"version": version, "gate": gate.model_dump(mode="json"), "counts": asdict(log.counts)})
        rejects = work.folder / "rejects.parquet"
        return Outcome(
            version, gate, measured.report, manifest, rejects if rejects.exists() else None, work.resumed, current
        )


def gate_of(
    registry: Registry, test: Split, measured: Measured, config: TrainConfig, force: bool, told: Reporter
) -> Gate:
    with told.step("gate") as step:
        rival = rival_of(registry, test, measured.prefixes, measured.keys)
        gate = judge(measured.report.tasks, measured.records, rival, force, config.seed)
        step.facts |= {"accepted": gate.accepted, "forced": gate.forced}
    return gate


def publish(
    registry: Registry,
    parts: ModelParts,
    manifest: Manifest,
    gate: Gate,
    serving: Callable[[Registry], str | None],
    told: Reporter,
) -> bool:
    """Whole or not at all; current only when the gate accepted it, and in place of what served. Whether it is."""
    with told.step("publish") as step:
        before = serving(registry)
        with registry.writer(manifest.version) as writer:
            write_parts(writer, parts)
            writer.commit(manifest)
        current = gate.accepted and registry.activate(manifest.version, instead_of=before)
        step.facts |= {"version": manifest.version, "current": current}
    return current
