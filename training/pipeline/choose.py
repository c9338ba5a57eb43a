"""What validation decides: how the vectors are read, the weights of the counts, and the baselines' settings."""

from pathlib import Path

from index.catalogue import Catalogue
from index.ranking.scorer import RecommenderConfig
from index.record import Record
from training.choice.choose import Trace, choose
from training.choice.similar import similar_reading
from training.config import TrainConfig
from training.evaluation.evaluate import ONLY_POPULARITY, Candidates, choose_baselines
from training.evaluation.split import Prefixes, Split, split_validation, validation_prefixes
from training.pipeline.train import train
from training.workspace import Workspace, read_json, write_json

BASELINE_PREFIXES = 1000  # the baselines' grids are coarser


class Chosen(Record):
    """blend: vectors with counts, as published. vectors: the best without counts. trace: each thing that was tried."""

    blend: RecommenderConfig
    vectors: RecommenderConfig
    baselines: Candidates = ONLY_POPULARITY
    trace: Trace


def choose_settings(test: Split, catalogue: Catalogue, config: TrainConfig, work: Workspace) -> Chosen:
    """On a validation part cut from the end of the training part; the settings as given where nothing is to choose."""
    settings, blend = config.evaluation, config.recommender
    alone = blend.model_copy(update={"item_counts": 0.0, "session_counts": 0.0})
    given = Chosen(blend=blend, vectors=alone, trace={})
    if not (settings.blend or settings.baselines):
        return given

    def make(folder: Path) -> None:
        validation = split_validation(test, config)
        prefixes = validation_prefixes(validation, config)
        chosen = _blend(validation, prefixes, catalogue, config, work) if settings.blend else given
        if settings.baselines:
            with work.told.step("baselines") as step:
                fewer, threads = prefixes.spread(BASELINE_PREFIXES), config.trainer.workers
                found = choose_baselines(validation.train, fewer, threads, step.share)
                chosen = chosen.model_copy(update={"baselines": found})
        write_json(folder / "choice.json", chosen.model_dump(mode="json"))

    return Chosen.model_validate(read_json(work.step("choose", make) / "choice.json"))


def _blend(validation: Split, prefixes: Prefixes, catalogue: Catalogue, config: TrainConfig, work: Workspace) -> Chosen:
    """Readings and weights of a model of its own; the baselines are another question, and need none."""
    embeddings = train("train for validation", validation.train, validation.ids, config, work).embeddings
    with work.told.step("choose") as step:
        recommender, trace = config.recommender, {}
        similar = similar_reading(config, embeddings, [catalogue.category(item) for item in validation.ids])
        if similar:
            recommender = recommender.model_copy(update={"similar_reading": max(similar, key=lambda r: similar[r])})
            trace = {"similar": {str(reading): value for reading, value in similar.items()}}
        found = choose(embeddings, validation.train, prefixes, recommender, config.trainer.workers, step.share)
        blend = found.blend
        step.facts |= {"reading": blend.next_reading, "item_counts": blend.item_counts}
        step.facts |= {"session_counts": blend.session_counts, "decay": blend.session_decay}
    return Chosen(blend=blend, vectors=found.vectors, trace=found.trace | trace)
