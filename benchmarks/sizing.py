"""What memory and disk a service of a given size needs: python -m benchmarks.sizing

Measured at sizes that take minutes, and told per million items and per hundred million events: everything counted here
grows in proportion, or it would show at the second size. The database is measured by the tests of the deployment.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.http.world import publish
from benchmarks.machine import machine

MB = 1e6
LOADED = """
import sys
from pathlib import Path
from app.main import create_app
from app.settings import Settings

def own():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Anonymous:")) * 1024

service = create_app(Settings(models=Path(sys.argv[1]))).state.service
before = own()
service.snapshots.refresh()
service.shelf.refresh()
print(before, own())
"""


def size_of(folder: Path) -> int:
    """Bytes of the files there; those that go meanwhile count nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total


def serving(items: int) -> str:
    """A row: the artifact of so many items, and an API process that has loaded it."""
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder)
        version = publish(models, items)
        disk = size_of(models / "versions" / version)
        done = subprocess.run([sys.executable, "-c", LOADED, folder], capture_output=True, text=True, check=True)
        before, after = map(int, done.stdout.split()[-2:])
        per = 1e6 / items
        return (
            f"| {items:,} | {disk / MB:,.0f} | {(after - before) / MB:,.0f} "
            f"| {disk * per / MB:,.0f} | {(after - before) * per / MB:,.0f} |"
        )


def training(events: int, memory_mb: int) -> str:
    """A row: the peak of a training's memory, and of what it keeps on disk while it runs."""
    with tempfile.TemporaryDirectory() as folder:
        log, models = Path(folder) / "log", Path(folder) / "models"
        program = [sys.executable, "-m", "item2vec"]
        subprocess.run([*program, "demo-log", "--out", log, "--events", str(events)], capture_output=True, check=True)
        most, ended = [0], threading.Event()

        def watch() -> None:
            while not ended.wait(0.5):
                most[0] = max(most[0], size_of(models))

        watcher = threading.Thread(target=watch)
        watcher.start()
        started = time.perf_counter()
        command = [*program, "train", "--models", models, "--memory-mb", str(memory_mb), "--force"]
        command += ["--events", f"{log}/events-*.parquet", "--items", f"{log}/items.parquet", "--epochs", "2"]
        process = subprocess.Popen([*command, "--no-baselines"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            ended.set()
            watcher.join()
        if status:
            raise SystemExit(f"the training on {events:,} events failed")
        seconds, peak = time.perf_counter() - started, usage.ru_maxrss * 1024
        per = 1e8 / events
        return (
            f"| {events:,} | {peak / MB:,.0f} | {most[0] / MB:,.0f} | {size_of(log) / MB:,.0f} "
            f"| {most[0] * per / MB:,.0f} | {seconds:.0f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--items", type=int, nargs="*", default=[50_000, 200_000], help="sizes of the catalogue")
    parser.add_argument("--events", type=int, nargs="*", default=[2_000_000, 10_000_000], help="sizes of the log")
    parser.add_argument("--memory-mb", type=int, default=1000, help="events.memory_mb of the training")
    options = parser.parse_args()
    print("| items | artifact MB | private MB of an API process | artifact MB per million | private MB per million |")
    print("|---|---|---|---|---|")
    for items in sorted(options.items):
        print(serving(items), flush=True)
    print("\n| events | training's peak MB | most MB on disk | log MB | MB on disk per 100 million | seconds |")
    print("|---|---|---|---|---|---|")
    for events in sorted(options.events):
        print(training(events, options.memory_mb), flush=True)
    print(f"\n{machine()}")


if __name__ == "__main__":
    main()
