"""The commands that serve and that handle keys, for the command line."""

import argparse
import json
import logging
from pathlib import Path
from typing import Any

from app.settings import Settings

DATABASE_HELP = (
    "database URL, sqlite:///FILE or postgresql://USER@HOST/NAME (default: item2vec.db in the folder of the models). "
    "One with a password belongs into the environment, where no list of processes shows it: ITEM2VEC_DATABASE, or "
    "ITEM2VEC_DATABASE_FILE for a file that holds it"
)
ENVIRONMENT = "Every setting can also be given as ITEM2VEC_<SETTING> in the environment; flags go before that."


def add_database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", type=Path, metavar="DIR", help="folder of the models (default models)")
    parser.add_argument("--database", metavar="URL", help=DATABASE_HELP)


def add_serving(parser: argparse.ArgumentParser) -> None:
    add_database(parser)
    parser.add_argument("--host", help="address to bind to (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port; 0: any free one (default 8000)")
    parser.add_argument("--workers", type=int, metavar="N", help="API processes (default 1)")
    parser.add_argument(
        "--insecure", action="store_true", default=None, help="serve without keys on an address that is not loopback"
    )
    add_training(parser)


def add_training(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings of the training as TOML")
    parser.add_argument("--retrain-every", metavar="CRON", help="regular retraining, a cron expression in UTC")


def add_keys(parser: argparse.ArgumentParser) -> None:
    """create, list and revoke; --models and --database may stand before or after them."""
    shared = argparse.ArgumentParser(add_help=False)
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
    listed = actions.add_parser("list", parents=[shared], help="all keys, without their secrets")
    listed.add_argument("--json", action="store_true", help="as JSON")
    revoke = actions.add_parser("revoke", parents=[shared], help="make a key useless, within a second")
    revoke.add_argument("key_id", help="see `item2vec keys list`")


def settings_of(options: argparse.Namespace) -> Settings:
    """Raises ConfigError."""
    given: dict[str, Any] = {}
    for name in ("models", "database", "host", "port", "workers", "insecure", "retrain_every"):
        given[name] = getattr(options, name, None)
    return Settings.from_environment(train_config=getattr(options, "config", None), **given)


def run_serve(options: argparse.Namespace) -> int:
    from app.run.supervisor import run_serve

    _log()
    return run_serve(settings_of(options))


def run_api(options: argparse.Namespace) -> int:
    from app.run.serve import run_api

    _log()
    return run_api(settings_of(options))


def _log() -> None:
    """What serves is not watched for its bars: it logs on a terminal too."""
    logging.getLogger().setLevel(logging.INFO)


def run_keys(options: argparse.Namespace) -> int:
    from store import keys
    from store.database import connect
    from store.migrate import migrate

    engine = connect(settings_of(options).database_url)
    try:
        migrate(engine)
        if options.action == "create":
            print(keys.create_key(engine, options.name, options.scope))
        elif options.action == "revoke":
            keys.revoke_key(engine, options.key_id)
            print(f"{options.key_id} is revoked")
        else:
            _show(keys.list_keys(engine), options.json)
    finally:
        engine.dispose()
    return 0


def _show(stored: Any, as_json: bool) -> None:
    rows = [
        {
            "key_id": found.key.key_id,
            "name": found.key.name,
            "scopes": sorted(found.key.scopes),
            "created": _time(found.created),
            "revoked": None if found.revoked is None else _time(found.revoked),
        }
        for found in stored
    ]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        state = f"revoked {row['revoked']}" if row["revoked"] else "valid"
        print(f"{row['key_id']}  {','.join(row['scopes'])}  {row['created']}  {state}  {row['name']}")
    if not rows:
        print("there are no keys: anybody who reaches the service may use it. item2vec keys create --name N --scope S")


def _time(micros: int) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(micros / 1e6, UTC):%Y-%m-%dT%H:%M:%SZ}"
