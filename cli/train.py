"""The commands that need a log: train, tune, check, and making a log. Each imports what it needs when it runs."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from cli.flags import add_settings

ALL = ("events", "sessions", "trainer", "index", "recommender", "evaluation")


def add(command: Callable[..., argparse.ArgumentParser]) -> None:
    """command: (name, runner, help) -> the new command's parser."""
    train = command("train", run_train, "train on a log, measure, and publish a version of the model")
    train.add_argument("--out", type=Path, required=True, metavar="MODELS", help="folder of the models")
    train.add_argument("--force", action="store_true", help="make the new model current even when the gate refuses it")
    add_settings(train, ALL)

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
    add_settings(tune, ALL)

    check = command("check", run_check, "look at a log before training: what it holds and what is wrong with it")
    check.add_argument("--json", action="store_true", help="the findings as JSON")
    add_settings(check, ("events", "sessions", "trainer", "evaluation"))

    world = command("demo-log", run_demo_log, "write a generated log of any size, with known structure")
    world.add_argument("--out", type=Path, required=True, help="folder of the log")
    world.add_argument("--format", choices=("parquet", "csv", "csv.gz", "jsonl"), default="parquet", help="file format")
    add_world(world, 1_000_000)


def add_world(parser: argparse.ArgumentParser, events: int) -> None:
    parser.add_argument("--events", type=int, default=events, help=f"how many events (default {events:,})")
    parser.add_argument("--seed", type=int, default=1, help="same seed and size, same log (default 1)")


def run_train(options: argparse.Namespace) -> int:
    from cli.flags import config_of
    from cli.screen import screen, show_report
    from training.pipeline.run import run
    from training.progress import reporter
    from training.tune.report import hint

    config = config_of(options)
    outcome = run(config, options.out, reporter(), options.force)
    console = screen()
    show_report(console, outcome.report)
    if outcome.rejects is not None:
        console.print(f"Rows that could not be events: {outcome.rejects}")
    advice = hint(config, outcome.report.tasks)
    if advice:
        console.print(advice)
    if outcome.gate.accepted and not outcome.current:
        console.print(f"Version {outcome.version} was published. Another one, activated meanwhile, stays current.")
        return 0
    if outcome.gate.accepted:
        forced = " by force, although " + "; ".join(outcome.gate.reasons) if outcome.gate.forced else ""
        console.print(f"Version {outcome.version} is current{forced}.")
        return 0
    console.print(f"Version {outcome.version} was kept but not made current: {'; '.join(outcome.gate.reasons)}.")
    console.print(f"To make it so all the same: item2vec models {options.out} activate {outcome.version}")
    return 3


def run_tune(options: argparse.Namespace) -> int:
    from cli.flags import config_of
    from cli.screen import screen
    from training.progress import reporter
    from training.tune.budget import budget_of
    from training.tune.report import page
    from training.tune.run import Tuning, tune

    budget = budget_of(options.budget, options.trials)
    tuning = Tuning(config_of(options), budget, options.search_share)
    report = tune(tuning, options.out, options.to, reporter(), options.force)
    if options.json:
        print(json.dumps(report.model_dump(mode="json"), indent=1, ensure_ascii=False))
        return 0
    console = screen()
    console.print(page(report))
    console.print(f"Train with them: item2vec train --config {options.to} --out {options.out}")
    console.print(f"The whole report: {report.report}")
    return 0


def run_check(options: argparse.Namespace) -> int:
    from cli.flags import config_of
    from cli.screen import screen
    from training.check.examine import examine
    from training.check.page import page
    from training.progress import reporter

    found = examine(config_of(options), reporter())
    if options.json:
        print(json.dumps(found.to_json(), indent=1, default=str))
    else:
        screen().print(page(found))
    return 3 if found.verdict.level == "stop" else 0


def run_demo_log(options: argparse.Namespace) -> int:
    from training.demo.world import write_world
    from training.progress import reporter

    with reporter().step("demo-log", total=options.events, unit="events") as step:
        world = write_world(options.out, options.events, options.seed, options.format, step.share)
        step.facts |= {"events": world.events, "users": world.users, "items": world.items, "broken": world.broken}
    print(f"events: {options.out}/events-*.{options.format}\nitems: {world.items_file}")
    return 0
