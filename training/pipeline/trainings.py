"""The trainings of one run, each a step of its own: steady, alike in learning rate, the last one warm if so asked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.artifact.registry import Registry
from training.config import TrainConfig, TrainerConfig
from training.corpus import Corpus
from training.progress import Reporter
from training.trainers.steady import train_until_stable
from training.trainers.trainer import Embeddings, trainer_for
from training.trainers.warm import WarmStart, warm_start
from training.workspace import Workspace, read_array, read_json, write_arrays, write_json


@dataclass(frozen=True)
class Training:
    """facts: learning_rate that held, restarts before it, started_from (a version, or None)."""

    embeddings: Embeddings
    facts: dict[str, Any]


class Trainings:
    """Each leaves its result in the workspace, or is taken from there."""

    def __init__(self, config: TrainConfig, work: Workspace, reporter: Reporter) -> None:
        self.config = config
        self.work = work
        self.reporter = reporter

    def train(self, name: str, corpus: Corpus, start: WarmStart | None = None) -> Training:
        """Two matrices from a corpus; the slow part of a run, and so a step of its own."""

        def make(folder: Path) -> None:
            settings = self._held(self.config.trainer)
            epochs = settings.steps().epochs
            with self.reporter.step(name, total=len(corpus.tokens) * epochs, unit="tokens") as step:
                found = train_until_stable(
                    trainer_for(settings.engine),
                    corpus,
                    settings,
                    self.config.seed,
                    step.share,
                    lambda rate, lower: self.reporter.note("diverged", training=name, learning_rate=rate, next=lower),
                    start.embeddings if start else None,
                )
                step.facts |= {"engine": settings.engine, "tokens": len(corpus.tokens), "epochs": epochs}
                step.facts |= {"learning_rate": found.learning_rate}
            write_arrays(folder, inputs=found.embeddings.inputs, outputs=found.embeddings.outputs)
            facts = {"learning_rate": found.learning_rate, "restarts": found.restarts}
            write_json(folder / "training.json", facts | {"started_from": start.version if start else None})

        folder = self.work.step(name.replace(" ", "-"), make)
        embeddings = Embeddings(read_array(folder, "inputs"), read_array(folder, "outputs"))
        return Training(embeddings, read_json(folder / "training.json"))

    def _held(self, settings: TrainerConfig) -> TrainerConfig:
        """With the learning rate that the run's trainings so far ended with: what ran away on one part of the log need
        not be tried on the next, and what is published is trained as it was measured."""
        done = [read_json(path) for path in self.work.folder.glob("train*/training.json")]
        halved = [facts["learning_rate"] for facts in done if facts["restarts"]]
        return settings.model_copy(update={"learning_rate": min(halved)}) if halved else settings

    def warm(self, registry: Registry, ids: list[str]) -> WarmStart | None:
        """What the training to publish begins with, fixed when it is first asked for: another model may be current, or
        this one pruned, by the time a killed run goes on."""

        def make(folder: Path) -> None:
            found = warm_start(registry, ids, self.config.trainer.dims, self.config.seed)
            if isinstance(found, str):
                self.reporter.note("warm start", taken=False, reason=found)
                write_json(folder / "start.json", None)
                return
            self.reporter.note("warm start", version=found.version, items=found.known, new=len(ids) - found.known)
            write_arrays(folder, inputs=found.embeddings.inputs, outputs=found.embeddings.outputs)
            write_json(folder / "start.json", {"version": found.version, "known": found.known})

        folder = self.work.step("warm-start", make)
        taken = read_json(folder / "start.json")
        if taken is None:
            return None
        return WarmStart(Embeddings(read_array(folder, "inputs"), read_array(folder, "outputs")), **taken)
