"""What a command is: a name, a line of help, its flags, and what it does. And the flags that several share."""

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import NoReturn

from index.errors import ConfigError


class Parser(argparse.ArgumentParser):
    """Raises ConfigError, one line, for arguments that cannot be used; argparse itself would print all flags first."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; see `{self.prog} --help`")


@dataclass(frozen=True)
class Command:
    """flags: adds the command's own to a parser; it is called for this command only, so it may import what it needs.
    run: the exit status."""

    name: str
    help: str
    flags: Callable[[Parser], None]
    run: Callable[[argparse.Namespace], int]
    epilog: str | None = None

    def parser(self) -> Parser:
        description = f"{self.help[0].upper()}{self.help[1:]}."
        parser = Parser(prog=f"item2vec {self.name}", description=description, epilog=self.epilog)
        parser.set_defaults(run=self.run)
        self.flags(parser)
        return parser


def models_folder(given: str | PathLike[str] | None = None) -> Path:
    """The folder of the models: as given, else ITEM2VEC_MODELS in the environment, else `models`."""
    return Path(given or os.environ.get("ITEM2VEC_MODELS") or "models")


def add_models(parser: argparse.ArgumentParser) -> None:
    """options.models is a Path in any case."""
    parser.add_argument(
        "--models",
        type=Path,
        metavar="DIR",
        default=models_folder(),
        help="folder of the models (default: ITEM2VEC_MODELS in the environment, else models)",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")
