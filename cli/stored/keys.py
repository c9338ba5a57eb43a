"""The command for API keys."""

import argparse
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cli.command import Command, Parser, add_json
from cli.serve import add_database, settings_of
from cli.stored.who import local_actor
from index.visible import say, say_json

if TYPE_CHECKING:
    from store.keys import StoredKey


def flags(parser: Parser) -> None:
    """create, list and revoke."""
    shared = Parser(add_help=False)
    add_database(shared)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    create = actions.add_parser("create", parents=[shared], help="make a key and print it: nobody can read it again")
    create.add_argument("--name", required=True, help="to tell it from others")
    create.add_argument(
        "--scope",
        action="append",
        choices=("read", "write", "admin"),
        required=True,
        help="what it may do; admin includes write, write includes read; may be given more than once",
    )
    add_json(actions.add_parser("list", parents=[shared], help="all keys, without their secrets"))
    revoke = actions.add_parser("revoke", parents=[shared], help="make a key useless, within a second")
    revoke.add_argument("key_id", help="see `item2vec keys list`")


def run(options: argparse.Namespace) -> int:
    from store import keys
    from store.database import connect
    from store.upkeep.migrate import migrate

    engine = connect(settings_of(options).database_url)
    try:
        migrate(engine)
        if options.action == "create":
            print(keys.create_key(engine, options.name, options.scope, local_actor()))
        elif options.action == "revoke":
            keys.revoke_key(engine, options.key_id, local_actor())
            say(f"{options.key_id} is revoked")
        else:
            show(keys.list_keys(engine), options.json)
    finally:
        engine.dispose()
    return 0


def show(stored: "list[StoredKey]", as_json: bool) -> None:
    if as_json:
        times = [{"created": time(key.created), "revoked": key.revoked and time(key.revoked)} for key in stored]
        rows = [asdict(key) | {"scopes": sorted(key.scopes)} | at for key, at in zip(stored, times, strict=True)]
        say_json(rows)
        return
    for key in stored:
        state = "valid" if key.revoked is None else f"revoked {time(key.revoked)}"
        say(f"{key.key_id}  {','.join(sorted(key.scopes))}  {time(key.created)}  {state}  {key.name}")
    if not stored:
        print("there are no keys: anybody who reaches the service may use it. item2vec keys create --name N --scope S")


def time(micros: int) -> str:
    return f"{datetime.fromtimestamp(micros / 1e6, UTC):%Y-%m-%dT%H:%M:%SZ}"


KEYS = Command("keys", "make, list and revoke API keys", flags, run)
