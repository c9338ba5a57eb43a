"""The commands that serve: all of it, the API alone, the worker alone."""

import argparse
import gc
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.command import Command, Parser, add_models
from index.process import keep_from_others

if TYPE_CHECKING:
    from app.settings import Settings
    from store.upkeep.retention import Kept

DATABASE_HELP = (
    "database URL, sqlite:///FILE or postgresql://USER@HOST/NAME (default: item2vec.db in the folder of the models). "
    "One with a password belongs in the environment, where no list of processes shows it: ITEM2VEC_DATABASE, or "
    "ITEM2VEC_DATABASE_FILE for a file that holds it"
)
ENVIRONMENT = "Every setting can also be given as ITEM2VEC_<SETTING> in the environment; a flag overrides it."


def add_database(parser: argparse.ArgumentParser) -> None:
    add_models(parser)
    parser.add_argument("--database", metavar="URL", help=DATABASE_HELP)


def add_training(parser: Parser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings of the training as TOML")
    parser.add_argument("--retrain-every", metavar="CRON", help="regular retraining, a cron expression in UTC")


def serving_flags(parser: Parser) -> None:
    add_database(parser)
    parser.add_argument("--host", help="address to bind to (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port; 0: any free one (default 8000)")
    parser.add_argument("--workers", type=int, metavar="N", help="API processes (default 1)")
    parser.add_argument(
        "--insecure", action="store_true", default=None, help="serve without keys on an address that is not loopback"
    )
    add_training(parser)


def worker_flags(parser: Parser) -> None:
    add_database(parser)
    add_training(parser)
    parser.add_argument("--name", help="of this worker, the same after a restart (default: the host's name)")


def settings_of(options: argparse.Namespace) -> "Settings":
    """Raises ConfigError."""
    from app.settings import Settings

    names = ("models", "database", "host", "port", "workers", "insecure", "retrain_every")
    given: dict[str, Any] = {name: getattr(options, name, None) for name in names}
    return Settings.from_environment(train_config=getattr(options, "config", None), **given)


def kept_of(settings: "Settings") -> "Kept":
    """How long what is kept."""
    from store.upkeep.retention import Kept

    days = {name: getattr(settings, f"{name}_days") for name in ("events", "rejects", "jobs", "audit")}
    return Kept(**days)


def run_serve(options: argparse.Namespace) -> int:
    from app.run.supervisor import run_serve

    _begin()
    return run_serve(settings_of(options))


def run_api(options: argparse.Namespace) -> int:
    # What is made at a start stays, so looking for garbage among it is lost time: a fifth of the start. The service
    # turns it on when it is ready.
    gc.disable()
    from app.run.serve import run_api

    _begin()
    return run_api(settings_of(options))


def run_worker(options: argparse.Namespace) -> int:
    """The one command that needs both sides: the service's migrations, and the training."""
    from store.database import connect
    from store.upkeep.migrate import migrate
    from training.jobs.worker import WorkerSettings, run_worker

    _begin()
    settings = settings_of(options)
    models, url, engine = settings.models.absolute(), settings.database_url, connect(settings.database_url)
    given = WorkerSettings(
        models,
        url,
        settings.train_config,
        options.name,
        settings.retrain_every,
        job_hours=settings.job_hours,
        hang_minutes=settings.hang_minutes,
        kept=kept_of(settings),
    )
    return run_worker(given, prepare=lambda: migrate(engine))


def _begin() -> None:
    """What serves is not watched for its bars: it logs on a terminal too."""
    keep_from_others()
    logging.getLogger().setLevel(logging.INFO)


SERVE = Command("serve", "the whole service: API and worker, kept running", serving_flags, run_serve, ENVIRONMENT)
API = Command("api", "the API alone", serving_flags, run_api, ENVIRONMENT)
RETRAINS = "the worker alone: it does the retraining that the API is asked for"
WORKER = Command("worker", RETRAINS, worker_flags, run_worker, ENVIRONMENT)
