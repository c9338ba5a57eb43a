"""The command line: the one file that knows all sides. A command imports what it needs, so help is instant."""

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import Item2vecError

if TYPE_CHECKING:
    from index.model import Model
    from training.config import TrainConfig


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when it worked, 2 with a message on standard error when it did not, 3 when the gate
    kept a new model back, or the check found a reason not to train."""
    # The work is split into blocks over threads of our own; BLAS threads on top of them would fight for the same cores
    # (and spin while they wait). Set before numpy is first imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parser = build_parser()
    options = parser.parse_args(arguments)
    # Where somebody watches, bars say how far it is, and lines in between would tear them.
    level = logging.WARNING if sys.stderr.isatty() else logging.INFO
    logging.basicConfig(format="%(asctime)s %(message)s", level=level, stream=sys.stderr)
    for chatty in ("gensim", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        return int(options.run(options))
    except Item2vecError as error:
        print(f"item2vec: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("item2vec: interrupted; the same command goes on where it was", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def build_parser() -> argparse.ArgumentParser:
    from app import commands as serving
    from training.flags import add_settings

    parser = argparse.ArgumentParser(
        prog="item2vec",
        description="Similar items from a log of what users did: sessions in, vectors and an index out.",
        epilog="Start with `item2vec demo`. With a log of your own: `item2vec check`, then `item2vec train`; "
        "`item2vec serve` answers over HTTP, and retrains.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int], help: str, **more: Any) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=help, description=help[:1].upper() + help[1:] + ".", **more)
        found.set_defaults(run=run)
        return found

    train = command("train", run_train, "train on a log, measure, and publish a version of the model")
    train.add_argument("--out", type=Path, required=True, metavar="MODELS", help="folder of the models")
    train.add_argument("--force", action="store_true", help="make the new model current even when the gate refuses it")
    add_settings(train, ("events", "sessions", "trainer", "index", "recommender", "evaluation"))

    tune = command("tune", run_tune, "search the settings of the trainer that suit a log, under a budget of time")
    tune.add_argument(
        "--out", type=Path, required=True, metavar="MODELS", help="folder of the models; the search's too"
    )
    tune.add_argument("--to", type=Path, required=True, metavar="FILE", help="TOML to write, for train --config")
    tune.add_argument("--budget", default="20m", help="time for training and reading: 90s, 20m, 2h (default 20m)")
    tune.add_argument(
        "--trials", type=int, metavar="N", help="at most so many settings (default: as the budget allows)"
    )
    tune.add_argument(
        "--search-share",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="search on this share of the training sessions; the best five are compared on all (default 1)",
    )
    tune.add_argument("--force", action="store_true", help="replace FILE")
    tune.add_argument("--json", action="store_true", help="the report as JSON")
    add_settings(tune, ("events", "sessions", "trainer", "index", "recommender", "evaluation"))

    check = command("check", run_check, "look at a log before training: what it holds and what is wrong with it")
    check.add_argument("--json", action="store_true", help="the findings as JSON")
    add_settings(check, ("events", "sessions", "trainer", "evaluation"))

    similar = command("similar", run_similar, "the items most similar to one, or what comes next after it")
    add_model(similar)
    similar.add_argument("item", help="an item id, or a title")
    similar.add_argument("-k", type=int, default=10, help="how many (default 10)")
    similar.add_argument(
        "--score",
        choices=("similar", "next"),
        default="similar",
        help="similar: could stand in for it; next: follows it",
    )
    similar.add_argument("--json", action="store_true", help="as JSON")

    recommend = command("recommend", run_recommend, "what comes next in a session")
    add_model(recommend)
    recommend.add_argument("items", nargs="+", metavar="ITEM", help="the session's items, oldest first: ids or titles")
    recommend.add_argument("-k", type=int, default=10, help="how many (default 10)")
    recommend.add_argument("--exclude-seen", action="store_true", help="leave out all items of the session")
    recommend.add_argument("--json", action="store_true", help="as JSON")

    explain = command("explain", run_explain, "why two items are close, or why one is not in the other's list")
    add_model(explain)
    explain.add_argument("item", help="an item id, or a title")
    explain.add_argument("candidate", help="the other item's id or title")
    explain.add_argument("--json", action="store_true", help="as JSON")

    evaluate = command("evaluate", run_evaluate, "the quality report that was made when the model was trained")
    add_model(evaluate)
    evaluate.add_argument("--json", action="store_true", help="as JSON")

    models = command("models", run_models, "list versions; activate, roll back or prune them")
    models.add_argument("models", type=Path, metavar="MODELS", help="folder of the models")
    models.add_argument("action", nargs="?", choices=("list", "activate", "rollback", "prune"), default="list")
    models.add_argument("version", nargs="?", help="the version to activate")
    models.add_argument("--keep", type=int, default=5, help="prune: how many of the newest stay (default 5)")
    models.add_argument("--json", action="store_true", help="as JSON")

    export = command("export", run_export, "write vectors or neighbours for other tools")
    add_model(export)
    export.add_argument(
        "format",
        choices=("word2vec-text", "word2vec-binary", "npy", "parquet", "tensorboard", "neighbours"),
        help="word2vec formats open in gensim; neighbours is JSON lines",
    )
    export.add_argument("--out", type=Path, required=True, help="the file to write; a folder for npy and tensorboard")
    export.add_argument("--matrix", choices=("inputs", "outputs"), default="inputs", help="which vectors")
    export.add_argument("--score", choices=("similar", "next"), default="similar", help="neighbours by which score")

    demo = command("demo", run_demo, "a whole example: make a log, train on it, show what is similar, serve it")
    demo.add_argument("--out", type=Path, default=Path("demo"), help="folder of the demo (default demo)")
    demo.add_argument("--no-serve", action="store_true", help="end after the training")
    demo.add_argument("--port", type=int, default=8000, help="port of the service, on loopback (default 8000)")
    add_world(demo, 100_000)

    world = command("demo-log", run_demo_log, "write a generated log of any size, with known structure")
    world.add_argument("--out", type=Path, required=True, help="folder of the log")
    world.add_argument("--format", choices=("parquet", "csv", "csv.gz", "jsonl"), default="parquet", help="file format")
    add_world(world, 1_000_000)

    more = {"epilog": serving.ENVIRONMENT}
    serving.add_serving(command("serve", serving.run_serve, "the whole service: API and worker, kept running", **more))
    serving.add_serving(command("api", serving.run_api, "the API alone", **more))
    worker = command("worker", run_worker, "the worker alone: it does the retraining the API is asked for", **more)
    serving.add_database(worker)
    serving.add_training(worker)
    worker.add_argument("--name", help="of this worker, the same after a restart (default: the host's name)")
    serving.add_keys(command("keys", serving.run_keys, "make, list and revoke API keys"))
    return parser


def add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("models", type=Path, metavar="MODELS", help="folder of the models")
    parser.add_argument("--version", help="a version; without it, the current one")


def add_world(parser: argparse.ArgumentParser, events: int) -> None:
    parser.add_argument("--events", type=int, default=events, help=f"how many events (default {events:,})")
    parser.add_argument("--seed", type=int, default=1, help="same seed and size, same log (default 1)")


def run_train(options: argparse.Namespace) -> int:
    from training.flags import config_of
    from training.pipeline import run
    from training.progress import reporter
    from training.screen import screen, show_report
    from training.tune_report import hint

    config = config_of(options)
    outcome = run(config, options.out, reporter(), options.force)
    console = screen()
    show_report(console, outcome.manifest.metrics)
    if outcome.rejects is not None:
        console.print(f"Rows that could not be events: {outcome.rejects}")
    advice = hint(config, outcome.manifest.metrics)
    if advice:
        console.print(advice)
    if outcome.gate.accepted:
        forced = " by force, although " + "; ".join(outcome.gate.reasons) if outcome.gate.forced else ""
        console.print(f"Version {outcome.version} is current{forced}.")
        return 0
    console.print(f"Version {outcome.version} was kept but not made current: {'; '.join(outcome.gate.reasons)}.")
    console.print(f"To make it so all the same: item2vec models {options.out} activate {outcome.version}")
    return 3


def run_tune(options: argparse.Namespace) -> int:
    from training.flags import config_of
    from training.progress import reporter
    from training.screen import screen
    from training.tune import Tuning, tune
    from training.tune_budget import budget_of
    from training.tune_report import page

    budget = budget_of(options.budget, options.trials)
    tuning = Tuning(config_of(options), budget, options.search_share)
    report = tune(tuning, options.out, options.to, reporter(), options.force)
    if options.json:
        print(json.dumps(report, indent=1, ensure_ascii=False))
        return 0
    console = screen()
    console.print(page(report))
    console.print(f"Train with them: item2vec train --config {options.to} --out {options.out}")
    console.print(f"The whole report: {report['report']}")
    return 0


def run_check(options: argparse.Namespace) -> int:
    from training.doctor import examine, page
    from training.flags import config_of
    from training.progress import reporter
    from training.screen import screen

    findings = examine(config_of(options), reporter())
    if options.json:
        print(json.dumps(findings, indent=1, default=str))
    else:
        screen().print(page(findings))
    return 3 if findings["verdict"]["level"] == "stop" else 0


def open_model(options: argparse.Namespace) -> "Model":
    from index.model import Model
    from index.registry import Registry

    return Model(Registry(options.models).open(options.version))


def run_similar(options: argparse.Namespace) -> int:
    from training.screen import show

    model = open_model(options)
    item = model.resolve(options.item)
    found = model.neighbours(item, at_least_one(options.k), options.score)
    words = {"similar": "similar to", "next": "comes with or after"}[options.score]
    show(model, f"{words} {model.catalogue.title(item)}", found, options.json, item=item, score=options.score)
    return 0


def run_recommend(options: argparse.Namespace) -> int:
    from training.screen import show

    model = open_model(options)
    items = [model.resolve(item) for item in options.items]
    found = model.recommend(items, at_least_one(options.k), options.exclude_seen)
    show(model, "comes next", found, options.json, items=items)
    return 0


def at_least_one(k: int) -> int:
    if k < 1:
        raise Item2vecError(f"-k must be at least 1, not {k}")
    return k


def run_explain(options: argparse.Namespace) -> int:
    from training.screen import sentences

    model = open_model(options)
    found = model.explain(model.resolve(options.item), model.resolve(options.candidate))
    if options.json:
        from dataclasses import asdict

        print(json.dumps(asdict(found), ensure_ascii=False, indent=1, default=str))
    else:
        print("\n".join(sentences(model, found)))
    return 0


def run_evaluate(options: argparse.Namespace) -> int:
    from index.registry import Registry
    from training.screen import screen, show_report

    manifest = Registry(options.models).open(options.version).manifest
    if options.json:
        print(json.dumps({"version": manifest.version, **manifest.metrics}, indent=1, ensure_ascii=False))
        return 0
    show_report(screen(), manifest.metrics)
    return 0


def run_models(options: argparse.Namespace) -> int:
    from index.registry import Registry
    from training.screen import show_versions

    registry = Registry(options.models)
    if options.action == "activate":
        if options.version is None:
            raise Item2vecError(f"which version? item2vec models {options.models} activate VERSION")
        registry.activate(options.version)
        print(f"{options.version} is current")
    elif options.action == "rollback":
        print(f"{registry.rollback()} is current")
    elif options.action == "prune":
        removed = registry.prune(options.keep)
        print(f"removed {len(removed)}: {', '.join(removed)}" if removed else "nothing to remove")
    else:
        show_versions(registry, options.json)
    return 0


def run_export(options: argparse.Namespace) -> int:
    from training.exports import export

    written = export(open_model(options), options.format, options.out, options.matrix, options.score)
    for path in written:
        print(path)
    return 0


def run_worker(options: argparse.Namespace) -> int:
    """The one command that needs both sides: the service's migrations, and the training."""
    from app.commands import settings_of
    from app.database import connect, migrate
    from training.worker import WorkerSettings, run_worker

    logging.getLogger().setLevel(logging.INFO)
    settings = settings_of(options)
    engine = connect(settings.database_url)
    given = WorkerSettings(
        models=settings.models.absolute(),
        database=settings.database_url,
        config=settings.train_config,
        name=options.name,
        retrain_every=settings.retrain_every,
    )
    return run_worker(given, prepare=lambda: migrate(engine))


def run_demo_log(options: argparse.Namespace) -> int:
    from training.demo import write_world
    from training.progress import reporter

    with reporter().step("demo-log", total=options.events, unit="events") as step:
        world = write_world(options.out, options.events, options.seed, options.format, step.share)
        step.facts |= {"events": world.events, "users": world.users, "items": world.items, "broken": world.broken}
    print(f"events: {options.out}/events-*.{options.format}\nitems: {world.items_file}")
    return 0


def run_demo(options: argparse.Namespace) -> int:
    """The README's first command: log, training, answers and service, in one folder."""
    from training.demo_run import run

    done = run(options.out, options.events, options.seed)
    return 0 if options.no_serve else serve_demo(options, done.config, done.item)


def serve_demo(options: argparse.Namespace, config: "TrainConfig", item: str) -> int:
    """The service over the demo's model; a retraining reads the demo's log and the events that arrive."""
    from app.settings import Settings
    from app.supervisor import run_serve
    from training.config import write_config

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


if __name__ == "__main__":
    sys.exit(main())
