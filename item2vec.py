"""The command line: the one file that knows all sides. A command imports what it needs, so help is instant."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import Item2vecError

if TYPE_CHECKING:
    from training.config import TrainConfig


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when it worked, 2 with a message on standard error when it did not, 3 when the gate
    kept a new model back, or the check found a reason not to train."""
    # The work is split into blocks over threads of our own; BLAS threads on top of them would fight for the same cores
    # (and spin while they wait). Set before numpy is first imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parser = build_parser()
    options = parser.parse_args(arguments)
    # Where somebody watches, bars say how far it is, and lines in between would tear them.
    level = logging.WARNING if sys.stderr.isatty() else logging.INFO
    logging.basicConfig(format="%(asctime)s %(message)s", level=level, stream=sys.stderr)
    for chatty in ("gensim", "alembic", "faiss"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        return int(options.run(options))
    except Item2vecError as error:
        print(f"item2vec: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("item2vec: interrupted; the same command goes on where it was", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def build_parser() -> argparse.ArgumentParser:
    from cli import ask
    from cli import serve as serving
    from cli import train as offline

    parser = argparse.ArgumentParser(
        prog="item2vec",
        description="Similar items from a log of what users did: sessions in, vectors and an index out.",
        epilog="Start with `item2vec demo`. With a log of your own: `item2vec check`, then `item2vec train`; "
        "`item2vec serve` answers over HTTP, and retrains.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int], help: str, **more: Any) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=help, description=help[:1].upper() + help[1:] + ".", **more)
        found.set_defaults(run=run)
        return found

    offline.add(command)
    ask.add(command)
    demo = command("demo", run_demo, "a whole example: make a log, train on it, show what is similar, serve it")
    demo.add_argument("--out", type=Path, default=Path("demo"), help="folder of the demo (default demo)")
    demo.add_argument(
        "--models", type=Path, metavar="DIR", help="publish into the folder of a service that runs, and serve nothing"
    )
    demo.add_argument("--no-serve", action="store_true", help="end after the training")
    demo.add_argument("--port", type=int, default=8000, help="port of the service, on loopback (default 8000)")
    offline.add_world(demo, 100_000)

    more = {"epilog": serving.ENVIRONMENT}
    serving.add_serving(command("serve", serving.run_serve, "the whole service: API and worker, kept running", **more))
    serving.add_serving(command("api", serving.run_api, "the API alone", **more))
    worker = command("worker", run_worker, "the worker alone: it does the retraining the API is asked for", **more)
    serving.add_database(worker)
    serving.add_training(worker)
    worker.add_argument("--name", help="of this worker, the same after a restart (default: the host's name)")
    serving.add_keys(command("keys", serving.run_keys, "make, list and revoke API keys"))
    return parser


def run_worker(options: argparse.Namespace) -> int:
    """The one command that needs both sides: the service's migrations, and the training."""
    from cli.serve import settings_of
    from store.database import connect
    from store.migrate import migrate
    from training.jobs.worker import WorkerSettings, run_worker

    logging.getLogger().setLevel(logging.INFO)
    settings = settings_of(options)
    engine = connect(settings.database_url)
    given = WorkerSettings(
        models=settings.models.absolute(),
        database=settings.database_url,
        config=settings.train_config,
        name=options.name,
        retrain_every=settings.retrain_every,
    )
    return run_worker(given, prepare=lambda: migrate(engine))


def run_demo(options: argparse.Namespace) -> int:
    """The README's first command: log, training, answers and service, in one folder."""
    from cli.demo import run
    from cli.serve import settings_of

    # Where the environment names the folder of a service, as in its containers, that one is filled.
    if options.models is not None or os.environ.get("ITEM2VEC_MODELS"):
        done = run(options.out, options.events, options.seed, settings_of(options).models.absolute())
        print(f"\nThe service over these models takes it up within a second: GET /similar/{done.item}")
        return 0
    done = run(options.out, options.events, options.seed)
    return 0 if options.no_serve else serve_demo(options, done.config, done.item)


def serve_demo(options: argparse.Namespace, config: "TrainConfig", item: str) -> int:
    """The service over the demo's model; a retraining reads the demo's log and the events that arrive."""
    from app.run.supervisor import run_serve
    from app.settings import Settings
    from training.config import write_config

    file = options.out.absolute() / "train.toml"
    write_config(config, file)
    url = f"http://127.0.0.1:{options.port}"
    print(
        f"\nServing on {url} until Ctrl-C. In another terminal:\n"
        f"  curl '{url}/similar/{item}?k=3'\n"
        f"  curl -X POST {url}/retrain",
        flush=True,
    )
    logging.getLogger().setLevel(logging.INFO)
    models = (options.out / "models").absolute()
    return run_serve(Settings.from_environment(models=models, port=options.port, train_config=file))


if __name__ == "__main__":
    sys.exit(main())
