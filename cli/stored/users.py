"""The command for what is stored of a person."""

import argparse

from cli.command import Command, Parser
from cli.serve import add_database, settings_of
from cli.stored.who import local_actor


def flags(parser: Parser) -> None:
    """erase and check."""
    shared = Parser(add_help=False)
    add_database(shared)
    shared.add_argument("user_id", help="as in the events")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    actions.add_parser("erase", parents=[shared], help="delete the stored events of a user, for good")
    actions.add_parser(
        "check", parents=[shared], help="whether events of a user are stored, and whether they were erased"
    )


def run(options: argparse.Namespace) -> int:
    from index.artifact.registry import Registry
    from store import erasures, events
    from store.database import connect
    from store.moment import iso
    from store.upkeep.migrate import migrate

    settings = settings_of(options)
    engine = connect(settings.database_url)
    try:
        migrate(engine)
        if options.action == "check":
            stored = bool(events.of_user(engine, options.user_id, 1))
            print("events are stored" if stored else "no event is stored")
            for found in erasures.of_user(engine, options.user_id):
                print(
                    f"erasure {found.number} at {iso(found.at)}: {found.events} events, {found.rejects} rejected rows"
                )
            return 0
        erased = erasures.erase(engine, options.user_id, local_actor())
    finally:
        engine.dispose()
    print(f"erasure {erased.number}: deleted {erased.events} events and {erased.rejects} rejected rows")
    if before := Registry(settings.models).versions():
        print(f"{len(before)} models were trained before and have the user's sessions in their counts: retrain")
    return 0


USERS = Command("users", "erase what is stored of a user", flags, run)
