"""The demo: a generated log, a training on it, and what the model says."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.screen import screen, show, show_explanation, show_report
from index.artifact.registry import Registry
from index.model import Model, Score
from training.config import EvaluationConfig, EventsConfig, TrainConfig
from training.demo.world import World, write_world
from training.pipeline.run import run as train
from training.progress import reporter


@dataclass(frozen=True)
class DemoRun:
    """item: one that is worth asking about."""

    config: TrainConfig
    item: str


def run(folder: Path, events: int, seed: int, models: Path | None = None) -> DemoRun:
    """The log in the folder, the models too where no other place is named; the report and some answers on the screen.

    Run again, it starts afresh.
    """
    report = reporter()
    log, models = folder / "log", models or folder / "models"
    if log.exists():
        shutil.rmtree(log)
    with report.step("demo-log", total=events, unit="events") as step:
        world = write_world(log, events, seed, progress=step.share)
        step.facts |= {"events": world.events, "users": world.users, "items": world.items, "broken": world.broken}
    config = config_of(log, world, seed)
    outcome = train(config, models, report, force=True)
    model = Model(Registry(models).open())
    show_report(screen(), outcome.report)
    asked = worth_asking(model)
    words: dict[Score, str] = {"similar": "similar to", "next": "comes with or after"}
    for item in asked:
        for score, text in words.items():
            show(model, f"{text} {model.catalogue.title(item)}", model.neighbours(item, 5, score), False)
    first = asked[0]
    second = model.neighbours(first, 1)[0].item
    show_explanation(model, model.explain(first, second))
    title = json.dumps(model.catalogue.title(first), ensure_ascii=False)
    print(f"\nAsk on: item2vec similar {models} {title}")
    return DemoRun(config, first)


def config_of(log: Path, world: World, seed: int) -> TrainConfig:
    """Absolute paths: the service's worker reads the same files from wherever it runs."""
    return TrainConfig(
        events=EventsConfig(
            paths=(str(log.absolute() / "events-*.parquet"),),
            items=str(Path(world.items_file).absolute()),
            event_type="event_type",
            conversion_types=("book",),
            dwell="dwell",
        ),
        evaluation=EvaluationConfig(prefixes=3000, bootstrap=200),
        seed=seed,
    )


def worth_asking(model: Model) -> list[str]:
    """Two tracks and two homes that many sessions held."""
    kinds: dict[Any, list[str]] = {}
    for item in model.vocabulary.ids[:1000]:
        kinds.setdefault(model.catalogue.field(item, "kind"), []).append(item)
    return [item for items in kinds.values() for item in items[5:7]]
