"""What validation decides: how the vectors are read, the weights of the counts, and the baselines' settings."""

from dataclasses import dataclass
from pathlib import Path

from index.catalogue import Catalogue
from index.ranking.scorer import RecommenderConfig
from training.choice.choose import choose
from training.choice.similar import similar_reading
from training.config import TrainConfig
from training.evaluation.evaluate import ONLY_POPULARITY, Candidates, choose_baselines
from training.evaluation.split import Prefixes, Split, split_validation, validation_prefixes
from training.pipeline.train import Fitted, train
from training.workspace import Workspace, read_json, write_json

BASELINE_PREFIXES = 1000  # the baselines' grids are coarser


@dataclass(frozen=True)
class Chosen:
    """blend: vectors with counts, as published. vectors: the best without counts. trace: each thing that was tried."""

    blend: RecommenderConfig
    vectors: RecommenderConfig
    baselines: Candidates
    trace: dict[str, dict[str, float]]

    @classmethod
    def as_given(cls, recommender: RecommenderConfig) -> "Chosen":
        alone = recommender.model_copy(update={"item_counts": 0.0, "session_counts": 0.0})
        return cls(recommender, alone, ONLY_POPULARITY, {})


def choose_settings(test: Split, catalogue: Catalogue, config: TrainConfig, work: Workspace) -> Chosen:
    """On a validation part cut from the end of the training part; the settings as given where nothing is to choose."""
    given = Chosen.as_given(config.recommender)
    if not config.evaluation.chooses:
        return given

    def make(folder: Path) -> None:
        validation = split_validation(test, config)
        prefixes = validation_prefixes(validation, config)
        fitted = train("train for validation", validation.train, validation.ids, config, work)
        chosen = _blend(fitted, prefixes, catalogue, config, work) if config.evaluation.blend else given
        baselines = _baselines(validation, prefixes, config, work) if config.evaluation.baselines else ONLY_POPULARITY
        content = {"blend": chosen.blend.model_dump(), "vectors": chosen.vectors.model_dump()}
        write_json(folder / "choice.json", content | {"baselines": baselines, "trace": chosen.trace})

    content = read_json(work.step("choose", make) / "choice.json")
    return Chosen(
        RecommenderConfig.model_validate(content["blend"]),
        RecommenderConfig.model_validate(content["vectors"]),
        content["baselines"],
        content["trace"],
    )


def _blend(fitted: Fitted, prefixes: Prefixes, catalogue: Catalogue, config: TrainConfig, work: Workspace) -> Chosen:
    """Readings and weights; the baselines are another question."""
    embeddings = fitted.embeddings
    with work.told.step("choose") as step:
        recommender, trace = config.recommender, {}
        similar = similar_reading(config, embeddings, [catalogue.category(item) for item in fitted.ids])
        if similar:
            recommender = recommender.model_copy(update={"similar_reading": max(similar, key=lambda r: similar[r])})
            trace = {"similar": {str(reading): value for reading, value in similar.items()}}
        found = choose(embeddings, fitted.corpus, prefixes, recommender, config.trainer.workers, step.share)
        blend = found.blend
        step.facts |= {"reading": blend.next_reading, "item_counts": blend.item_counts}
        step.facts |= {"session_counts": blend.session_counts, "decay": blend.session_decay}
    return Chosen(blend, found.vectors, ONLY_POPULARITY, found.trace | trace)


def _baselines(validation: Split, prefixes: Prefixes, config: TrainConfig, work: Workspace) -> Candidates:
    with work.told.step("baselines") as step:
        fewer = prefixes.spread(BASELINE_PREFIXES)
        return choose_baselines(validation.train, fewer, config.trainer.workers, step.share)
