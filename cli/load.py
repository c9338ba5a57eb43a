"""The command that moves what another tool has stored into a service that runs."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cli.command import Command, Parser, add_json
from index.artifact.files import reason_of
from index.errors import ConfigError
from index.visible import say, say_json

if TYPE_CHECKING:
    from cli.loading.load import Counts

KEY, KEY_FILE = "ITEM2VEC_KEY", "ITEM2VEC_KEY_FILE"
TOOLS = ("gorse", "personalize")


def flags(parser: Parser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="files of users, items and events, or their folder")
    parser.add_argument("--from", dest="tool", choices=TOOLS, required=True, help="whose files they are")
    url = "http://127.0.0.1:8000"
    parser.add_argument("--url", default=url, help=f"address of the service (default {url})")
    key = f"file that holds a key with the scope write (default: {KEY_FILE} in the environment, else the key in {KEY})"
    parser.add_argument("--key-file", type=Path, metavar="FILE", help=key)
    parser.add_argument("--dry-run", action="store_true", help="read and judge every row, and send nothing")
    rejects = "where rows that are refused are kept, as JSON lines (default rejects.jsonl)"
    parser.add_argument("--rejects", type=Path, metavar="FILE", default=Path("rejects.jsonl"), help=rejects)
    add_json(parser)


def key_of(options: argparse.Namespace) -> str | None:
    """None where no key is given: a service without keys needs none. Raises ConfigError, without the key."""
    file = options.key_file or os.environ.get(KEY_FILE)
    if not file:
        return os.environ.get(KEY, "").strip() or None
    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the key cannot be read from {file}: {reason_of(error)}") from error
    if not text or not text.isascii() or any(letter.isspace() for letter in text):
        raise ConfigError(f"{file} does not hold a key: one line, as `item2vec keys create` prints it")
    return text


def run(options: argparse.Namespace) -> int:
    from cli.loading.load import DryRun, dumps_of, load
    from cli.loading.rejects import Rejects
    from cli.loading.service import Service
    from training.progress import reporter

    dumps = dumps_of(options.tool, options.files)
    with Rejects(options.rejects) as rejects:
        if options.dry_run:
            counts = load(dumps, DryRun(), rejects, reporter())
        else:
            with Service(options.url, key_of(options)) as service:
                counts = load(dumps, service, rejects, reporter())
    kept = str(rejects.path) if rejects.counts else None
    if options.json:
        found = {kind: vars(of_kind) for kind, of_kind in counts.items()}
        say_json(found | {"dry_run": options.dry_run, "codes": dict(rejects.counts), "rejects": kept})
        return 0
    for kind in ("items", "events"):
        say(f"{kind}: {_told(counts[kind], options.dry_run)}")
    if counts["users"].rows:
        say(f"users: {counts['users'].rows:,} read and not kept: of a person the service keeps the events only")
    for code, rows in rejects.counts.most_common():
        say(f"refused, {code}: {rows:,}")
    if kept:
        say(f"What was refused, row by row: {kept}")
    if not options.dry_run and counts["events"].rows:
        say("Next: POST /retrain, or wait for the next regular retraining")
    return 0


def _told(counts: "Counts", dry: bool) -> str:
    stored = "would be stored" if dry else "stored"
    there = f", {counts.duplicates:,} were there before" if counts.duplicates else ""
    return f"{counts.rows:,} rows read, {counts.stored:,} {stored}{there}, {counts.refused:,} refused"


LOAD = Command("load", "move users, items and events of another tool into a service that runs", flags, run)
