"""The command that deletes what was kept long enough; the worker does the same every hour."""

import argparse

from cli.command import Command, Parser
from cli.serve import add_database, kept_of, settings_of
from cli.stored.who import local_actor
from index.errors import ConfigError


def flags(parser: Parser) -> None:
    add_database(parser)
    parser.add_argument("--dry-run", action="store_true", help="only say how many rows would go")
    parser.add_argument(
        "--vacuum", action="store_true", help="SQLite: write the file anew, so that nothing deleted is left in it"
    )


def run(options: argparse.Namespace) -> int:
    from store.audit import Action, record
    from store.database import connect, now
    from store.upkeep import compact, retention
    from store.upkeep.migrate import migrate

    if options.dry_run and options.vacuum:
        raise ConfigError("--dry-run and --vacuum: give one of them")
    settings = settings_of(options)
    kept, engine = kept_of(settings), connect(settings.database_url)
    try:
        migrate(engine)
        found = retention.expired(engine, kept, now())
        if not options.dry_run:
            from training.jobs.retention import Retention

            Retention(engine, settings.models, kept, local_actor()).apply(lambda: None)
        if options.vacuum:
            compact.vacuum(engine)
            record(engine, local_actor(), Action.RETENTION, vacuum=True)
    finally:
        engine.dispose()
    for name, number in found.items():
        days = getattr(kept, name)
        span = f"kept {days:g} days" if days else "kept for ever"
        print(f"{name:<8} {number:>10} rows {'would go' if options.dry_run else 'are gone'} ({span})")
    return 0


RETENTION = Command("retention", "delete what was kept long enough, or say what would go", flags, run)
