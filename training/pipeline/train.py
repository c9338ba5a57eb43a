"""The trainings of one run, each a step of its own: for validation, for the test, and on all there is."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.artifact.manifest import TrainingFacts
from index.artifact.registry import Registry
from index.catalogue.catalogue import Catalogue
from training.choice.engines import engines_of
from training.config import TrainConfig, TrainerConfig
from training.corpus import Corpus
from training.objective.lesson import attributes_of, lesson_of, segments_of
from training.pipeline.prepare import Prepared
from training.trainers.spaces import Spaces, Start, train_spaces
from training.trainers.trainer import Embeddings, Makeup
from training.trainers.warm import WarmStart, warm_start
from training.workspace import Workspace, read_array, read_json, write_arrays, write_json


@dataclass(frozen=True)
class Fitted:
    """What was trained on, and what came of it. ids: row -> item, of the corpus and of all matrices."""

    corpus: Corpus
    ids: list[str]
    spaces: Spaces
    facts: TrainingFacts


IMPORTED = "imported"  # in place of an engine: vectors that were made elsewhere


class Trainings(Protocol):
    """Where the vectors of a run come from: a training for each part of the log, or the same vectors for all."""

    def engines(self, config: TrainConfig, corpus: Corpus) -> Sequence[str]:
        """What is tried on validation, the one that is taken where nothing else is clearly better first."""
        ...

    def fit(self, name: str, corpus: Corpus, ids: list[str], config: TrainConfig, work: Workspace) -> Fitted:
        """name: of the step. config: with one of the engines."""
        ...


class Trained:
    """By the engines of the settings. items: what the objective asks for may be in their metadata."""

    def __init__(self, items: Catalogue) -> None:
        self._items = items

    def engines(self, config: TrainConfig, corpus: Corpus) -> Sequence[str]:
        return engines_of(config, corpus)

    def fit(self, name: str, corpus: Corpus, ids: list[str], config: TrainConfig, work: Workspace) -> Fitted:
        return train(name, corpus, ids, self._items, config, work)


def train(
    name: str,
    corpus: Corpus,
    ids: list[str],
    items: Catalogue,
    config: TrainConfig,
    work: Workspace,
    start: WarmStart | None = None,
) -> Fitted:
    """Vectors from a corpus, by the engine of the config. start: what to begin with instead of at random. Raises
    ConfigError where the metadata of the items lacks what the objective asks for."""

    def make(folder: Path) -> None:
        settings = _held(config.trainer, work)
        epochs = 1 if settings.engine == "spectral" else settings.steps().epochs
        traits = segments_of(items, ids, config), attributes_of(items, ids, config)
        lesson = lesson_of(replace(corpus, keys=keys_of(ids)), config, *traits)
        tokens = len(lesson.corpus.tokens)
        with work.told.step(name, total=tokens * epochs, unit="tokens") as step:
            found = train_spaces(
                lesson.corpus,
                settings,
                config.seed,
                step.share,
                lambda rate, lower: work.told.note("diverged", training=name, learning_rate=rate, next=lower),
                start.start if start else Start(),
                lesson.signals,
            )
            step.facts |= {"engine": settings.engine, "tokens": tokens}
            if found.learning_rate is not None:
                step.facts |= {"epochs": epochs, "learning_rate": found.learning_rate}
        facts = TrainingFacts(
            engine=settings.engine,
            learning_rate=found.learning_rate,
            restarts=found.restarts,
            started_from=start.version if start else None,
        )
        _write(folder, found.spaces)
        write_json(folder / "training.json", facts.model_dump(mode="json"))

    folder = work.step(name.replace(" ", "-"), make)
    return Fitted(corpus, ids, _spaces(folder), _facts(folder))


def keys_of(ids: Sequence[str]) -> NDArray[np.uint64]:
    """As of a Corpus. ids: row -> item."""
    digests = b"".join(hashlib.blake2b(item.encode(), digest_size=8).digest() for item in ids)
    return np.frombuffer(digests, dtype=np.uint64)


def train_on_all(log: Prepared, items: Catalogue, registry: Registry, config: TrainConfig, work: Workspace) -> Fitted:
    """On the whole log; from the current model's vectors where the settings say so."""
    ids = log.vocabulary.ids
    start = starting_point(registry, ids, config, work) if config.trainer.warm_start else None
    return train("train", log.corpus, ids, items, config, work, start)


def starting_point(registry: Registry, ids: list[str], config: TrainConfig, work: Workspace) -> WarmStart | None:
    """What the training to publish begins with, fixed when it is first asked for: another model may be current, or
    this one pruned, by the time a killed run resumes."""

    def make(folder: Path) -> None:
        found = warm_start(registry, ids, config.trainer.dims, config.seed, config.trainer.engine)
        if isinstance(found, str):
            work.told.note("warm start", taken=False, reason=found)
            write_json(folder / "start.json", None)
            return
        work.told.note("warm start", version=found.version, items=found.known, new=len(ids) - found.known)
        similar = found.start.similar
        assert found.start.next is not None
        _write(folder, Spaces(found.start.next, similar or found.start.next))
        write_json(folder / "start.json", {"version": found.version, "known": found.known, "similar": bool(similar)})

    folder = work.step("warm-start", make)
    taken = read_json(folder / "start.json")
    if taken is None:
        return None
    spaces = _spaces(folder)
    start = Start(spaces.next, spaces.similar if taken["similar"] else None)
    return WarmStart(start, taken["version"], taken["known"])


def _held(settings: TrainerConfig, work: Workspace) -> TrainerConfig:
    """With the learning rate that the run's trainings so far ended with: what ran away on one part of the log need not
    be tried on the next, and what is published is trained as it was measured."""
    done = [_facts(path.parent) for path in work.folder.glob("train*/training.json")]
    halved = [f.learning_rate for f in done if f.restarts and f.learning_rate and f.engine == settings.engine]
    return settings.model_copy(update={"learning_rate": min(halved)}) if halved else settings


def _write(folder: Path, spaces: Spaces) -> None:
    write_arrays(folder, inputs=spaces.next.inputs, outputs=spaces.next.outputs)
    if spaces.next.makeup is not None:
        write_arrays(folder, made_weights=spaces.next.makeup.weights, made_values=spaces.next.makeup.values)
    if spaces.similar is not spaces.next:
        write_arrays(folder, similar_inputs=spaces.similar.inputs, similar_outputs=spaces.similar.outputs)


def _spaces(folder: Path) -> Spaces:
    makeup = None
    if (folder / "made_weights.npy").exists():
        makeup = Makeup(read_array(folder, "made_weights"), read_array(folder, "made_values"))
    following = Embeddings(read_array(folder, "inputs"), read_array(folder, "outputs"), makeup)
    if not (folder / "similar_inputs.npy").exists():
        return Spaces(following, following)
    return Spaces(following, Embeddings(read_array(folder, "similar_inputs"), read_array(folder, "similar_outputs")))


def _facts(folder: Path) -> TrainingFacts:
    return TrainingFacts.model_validate(read_json(folder / "training.json"))
