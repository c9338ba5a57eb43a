"""The command that looks at a log before any training."""

import argparse
import json

from cli.command import Command, Parser
from cli.flags import add_settings, config_of


def flags(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="the findings as JSON")
    add_settings(parser, ("events", "sessions", "trainer", "evaluation"))


def run(options: argparse.Namespace) -> int:
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


CHECK = Command("check", "look at a log before training: what it holds, what is wrong with it", flags, run)
