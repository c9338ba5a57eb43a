"""What filters and changes of the catalogue cost a process: python -m benchmarks.filters [--items N] [--stored N]

A world as that of benchmarks.http, and stored items with metadata in SQLite, read as the service reads them. A new
condition is one that nobody has asked for, on a field that somebody has: what each step of a price slider costs. A
change is one item, taken over as the service does. Run it alone on a machine.
"""

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from app.filters.conditions import filter_of
from app.live.shelf import Shelf
from app.live.snapshot import Snapshots
from app.metrics import Metrics
from benchmarks.http import world
from benchmarks.machine import machine
from index.artifact.registry import Registry
from store import items
from store.database import Database, connect, now
from store.items import ItemRow
from store.upkeep.migrate import migrate

BATCH = 10_000
CONDITIONS: dict[str, Callable[[int], tuple[list[str], list[str]]]] = {
    "a number, price<=x": lambda n: ([], [f"price:le:{n + 0.5}"]),
    "a text, colour=x": lambda n: ([], [f"colour:eq:c{n}"]),
    "another text, colour!=x": lambda n: ([], [f"colour:ne:d{n}"]),
    "50 categories": lambda n: ([f"c{n % 20}", *(f"n{n}.{m}" for m in range(49))], []),
    "20 conditions": lambda n: ([], [f"price:ge:{n + m / 100}" for m in range(20)]),
    "a field that nobody has": lambda n: ([], [f"nobody{n}:eq:1"]),
}


def stored(count: int, items: int) -> Iterator[ItemRow]:
    for number in range(count):
        metadata = {
            "price": number * 7919 % 100_000 / 100,
            "colour": f"c{number % 200}",
            "brand": f"Brand {number % 999}",
        }
        place = number * 7919 % items
        yield ItemRow(f"item-{place:06d}", f"Title of {number}", f"c{place % 20}", number % 50 > 0, metadata=metadata)


def fill(engine: Database, count: int, most: int) -> None:
    batch: list[ItemRow] = []
    for row in stored(count, most):
        batch.append(row)
        if len(batch) == BATCH:
            items.put(engine, batch, now())
            batch = []
    items.put(engine, batch, now())


def own() -> int:
    """Bytes that this process shares with no other."""
    gc.collect()
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty")) * 1024


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--stored", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=15, help="new conditions of each kind")
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--models", type=Path, help="a folder that has a world of this size already")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models = options.models or Path(folder) / "models"
        if not options.models:
            world.publish(models, options.items)
        engine = connect(f"sqlite:///{folder}/bench.db")
        migrate(engine)
        fill(engine, options.stored, options.items)
        measure(options, models, engine)
        engine.dispose()


def measure(options: argparse.Namespace, models: Path, engine: Database) -> None:
    snapshots = Snapshots(Registry(models), Metrics())
    shelf = Shelf(engine, snapshots)
    before = own()
    read = seconds(shelf.refresh)
    size = (own() - before) / max(1, options.stored)
    print(f"{options.stored:,} stored items: read in {read:.2f} s, {size:,.0f} bytes each")
    snapshots.refresh()
    shelf.refresh()
    print(f"\n{options.items:,} items\n")
    print("| condition | first of its field, s | new, ms | its CPU, ms | asked again after a change, ms |")
    print("|---|---|---|---|---|")
    for name, made in CONDITIONS.items():
        first = seconds(lambda made=made: shelf.view.allowed(filter_of(*made(99))))  # type: ignore[misc]
        new, cpu = [], []
        for number in range(options.runs):
            wanted, started = filter_of(*made(number)), time.thread_time()
            new.append(seconds(lambda wanted=wanted: shelf.view.allowed(wanted)))  # type: ignore[misc]
            cpu.append(time.thread_time() - started)
        again = []
        for number in range(5):
            items.put(
                engine, [ItemRow(f"item-{number:06d}", "t", "c1", metadata={"price": number, "colour": "c5"})], now()
            )
            shelf.refresh()
            again.append(seconds(lambda made=made: shelf.view.allowed(filter_of(*made(0)))))  # type: ignore[misc]
        print(f"| {name} | {first:.2f} | {spread(new)} | {spread(cpu)} | {spread(again)} |")
    found = []
    for row in stored(options.changes, options.items):
        items.put(engine, [row], now())
        found.append(seconds(shelf.refresh))
    print(f"\na change, read from SQLite and taken over, ms: {spread(found)}")
    print(f"first page of the catalogue, s: {seconds(lambda: shelf.view.ids.after(None, 50)):.2f}")
    print(f"\n{machine()}")


def spread(values: list[float]) -> str:
    """In milliseconds."""
    low, middle, high = (f(values) * 1e3 for f in (min, statistics.median, max))
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    main()
