"""Spellings of 0.1, understood until 0.3: turned into today's, with a line that says it.

To end them, delete this file, its test and the one call in cli/main.py.
"""

import re
import shlex
import sys
from pathlib import Path

from index.visible import say

BASELINES = {"--referees": "--baselines", "--no-referees": "--no-baselines"}
OF_A_LOG = {"--out": "--models", **BASELINES}
RENAMED = {"train": OF_A_LOG, "tune": OF_A_LOG, "check": BASELINES}
# The folder of the models stood before these: how many words a command takes without it.
WORDS = {"similar": 1, "explain": 2, "evaluate": 0, "export": 1}
ACTIONS = ("list", "activate", "rollback", "prune")
WITH_A_VALUE = ("-k", "--version", "--score", "--keep", "--out", "--matrix")


def modern(command: str, arguments: list[str]) -> list[str]:
    """The arguments in today's spelling; unchanged where they are in it."""
    names = RENAMED.get(command, {})
    found = [names.get(flag, flag) + equals + value for flag, equals, value in (a.partition("=") for a in arguments)]
    place = place_of_folder(command, found)
    if place is not None:
        rest = found[:place] + found[place + 1 :]
        end = rest.index("--") if "--" in rest else len(rest)
        found = [*rest[:end], "--models", found[place], *rest[end:]]
    if found != arguments:
        line = shlex.join(["item2vec", command, *found])
        say(f"item2vec: note: this spelling ends with 0.3; now it is: {line}", sys.stderr)
    return found


def place_of_folder(command: str, arguments: list[str]) -> int | None:
    """Where the folder of the models stands as a word of its own; None where it does not.

    An item's id may also be the name of a folder. So a folder is meant only where there is a word too many, and after
    `recommend`, which takes any number, only one that holds models. With --models every word is an item.
    """
    places = words(arguments)
    if not places or any(argument.startswith("--mo") for argument in arguments):
        return None
    first = arguments[places[0]]
    meant = {
        "recommend": len(places) > 1 and (Path(first) / "current.json").is_file(),
        "models": first not in ACTIONS,
    }.get(command, len(places) == WORDS.get(command, len(places)) + 1)
    return places[0] if meant and Path(first).is_dir() else None


def words(arguments: list[str]) -> list[int]:
    """The places of what is neither a flag nor a flag's value."""
    found: list[int] = []
    value = False
    for place, argument in enumerate(arguments):
        if value:
            value = False
        elif argument == "--":
            return [*found, *range(place + 1, len(arguments))]
        elif argument in WITH_A_VALUE:
            value = True
        elif not argument.startswith("-") or re.fullmatch(r"-\d*\.?\d+", argument):
            found.append(place)
    return found
