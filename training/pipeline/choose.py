"""What validation decides: the engine, how vectors are read, the weights of the parts, and the baselines' settings."""

from pathlib import Path
from typing import Any

from index.catalogue.catalogue import Catalogue
from index.ranking.readings import SimilarReading
from index.ranking.settings import RecommenderConfig
from index.record import Record
from training.choice.choose import Trace, choose
from training.choice.engines import with_engine
from training.choice.materials import Counted, Materials
from training.choice.similar import similar_reading
from training.config import TrainConfig
from training.evaluation.evaluate import ONLY_POPULARITY, Candidates, choose_baselines
from training.evaluation.split import Prefixes, Split, split_validation, validation_prefixes
from training.objective.weights import counted_weights
from training.pipeline.train import Trainings
from training.trainers.spaces import Spaces
from training.workspace import Workspace, read_json, write_json

BASELINE_PREFIXES = 1000  # the baselines' grids are coarser


class Chosen(Record):
    """engine: that trains what is published. blend: vectors with counts, as published. vectors: the best without
    counts. trace: each thing that was tried."""

    engine: str
    blend: RecommenderConfig
    vectors: RecommenderConfig
    baselines: Candidates = ONLY_POPULARITY
    trace: Trace

    def config(self, config: TrainConfig) -> TrainConfig:
        """The settings, with the engine."""
        return with_engine(config, self.engine)


def choose_settings(
    test: Split, catalogue: Catalogue, config: TrainConfig, work: Workspace, trainings: Trainings
) -> Chosen:
    """On a validation part cut from the end of the training part; the settings as given where nothing is to choose."""
    settings = config.evaluation
    # What may return is learnt with the weights: without them, only a plain yes is one.
    blend = config.recommender.model_copy(update={"last_may_return": config.recommender.repeats_last})
    weights = {"item": {"vectors": 1.0}, "session": {"vectors": 1.0}, "counts": {}}
    alone = blend.model_copy(update=weights | {"last_may_return": False})
    given = Chosen(engine=trainings.engines(config, test.train)[0], blend=blend, vectors=alone, trace={})
    if not (settings.blend or settings.baselines):
        return given

    def make(folder: Path) -> None:
        validation = split_validation(test, config)
        prefixes = validation_prefixes(validation, config)
        chosen = _blend(validation, prefixes, catalogue, config, work, trainings) if settings.blend else given
        if settings.baselines:
            with work.told.step("baselines") as step:
                fewer, threads = prefixes.spread(BASELINE_PREFIXES), config.trainer.workers
                returns = chosen.blend.repeats_last
                found = choose_baselines(validation.train, fewer, threads, step.share, test.train.items, returns)
                chosen = chosen.model_copy(update={"baselines": found})
        write_json(folder / "choice.json", chosen.model_dump(mode="json"))

    return Chosen.model_validate(read_json(work.step("choose", make) / "choice.json"))


def _blend(
    validation: Split,
    prefixes: Prefixes,
    catalogue: Catalogue,
    config: TrainConfig,
    work: Workspace,
    trainings: Trainings,
) -> Chosen:
    """Readings and weights of models of their own; the baselines are another question, and need none."""
    weights = counted_weights(validation.train, config)
    counted = Counted(validation.train, config.trainer.workers, weights=weights)
    engines: dict[str, Materials] = {}
    categories = [catalogue.category(item) for item in validation.ids]
    trace: Trace = {}
    for engine in trainings.engines(config, validation.train):
        name = "train for validation" + (f" {engine}" if engines else "")
        fitted = trainings.fit(name, validation.train, validation.ids, with_engine(config, engine), work)
        similar: dict[SimilarReading, float] = {}
        if any(categories) and _is_open(config.recommender, fitted.spaces):
            with work.told.step("similar" + (f" {engine}" if engines else "")) as step:
                similar = similar_reading(config, fitted.spaces, categories, step.share)
                step.facts |= {str(reading): value for reading, value in similar.items()}
        engines[engine] = Materials(fitted.spaces, counted)
        if similar:
            trace[f"{engine}: similar"] = {str(reading): value for reading, value in similar.items()}
            best: SimilarReading = max(similar, key=lambda r: similar[r])
            engines[engine] = Materials(fitted.spaces, counted, best)
    with work.told.step("choose") as step:
        found = choose(engines, prefixes, config.recommender, config.trainer.workers, config.seed, step.share)
        step.facts |= _told(found.blend, found.engine)
    return Chosen(engine=found.engine, blend=found.blend, vectors=found.vectors, trace=found.trace | trace)


def _is_open(config: RecommenderConfig, spaces: Spaces) -> bool:
    """Whether there is a reading of similar to choose: not where lengths count, which somebody has asked for, and not
    where both matrices are one."""
    return config.similar_reading != "dot" and spaces.similar.inputs is not spaces.similar.outputs


def _told(blend: RecommenderConfig, engine: str) -> dict[str, Any]:
    told = {"engine": engine, "reading": blend.next_reading, "decay": blend.session_decay, "parts": len(blend.session)}
    return told | ({"last_may_return": True} if blend.repeats_last else {})
