"""Warm start: how far items move from one version to the next, and what that does to quality.

    python -m benchmarks.warm                   # online_retail
    python -m benchmarks.warm wikispeedia --seeds 5

The old version is trained on the sessions but for the newest 5 %, the next on all: from scratch, or from the old
one's vectors with smaller and smaller steps. Moved: the median over items that both have of 1 - cosine of an item's
input vectors, after the rotation that lays one version onto the other, and without it. Quality is that of the vectors
alone, on the test part's sessions, which neither has seen.
"""

import argparse
import sys
import time
from typing import Any

import numpy as np

from benchmarks.machine import machine
from benchmarks.real import LOGS, config_of, sessions_of
from benchmarks.train.corpora import PREFIXES, World
from benchmarks.train.judge import FIGURES, Judge, Values
from index.align import moved
from index.ranking.readings import normalised
from training.config import TrainerConfig
from training.evaluation.split import split_test
from training.trainers.sgns.train import train

OLD = 0.95  # of the sessions, the oldest
WARM: tuple[tuple[str, dict[str, Any]], ...] = (
    ("default settings", {}),
    ("`--learning-rate 0.3`", {"learning_rate": 0.3}),
    ("`--learning-rate 0.1`", {"learning_rate": 0.1}),
    ("`--learning-rate 0.1 --epochs 3`", {"learning_rate": 0.1, "epochs": 3}),
)
SCRATCH = "from scratch"


def world(name: str) -> World:
    """The sessions before the test part, and those of it."""
    config = config_of(name)
    split = split_test(*sessions_of(config), config)
    return World(name, split.train, split.held_out)


def figures(made: World, seed: int) -> dict[str, tuple[float, float, float, Values]]:
    """Of each way to the next version: moved, moved without the rotation, seconds, quality of every prefix."""
    old_part = made.train.take(np.sort(np.argsort(made.train.starts, kind="stable")[: int(OLD * len(made.train))]))
    config, judge = TrainerConfig(), Judge(made, made.prefixes(PREFIXES))
    both = old_part.counts() > 0
    old = train(old_part, config, seed, lambda _: None)  # items it has not seen stay as they are drawn, as in warm.py
    found = {}
    for name, changes in ((SCRATCH, {}), *WARM):
        begun = time.perf_counter()
        settings = config.model_copy(update=changes)
        new = train(made.train, settings, seed + 1, lambda _: None, None if name == SCRATCH else old)
        seconds = time.perf_counter() - begun
        a, b = normalised(old.inputs[both]), normalised(new.inputs[both])
        apart = 1 - np.einsum("ij,ij->i", a, b)
        found[name] = float(np.median(moved(a, b))), float(np.median(apart)), seconds, judge.figures(new)
        print(made.name, name, f"{seconds:.1f} s", file=sys.stderr, flush=True)
    return found


def report(name: str, seeds: int) -> None:
    made = world(name)
    judge = Judge(made, made.prefixes(PREFIXES))
    runs = [figures(made, 10 * seed) for seed in range(1, seeds + 1)]
    print(f"### {name}: {len(made.train):,} sessions, {made.train.items:,} items, {seeds} seeds\n")
    print(f"| training of the next version | moved (without the rotation) | seconds | {' | '.join(FIGURES)} |")
    print("|---|---|---|" + "---|" * len(FIGURES))
    scratch = np.mean([run[SCRATCH][3] for run in runs], axis=0)
    for way in runs[0]:
        near, apart, seconds = (float(np.mean([run[way][i] for run in runs])) for i in range(3))
        values = np.mean([run[way][3] for run in runs], axis=0)
        change = values - (0 if way == SCRATCH else scratch)
        cells = [f"{m:+.3f} ±{e:.3f}" for m, e in zip(change.mean(axis=1), judge.error(change), strict=True)]
        label = way if way == SCRATCH else f"warm, {way}"
        print(f"| {label} | {near:.2f} ({apart:.2f}) | {seconds:.1f} | {' | '.join(cells)} |")
    print(
        f"\n{len(judge):,} prefixes of the test part; the first line is quality itself, the others what they differ "
        "from it; ± is one standard error, of the paired difference in those.\n",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="*", default=["online_retail"], metavar="log", help=f"of {', '.join(LOGS)}")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    for name in options.logs:
        report(name, options.seeds)
    print(machine())


if __name__ == "__main__":
    main()
