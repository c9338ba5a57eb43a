"""The command that searches settings."""

import argparse
import json
from pathlib import Path

from cli.command import Command, Parser, add_models
from cli.flags import add_settings, config_of


def flags(parser: Parser) -> None:
    add_models(parser)
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="TOML to write, for train --config")
    parser.add_argument("--budget", default="20m", help="time for training and reading: 90s, 20m, 2h (default 20m)")
    parser.add_argument("--trials", type=int, metavar="N", help="at most N settings (default: as the budget allows)")
    parser.add_argument(
        "--search-share",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="search on this share of the training sessions; the best five are compared on all (default 1)",
    )
    parser.add_argument("--force", action="store_true", help="replace FILE")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    from cli.screen import screen
    from training.progress import reporter
    from training.tune.budget import budget_of
    from training.tune.report import page
    from training.tune.run import Tuning, tune

    budget = budget_of(options.budget, options.trials)
    tuning = Tuning(config_of(options), budget, options.search_share)
    report = tune(tuning, options.models, options.to, reporter(), options.force)
    if options.json:
        print(json.dumps(report.model_dump(mode="json"), indent=1, ensure_ascii=False))
        return 0
    console = screen()
    console.print(page(report))
    console.print(f"Train with them: item2vec train --config {options.to} --models {options.models}")
    console.print(f"The whole report: {report.report}")
    return 0


TUNE = Command("tune", "search the settings of the trainer that suit a log, within a budget", flags, run)
