"""What types are worth for users without a history: HR@20 beside popularity, and popularity within the user's type.

    python -m benchmarks.types                      # the demo world, and online_retail where it is
    python -m benchmarks.types --events 100000 --worlds demo

One user in five is held out with all events. The rest is the log: the types are learnt from it as a training does,
their weights on users of the log. Asked is what the held-out users begin with: their first session, of which nothing is
known but their type. HR@20 is the share of its items (20 at most, and only items of the log) that is among the 20
answered, in the mean of the users. Differences are paired by user, with 95 % intervals of 1,000 bootstrap samples.

- popularity: the most frequent items for everybody;
- within type: the most frequent items among users of the same type, then popularity;
- types: what `GET /users/types/{type}/recommendations` answers;
- types, no vectors: the same by what was counted for the type, beside popularity.

The demo world's log has no column of users. Here its users get one each by what the world knows of them: `country`,
that of the city where they look for homes most (one in five says another), and `plan`, by the level of prices that they
like, in three parts (one in five wrong).
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.machine import machine
from benchmarks.real import DATA
from index.types.types import Types, Weights
from index.vocabulary import Vocabulary
from training.config import SessionsConfig, TrainConfig, TrainerConfig
from training.demo.catalogue import make_catalogue
from training.demo.people import make_people
from training.demo.walk import Walk
from training.demo.world import write_world
from training.eventsconfig import EventsConfig
from training.pipeline.prepare import prepare, read_catalogue
from training.progress import LogReporter
from training.types.learn import learn_types
from training.typesconfig import TypesConfig
from training.workspace import Workspace

K, HELD_OUT, SAMPLES, PAUSE, WRONG = 20, 5, 1000, 30 * 60, 0.2

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class World:
    """log: Parquet with user_id, item_id, timestamp (epoch seconds) and the columns of users."""

    name: str
    log: Path
    items: Path
    item: tuple[str, ...]
    user: tuple[str, ...]


def demo(folder: Path, events: int, seed: int) -> World:
    write_world(folder / "world", events, seed)
    # As write_world draws them.
    rng = np.random.default_rng(seed)
    catalogue = make_catalogue(int(60 * (events / 1000) ** 0.72), rng)
    people = make_people(max(20, events // 33), Walk(catalogue), rng)
    noise = np.random.default_rng([seed, 1])
    homes = people.favourites[:, 1, 0].astype(np.int64)
    wrong = noise.random(len(people)) < WRONG
    homes[wrong] = noise.choice(homes, int(wrong.sum()))
    plan = np.minimum((people.level * 3).astype(np.int64), 2)
    wrong = noise.random(len(people)) < WRONG
    plan[wrong] = noise.integers(0, 3, int(wrong.sum()))
    users = pa.table(
        {
            "user_id": [f"u{number:07d}" for number in range(len(people))],
            "country": [f"c{home}" for home in homes.tolist()],
            "plan": [("small", "middle", "large")[level] for level in plan.tolist()],
        }
    )
    connection = duckdb.connect()
    connection.register("users", users)
    log = folder / "demo.parquet"
    files = f"'{folder}/world/events-*.parquet'"
    wanted = "event_type NOT IN ('skip', 'reject') AND timestamp BETWEEN 1 AND 4000000000"
    connection.execute(
        f"COPY (SELECT user_id, item_id, timestamp, country, plan FROM {files} JOIN users USING (user_id) "
        f"WHERE {wanted} ORDER BY timestamp) TO '{log}' (FORMAT PARQUET)"
    )
    return World("demo", log, folder / "world" / "items.parquet", ("category", "price"), ("country", "plan"))


def retail(folder: Path) -> World:
    log = folder / "retail.parquet"
    source = DATA / "online_retail"
    duckdb.execute(
        f"COPY (SELECT user_id, item_id, timestamp, country FROM '{source}/events.parquet' "
        f"WHERE event_type = 'purchase') TO '{log}' (FORMAT PARQUET)"
    )
    items = folder / "retail-items.parquet"
    duckdb.execute(  # what a thing is stands last in its title: RED RETROSPOT BAG
        f"COPY (SELECT *, regexp_extract(title, '([A-Z]+)[^A-Z]*$', 1) AS noun FROM '{source}/items.parquet') "
        f"TO '{items}' (FORMAT PARQUET)"
    )
    return World("online_retail", log, items, ("noun", "price"), ("country",))


def split(world: World, folder: Path) -> tuple[Path, dict[str, list[str]], dict[str, tuple[Any, ...]]]:
    """(the log without the held-out users, user -> items of the first session, user -> values). Who is held out is a
    matter of the id's hash."""
    connection, columns = duckdb.connect(), ", ".join(world.user)
    held = f"hash(user_id || 'held') % {HELD_OUT} = 0"
    log = folder / f"{world.name}-log.parquet"
    connection.execute(f"COPY (SELECT * FROM '{world.log}' WHERE NOT {held}) TO '{log}' (FORMAT PARQUET)")
    # Things of one invoice have one time: which of them come first is a matter of the hash too.
    order = "user_id, timestamp, hash(user_id || item_id)"
    query = f"SELECT user_id, item_id, timestamp, {columns} FROM '{world.log}' WHERE {held} ORDER BY {order}"
    first: dict[str, list[str]] = {}
    values: dict[str, tuple[Any, ...]] = {}
    last: dict[str, int] = {}
    over: set[str] = set()
    for user, item, time, *own in connection.execute(query).fetchall():
        if user in over or (user in last and time - last[user] > PAUSE):
            over.add(user)
            continue
        last[user] = time
        values.setdefault(user, tuple(own))
        items = first.setdefault(user, [])
        if item not in items:
            items.append(item)
    return log, first, values


def learnt(world: World, log: Path, folder: Path, engine: str) -> tuple[Types, Vocabulary, dict[tuple[int, int], int]]:
    """(types, items, how often users of a type met each row)."""
    config = TrainConfig(
        events=EventsConfig(paths=(str(log),), items=(str(world.items),)),
        sessions=SessionsConfig(min_item_count=5),
        trainer=TrainerConfig.model_validate({"engine": engine}),
        types=TypesConfig(item=world.item, user=world.user),
    )
    with Workspace(folder / engine, {"world": world.name}, LogReporter()) as work:
        made = prepare(config, work)
        items, made = read_catalogue(made, config, work)
        types = learn_types(made.vocabulary, made.rare, items, config, work)
    assert types is not None
    columns = ", ".join(world.user)
    met: dict[tuple[int, int], int] = {}
    query = f"SELECT item_id, {columns}, count(*) FROM '{log}' GROUP BY ALL"
    for item, *own, count in duckdb.execute(query).fetchall():
        row, user = made.vocabulary.find(item), types.user_with(dict(zip(world.user, own, strict=True)))
        if row is not None and user is not None:
            met[user, row] = met.get((user, row), 0) + count
    return types, made.vocabulary, met


def lists(types: Types, counts: Ints, met: dict[tuple[int, int], int]) -> Iterator[tuple[str, list[list[int]]]]:
    """Each method, and its K rows for each user type."""
    users = range(len(types.users or ()))
    popular = np.arange(K).tolist()
    yield "popularity", [popular] * len(users)
    own: list[dict[int, int]] = [{} for _ in users]
    for (user, row), count in met.items():
        own[user][row] = count
    within = [sorted(some, key=lambda row: (-some[row], row)) for some in own]
    yield "within type", [[*some, *(row for row in range(len(counts)) if row not in set(some))][:K] for some in within]
    everything = np.ones(len(counts), dtype=np.bool_)
    yield "types", [types.best(types.shares(user), counts, everything, K)[0].tolist() for user in users]
    counted = replace(types, weights=Weights(0.0, types.weights.prior or 1000.0))
    yield "types, no vectors", [counted.best(counted.shares(user), counts, everything, K)[0].tolist() for user in users]


def interval(differences: NDArray[np.float64], seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    means = [differences[rng.integers(0, len(differences), len(differences))].mean() for _ in range(SAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def measure(world: World, folder: Path, engine: str, seed: int) -> None:
    log, first, values = split(world, folder)
    types, vocabulary, met = learnt(world, log, folder, engine)
    asked: list[tuple[int, list[int]]] = []
    for user, items in first.items():
        place = types.user_with(dict(zip(world.user, values[user], strict=True)))
        rows = [row for item in items[:K] if (row := vocabulary.find(item)) is not None]
        if place is not None and rows:
            asked.append((place, rows))
    assert types.users is not None
    print(f"\n{world.name}, {engine}: {len(types.items)} item types, {len(types.users)} user types, {len(asked)} users")
    print(f"sharpness {types.weights.sharpness:g}, prior {types.weights.prior}")
    print("| method | HR@20 | less popularity | less within type |\n|---|---|---|---|")
    hits: dict[str, NDArray[np.float64]] = {}
    for name, best in lists(types, vocabulary.counts, met):
        hits[name] = np.array([np.isin(rows, best[place]).mean() for place, rows in asked])
        parts = []
        for other in ("popularity", "within type"):
            if other in hits and other != name:
                low, high = interval(hits[name] - hits[other], seed)
                parts.append(f"{(hits[name] - hits[other]).mean():+.4f} ({low:+.4f} to {high:+.4f})")
            else:
                parts.append("")
        print(f"| {name} | {hits[name].mean():.4f} | {' | '.join(parts)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engines", nargs="+", default=["spectral", "sgns"])
    parser.add_argument("--worlds", nargs="+", default=["demo", "online_retail"])
    options = parser.parse_args()
    print(machine())
    for name in options.worlds:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            if name == "online_retail" and not (DATA / name).exists():
                print(f"{name}: not here, left out")
                continue
            world = demo(folder, options.events, options.seed) if name == "demo" else retail(folder)
            for engine in options.engines:
                measure(world, folder, engine, options.seed)


if __name__ == "__main__":
    main()
