"""Reading a log with this checkout and with another, in turns: is it slower than before?

    git worktree add /tmp/before main
    python -m benchmarks.read --against /tmp/before --events 20000000 --runs 5

The same world is written as CSV, CSV.gz, JSON lines and Parquet. Every run is a process of its own; the two checkouts
take turns, and which comes first alternates. A ratio is that of two neighbouring runs.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.machine import machine

FORMATS = ("csv", "csv.gz", "jsonl", "parquet")
HERE = Path(__file__).resolve().parent.parent
ONCE = HERE / "benchmarks" / "read_once.py"

Run = dict[str, Any]


def measure(checkout: Path, paths: str, step: str) -> Run:
    """One run in a fresh process, with the packages of `checkout`. Raises CalledProcessError."""
    # -P: the folder of the script holds modules called as those of the standard library.
    done = subprocess.run(
        [sys.executable, "-P", str(ONCE), paths, step],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
    )
    found: Run = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(other: Path, paths: str, step: str, runs: int) -> tuple[list[Run], list[Run]]:
    """(runs of this checkout, of the other), in pairs. Raises SystemExit where they do not find the same."""
    for checkout in (HERE, other):
        measure(checkout, paths, step)  # the first run compiles, and warms the file
    ours, theirs = [], []
    for number in range(runs):
        turns = [(HERE, ours), (other, theirs)]
        for checkout, kept in turns if number % 2 else turns[::-1]:
            kept.append(measure(checkout, paths, step))
            print(checkout, paths, kept[-1], file=sys.stderr)
    found = {(run["rows"], run["found"]) for run in (*ours, *theirs)}
    if len(found) > 1:
        raise SystemExit(f"{paths}: the checkouts read different things: {sorted(found)}")
    return ours, theirs


def write_logs(folder: Path, events: int, formats: list[str]) -> dict[str, str]:
    """format -> glob of the log; what is there already stays."""
    from training.demo.world import write_world

    for kind in formats:
        if not list((folder / kind).glob("events-*")):
            write_world(folder / kind, events, seed=1, format=kind)
    return {kind: str(folder / kind / "events-*") for kind in formats}


def row(kind: str, ours: list[Run], theirs: list[Run]) -> str:
    def spread(values: list[float], digits: int) -> str:
        return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"

    ratios = [a["seconds"] / b["seconds"] for a, b in zip(ours, theirs, strict=True)]
    seconds = [spread([run["seconds"] for run in runs], 1) for runs in (theirs, ours)]
    peaks = [f"{statistics.median(run['peak_mb'] for run in runs):,.0f}" for runs in (theirs, ours)]
    return f"| {kind} | {seconds[0]} | {seconds[1]} | {spread(ratios, 3)} | {peaks[0]} | {peaks[1]} |"


def report(other: Path, events: int, runs: int, formats: list[str], step: str, folder: Path | None) -> None:
    """Prints the table. folder: where the logs are, or will be made; they are kept there."""
    with tempfile.TemporaryDirectory() as temporary:
        logs = write_logs(folder or Path(temporary), events, formats)
        rows = [row(kind, *compare(other.resolve(), logs[kind], step, runs)) for kind in logs]
    print(f"{events:,} events, step {step}, {runs} interleaved runs, median (min to max)\n")
    print("| format | seconds before | seconds now | now / before | peak MB before | now |")
    print("|---|---|---|---|---|---|")
    print("\n".join(rows))
    print(f"\n{machine()}")
