"""Prints what an image needs of pyproject.toml's dependencies, one requirement a line: `api` or `worker`.

So the layer of libraries depends on these lines, and outlives all other changes of code.
"""

import re
import sys
import tomllib
from pathlib import Path

# What only training needs: most of the megabytes. A test compares it with what the code imports.
NOT_IN = {
    "api": {
        "charset-normalizer",
        "croniter",
        "duckdb",
        "gensim",
        "httpx",
        "numba",
        "optuna",
        "pyarrow",
        "rich",
        "scipy",
        "tzdata",
    },
    "worker": set(),
}


def requirements(project: dict, image: str) -> list[str]:
    """Sorted."""
    return sorted(line for line in project["dependencies"] if name_of(line) not in NOT_IN[image])


def name_of(requirement: str) -> str:
    return re.match(r"[A-Za-z0-9._-]+", requirement).group()


if __name__ == "__main__":
    text = Path("pyproject.toml").read_text(encoding="utf-8")
    print("\n".join(requirements(tomllib.loads(text)["project"], sys.argv[1])))
