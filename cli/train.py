"""The command that trains."""

import argparse

from cli.command import Command, Parser, add_models
from cli.flags import add_settings, config_of


def flags(parser: Parser) -> None:
    add_models(parser)
    parser.add_argument("--force", action="store_true", help="make the new model current even if the gate refuses it")
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    from cli.screen import screen, show_report
    from training.pipeline.run import run
    from training.progress import reporter
    from training.tune.report import hint

    config = config_of(options)
    outcome = run(config, options.models, reporter(), options.force)
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
    console.print(
        f"To make it current all the same: item2vec models activate {outcome.version} --models {options.models}"
    )
    return 3


TRAIN = Command("train", "train on a log, measure, and publish a version of the model", flags, run)
