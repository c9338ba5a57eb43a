"""The command that looks after the versions of the model."""

import argparse
from typing import TYPE_CHECKING

from cli.command import Command, Parser, add_json
from cli.serve import add_database
from cli.stored.who import told
from index.errors import ArtifactError, ConfigError
from index.visible import say

if TYPE_CHECKING:
    from index.artifact.registry import Registry

ACTIONS = ("list", "activate", "rollback", "prune")


def flags(parser: Parser) -> None:
    parser.add_argument("action", nargs="?", choices=ACTIONS, default="list", help="(default list)")
    parser.add_argument("version", nargs="?", metavar="VERSION", help="the version to activate")
    add_database(parser)
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
        with told(options, "model.activate", options.version, before=serving(registry)):
            registry.activate(options.version, examine=examine)
        say(f"{options.version} is current")
    elif options.action == "rollback":
        with told(options, "model.rollback", before=serving(registry)) as end:
            version = end["thing"] = registry.rollback(examine)
        print(f"{version} is current")
    elif options.action == "prune":
        with told(options, "model.delete", keep=options.keep) as end:
            removed = end["versions"] = registry.prune(options.keep)
        print(f"removed {len(removed)}: {', '.join(removed)}" if removed else "nothing to remove")
    else:
        show_versions(registry, options.json)
    return 0


def serving(registry: "Registry") -> str | None:
    """None also where current.json is damaged: activating a version mends it."""
    try:
        return registry.current()
    except ArtifactError:
        return None


MODELS = Command("models", "list versions; activate, roll back or prune them", flags, run)
