"""The model and its referees on the real logs: the tables of benchmarks/README.md.

    python -m benchmarks.quality                    # all four logs
    python -m benchmarks.quality wikispeedia        # one

Each runs the whole chain, as `item2vec train` does, and prints the report of the published artifact.
"""

import argparse
import logging
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.real import LOGS, config_of
from training.pipeline import run
from training.progress import LogReporter
from training.report import facts, markdown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="*", default=list(LOGS))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")
    logging.getLogger("gensim").setLevel(logging.WARNING)
    for name in options.logs:
        config = config_of(name).model_copy(update={"seed": options.seed})
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            manifest = run(config, Path(folder), LogReporter(), force=True).manifest
        seconds = time.perf_counter() - started
        data = manifest.data
        size = f"{data.events:,} events, {data.sessions:,} sessions, {data.items:,} items"
        print(f"### {name}\n\n{size}; {seconds:.0f} s in all\n")
        for task in ("T1", "T2", "T3"):
            if manifest.metrics["tasks"].get(task):
                print(f"**{task}**\n\n{markdown(manifest.metrics, task)}\n")
        print(facts(manifest.metrics) + "\n")
        print(f"Chosen on validation: `{manifest.recommender}`\n", flush=True)
    print(machine())


if __name__ == "__main__":
    main()
