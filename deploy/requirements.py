"""Prints what the extras it is given of pyproject.toml need, one requirement a line.

So the layer of libraries depends on these lines, and outlives all other changes of code.
"""

import re
import sys
import tomllib
from pathlib import Path


def requirements(project: dict, extras: list[str]) -> list[str]:
    """Sorted, each once; an extra that names others of the same project stands for what those need."""
    found = set(project["dependencies"])
    for extra in extras:
        for requirement in project["optional-dependencies"][extra]:
            own = re.fullmatch(rf"{re.escape(project['name'])}\[(.+)\]", requirement)
            found |= set(requirements(project, own.group(1).split(","))) if own else {requirement}
    return sorted(found)


if __name__ == "__main__":
    text = Path("pyproject.toml").read_text(encoding="utf-8")
    print("\n".join(requirements(tomllib.loads(text)["project"], sys.argv[1:])))
