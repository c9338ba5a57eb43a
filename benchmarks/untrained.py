"""What types are worth for items without a vector: HR@20 beside the popular items of the category.

    python -m benchmarks.untrained                 # the demo world, and online_retail where it is

One item in ten is hidden from the log with all its events. Asked is what people did next after such an item, where that
is an item of the log and came within half an hour. Answered is as `GET /similar/{item_id}` does for an item without a
vector: before, the popular items of its category and then the popular ones; with types, items of its type and of near
types first. Which columns make a type is up to the operator; some are tried here. Differences have 95 % intervals of
1,000 bootstrap samples over users.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.machine import machine
from benchmarks.real import DATA
from benchmarks.types import PAUSE, K, World, demo, interval, retail
from index.catalogue.catalogue import Catalogue
from index.types.types import Types
from index.vocabulary import Vocabulary
from training.config import TrainConfig, TrainerConfig
from training.eventsconfig import EventsConfig
from training.pipeline.prepare import prepare, read_catalogue
from training.progress import LogReporter
from training.types.learn import learn_types
from training.typesconfig import TypesConfig
from training.workspace import Workspace

HIDDEN = "hash(item_id || 'hidden') % 10 = 0"
COLUMNS = {
    "demo": [("category", "price"), ("category", "subgenre", "neighbourhood")],
    "online_retail": [("noun", "price"), ("noun",)],
}


def questions(world: World, log: Path) -> list[tuple[str, str, str]]:
    """(user, hidden item, the item after it); writes the log without the hidden items."""
    connection = duckdb.connect()
    connection.execute(f"COPY (SELECT * FROM '{world.log}' WHERE NOT {HIDDEN}) TO '{log}' (FORMAT PARQUET)")
    # What has one time, as the things of an invoice, is in the order of the log.
    order = "PARTITION BY user_id ORDER BY timestamp, place"
    after = "lead(item_id) OVER w AS following, lead(timestamp) OVER w - timestamp AS pause"
    found = connection.execute(
        f"SELECT user_id, item_id, following FROM (SELECT user_id, item_id, {after} FROM "
        f"(SELECT *, row_number() OVER () AS place FROM '{world.log}') "
        f"WINDOW w AS ({order})) WHERE {HIDDEN} AND following <> item_id AND pause < {PAUSE} ORDER BY ALL"
    )
    return found.fetchall()


def answers(item: str, types: Types, catalogue: Catalogue, vocabulary: Vocabulary) -> tuple[list[int], list[int]]:
    """(without types, with types): K rows each."""
    category, rows = catalogue.category(item), range(len(vocabulary))
    same = [] if category is None else [r for r in rows if catalogue.category(vocabulary.ids[r]) == category][:K]
    plain = filled(same, list(rows[: 2 * K]))
    place = types.items.of([catalogue.field(item, column) for column in types.items.buckets.columns])
    if place is None:
        return plain, plain
    everything = np.ones(len(vocabulary), dtype=np.bool_)
    own = types.first(types.ranks_near(place), everything, K).tolist()
    return plain, filled(own, [*plain, *rows[: 2 * K]])


def filled(rows: list[int], others: list[int]) -> list[int]:
    return [*rows, *(row for row in others if row not in rows)][:K]


def measure(world: World, folder: Path, seed: int) -> None:
    log = folder / "without.parquet"
    asked = questions(world, log)
    config = TrainConfig(
        events=EventsConfig(paths=(str(log),), items=(str(world.items),)),
        trainer=TrainerConfig(engine="spectral"),
        types=TypesConfig(item=world.item),
    )
    with Workspace(folder / "-".join(world.item), {"world": world.name}, LogReporter()) as work:
        made = prepare(config, work)
        catalogue, made = read_catalogue(made, config, work)
        types = learn_types(made.vocabulary, made.rare, catalogue, config, work)
    assert types is not None
    kept: dict[str, tuple[list[int], list[int]]] = {}
    sums: dict[str, list[float]] = {}
    for user, item, following in asked:
        row = made.vocabulary.find(following)
        if row is not None:
            if item not in kept:
                kept[item] = answers(item, types, catalogue, made.vocabulary)
            before, after = kept[item]
            one = sums.setdefault(user, [0.0, 0.0, 0.0])
            for place, value in enumerate((1, row in before, row in after)):
                one[place] += value
    per = np.array(list(sums.values()))
    before, after = per[:, 1].sum() / per[:, 0].sum(), per[:, 2].sum() / per[:, 0].sum()
    # Each user's part of the difference of all questions.
    low, high = interval((per[:, 2] - per[:, 1]) * len(per) / per[:, 0].sum(), seed)
    columns = ", ".join(world.item)
    print(
        f"| {world.name} | {columns} | {len(types.items)} | {int(per[:, 0].sum()):,} | {before:.3f} | {after:.3f} | "
        f"{after - before:+.3f} ({low:+.3f} to {high:+.3f}) |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(machine())
    print("| log | types.item | types | questions | without | with types | difference |\n|---|---|---|---|---|---|---|")
    for name, columns in COLUMNS.items():
        if name != "demo" and not (DATA / name).exists():
            print(f"{name}: not here, left out")
            continue
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            world = demo(folder, options.events, options.seed) if name == "demo" else retail(folder)
            for item in columns:
                measure(replace(world, item=item), folder, options.seed)


if __name__ == "__main__":
    main()
