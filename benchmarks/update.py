"""A model from new events alone, beside a whole training: 100,000 items, 10 M events, and 10,000 more.

    python -m benchmarks.update
    python -m benchmarks.update --shrink 10 --runs 3   # 10,000 items, 1 M events

The log is generated (benchmarks/train/corpora.py). The whole training chooses its settings, and measures no baselines.
Each update starts from the model of the whole training; its events are sessions of the same world.
"""

import argparse
import logging
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.machine import machine
from benchmarks.train.corpora import world
from index.artifact.registry import Registry
from training.config import EvaluationConfig, TrainConfig
from training.corpus import Corpus
from training.eventsconfig import EventsConfig
from training.pipeline.run import run
from training.pipeline.updating.base import base_of
from training.pipeline.updating.update import update
from training.progress import LogReporter

NEW = 10_000  # events


def write(corpus: Corpus, path: Path, first: int, tokens: int | None = None) -> Path:
    """Sessions a minute apart, from minute `first` on; at most `tokens` events."""
    count = len(corpus) if tokens is None else int(np.searchsorted(corpus.offsets, tokens))
    size = int(corpus.offsets[count])
    session = np.repeat(np.arange(count), corpus.lengths()[:count])
    table = {
        "session": pa.array(first + session).cast(pa.string()),
        "item_id": pa.array(corpus.tokens[:size]).cast(pa.string()),
        "timestamp": pa.array(1_700_000_000 + 60 * (first + session)),
    }
    pq.write_table(pa.table(table), path)
    return path


def measure(name: str, folder: Path, shrink: int, runs: int) -> None:
    made = world(name, folder, shrink)
    old = write(made.train, folder / "old.parquet", 0)
    config = TrainConfig(
        events=EventsConfig(paths=(str(old),), session="session", user="session"),
        evaluation=EvaluationConfig(baselines=False, split="time"),
    )
    models, seconds, timings = folder / "models", [], []
    begun = time.perf_counter()
    whole = run(config, models, LogReporter(), force=True)
    whole_seconds = time.perf_counter() - begun
    for number in range(runs):
        new = write(made.held_out.corpus, folder / f"new-{number}.parquet", len(made.train), NEW)
        begun = time.perf_counter()
        base = base_of(Registry(models), {"paths": (str(new),)}, whole.version)
        made_now = update(base, models, LogReporter(), later=True, force=True)
        seconds.append(time.perf_counter() - begun)
        timings.append(made_now.manifest.timings)
    data = whole.manifest.data
    print(f"{data.items} items, {data.tokens} events in sessions, {NEW} new ones\n")
    print(f"| | seconds |\n|---|---|\n| whole training | {whole_seconds:.1f} |")
    print(f"| update, median of {runs} | {np.median(seconds):.1f} ({min(seconds):.1f} to {max(seconds):.1f}) |\n")
    steps = {step: np.median([t.get(step, 0.0) for t in timings]) for step in timings[0]}
    print("Steps of an update: " + ", ".join(f"{step} {value:.1f}" for step, value in steps.items()))
    print(f"\n{machine()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shrink", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--data", type=Path, help="folder that keeps the generated log")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")
    with tempfile.TemporaryDirectory() as temporary:
        measure("100k", options.data or Path(temporary), options.shrink, options.runs)


if __name__ == "__main__":
    main()
