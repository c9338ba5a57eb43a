"""The trainings of one run, each a step of its own: for validation, for the test, and on all there is."""

from dataclasses import dataclass
from pathlib import Path

from index.artifact.manifest import TrainingFacts
from index.artifact.registry import Registry
from training.config import TrainConfig, TrainerConfig
from training.corpus import Corpus
from training.pipeline.prepare import Prepared
from training.trainers.steady import train_until_stable
from training.trainers.trainer import Embeddings, trainer_for
from training.trainers.warm import WarmStart, warm_start
from training.workspace import Workspace, read_array, read_json, write_arrays, write_json


@dataclass(frozen=True)
class Fitted:
    """What was trained on, and what came of it. ids: row -> item, of the corpus and of both matrices."""

    corpus: Corpus
    ids: list[str]
    embeddings: Embeddings
    facts: TrainingFacts


def train(
    name: str, corpus: Corpus, ids: list[str], config: TrainConfig, work: Workspace, start: WarmStart | None = None
) -> Fitted:
    """Two matrices from a corpus, the slow part of a run. start: what to begin with instead of at random."""

    def make(folder: Path) -> None:
        settings = _held(config.trainer, work)
        epochs = settings.steps().epochs
        with work.told.step(name, total=len(corpus.tokens) * epochs, unit="tokens") as step:
            found = train_until_stable(
                trainer_for(settings.engine),
                corpus,
                settings,
                config.seed,
                step.share,
                lambda rate, lower: work.told.note("diverged", training=name, learning_rate=rate, next=lower),
                start.embeddings if start else None,
            )
            step.facts |= {"engine": settings.engine, "tokens": len(corpus.tokens), "epochs": epochs}
            step.facts |= {"learning_rate": found.learning_rate}
        facts = TrainingFacts(
            learning_rate=found.learning_rate, restarts=found.restarts, started_from=start.version if start else None
        )
        write_arrays(folder, inputs=found.embeddings.inputs, outputs=found.embeddings.outputs)
        write_json(folder / "training.json", facts.model_dump(mode="json"))

    folder = work.step(name.replace(" ", "-"), make)
    return Fitted(corpus, ids, _embeddings(folder), _facts(folder))


def train_on_all(log: Prepared, registry: Registry, config: TrainConfig, work: Workspace) -> Fitted:
    """On the whole log; from the current model's vectors where the settings say so."""
    ids = log.vocabulary.ids
    start = starting_point(registry, ids, config, work) if config.trainer.warm_start else None
    return train("train", log.corpus, ids, config, work, start)


def starting_point(registry: Registry, ids: list[str], config: TrainConfig, work: Workspace) -> WarmStart | None:
    """What the training to publish begins with, fixed when it is first asked for: another model may be current, or
    this one pruned, by the time a killed run resumes."""

    def make(folder: Path) -> None:
        found = warm_start(registry, ids, config.trainer.dims, config.seed)
        if isinstance(found, str):
            work.told.note("warm start", taken=False, reason=found)
            write_json(folder / "start.json", None)
            return
        work.told.note("warm start", version=found.version, items=found.known, new=len(ids) - found.known)
        write_arrays(folder, inputs=found.embeddings.inputs, outputs=found.embeddings.outputs)
        write_json(folder / "start.json", {"version": found.version, "known": found.known})

    folder = work.step("warm-start", make)
    taken = read_json(folder / "start.json")
    return None if taken is None else WarmStart(_embeddings(folder), taken["version"], taken["known"])


def _held(settings: TrainerConfig, work: Workspace) -> TrainerConfig:
    """With the learning rate that the run's trainings so far ended with: what ran away on one part of the log need not
    be tried on the next, and what is published is trained as it was measured."""
    done = [_facts(path.parent) for path in work.folder.glob("train*/training.json")]
    halved = [facts.learning_rate for facts in done if facts.restarts]
    return settings.model_copy(update={"learning_rate": min(halved)}) if halved else settings


def _embeddings(folder: Path) -> Embeddings:
    return Embeddings(read_array(folder, "inputs"), read_array(folder, "outputs"))


def _facts(folder: Path) -> TrainingFacts:
    return TrainingFacts.model_validate(read_json(folder / "training.json"))
