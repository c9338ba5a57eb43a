"""The demo: a generated log, a training on it, what the model says, and the service over it. Or the log alone."""

import argparse
import logging
import os
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.command import Command, Parser, models_folder
from index.visible import say

if TYPE_CHECKING:
    from index.model import Model
    from training.config import TrainConfig
    from training.demo.world import World
    from training.progress import Reporter


def demo_flags(parser: Parser) -> None:
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder of the demo (default demo)")
    parser.add_argument(
        "--models",
        type=Path,
        metavar="DIR",
        help="publish into the folder of a service that runs, and serve nothing "
        "(default: ITEM2VEC_MODELS in the environment; without it, a folder in --out, which is served)",
    )
    parser.add_argument("--no-serve", action="store_true", help="end after the training")
    parser.add_argument("--port", type=int, default=8000, help="port of the service, on loopback (default 8000)")
    add_world(parser, 100_000)


def demo_log_flags(parser: Parser) -> None:
    parser.add_argument("--out", type=Path, required=True, help="folder of the log")
    parser.add_argument(
        "--format", choices=("parquet", "csv", "csv.gz", "jsonl"), default="parquet", help="file format"
    )
    add_world(parser, 1_000_000)


def add_world(parser: Parser, events: int) -> None:
    parser.add_argument("--events", type=int, default=events, help=f"how many events (default {events:,})")
    parser.add_argument("--seed", type=int, default=1, help="same seed and size, same log (default 1)")


def run_demo(options: argparse.Namespace) -> int:
    # Where the environment names the folder of a service, as in its containers, that one is filled.
    if options.models is not None or os.environ.get("ITEM2VEC_MODELS"):
        _, item = play(options, models_folder(options.models).absolute())
        print(f"\nThe service over these models takes it up within a second: GET /similar/{item}")
        return 0
    config, item = play(options, options.out / "models")
    return 0 if options.no_serve else serve(options, config, item)


def play(options: argparse.Namespace, models: Path) -> "tuple[TrainConfig, str]":
    """Makes the log anew, and a model of it; the report and some answers on the screen. The settings, and an item that
    is worth asking about."""
    from cli.screen import show_explanation, show_neighbours, show_report
    from index.artifact.registry import Registry
    from index.model import Model
    from training.pipeline.run import run as train
    from training.progress import reporter
    from training.terminal import screen

    told, log = reporter(), options.out / "log"
    if log.exists():
        shutil.rmtree(log)
    world = write_log(log, options, "parquet", told)
    config = config_of(log, world, options.seed)
    outcome = train(config, models, told, force=True)
    model = Model(Registry(models).open())
    assert outcome.report is not None  # a training measures
    show_report(screen(), outcome.report)
    asked = worth_asking(model)
    for item in asked:
        show_neighbours(model, item, 5, "similar")
        show_neighbours(model, item, 5, "next")
    first = asked[0]
    show_explanation(model, model.explain(first, model.similar(first, 1)[0].item))
    ask_on = shlex.join(["item2vec", "similar", model.catalogue.title(first), "--models", str(models)])
    print(f"\nAsk more: {ask_on}")
    return config, first


def serve(options: argparse.Namespace, config: "TrainConfig", item: str) -> int:
    """The service over the demo's model; a retraining reads the demo's log and the events that arrive."""
    from app.run.supervisor import run_serve
    from app.settings import Settings
    from training.configfile import write_config

    file = options.out.absolute() / "train.toml"
    write_config(config, file)
    url = f"http://127.0.0.1:{options.port}"
    print(
        f"\nServing on {url} until Ctrl-C. In another terminal:\n"
        f"  curl '{url}/similar/{item}?k=3'\n"
        f"  curl -X POST {url}/retrain",
        flush=True,
    )
    logging.getLogger().setLevel(logging.INFO)
    models = (options.out / "models").absolute()
    return run_serve(Settings.from_environment(models=models, port=options.port, train_config=file))


def run_demo_log(options: argparse.Namespace) -> int:
    from training.progress import reporter

    world = write_log(options.out, options, options.format, reporter())
    say(f"events: {options.out}/events-*.{options.format}\nitems: {world.items_file}")
    return 0


def write_log(folder: Path, options: argparse.Namespace, format: str, told: "Reporter") -> "World":
    from training.demo.world import write_world

    with told.step("demo-log", total=options.events, unit="events") as step:
        world = write_world(folder, options.events, options.seed, format, step.share)
        step.facts |= {"events": world.events, "users": world.users, "items": world.items, "broken": world.broken}
    return world


def config_of(log: Path, world: "World", seed: int) -> "TrainConfig":
    """Absolute paths: the service's worker reads the same files from wherever it runs."""
    from training.config import EvaluationConfig, TrainConfig
    from training.eventsconfig import EventsConfig

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


def worth_asking(model: "Model") -> list[str]:
    """Two tracks and two homes that many sessions held."""
    kinds: dict[Any, list[str]] = {}
    for item in model.vocabulary.ids[:1000]:
        kinds.setdefault(model.catalogue.field(item, "kind"), []).append(item)
    return [item for items in kinds.values() for item in items[5:7]]


DEMO = Command(
    "demo", "a whole example: makes a log, trains on it, shows what is similar, serves it", demo_flags, run_demo
)
DEMO_LOG = Command("demo-log", "write a generated log of any size, with known structure", demo_log_flags, run_demo_log)
