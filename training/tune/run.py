"""`item2vec tune`: search the settings that matter, under a budget. The test part is never looked at.

A trial is trained on the sessions before the validation part and judged on that part. A search that was killed resumes
where it stopped, and one that has ended resumes under a larger budget.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from index.catalogue.catalogue import Catalogue
from index.errors import ConfigError, TrainingFailed
from index.ranking.settings import COUNTS, RecommenderConfig
from training.choice.materials import Counted
from training.config import TrainConfig
from training.configfile import write_config
from training.corpus import Corpus
from training.evaluation.split import Prefixes, Split, split_test, split_validation, validation_prefixes
from training.objective.lesson import Lesson, attributes_of, lesson_of, segments_of
from training.objective.weights import counted_weights
from training.pipeline.prepare import identity_of, prepare, read_catalogue
from training.progress import Reporter
from training.trainers.spaces import train_plainly
from training.tune.budget import Budget
from training.tune.final import Final, final_of, finals, winner
from training.tune.report import preface
from training.tune.search import Search
from training.tune.space import Space
from training.tune.study import Study
from training.tune.summary import TuneReport, summary
from training.tune.switches import Judge, SwitchRow, switches_of
from training.tune.trial import Bench, Training, sample
from training.workspace import Workspace, read_json, write_json

FINALISTS, FINALISTS_OF_A_SAMPLE = 2, 5  # the order of trials on a sample is less certain
KEPT = 0.2  # of the budget, for what the log says beyond order, where it is asked for


@dataclass(frozen=True)
class Tuning:
    """What to search and how. share: of the training sessions, to search on. train: what trains, for tests. objective:
    also try what the log says beyond order, on the best settings."""

    config: TrainConfig
    budget: Budget
    share: float = 1.0
    train: Training = train_plainly
    objective: bool = False


def tune(tuning: Tuning, models: Path, target: Path, reporter: Reporter, force: bool = False) -> TuneReport:
    """Writes the tuned settings to `target` and returns the report. Raises an Item2vecError."""
    check_target(target, force)
    if not 0 < tuning.share <= 1:
        raise ConfigError(f"--search-share must be above 0 and at most 1, not {tuning.share:g}")
    config, space = tuning.config, Space(tuning.config.trainer)
    # What makes two searches the same. The budget does not: with a larger one the same search resumes.
    same = {
        "report": 1,
        "share": tuning.share,
        "fixed": sorted(config.trainer.model_fields_set),
        "ranges": str(space.ranges),
    }
    if tuning.objective:
        same["objective"] = True
    with Workspace(models, identity_of(config) | {"tune": same}, reporter) as work:
        study = Study(work.folder / "trials.journal", space.ranges, space.starts(), config.seed)
        finalists = FINALISTS if tuning.share == 1 else FINALISTS_OF_A_SAMPLE
        kept = KEPT if tuning.objective else 0.0
        allowed = replace(tuning.budget, seconds=tuning.budget.seconds * (1 - kept))
        search = Search(space, study, allowed, tuning.share, finalists, config.seed)
        file = work.folder / "report.json"
        report = TuneReport.model_validate(read_json(file)) if file.exists() else None
        if report is None or not _ended(report, tuning.budget, search):
            report = _run(tuning, search, work, reporter)
            write_json(work.folder / ".report.json", report.model_dump(mode="json", exclude={"file", "report"}))
            (work.folder / ".report.json").rename(file)
        write_target(target, report.config, preface(report))
        work.finish({"tuned": str(target), "trials": report.tried})
        return report.model_copy(update={"file": str(target), "report": str(file)})


def _ended(report: TuneReport, budget: Budget, search: Search) -> bool:
    """Whether the search had ended with this report: nothing was tried since, and this budget allows no more trials."""
    return report.tried == len(search.study.done()) and (search.over() or budget.within(report.budget))


def _run(tuning: Tuning, search: Search, work: Workspace, reporter: Reporter) -> TuneReport:
    config, study, threads = tuning.config, search.study, tuning.config.trainer.workers
    log = prepare(config, work)
    fit, prefixes = questions_of(config, log.corpus, log.vocabulary.ids)

    asked = tuning.objective or config.objective.segment or config.objective.attributes
    items = read_catalogue(log, config, work)[0] if asked else Catalogue([], {})

    def bench(corpus: Corpus, config: TrainConfig = config, counted: Counted | None = None) -> Bench:
        segments, attributes = segments_of(items, fit.ids, config), attributes_of(items, fit.ids, config)

        def lesson(corpus: Corpus) -> Lesson:
            return lesson_of(corpus, config, segments, attributes)

        if counted is None:
            with _timed(study):
                counted = Counted(corpus, threads, weights=counted_weights(corpus, config))
                counted.of(COUNTS["after"])
        return Bench(corpus, prefixes, config.recommender, counted, threads, tuning.train, lesson)

    def first(corpus: Corpus) -> Bench:
        with reporter.step("counts") as step:
            found = bench(corpus)
            step.share(1.0)
        return found

    searched = fit.train if tuning.share == 1 else sample(fit.train, tuning.share, config.seed)
    on = first(searched)
    if not search.over():
        with _timed(study):
            on.warm(config.trainer)
        search.run(on, reporter)
    wanted = [(t.number, search.settings(t)) for t in search.finalists()]
    if not wanted:
        raise TrainingFailed(f"none of {len(study.done())} trials could be trained: {', '.join(study.left())}")
    whole = on if tuning.share == 1 else first(fit.train)
    found = finals(wanted, whole, config.seed + 1, search, work, reporter)
    if not found:
        raise TrainingFailed("no setting of the search could be trained on all sessions; use --search-share 1")
    start = next((f for f in found if f.settings == search.space.base), None)
    best, lead = winner(found, start, prefixes, config.evaluation.bootstrap, config.seed)
    rows: list[SwitchRow] = []
    if tuning.objective:

        def measured(name: str, switched: TrainConfig, seed: int) -> Final | None:
            if study.used >= tuning.budget.seconds:
                return None
            counted = whole.counted if switched.sessions == config.sessions else None
            return final_of(
                f"switch-{best.number}-{name}", best.number, best.settings, bench(fit.train, switched, counted), seed,
                study, work,
            )  # fmt: skip

        judge = Judge(measured, prefixes, config.evaluation.bootstrap, config.seed + 1)
        with reporter.step("objective") as step:
            switches = list(switches_of(config, fit.train, fit.ids, items))
            config, rows = judge.switched(config, best, switches)
            step.facts |= {"switches": len(rows), "on": sum(row.on for row in rows)}
    sizes = {"sessions": len(fit.train), "searched_on": len(searched), "prefixes": len(prefixes)}
    return summary(search, found, best, lead, tuned(config, best), tuning.budget, rows, **sizes)


def questions_of(config: TrainConfig, corpus: Corpus, ids: list[str]) -> tuple[Split, Prefixes]:
    """The training part cut in two, and the validation prefixes, as a training run has them."""
    fit = split_validation(split_test(corpus, ids, config), config)
    return fit, validation_prefixes(fit, config)


def tuned(config: TrainConfig, best: Final) -> TrainConfig:
    """The settings to train with. A training chooses readings and weights itself. Where that is switched off, those
    that the search chose become settings too, except for what was given."""
    if config.evaluation.blend:
        return config.model_copy(update={"trainer": best.settings})
    given = {name: getattr(config.recommender, name) for name in config.recommender.model_fields_set}
    recommender = RecommenderConfig.model_validate(best.recommender).model_copy(update=given)
    return config.model_copy(update={"trainer": best.settings, "recommender": recommender})


def check_target(target: Path, force: bool) -> None:
    """Refuses a target that cannot be written, before hours of search. Raises ConfigError."""
    if target.is_dir() or (target.exists() and not force):
        raise ConfigError(f"--to {target} exists already; give another file, or --force to replace it")
    folder = target.absolute().parent
    if not os.access(folder, os.W_OK):
        raise ConfigError(f"--to {target}: the folder {folder} does not exist or is not writable")


def write_target(target: Path, config: TrainConfig, comment: str) -> None:
    """The comment and the settings, as a whole or not at all."""
    unfinished = target.with_name(f".{target.name}.unfinished")
    write_config(config, unfinished)
    unfinished.write_text(comment + unfinished.read_text(encoding="utf-8").lstrip("\n"), encoding="utf-8")
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.replace(target)


@contextmanager
def _timed(study: Study) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    study.spend(time.perf_counter() - begun)
