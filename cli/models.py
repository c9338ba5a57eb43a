"""The command that looks after the versions of the model."""

import argparse

from cli.command import Command, Parser, add_json, add_models
from index.errors import ConfigError

ACTIONS = ("list", "activate", "rollback", "prune")


def flags(parser: Parser) -> None:
    parser.add_argument("action", nargs="?", choices=ACTIONS, default="list", help="(default list)")
    parser.add_argument("version", nargs="?", metavar="VERSION", help="the version to activate")
    add_models(parser)
    parser.add_argument("--keep", type=int, default=5, help="prune: how many of the newest stay (default 5)")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    from cli.screen import show_versions
    from index.artifact.registry import Registry
    from index.sense import examine

    registry = Registry(options.models)
    if options.action == "activate":
        if options.version is None:
            raise ConfigError(f"which version? item2vec models activate VERSION --models {options.models}")
        registry.activate(options.version, examine=examine)
        print(f"{options.version} is current")
    elif options.action == "rollback":
        print(f"{registry.rollback(examine)} is current")
    elif options.action == "prune":
        removed = registry.prune(options.keep)
        print(f"removed {len(removed)}: {', '.join(removed)}" if removed else "nothing to remove")
    else:
        show_versions(registry, options.json)
    return 0


MODELS = Command("models", "list versions; activate, roll back or prune them", flags, run)
