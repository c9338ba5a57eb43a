"""The commands that need a log: look at it, train on it, search settings for it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cli.command import Command, Parser, add_models
from cli.flags import add_settings, config_of, overrides_of
from index.errors import ConfigError, Item2vecError
from index.visible import say_json

if TYPE_CHECKING:
    from training.config import TrainConfig
    from training.pipeline.publish import Outcome

QUICK_PREFIXES = 2000


def check_flags(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="the findings as JSON")
    add_models(parser)
    add_settings(parser, ("events", "sessions", "trainer", "evaluation", "gate"))


def train_flags(parser: Parser) -> None:
    add_models(parser)
    parser.add_argument("--force", action="store_true", help="make the new model current even if the gate refuses it")
    quick = "measure no baselines but popularity, and fewer prefixes: a first look"
    parser.add_argument("--quick", action="store_true", help=quick)
    add_events = "add new events to the model that serves, with its settings, without choosing and measuring anew"
    parser.add_argument("--update", action="store_true", help=add_events)
    add_settings(parser)


def tune_flags(parser: Parser) -> None:
    add_models(parser)
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="TOML to write, for train --config")
    parser.add_argument("--budget", default="20m", help="time for training and reading: 90s, 20m, 2h (default 20m)")
    parser.add_argument("--trials", type=int, metavar="N", help="at most N settings (default: as the budget allows)")
    share = "search on this share of the training sessions; the best five are compared on all (default 1)"
    parser.add_argument("--search-share", type=float, default=1.0, metavar="SHARE", help=share)
    objective = "also try what the log says beyond order (docs/objectives.md); a fifth of the budget is kept for it"
    parser.add_argument("--objective", action="store_true", help=objective)
    parser.add_argument("--force", action="store_true", help="replace FILE")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    add_settings(parser)


def run_check(options: argparse.Namespace) -> int:
    from index.artifact.registry import Registry
    from training.check.examine import examine
    from training.check.page import page
    from training.progress import reporter
    from training.terminal import screen

    try:
        serving = Registry(options.models).open(verify=False).manifest
    except Item2vecError:  # none yet, or a damaged one: nothing to compare the log with
        serving = None
    found = examine(config_of(options), reporter(), serving=serving)
    if options.json:
        say_json(found.to_json())
    else:
        screen().print(page(found))
    return 3 if found.verdict.level == "stop" else 0


def run_train(options: argparse.Namespace) -> int:
    from cli.screen import show_outcome, show_report, show_update
    from training.pipeline.run import run
    from training.progress import reporter
    from training.terminal import screen
    from training.tune.report import hint

    console, advice = screen(), None
    if options.update:
        outcome = updated(options)
        show_update(console, outcome.manifest)
    else:
        config = config_of(options)
        if options.quick:
            config = quicker(config)
        outcome = run(config, options.models, reporter(), options.force)
        assert outcome.report is not None  # a training measures
        show_report(console, outcome.report)
        advice = hint(config, outcome.report.tasks)
    return show_outcome(console, outcome, options.models, advice)


def quicker(config: "TrainConfig") -> "TrainConfig":
    measured = config.evaluation.model_copy(update={"baselines": False, "prefixes": QUICK_PREFIXES})
    return config.model_copy(update={"evaluation": measured})


def updated(options: argparse.Namespace) -> "Outcome":
    """Settings are those of the model that serves; only where the log is, what is in it, and what the gate asks may be
    given."""
    from index.artifact.registry import Registry
    from training.pipeline.updating.base import base_of
    from training.pipeline.updating.update import update
    from training.progress import reporter

    given = overrides_of(options)
    others = [f"{section}.{name}" for section in given.keys() - {"events", "gate"} for name in given[section]]
    others += [name for name in ("config", "seed", "quick") if getattr(options, name)]
    if others:
        raise ConfigError(
            f"--update trains with the settings of the model that serves: leave out {', '.join(sorted(others))}, or "
            "train whole, without --update"
        )
    base = base_of(Registry(options.models), given.get("events", {}), gate=given.get("gate"))
    return update(base, options.models, reporter(), later=True, force=options.force)


def run_tune(options: argparse.Namespace) -> int:
    from training.progress import reporter
    from training.terminal import screen
    from training.tune.budget import budget_of
    from training.tune.report import page
    from training.tune.run import Tuning, tune

    budget = budget_of(options.budget, options.trials)
    tuning = Tuning(config_of(options), budget, options.search_share, objective=options.objective)
    report = tune(tuning, options.models, options.to, reporter(), options.force)
    if options.json:
        say_json(report.model_dump(mode="json"))
        return 0
    console = screen()
    console.print(page(report))
    console.print(f"Train with them: item2vec train --config {options.to} --models {options.models}")
    console.print(f"The whole report: {report.report}")
    return 0


CHECK = Command("check", "look at a log before training: what it holds, what is wrong with it", check_flags, run_check)
TRAIN = Command("train", "train on a log, measure, and publish a version of the model", train_flags, run_train)
TUNE = Command("tune", "search the settings of the trainer that suit a log, within a budget", tune_flags, run_tune)
