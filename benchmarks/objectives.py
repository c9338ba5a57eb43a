"""What each thing that a log says beyond order is worth: each switch of docs/objectives.md alone, and all together.

    python -m benchmarks.objectives                          # the demo world, both engines, three seeds
    python -m benchmarks.objectives --events 30000 --seeds 1 --engine spectral
    python -m benchmarks.objectives --log wikispeedia        # a real log, where it is: benchmarks/objectives_real.py

On the generated world, whose structure is known. Skips and rejections are no items of a session in any row, so that
all rows have the same sessions and the same questions; "off" has nothing else. Vectors alone are asked, as they come,
without counts or popularity:

- booked: sessions of the test part that end in a booking. HR@5 of the booked home, 1, 3, 5 and 8 clicks before;
- market: of all pairs of homes of one city, how often those of a like price and the same type are nearer than others;
- rejected: homes that were rejected in the test part, where each stands among all items after the one just before it,
  from 0 (best) to 1: the higher, the further it has fallen;
- rare: HR@20 after one item, for targets that were seen at most 10 times in training;
- next: HR@20 after one item, for all targets.

Differences from "off" are paired by question, seeds averaged, with 95 % intervals of 1,000 bootstrap samples.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import machine
from index.catalogue.catalogue import Catalogue
from index.ranking.readings import normalised
from training.config import TrainConfig, TrainerConfig
from training.demo.world import write_world
from training.evaluation.split import Split, sample_prefixes, split_test
from training.eventsconfig import EventsConfig
from training.objective.lesson import attributes_of, lesson_of, segments_of
from training.objective.settings import ObjectiveConfig
from training.pipeline.prepare import prepare, read_catalogue
from training.progress import LogReporter
from training.trainers.spaces import Spaces, train_plainly
from training.workspace import Workspace

TYPES = {"book": 5.0}
CONVERSIONS = {"objective": {"conversion_context": 1.0, "conversion_weight": 5.0}}
DISLIKES = {"objective": {"dislike_weight": 0.3}}
SEGMENTS = {"objective": {"segment": "category", "segment_negatives": 3}}
ATTRIBUTES = {"objective": {"attributes": ("artist", "type", "category", "price")}}
WALKS = {"objective": {"walks": 5}}
SWITCHES: dict[str, dict[str, Any]] = {
    "off": {},
    "types": {"events": {"type_weights": TYPES}},
    "age": {"sessions": {"half_life_days": 30.0}},
    "conversions": CONVERSIONS,
    "dislikes": DISLIKES,
    "segments": SEGMENTS,
    "walks": WALKS,
    "attributes": ATTRIBUTES,
    "all": {
        "events": {"type_weights": TYPES},
        "sessions": {"half_life_days": 30.0},
        "objective": CONVERSIONS["objective"] | DISLIKES["objective"] | SEGMENTS["objective"] | WALKS["objective"],
    },
}
BEFORE = (1, 3, 5, 8)  # clicks before the booking
CURVE = {left: f"booked, {left} before" for left in BEFORE}
RARE, K, FEW, PREFIXES, PAIRS, LIKE = 10, 20, 5, 6000, 40_000, 0.2
SAMPLES = 1000

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Asked:
    """Rows that are asked after, and the rows whose places are looked for."""

    last: Ints
    wanted: Ints


@dataclass(frozen=True)
class World:
    """The generated log, cut; and the questions by name."""

    base: TrainConfig
    split: Split
    catalogue: Catalogue
    asked: dict[str, Asked]
    homes: tuple[Ints, Ints, NDArray[np.bool_]]


def config_of(folder: Path) -> TrainConfig:
    return TrainConfig(
        events=EventsConfig(
            paths=(str(folder / "events-*.parquet"),),
            items=(str(folder / "items.parquet"),),
            event_type="event_type",
            conversion_types=("book",),
            dislike_types=("skip", "reject"),
            type_weights=TYPES,
            dwell="dwell",
        ),
        objective=ObjectiveConfig(dislike_weight=0),
    )


def changed(switch: dict[str, Any], base: TrainConfig) -> TrainConfig:
    sections = {name: getattr(base, name).model_copy(update=values) for name, values in switch.items()}
    return base.model_copy(update=sections)


def world_of(folder: Path, events: int) -> World:
    write_world(folder, events)
    base, told = config_of(folder), LogReporter()
    with Workspace(folder / "models", {"benchmark": "objectives"}, told) as work:
        catalogue, log = read_catalogue(prepare(base, work), base, work)
    split = split_test(log.corpus, log.vocabulary.ids, base)
    return World(
        base, split, catalogue, dict(questions(split, homes_of(split, catalogue))), pairs_of_homes(split, catalogue)
    )


def homes_of(split: Split, catalogue: Catalogue) -> NDArray[np.bool_]:
    return np.array([catalogue.field(item, "kind") == "home" for item in split.ids])


def questions(split: Split, homes: NDArray[np.bool_]) -> Iterator[tuple[str, Asked]]:
    held, rng = split.held_out.corpus, np.random.default_rng(1)
    prefixes = sample_prefixes(split.held_out, PREFIXES, rng)
    last, wanted = np.array([p[-1] for p in prefixes.prefixes]), prefixes.targets.astype(np.int64)
    other = last != wanted
    yield "next", Asked(last[other], wanted[other])
    rare = other & (split.train.counts()[wanted] <= RARE)
    yield "rare", Asked(last[rare], wanted[rare])
    if held.dislikes is not None:
        there = held.dislikes.positions > 0
        before = held.tokens[held.offsets[held.dislikes.sessions] + held.dislikes.positions - 1]
        there &= (before != held.dislikes.items) & homes[held.dislikes.items]
        yield "rejected", Asked(before[there].astype(np.int64), held.dislikes.items[there].astype(np.int64))
    assert held.converted is not None
    at = np.flatnonzero(held.converted)
    session = np.searchsorted(held.offsets, at, side="right") - 1
    for left in BEFORE:
        there = at - left >= held.offsets[session]
        clicked, booked = held.tokens[(at - left)[there]], held.tokens[at[there]]
        differ = clicked != booked
        yield CURVE[left], Asked(clicked[differ].astype(np.int64), booked[differ].astype(np.int64))


def pairs_of_homes(split: Split, catalogue: Catalogue) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Pairs of homes of one city at random, and which are of the same type and a like price."""
    homes = np.flatnonzero(homes_of(split, catalogue))
    fields = [[catalogue.field(split.ids[row], name) for row in homes.tolist()] for name in ("category", "type")]
    city, kind = (np.unique(np.array(values, dtype=str), return_inverse=True)[1] for values in fields)
    price = np.log([float(catalogue.field(split.ids[row], "price")) for row in homes.tolist()])
    a, b = np.random.default_rng(1).integers(0, len(homes), (2, 40 * PAIRS))
    there = np.flatnonzero((city[a] == city[b]) & (a != b))[:PAIRS]
    a, b = a[there], b[there]
    return homes[a], homes[b], (kind[a] == kind[b]) & (np.abs(price[a] - price[b]) < LIKE)


def places(spaces: Spaces, asked: Asked) -> Ints:
    """How many items stand before the wanted one."""
    found = []
    for begin in range(0, len(asked.last), 1000):
        last, wanted = asked.last[begin : begin + 1000], asked.wanted[begin : begin + 1000]
        scores = spaces.next.inputs[last] @ spaces.next.outputs.T
        scores[np.arange(len(last)), last] = -np.inf
        found.append((scores > scores[np.arange(len(last)), wanted][:, None]).sum(axis=1))
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def values_of(world: World, spaces: Spaces) -> dict[str, Floats]:
    """By the name of the figure, a value of every question."""
    found: dict[str, Floats] = {}
    for name, asked in world.asked.items():
        place = places(spaces, asked)
        if name == "rejected":
            found[name] = place / world.split.train.items
        else:
            found[name] = (place < (FEW if name in CURVE.values() else K)).astype(np.float64)
    a, b, like = world.homes
    unit = normalised(spaces.similar.inputs)
    cosine = np.einsum("ij,ij->i", unit[a], unit[b])
    others = np.sort(cosine[~like])
    found["market"] = np.searchsorted(others, cosine[like]) / max(1, len(others))
    return found


def measured(world: World, engine: str, switch: dict[str, Any], seeds: int) -> dict[str, Floats]:
    """Values of every question, averaged over the seeds."""
    total: dict[str, Floats] = {}
    config, train = changed(switch, world.base), world.split.train
    if "events" not in switch:  # the log was read with weights of types
        train = replace(train, weights=None)
    segments, attributes = (of(world.catalogue, world.split.ids, config) for of in (segments_of, attributes_of))
    for seed in range(1, seeds + 1):
        lesson = lesson_of(train, config.model_copy(update={"seed": seed}), segments, attributes)
        trainer = TrainerConfig(engine=engine, workers=config.trainer.workers)  # type: ignore[arg-type]
        spaces = train_plainly(lesson.corpus, trainer, seed, lambda _: None, lesson.signals)
        for name, values in values_of(world, spaces).items():
            total[name] = total.get(name, np.zeros(len(values))) + values / seeds
    return total


def interval(difference: Floats) -> tuple[float, float]:
    """95 % of the means of bootstrap samples."""
    if not len(difference):
        return 0.0, 0.0
    rng = np.random.default_rng(1)
    means = [difference[rng.integers(0, len(difference), len(difference))].mean() for _ in range(SAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def cell(values: Floats, off: Floats) -> str:
    """The mean; and in brackets the interval of the difference from `off`, where it does not hold 0 with a mark."""
    if values is off:
        return f"{values.mean():.3f}"
    low, high = interval(values - off)
    return f"{values.mean():.3f} ({low:+.3f} to {high:+.3f}){' *' if low > 0 or high < 0 else ''}"


def table(world: World, engine: str, seeds: int, say: Callable[[str], None] = print) -> None:
    off = measured(world, engine, SWITCHES["off"], seeds)
    names = list(off)
    say(f"\n{engine}, {seeds} seeds; in brackets the difference from off, * where it is not 0\n")
    say("| switch | " + " | ".join(f"{name} (n={len(off[name]):,})" for name in names) + " |")
    say("|---" * (len(names) + 1) + "|")
    for switch, settings in SWITCHES.items():
        found = off if switch == "off" else measured(world, engine, settings, seeds)
        say(f"| {switch} | " + " | ".join(cell(found[name], off[name]) for name in names) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--engine", choices=("spectral", "sgns"), action="append")
    parser.add_argument("--log", action="append", help="a real log: see benchmarks/objectives_real.py")
    parser.add_argument("--config", type=Path, help="settings of a log of your own")
    parser.add_argument("--test", action="store_true", help="ask the test part of a real log, not the validation part")
    parser.add_argument("--only", action="append", default=[], metavar="SWITCH=STRENGTH")
    options = parser.parse_args()
    if options.log:
        from benchmarks.objectives_real import table as of_log  # it needs what is defined here

        for name in options.log:
            engines = options.engine or ["spectral", "sgns"]
            of_log(name, engines, options.seeds, options.test, options.only, options.config)
        print(f"\n{machine()}")
        return
    with tempfile.TemporaryDirectory() as folder:
        world = world_of(Path(folder), options.events)
        for engine in options.engine or ("spectral", "sgns"):
            table(world, engine, options.seeds)
    print(f"\n{options.events:,} events, {world.split.train.items:,} items; {machine()}")


if __name__ == "__main__":
    main()
