"""The service over HTTP beside bare applications, on one core: what a request costs the server, how many it answers in
a second, and how long they wait.

    python -m benchmarks.http [--items 100000] [--seconds 6] [--rounds 5] [--only NAME ...]

Each server is one process on core 0, as `item2vec api` runs it; wrk (Debian package) on core 1, 16 connections, another
item in each request. Keys, rates, metrics, request ids and the access log (to a file) are on. Rounds are interleaved in
another order each time. CPU is that of the server, its threads and the kernel's work for it included, so that it hardly
depends on what else the machine does; private memory is what a further process would take.
"""

import argparse
import os
import random
import shutil
import statistics
import tempfile
from pathlib import Path

from benchmarks.http import world
from benchmarks.http.change import Changes, seconds_until_shown
from benchmarks.http.load import GET, RANK, RECOMMEND, Load, run_wrk
from benchmarks.http.server import Server
from benchmarks.machine import machine
from store.database import connect
from store.keys import create_key
from store.upkeep.migrate import migrate

BASE, RAW = "FastAPI async, ready Response", "raw ASGI, fixed body"
CATEGORIES = [f"?category=c{n}" for n in range(world.CATEGORIES)]
RUNS: dict[str, tuple[str, Load, bool]] = {
    RAW: ("benchmarks.http.apps:raw", GET, False),
    "Starlette route": ("benchmarks.http.apps:starlette", GET, False),
    BASE: ("benchmarks.http.apps:fastapi_async", GET, False),
    "FastAPI async, response model": ("benchmarks.http.apps:fastapi_model", GET, False),
    "FastAPI def route": ("benchmarks.http.apps:fastapi_def", GET, False),
    "GET /similar": ("", GET, False),
    "GET /similar, 10 items changed a second": ("", GET, True),
    "GET /similar, one category": ("", GET.with_queries(CATEGORIES[3:4]), False),
    "GET /similar, 20 categories": ("", GET.with_queries(CATEGORIES), False),
    "POST /recommend, session of 10": ("", RECOMMEND, False),
    "POST /rank, 200 candidates, 6 x 50 events": ("", RANK, False),
}
"""Name -> (bare application, or "" for the service; load; whether the catalogue changes all the time)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--models", type=Path, help="a folder that has a world of this size already")
    parser.add_argument("--only", nargs="+", choices=RUNS, metavar="NAME", default=list(RUNS), help="some of the rows")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        models = options.models or Path(folder) / "models"
        if not options.models:
            world.publish(models, options.items)
        measure(options, models, Path(folder))


def measure(options: argparse.Namespace, models: Path, folder: Path) -> None:
    url = f"sqlite:///{folder / 'bench.db'}"
    engine = connect(url)
    migrate(engine)
    key = create_key(engine, "bench", ("read",))
    ours = {
        "ITEM2VEC_MODELS": str(models),
        "ITEM2VEC_DATABASE": url,
        "ITEM2VEC_RATE_PER_KEY": "1000000",
        "ITEM2VEC_RATE_PER_ADDRESS": "1000000",
    }
    figures: dict[str, list[tuple[float, ...]]] = {name: [] for name in options.only}
    starts, private = [], []
    for turn in range(options.rounds):
        for name in random.Random(turn).sample(options.only, len(options.only)):
            app, load, changing = RUNS[name]
            with Server(app, {} if app else ours, folder / "log.txt") as server:
                changes = Changes(engine, options.items, 10.0 if changing else 0.0)
                token = None if app else key
                with changes:
                    for query in load.queries:  # so that each filter has been asked for
                        server.get(f"/similar/item-000007{query}", token)
                    run_wrk(server.port, load, 2, options.connections, options.items, token, 0)
                    before = server.cpu()
                    found = run_wrk(
                        server.port, load, options.seconds, options.connections, options.items, token,
                        options.items // 2,
                    )  # fmt: skip
                    spent = server.cpu() - before
                figures[name].append((found.rate, spent * 1e6 / max(1, found.requests), *found[2:]))
                if not app:
                    starts.append(server.ready_seconds)
                if name == "GET /similar":
                    private.append(server.private())
    shown = [seconds_until_shown(engine, ours, key, folder / "log.txt") for _ in range(options.rounds)]
    engine.dispose()
    report(figures)
    words = (("start to ready, s", starts), ("private memory of a process, MB", private), ("item changed, s", shown))
    for word, values in words:
        if values:
            print(f"\n{word}: {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})")
    print(f"\n{options.items:,} items, {options.rounds} rounds of {options.seconds} s. {machine()}")


def report(figures: dict[str, list[tuple[float, ...]]]) -> None:
    """A line for each application; ratios are of the same round, so that both had the same machine."""
    print("| application | CPU us a request | less than FastAPI async, times | a core-second | requests/s | p50 ms "
          "| p99 ms | x raw p99 | errors |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for name, found in figures.items():
        rate, cpu, p50, p99 = (statistics.median(run[i] for run in found) for i in range(4))
        spent = [run[1] for run in found]
        less = [base[1] / run[1] for base, run in zip(figures.get(BASE, []), found, strict=False)]
        tail = [run[3] / raw[3] for raw, run in zip(figures.get(RAW, []), found, strict=False)]
        print(
            f"| {name} | {cpu:,.1f} ({min(spent):,.1f} to {max(spent):,.1f}) | {spread(less)} | {1e6 / cpu:,.0f} "
            f"| {rate:,.0f} | {p50:.2f} | {p99:.2f} | {spread(tail)} | {sum(run[4] for run in found):.0f} |"
        )


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})" if values else "-"


if __name__ == "__main__":
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    main()
