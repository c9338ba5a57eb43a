"""The model and its baselines on the real logs: the tables of benchmarks/README.md.

    python -m benchmarks.quality                          # all four logs, default settings, three seeds
    python -m benchmarks.quality wikispeedia --seeds 1
    python -m benchmarks.quality --tune 20m --out tuned   # `item2vec tune` first, its settings kept in tuned/<log>.toml
    python -m benchmarks.quality --out tuned              # measure the settings that are there

Each measurement is the whole chain, as `item2vec train` runs it; the first seed's report holds the baselines too. What
is tuned and what is chosen is so on validation parts; the test part is looked at once, at the end.
"""

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.real import LOGS, config_of
from index.artifact.manifest import Manifest
from index.report import MODEL, RANKED_TASKS, TASKS, VECTORS_ALONE, Report, Row, Task
from training.config import TrainConfig
from training.configfile import load_config
from training.evaluation.tables import difference, facts, markdown, rows_of
from training.pipeline.run import run
from training.progress import LogReporter
from training.tune.budget import budget_of
from training.tune.run import Tuning, tune

# What is to be reached, HR@20 and MRR@20: (vectors alone, vectors with counts, the aim beyond).
GOALS: dict[tuple[str, Task], tuple[tuple[float, ...], ...]] = {
    ("nowplaying", "T1"): ((0.160, 0.047), (0.172, 0.067), (0.178, 0.070)),
    ("nowplaying", "T2"): ((0.215, 0.068), (0.236, 0.086), (0.245, 0.092)),
    ("online_retail", "T1"): ((0.450, 0.205), (0.470, 0.229), (0.480, 0.235)),
    ("online_retail", "T2"): ((0.455, 0.222), (0.484, 0.245), (0.492, 0.250)),
    ("wikispeedia", "T1"): ((0.793, 0.312), (0.801, 0.328), (0.806, 0.335)),
    ("wikispeedia", "T2"): ((0.787, 0.316), (0.794, 0.333), (0.800, 0.338)),
    ("deezer_ecommerce", "T1"): ((0.325, 0.150), (0.340, 0.158), (0.350, 0.165)),
    ("deezer_ecommerce", "T2"): ((0.350, 0.125), (0.368, 0.154), (0.380, 0.160)),
    ("wikispeedia", "T3"): ((0.630,), (), (0.650,)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="*", default=list(LOGS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tune", metavar="BUDGET", help="tune each log first: 90s, 20m, 2h")
    parser.add_argument("--out", type=Path, help="folder of the tuned settings, <log>.toml")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")
    logging.getLogger("gensim").setLevel(logging.WARNING)
    lines = []
    for name in options.logs:
        config = settings_of(name, options.tune, options.out)
        manifests = [measure(config, seed) for seed in range(1, options.seeds + 1)]
        reports = [manifest.metrics for manifest in manifests if manifest.metrics is not None]
        print(f"### {name}\n")
        for task in TASKS:
            if rows_of(reports[0], task)[1]:
                print(f"**{task}**\n\n{markdown(reports[0], task)}\n")
        print(facts(reports[0]) + "\n")
        trainer = config.trainer.model_dump(exclude_defaults=True)
        print(f"Trainer: `{trainer}`\n\nChosen: `{manifests[0].recommender}`\n")
        lines += list(against_goals(name, reports))
        sys.stdout.flush()
    header = ("log, task", "goal", "vectors alone", "goal", "vectors and counts", "aim", "ahead of the best baseline")
    print("| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|")
    print("\n".join(lines) + f"\n\n{machine()}, {options.seeds} seeds")


def settings_of(name: str, budget: str | None, folder: Path | None) -> TrainConfig:
    """The log's own, or what tuning found for it."""
    config = config_of(name)
    file = None if folder is None else folder / f"{name}.toml"
    if budget is not None:
        folder, file = folder or Path("tuned"), file or Path("tuned") / f"{name}.toml"
        folder.mkdir(parents=True, exist_ok=True)
        tune(Tuning(config, budget_of(budget)), folder / "runs", file, LogReporter(), force=True)
    return config if file is None else load_config(file, {})


def measure(config: TrainConfig, seed: int) -> Manifest:
    """The manifest of a run, with its report. The model is thrown away, so nothing is trained for it again and few
    neighbours are kept."""
    less = {"publish_all": False, "baselines": seed == 1}
    config = config.model_copy(
        update={
            "seed": seed,
            "evaluation": config.evaluation.model_copy(update=less),
            "index": config.index.model_copy(update={"neighbours": 10}),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        return run(config, Path(folder), LogReporter(), force=True).manifest


def against_goals(name: str, reports: list[Report]) -> Iterator[str]:
    """A line a task: means over the seeds with the least and the greatest HR@20, and the paired lead over the best
    baseline by HR@20 in the first seed's report."""
    for task in RANKED_TASKS:
        alone, both, aim = GOALS[name, task]
        rows = [{row.method: row for row in report.tasks.rows(task)} for report in reports]
        others = [row for method, row in rows[0].items() if method not in (MODEL, VECTORS_ALONE)]
        best = max(others, key=lambda row: row.hr20.mean)
        lead = difference(best.behind_item2vec.hr20 if best.behind_item2vec else None)
        yield (
            f"| {name} {task} | {shown(alone)} | {seeds([r[VECTORS_ALONE] for r in rows])} | {shown(both)} "
            f"| {seeds([r[MODEL] for r in rows])} | {shown(aim)} | {best.method}: {lead} |"
        )
    if (name, "T3") in GOALS and reports[0].tasks.T3:
        found = [row.shared_category10.mean for r in reports for row in r.tasks.T3 or () if row.method == MODEL]
        alone, _, aim = GOALS[name, "T3"]
        span = f"{sum(found) / len(found):.3f} ({min(found):.3f} to {max(found):.3f})"
        yield f"| {name} T3 | {shown(alone)} | {span} | | | {shown(aim)} | |"


def seeds(rows: list[Row]) -> str:
    hits, ranks = [row.hr20.mean for row in rows], [row.mrr20.mean for row in rows]
    mean = f"{sum(hits) / len(hits):.3f}/{sum(ranks) / len(ranks):.3f}"
    return f"{mean} ({min(hits):.3f} to {max(hits):.3f})"


def shown(goal: tuple[float, ...]) -> str:
    return "/".join(f"{figure:.3f}" for figure in goal)


if __name__ == "__main__":
    main()
