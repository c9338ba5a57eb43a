"""What ranking candidates costs, without HTTP: CPU of one core, beside a list of *next* by the same model.

    python -m benchmarks.rank [--items 100000] [--rounds 50]

The world of the HTTP benchmark. 200 candidates, 50 events of each of the six kinds, segments of one category each.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.http import world
from benchmarks.machine import machine
from index.artifact.registry import Registry
from index.model import Model
from index.ranking.rank import ACTIONS

CANDIDATES, EVENTS = 200, 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world.publish(Path(folder), options.items)
        model = Model(Registry(Path(folder)).open())
        rng = np.random.default_rng(1)

        def drawn(count: int) -> list[str]:
            return [model.vocabulary.ids[row] for row in rng.integers(options.items, size=count)]

        asked = [(drawn(CANDIDATES), {name: drawn(EVENTS) for name in ACTIONS}) for _ in range(options.rounds)]
        rows: dict[str, Callable[[int], object]] = {
            "200 candidates, 6 x 50 events": lambda n: model.rank(*asked[n]),
            "the same, segments": lambda n: model.rank(*asked[n], segment="category"),
            "next in a session of 10, k=10": lambda n: model.recommend(asked[n][0][:10]),
        }
        print("| question | CPU ms, median (min to max) |\n|---|---|")
        for name, ask in rows.items():
            ask(0)
            spent = []
            for number in range(options.rounds):
                started = time.process_time()
                ask(number)
                spent.append((time.process_time() - started) * 1000)
            print(f"| {name} | {median(spent):.2f} ({min(spent):.2f} to {max(spent):.2f}) |")
    print(f"\n{options.items:,} items of {world.DIMS} dims, {options.rounds} rounds. {machine()}")


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
