"""The gate of a run: which questions are put to the new model, beside the one that serves."""

from index.artifact.manifest import Gate
from index.artifact.registry import Registry
from index.errors import Item2vecError
from index.model import Model
from training.config import TrainConfig
from training.evaluation.foretold import Foretold
from training.evaluation.gate import Point, beside_popularity, beside_rival, judge
from training.evaluation.kept import Answers, Extent, items_kept, log_kept
from training.evaluation.rival import rival_of, serving_of
from training.evaluation.split import Split
from training.pipeline.measure import Measured
from training.pipeline.prepare import Prepared
from training.pipeline.train import IMPORTED, Fitted
from training.progress import Reporter
from training.replacement import GateConfig

SEEN = (
    "imported vectors may have been made with the events of the test part too: their figures are at best these, and a "
    "comparison with them may flatter them"
)


def look_ahead(registry: Registry, log: Prepared, config: TrainConfig, told: Reporter) -> None:
    """Says what the gate will have against the log itself, before hours of training."""
    try:
        serving = registry.open(verify=False).manifest
    except Item2vecError:
        return
    reasons = log_kept(serving, Extent.of(log.corpus), config.gate).reasons
    if reasons:
        told.note("warning", gate="; ".join(reasons))


def judge_run(
    registry: Registry,
    log: Prepared,
    final: Fitted,
    test: Split,
    measured: Measured,
    config: TrainConfig,
    force: bool,
) -> Gate:
    points = [beside_popularity(measured.report.tasks)]
    serving = serving_of(registry)
    if serving is not None:
        points += _kept(serving, log, final, config.gate)
        rival = rival_of(registry, serving, test, measured.prefixes, measured.keys)
        if rival is None:
            version = serving.manifest.version
            points.append(Point(notes=[f"not compared on questions: version {version} has no ranks of its evaluation"]))
        else:
            points.append(beside_rival(measured.records, rival, config.gate, config.seed))
        if serving.manifest.imported is not None and final.facts.engine != IMPORTED:
            points.append(_instead_of_imported(serving.manifest.version, points[-1]))
    elif registry.current() is not None:
        points.append(Point(notes=["nothing was compared with the model that serves: it cannot be read"]))
    if final.facts.engine == IMPORTED:
        points.append(Point(notes=[SEEN]))
    return judge(points, force)


def judge_unmeasured(registry: Registry, log: Prepared, final: Fitted, limits: GateConfig, force: bool) -> Gate:
    """Of vectors that came without a log. They serve where no other model does, or one that nobody has measured either;
    what was measured is replaced by them only by force."""
    serving = serving_of(registry)
    if serving is None:
        return judge([Point(notes=["nothing was measured: there was no log"])], force)
    version = serving.manifest.version
    points = [items_kept(version, Answers.of(serving), Answers(set(final.ids), log.newest), limits)]
    if serving.manifest.metrics is None:
        points.append(Point(notes=[f"nothing was measured: there was no log; nor was version {version}"]))
    else:
        points.append(
            Point([f"nothing was measured, since there was no log (--events), and version {version} was measured"])
        )
    return judge(points, force)


def _instead_of_imported(version: str, compared: Point) -> Point:
    """Vectors that somebody has made elsewhere are not replaced where nothing tells that ours are as good.

    compared: what the comparison on questions came to."""
    if any(name.endswith(f"_against_{version}") for name in compared.figures):
        return Point(notes=[f"version {version} has imported vectors; this one has vectors of its own"])
    return Point([f"version {version} has imported vectors, and nothing could be compared with them"])


def judge_update(base: Model, log: Prepared, final: Fitted, found: Foretold, limits: GateConfig, force: bool) -> Gate:
    """found: how well the base foretold what is new; too few new questions are no reason against an update."""
    figures = {f"{task}_against_popularity": list(values) for task, values in found.against_popularity.items()}
    return judge([Point(found.reasons, figures), *_kept(base, log, final, limits)], force)


def _kept(serving: Model, log: Prepared, final: Fitted, limits: GateConfig) -> list[Point]:
    """The moments are those of the log, as in the manifest; sessions, events and items those of the new model."""
    extent = Extent(len(final.corpus), len(final.corpus.tokens), Extent.of(log.corpus).last)
    return [
        log_kept(serving.manifest, extent, limits),
        items_kept(serving.manifest.version, Answers.of(serving), Answers(set(final.ids), log.newest), limits),
    ]
