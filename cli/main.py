"""The command line: finds the command, runs it, and turns what went wrong into one line and a status."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib.metadata import version
from io import TextIOWrapper

from cli import ask, demo, former, imports, load, models, serve, session, train
from cli.command import Command
from cli.stored import audit, backup, keys, restore, retention, users
from index.errors import ConfigError, Item2vecError
from index.visible import log_to, say

GROUPS: dict[str, tuple[Command, ...]] = {
    "start here": (demo.DEMO,),
    "data": (train.CHECK, demo.DEMO_LOG, load.LOAD),
    "train": (train.TRAIN, train.TUNE, imports.IMPORT, models.MODELS),
    "ask": (ask.SIMILAR, session.RECOMMEND, session.RANK, ask.EXPLAIN, ask.EVALUATE, ask.EXPORT),
    "serve": (serve.SERVE, serve.API, serve.WORKER),
    "look after": (keys.KEYS, users.USERS, audit.AUDIT, retention.RETENTION, backup.BACKUP, restore.RESTORE),
}
COMMANDS = {command.name: command for group in GROUPS.values() for command in group}
OURS = {"app", "cli", "index", "item2vec", "store", "training"}


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when it worked, 2 with a message on standard error when it did not, 3 when the gate
    kept a new model back, or the check found a reason not to train."""
    # The work is split into blocks over threads of our own; BLAS threads on top of them would fight for the same cores
    # (and spin while they wait). Set before numpy is first imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Where somebody watches, bars say how far it is, and lines in between would tear them.
    level = logging.WARNING if sys.stderr.isatty() else logging.INFO
    # A terminal that cannot show a letter shows its number.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    log_to(sys.stderr, "%(asctime)s %(message)s", level)
    for chatty in ("gensim", "alembic", "faiss", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        if not given or given[0] in ("-h", "--help"):
            print(help_page(), file=sys.stdout if given else sys.stderr)
            return 0 if given else 2
        if given[0] == "--version":
            print(f"item2vec {version('item2vec')}")
            return 0
        options = parse(given)
        return int(options.run(options))
    except Item2vecError as error:
        say(f"item2vec: {error}", sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if not is_library(error.name):
            raise
        say(f"item2vec: {missing(given[0], error)}", sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("item2vec: interrupted; the same command resumes", file=sys.stderr)
        return 130
    except Exception as error:
        told = of_the_system(error)
        if told is None:
            raise
        say(f"item2vec: {told}", sys.stderr)
        return 2


def of_the_system(error: Exception) -> str | None:
    """What the disk or the system refused, with the place; None for any other error."""
    from index.artifact.files import as_full, reason_of

    full = as_full(error)
    if full is not None:
        return str(full)
    return f"{error.filename or type(error).__name__}: {reason_of(error)}" if isinstance(error, OSError) else None


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command's options, with `run`. Raises ConfigError."""
    name, *rest = arguments
    if name not in COMMANDS:
        near = get_close_matches(name, COMMANDS, 1)
        meant = f"did you mean {near[0]}?" if near else "see `item2vec --help`"
        raise ConfigError(f"{name!r} is not a command; {meant}")
    return COMMANDS[name].parser().parse_args(former.modern(name, rest))


def help_page() -> str:
    """All commands in groups: one screen."""
    lines = ["usage: item2vec COMMAND [flags]", "", "Finds similar items from a log of what people did."]
    for title, commands in GROUPS.items():
        lines += ["", f"{title}:"]
        lines += [f"  {command.name:<10} {command.help}" for command in commands]
    return "\n".join([*lines, "", "`item2vec COMMAND --help` lists the flags of a command."])


def is_library(module: str | None) -> bool:
    """Whether a module would come with a library that pip installs."""
    top = (module or "").split(".")[0]
    return bool(top) and top not in OURS and top not in sys.stdlib_module_names


def missing(command: str, error: ModuleNotFoundError) -> str:
    return (
        f"`item2vec {command}` needs {error.name}, which is not installed here: pip install item2vec "
        "(the API's image leaves out what only training needs: use the worker's image)"
    )
