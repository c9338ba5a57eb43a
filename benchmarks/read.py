"""Events to sessions as arrays: item2vec beside plain DuckDB, Polars and pandas, each in a process of its own.

    python -m benchmarks.read --events 20000000 --runs 3
    python -m benchmarks.read --events 50000000 --runs 3 --methods item2vec duckdb
    python -m benchmarks.read --against /tmp/before --events 20000000 --runs 5

All do the same step: read Parquet, order by user and time, cut by a gap of 30 minutes, collapse immediate repeats, drop
items seen fewer than 5 times and sessions of fewer than 2 events, encode as int32 tokens and int64 offsets. The
number of sessions and tokens must agree. With `--against` another checkout reads the same logs instead, in every
format.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import against
from benchmarks.machine import machine


def by_item2vec(folder: str) -> tuple[int, int]:
    from training.config import SessionsConfig
    from training.events.reader import EventReader
    from training.events.sources import open_sources
    from training.events.sql import connect
    from training.eventsconfig import EventsConfig
    from training.sessions.cut import sessionise

    config = EventsConfig(paths=(folder + "/events-*.parquet",), memory_mb=1000)
    connection = connect(config.memory_mb, folder)
    reader = EventReader(open_sources(config, connection), config, connection)
    rules = SessionsConfig(max_user_events=0, collapse_repeats=True)
    found = sessionise(reader, rules, by_session=False, budget_mb=config.memory_mb, spill=Path(folder))
    return len(found.corpus), len(found.corpus.tokens)


def by_duckdb(folder: str) -> tuple[int, int]:
    import duckdb
    import numpy as np

    connection = duckdb.connect()
    connection.execute(f"SET memory_limit='3GB'; SET temp_directory='{folder}'")
    connection.execute(
        f"""
        CREATE TEMP TABLE ordered AS
        SELECT user_id, item_id, timestamp,
               lag(user_id) OVER w AS before_user, lag(item_id) OVER w AS before_item, lag(timestamp) OVER w AS before
        FROM read_parquet('{folder}/events-*.parquet')
        WHERE user_id IS NOT NULL AND item_id IS NOT NULL AND timestamp BETWEEN 0 AND 7258118400
        WINDOW w AS (PARTITION BY user_id ORDER BY timestamp)
        """
    )
    connection.execute(
        """
        CREATE TEMP TABLE cut AS
        SELECT user_id, item_id, timestamp,
               sum(CASE WHEN before IS NULL OR timestamp - before > 1800 THEN 1 ELSE 0 END)
                   OVER (PARTITION BY user_id ORDER BY timestamp) AS session,
               before IS NOT NULL AND timestamp - before <= 1800 AND before_item = item_id AS repeat
        FROM ordered
        """
    )
    connection.execute(
        """
        CREATE TEMP TABLE vocabulary AS
        SELECT item_id, (row_number() OVER (ORDER BY count(*) DESC, item_id) - 1)::INTEGER AS row
        FROM cut WHERE NOT repeat GROUP BY item_id HAVING count(*) >= 5
        """
    )
    result = connection.sql(
        """
        SELECT list(row ORDER BY timestamp) AS tokens FROM cut JOIN vocabulary USING (item_id)
        WHERE NOT repeat GROUP BY user_id, session HAVING count(*) >= 2
        """
    ).to_arrow_table()
    column = result.column("tokens").combine_chunks()
    tokens = np.asarray(column.flatten())
    return len(column), len(tokens)


def by_pandas(folder: str) -> tuple[int, int]:
    import numpy as np
    import pandas as pd

    events = pd.concat(
        pd.read_parquet(f, columns=["user_id", "item_id", "timestamp"]) for f in sorted(Path(folder).glob("events-*"))
    )
    events = events.dropna()
    events = events[(events.timestamp >= 0) & (events.timestamp <= 7_258_118_400)]
    events = events.sort_values(["user_id", "timestamp"], kind="stable")
    new_user = events.user_id != events.user_id.shift()
    new = new_user | (events.timestamp.diff() > 1800)
    repeat = ~new & (events.item_id == events.item_id.shift())
    events["session"] = new.cumsum()
    events = events[~repeat]
    counts = events.item_id.value_counts()
    keep = counts.index[counts >= 5]
    codes = pd.Series(np.arange(len(keep), dtype=np.int32), index=keep)
    events = events[events.item_id.isin(keep)]
    sizes = events.groupby("session").item_id.transform("size")
    events = events[sizes >= 2]
    tokens = events.item_id.map(codes).to_numpy(np.int32)
    offsets = np.flatnonzero(events.session.to_numpy()[1:] != events.session.to_numpy()[:-1])
    return len(offsets) + 1, len(tokens)


def by_polars(folder: str) -> tuple[int, int]:
    import polars as pl

    events = (
        pl.scan_parquet(folder + "/events-*.parquet")
        .select("user_id", "item_id", "timestamp")
        .filter(pl.col("user_id").is_not_null() & pl.col("item_id").is_not_null())
        .filter(pl.col("timestamp").is_between(0, 7_258_118_400))
        .sort("user_id", "timestamp", maintain_order=True)
        .with_columns(
            new=(pl.col("user_id") != pl.col("user_id").shift()).fill_null(True)
            | (pl.col("timestamp").diff() > 1800).fill_null(True),
            same=pl.col("item_id") == pl.col("item_id").shift(),
        )
        .with_columns(session=pl.col("new").cum_sum())
        .filter(pl.col("new") | ~pl.col("same"))
        .collect()
    )
    counts = events.group_by("item_id").len().filter(pl.col("len") >= 5).sort("len", descending=True)
    rows = counts.with_row_index("row").select("item_id", pl.col("row").cast(pl.Int32))
    kept = events.join(rows, on="item_id", maintain_order="left")
    sizes = kept.filter(pl.len().over("session") >= 2)
    tokens = sizes["row"].to_numpy()
    return sizes["session"].n_unique(), len(tokens)


METHODS: dict[str, Callable[[str], tuple[int, int]]] = {
    "item2vec": by_item2vec,
    "duckdb": by_duckdb,
    "polars": by_polars,
    "pandas": by_pandas,
}


MODULES = {
    "item2vec": ("training.events.sources", "training.events.reader", "training.sessions.cut"),
    "duckdb": ("numpy", "duckdb"),
    "polars": ("numpy", "polars"),
    "pandas": ("numpy", "pandas"),
}


def measure(method: str, folder: str) -> dict[str, Any]:
    """One run in a fresh process: seconds of the step (imports apart) and the process's peak memory."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.read", "--one", method, "--folder", folder],
        capture_output=True,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def one(method: str, folder: str) -> None:
    import resource

    for module in MODULES[method]:  # imports are not part of the step
        import_module(module)

    started = time.perf_counter()
    sessions, tokens = METHODS[method](folder)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "sessions": sessions, "tokens": tokens}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--folder", help="where the log is, or will be made; kept when given")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="compare with this checkout, in every format")
    parser.add_argument("--formats", nargs="+", choices=against.FORMATS, default=list(against.FORMATS))
    parser.add_argument("--step", choices=("read", "sessions"), default="read", help="of --against; sessions: cut too")
    parser.add_argument("--one", choices=METHODS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(options.one, options.folder)
        return
    if options.against:
        folder = Path(options.folder) if options.folder else None
        against.report(options.against, options.events, options.runs, options.formats, options.step, folder)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.folder or temporary)
        if not list(folder.glob("events-*.parquet")):
            from training.demo.world import write_world

            write_world(folder, options.events, seed=1)
        measure("item2vec", str(folder))  # the first run compiles; a second process finds it cached
        runs: dict[str, list[dict[str, Any]]] = {method: [] for method in options.methods}
        for _ in range(options.runs):
            for method in options.methods:
                runs[method].append(measure(method, str(folder)))
                print(method, runs[method][-1], file=sys.stderr)
    report(options.events, runs)


def report(events: int, runs: dict[str, list[dict[str, Any]]]) -> None:
    print(f"{events:,} events in Parquet, {len(next(iter(runs.values())))} interleaved runs, median (min to max)\n")
    print("| method | seconds | million events/s | peak MB | times item2vec's seconds | sessions | tokens |")
    print("|---|---|---|---|---|---|---|")
    ours = [run["seconds"] for run in runs["item2vec"]]
    for method, found in runs.items():
        seconds = [run["seconds"] for run in found]
        ratios = [s / o for s, o in zip(seconds, ours, strict=True)]
        median = statistics.median(seconds)
        print(
            f"| {method} | {median:.1f} ({min(seconds):.1f} to {max(seconds):.1f}) | {events / median / 1e6:.2f} "
            f"| {statistics.median(r['peak_mb'] for r in found):,.0f} "
            f"| {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) "
            f"| {found[0]['sessions']:,} | {found[0]['tokens']:,} |"
        )
    print(f"\n{machine()}")


if __name__ == "__main__":
    main()
