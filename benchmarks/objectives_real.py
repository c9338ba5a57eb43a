"""What each switch of docs/objectives.md is worth on a real log: `python -m benchmarks.objectives --log NAME`.

    python -m benchmarks.objectives --log online_retail --log wikispeedia --log nowplaying   # where they are
    python -m benchmarks.objectives --log 'logs/*.parquet' --config settings.toml            # a log of your own

Each switch that the log has something for is tried at several strengths, alone, on the validation part: HR@20 after one
item, vectors alone, for all targets and for those seen at most 10 times in training. With `--test` it is the test part;
then only one strength should be given, the one that validation chose (`--only walks=5`). Differences from "off" are
paired by question, seeds averaged, with 95 % intervals over sessions. Of a log of your own the switches are those that
`item2vec check` names.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import real
from benchmarks.objectives import Asked, Floats, changed, places
from index.catalogue.catalogue import Catalogue
from index.errors import EventsMissing
from training.check.examine import examine
from training.config import EvaluationConfig, TrainConfig, TrainerConfig
from training.configfile import load_config
from training.evaluation.metrics import Bootstrap
from training.evaluation.split import Prefixes, Split, sample_prefixes, split_test, split_validation
from training.eventsconfig import EventsConfig
from training.objective.lesson import lesson_of, segments_of
from training.objective.settings import ObjectiveConfig
from training.objective.weights import DAY
from training.pipeline.prepare import prepare, read_catalogue
from training.progress import LogReporter
from training.trainers.spaces import train_plainly
from training.workspace import Workspace

RARE, K, PREFIXES, SAMPLES = 10, 20, 6000, 1000
Switch = dict[str, Any]

# Customers, and not invoices: a cancellation is an invoice of its own, and lies near what was bought in the same days.
CUSTOMERS = TrainConfig(
    events=EventsConfig(event_type="event_type", event_types=("purchase",), unknown_users="reject"),
    evaluation=EvaluationConfig(split="time"),
)
WEEK = 7 * 24 * 60.0  # minutes


@dataclass(frozen=True)
class Log:
    """config: with nothing on. switches: name -> strength, in words -> settings that are on."""

    config: TrainConfig
    switches: dict[str, dict[str, Switch]]


@dataclass(frozen=True)
class Part:
    """What is trained on, what is asked, and by which sessions differences are drawn again. rare: bool, of the
    questions: whether the target was seen at most RARE times."""

    split: Split
    asked: Asked
    prefixes: Prefixes
    rare: NDArray[np.bool_]


def walks() -> dict[str, Switch]:
    return {str(n): {"objective": {"walks": n}} for n in (1, 5)}


def segments(column: str) -> dict[str, Switch]:
    return {str(n): {"objective": {"segment": column, "segment_negatives": n}} for n in (1, 3, 10)}


def dislikes() -> dict[str, Switch]:
    return {f"{w:g}": {"objective": {"dislike_weight": w}} for w in (0.1, 0.3, 1.0)}


def ages() -> dict[str, Switch]:
    """Half lives as parts of the log: a counter has no days, but a length."""
    return {f"1/{n} of the log": {"sessions": {"half_life_days": -1.0 / n}} for n in (1, 2, 4)}


def log_of(name: str, config: Path | None) -> Log:
    """One of the logs of benchmarks/real.py, or files. Raises FileNotFoundError."""
    if name == "online_retail":
        return Log(real.config_of(name), {"age": ages(), "walks": walks()})
    if name == "online_retail_customers":
        events = real.config_of("online_retail").events.model_copy(
            update={"session": None, "dislike_types": ("cancel",), "unknown_users": "reject"}
        )
        sessions = CUSTOMERS.sessions.model_copy(update={"gap_minutes": WEEK})
        quiet = {"events": events, "sessions": sessions, "objective": ObjectiveConfig(dislike_weight=0)}
        return Log(CUSTOMERS.model_copy(update=quiet), {"dislikes": dislikes(), "age": ages(), "walks": walks()})
    if name == "wikispeedia":
        return Log(
            real.config_of(name),
            {"segments": segments("category"), "segments, fine": segments("category_full"), "walks": walks()},
        )
    if name in real.LOGS:
        return Log(real.config_of(name), {"age": ages(), "walks": walks()})
    return own_log(name, config)


def own_log(paths: str, config: Path | None) -> Log:
    """With the switches that a check offers, as it offers them."""
    base = load_config(config, {"events": {"paths": (paths,)}})
    offers = examine(base).offers
    # Types are told once, while the log is read; what they count is switched.
    known = {name: value for offer in offers for name, value in offer.settings.get("events", {}).items()}
    events = EventsConfig.model_validate(base.events.model_dump(exclude_unset=True) | known)
    objective = base.objective.model_copy(update={"dislike_weight": 0.0})
    read = base.model_copy(update={"events": events, "objective": objective})
    return Log(read, {offer.switch: {"as offered": offer.settings} for offer in offers})


def parts_of(log: Log, folder: Path, test: bool) -> tuple[Part, Catalogue]:
    with Workspace(folder / "models", {"benchmark": "objectives"}, LogReporter()) as work:
        catalogue, read = read_catalogue(prepare(log.config, work), log.config, work)
    split = split_test(read.corpus, read.vocabulary.ids, log.config)
    split = split if test else split_validation(split, log.config)
    prefixes = sample_prefixes(split.held_out, PREFIXES, np.random.default_rng(1))
    last, wanted = np.array([p[-1] for p in prefixes.prefixes]), prefixes.targets.astype(np.int64)
    other = np.flatnonzero(last != wanted)
    rare = split.train.counts()[wanted[other]] <= RARE
    return Part(split, Asked(last[other], wanted[other]), prefixes.take(other), rare), catalogue


def hits(part: Part, catalogue: Catalogue, log: Log, switch: Switch, engine: str, seeds: int) -> Floats:
    """Of every question, averaged over the seeds."""
    base, train = log.config, part.split.train
    half_life = switch.get("sessions", {}).get("half_life_days", 0.0)
    if half_life < 0:
        days = float(np.ptp(np.quantile(train.ends, (0.001, 0.999)))) / DAY
        switch = {"sessions": {"half_life_days": -half_life * days}}
    config = changed(switch, base)
    if base.events.type_weights and "type_weights" not in switch.get("events", {}):
        train = replace(train, weights=None)  # the log was read with them
    segments = segments_of(catalogue, part.split.ids, config)
    found = np.zeros(len(part.asked.last))
    for seed in range(1, seeds + 1):
        lesson = lesson_of(train, config.model_copy(update={"seed": seed}), segments)
        trainer = TrainerConfig(engine=engine, workers=config.trainer.workers)  # type: ignore[arg-type]
        spaces = train_plainly(lesson.corpus, trainer, seed, lambda _: None, lesson.signals)
        found += (places(spaces, part.asked) < K) / seeds
    return found


def cell(values: Floats, off: Floats | None, sessions: NDArray[np.int64]) -> str:
    """The mean; and the difference from `off` with its interval, marked where it does not hold 0."""
    if not len(values):
        return "-"
    if off is None:
        return f"{values.mean():.4f}"
    mean, low, high = Bootstrap(sessions, SAMPLES, np.random.default_rng(1)).interval(values - off)
    return f"{values.mean():.4f} ({mean:+.4f}, {low:+.4f} to {high:+.4f}){' *' if low > 0 or high < 0 else ''}"


def table(
    name: str,
    engines: list[str],
    seeds: int,
    test: bool,
    only: list[str],
    config: Path | None,
    say: Callable[[str], None] = print,
) -> None:
    """Where the log is not there, a line that says so."""
    try:
        log = log_of(name, config)
    except (FileNotFoundError, EventsMissing) as error:
        say(f"\n{name}: {error}")
        return
    with tempfile.TemporaryDirectory() as folder:
        part, catalogue = parts_of(log, Path(folder), test)
    sessions, rare = part.prefixes.sessions, part.rare
    which = "test" if test else "validation"
    say(
        f"\n{name}: {len(part.split.train.tokens):,} events, {part.split.train.items:,} items; {seeds} seeds, {which}\n"
    )
    say(
        f"| engine | switch | strength | next (n={len(rare):,}) | rare (n={int(rare.sum()):,}) |\n|---|---|---|---|---|"
    )
    for engine in engines:
        off = hits(part, catalogue, log, {}, engine, seeds)
        say(f"| {engine} | off | | {cell(off, None, sessions)} | {cell(off[rare], None, sessions[rare])} |")
        for switch, strengths in log.switches.items():
            for strength, settings in strengths.items():
                if only and f"{switch}={strength}" not in only:
                    continue
                found = hits(part, catalogue, log, settings, engine, seeds)
                cells = f"{cell(found, off, sessions)} | {cell(found[rare], off[rare], sessions[rare])}"
                say(f"| {engine} | {switch} | {strength} | {cells} |")
