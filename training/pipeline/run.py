"""The offline job, from log to published model: read, choose, measure, train, publish. Every step is resumable."""

from dataclasses import replace
from pathlib import Path

from threadpoolctl import threadpool_limits

from index.artifact.registry import Registry
from index.process import keep_freed_memory
from training.config import TrainConfig
from training.evaluation.split import split_test
from training.pipeline.assemble import assemble
from training.pipeline.choose import choose_settings
from training.pipeline.content.cold import choose_content, with_cold
from training.pipeline.content.seldom import WithContent, with_content
from training.pipeline.gate import judge_run, look_ahead
from training.pipeline.measure import measure
from training.pipeline.prepare import identity_of, prepare, read_catalogue
from training.pipeline.publish import PLAINLY, Model, Outcome, Publishing, publish
from training.pipeline.train import Trained, train_on_all
from training.progress import Reporter
from training.types.learn import learn_types
from training.workspace import Workspace


def run(config: TrainConfig, models: Path, told: Reporter, force: bool = False, how: Publishing = PLAINLY) -> Outcome:
    """Trains on the log, publishes a version, and makes it current when the gate lets it, or `force` does.

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
        look_ahead(registry, log, config, told)
        items, log = read_catalogue(log, config, work)
        # Before the trainings: a column that is not there is told at once.
        types = learn_types(log.vocabulary, log.rare, items, config, work)
        trainings = Trained(items)
        test = split_test(log.corpus, log.vocabulary.ids, config)
        chosen = choose_settings(test, items, config, work, trainings)
        content = choose_content(test, items, chosen, config, work, trainings)
        measured = measure(test, items, chosen, config, work, log.counts, WithContent(trainings, items, content))
        measured = with_cold(measured, test, items, chosen, content, config, work)
        whole = config.evaluation.publish_all
        final = measured.fitted
        if whole:
            final = train_on_all(log, items, registry, chosen.config(config), work)
            final = with_content(final, items, content, config, work)
        parts, indexes = assemble(log, final, items, chosen.blend, measured.records, config, told, None, content)
        parts = replace(parts, types=types and types.over(final.ids, items))
        with told.step("gate") as step:
            gate = judge_run(registry, log, final, test, measured, config, force)
            step.facts |= {"accepted": gate.accepted, "forced": gate.forced}
        model = Model(config, chosen.blend, log, final, parts, indexes, measured.report, content=content)
        return publish(model, gate, registry, how, work)
