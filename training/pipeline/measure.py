"""The model trained before the split, and its baselines, on what came after it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.catalogue.catalogue import Catalogue
from index.ranking.readings import similar_vectors
from index.ranking.recommender import Recommender
from index.report import MODEL, RANKED_TASKS, ChosenFacts, RepeatFacts, Report, SplitFacts, SubstitutesRow, Tasks
from training.baselines.families import FAMILIES
from training.baselines.seen import Seen
from training.choice.materials import Counted, Materials
from training.config import TrainConfig
from training.evaluation.advice import advice
from training.evaluation.conversions import conversions
from training.evaluation.evaluate import Questions, evaluate, model_methods
from training.evaluation.metrics import coverage, gini
from training.evaluation.records import rank_records, session_keys
from training.evaluation.split import Prefixes, Split, sample_prefixes
from training.evaluation.substitutes import highest, nearest, substitutes
from training.objective.weights import counted_weights
from training.pipeline.choose import Chosen
from training.pipeline.prepare import RowCounts
from training.pipeline.train import Fitted, Trainings
from training.workspace import Workspace, read_array, read_json, write_arrays, write_json

RANKED = 0.8  # share of the bar that ranking fills; the rest is for neighbours that share a category
LISTS = 2000  # prefixes whose lists are looked at for coverage and Gini


@dataclass(frozen=True)
class Measured:
    """fitted: the model that was measured, trained before the split. keys: of the held-out sessions. records: ranks of
    the model on the prefixes, RANKS_DTYPE."""

    fitted: Fitted
    prefixes: Prefixes
    keys: NDArray[np.uint64]
    report: Report
    records: NDArray[Any]


def measure(
    test: Split,
    catalogue: Catalogue,
    chosen: Chosen,
    config: TrainConfig,
    work: Workspace,
    counts: RowCounts,
    trainings: Trainings,
) -> Measured:
    settings = config.evaluation
    fitted = trainings.fit("train for test", test.train, test.ids, chosen.config(config), work)
    rng, returns = np.random.default_rng(config.seed), chosen.blend.repeats_last
    keys = session_keys(test.held_out.corpus, test.ids)
    prefixes = sample_prefixes(test.held_out, settings.prefixes, rng, returns, keys)
    questions = Questions(prefixes, test.train, config.trainer.workers, settings.bootstrap, config.seed, returns)

    def make(folder: Path) -> None:
        # As it would serve, but that the index is left out: all items are scored.
        weights = counted_weights(fitted.corpus, config)
        counted = Counted(fitted.corpus, questions.threads, weights=weights)
        materials = Materials(fitted.spaces, counted)
        blend, vectors = (Recommender(materials.scorer(which)) for which in (chosen.blend, chosen.vectors))
        with work.told.step("evaluate") as step:
            rows, ranks = evaluate(questions, blend, vectors, chosen.baselines, lambda done: step.share(RANKED * done))
            alike = _substitutes(
                fitted, questions.seen, catalogue, chosen, config, lambda done: step.share(RANKED + (1 - RANKED) * done)
            )
            tasks = Tasks(T1=rows["T1"], T2=rows["T2"], T3=alike)
            step.facts |= {f"{task}_hr@20": rows[task][0].hr20.mean for task in RANKED_TASKS}
            report = report_of(test, questions, tasks, blend, vectors, chosen, counts)
        write_json(folder / "report.json", report.model_dump(mode="json"))
        write_arrays(folder, records=rank_records(prefixes, keys, ranks))

    folder = work.step("evaluate", make)
    report = Report.model_validate(read_json(folder / "report.json"))
    return Measured(fitted, prefixes, keys, report, read_array(folder, "records"))


def _substitutes(
    fitted: Fitted,
    seen: Seen,
    catalogue: Catalogue,
    chosen: Chosen,
    config: TrainConfig,
    progress: Callable[[float], None],
) -> tuple[SubstitutesRow, ...] | None:
    """None where no item has a category."""
    categories = [catalogue.category(item) for item in fitted.ids]
    if not any(categories):
        return None
    similar = fitted.spaces.similar
    vectors = similar_vectors(similar.inputs, similar.outputs, chosen.blend.similar_reading)
    lists = {MODEL: nearest(config, vectors, progress)}
    if "AR" in FAMILIES and config.evaluation.baselines:
        lists["co-occurrence"] = highest(next(FAMILIES["AR"](seen)).fit(), seen.items)
    return substitutes(lists, categories, np.random.default_rng(config.seed))


def report_of(
    test: Split,
    questions: Questions,
    tasks: Tasks,
    blend: Recommender,
    vectors: Recommender,
    chosen: Chosen,
    counts: RowCounts,
) -> Report:
    """The tables, and what else there is to say of the test part."""
    prefixes, items = questions.prefixes, test.train.items
    lists = blend.recommend(prefixes.prefixes[:LISTS], 10)[0]
    return Report(
        prefixes=len(prefixes),
        sessions=len(np.unique(prefixes.sessions)),
        repeat_share=_share(~questions.new),
        cold_share=_share(questions.cold),
        tasks=tasks,
        coverage10=coverage(lists, items),
        gini10=gini(lists, items),
        conversions=conversions(test.held_out, model_methods(blend, vectors, "T2"), items, questions.threads),
        repeats=RepeatFacts(
            share=counts.repeat_share, kept=counts.repeats_kept, last_may_return=questions.last_may_return
        ),
        split=SplitFacts(
            kind=test.kind,
            train_sessions=len(test.train),
            test_sessions=len(test.held_out.corpus),
            items=items,
            unknown_targets=test.unknown,
            targets=test.targets,
        ),
        chosen=ChosenFacts(vectors=chosen.vectors.model_dump(), trace=chosen.trace),
        advice=advice(tasks),
    )


def _share(chosen: NDArray[np.bool_]) -> float:
    return float(chosen.mean()) if len(chosen) else 0.0
