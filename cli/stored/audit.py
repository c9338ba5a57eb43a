"""The command that shows who did what."""

import argparse
import json
from typing import TYPE_CHECKING

from cli.command import Command, Parser, add_json
from cli.serve import add_database, settings_of
from index.errors import ConfigError
from index.visible import say, say_json

if TYPE_CHECKING:
    from store.audit import Entry


def flags(parser: Parser) -> None:
    add_database(parser)
    parser.add_argument("--action", help="only this action, see docs/audit.md")
    parser.add_argument("--key", metavar="KEY_ID", help="only acts of this key")
    parser.add_argument("--thing", metavar="ID", help="only acts on this version, item, job or key")
    parser.add_argument("--since", metavar="TIME", help="only from then on, ISO 8601; without an offset UTC")
    parser.add_argument("--until", metavar="TIME", help="only before then")
    parser.add_argument("--limit", type=int, default=100, help="how many, the newest first (default 100)")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    from store import audit
    from store.database import connect
    from store.moment import micros
    from store.upkeep.migrate import migrate

    if options.limit < 1:
        raise ConfigError(f"--limit {options.limit}: at least 1")
    span = micros(options.since, "--since"), micros(options.until, "--until")
    wanted = audit.Wanted(audit.check_action(options.action), options.key, options.thing, *span)
    engine = connect(settings_of(options).database_url)
    try:
        migrate(engine)
        found, _ = audit.page(engine, wanted, options.limit)
    finally:
        engine.dispose()
    show(found, options.json)
    return 0


def show(found: "list[Entry]", as_json: bool) -> None:
    from store.moment import iso

    if as_json:
        say_json([vars(entry) | {"at": iso(entry.at)} for entry in found])
        return
    for entry in found:
        who = entry.name if entry.key_id is None else f"{entry.name} ({entry.key_id})"
        where = f"{entry.via} {entry.address}" if entry.address else entry.via
        facts = json.dumps(entry.facts or {}, ensure_ascii=False)
        what = f"{entry.outcome:<8}  {entry.action:<15}  {entry.thing or '-'}"
        say(f"{iso(entry.at)}  {what}  {who}  {where}  {facts}")


AUDIT = Command("audit", "who did what: keys, models, items, retraining, erasures", flags, run)
