"""How long a whole `item2vec train` takes on the real logs: read, choose, measure beside all baselines, train, publish.

    python -m benchmarks.whole
    python -m benchmarks.whole nowplaying --runs 5

Each run is a process of its own; what numba compiles is there already. The first run of all is thrown away.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.machine import machine
from benchmarks.real import LOGS, config_of
from training.pipeline.run import run
from training.progress import LogReporter


def once(name: str) -> dict[str, float]:
    """Seconds by the clock and of the processors, and MB at most."""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run(config_of(name), Path(folder), LogReporter(), force=True)
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = time.perf_counter() - begun
    return {"wall": seconds, "cpu": used.ru_utime + used.ru_stime, "mb": used.ru_maxrss / 1024}


def child(name: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.whole", "--once", name], stdout=subprocess.PIPE, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def spread(values: list[float]) -> str:
    return f"{median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="*", default=list(LOGS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--once", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        print(json.dumps(once(options.once)))
        return
    child(options.logs[-1])
    print("| log | seconds | CPU seconds | MB at most |\n|---|---|---|---|")
    for name in options.logs:
        found = [child(name) for _ in range(options.runs)]
        seconds, cpu = (spread([one[key] for one in found]) for key in ("wall", "cpu"))
        print(f"| {name} | {seconds} | {cpu} | {max(one['mb'] for one in found):,.0f} |", flush=True)
    print(f"\n{options.runs} runs each, median (min to max). {machine()}")


if __name__ == "__main__":
    main()
