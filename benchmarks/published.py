"""A published split, answered as it was published: every prefix of the given test part, none left out.

    python -m benchmarks.published

Trained on the rows whose column `split` says train, with the product's defaults and what the protocol needs: every item
keeps a vector, repeats stay, and the last item may return. Measured on the rows that say test, by the code of
`item2vec evaluate --test`. The two parts lie in a temporary folder, and go with it.
"""

import argparse
import logging
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.machine import machine
from benchmarks.real import DATA
from index.artifact.registry import Registry
from index.model import Model
from index.ranking.settings import RecommenderConfig
from index.report import Figure
from training.config import EvaluationConfig, SessionsConfig, TrainConfig
from training.eventsconfig import EventsConfig
from training.given.report import GivenReport
from training.given.run import measure_file
from training.pipeline.run import run
from training.progress import LogReporter

LOG, SPLIT = "nowplaying", "split"
# Network -> HR@20 and MRR@20 on this split, as its paper has them.
PAPERS = {"SR-GNN (2019)": (0.189, 0.075), "GCE-GNN (2020)": (0.224, 0.084)}
BAR, AIM = (0.240, 0.090), (0.250, 0.100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")
    source = DATA / LOG / "events.parquet"
    if not source.exists():
        print(f"{source} is not there, so there is nothing to run; set ITEM2VEC_DATA to the folder of the logs")
        return
    with tempfile.TemporaryDirectory(prefix="item2vec-published-") as folder:
        train, test = (part_of(source, part, Path(folder)) for part in ("train", "test"))
        started = time.perf_counter()
        run(config_of(train, options.seed), Path(folder) / "models", LogReporter(), force=True)
        seconds = time.perf_counter() - started
        started = time.perf_counter()
        report = measure_file(Model(Registry(Path(folder) / "models").open()), str(test), LogReporter())
        print(table(report))
        print(
            f"\n{report.prefixes:,} prefixes of {report.sessions:,} sessions; {report.unknown_targets:,} targets are "
            f"unknown; {report.immediate_repeat_share:.1%} of the targets are the last item, "
            f"{report.repeat_share:.1%} are anywhere in their prefix. Trained in {seconds:.0f} s, measured in "
            f"{time.perf_counter() - started:.0f} s.\n\n{machine()}, seed {options.seed}"
        )


def part_of(source: Path, part: str, folder: Path) -> Path:
    """The rows of one part, in a file of their own."""
    rows = pq.read_table(source)
    path = folder / f"{part}.parquet"
    pq.write_table(rows.filter(pc.equal(rows[SPLIT], part)), path)
    return path


def config_of(train: Path, seed: int) -> TrainConfig:
    """The defaults, but for the protocol. The baselines are no part of the model, and would only take time."""
    return TrainConfig(
        events=EventsConfig(paths=(str(train),), session="user_id"),
        sessions=SessionsConfig(min_item_count=1, collapse_repeats=False),
        recommender=RecommenderConfig(last_may_return=True),
        evaluation=EvaluationConfig(baselines=False),
        seed=seed,
    )


def table(report: GivenReport) -> str:
    """Ours, with 95 % intervals, beside those of the papers."""
    lines = [f"### {LOG}, the published split\n", "| method | HR@20 | MRR@20 | from |", "|---|---|---|---|"]
    for task, rows in (("T2", report.tasks.T2), ("T1", report.tasks.T1)):
        for row in rows:
            question = "the whole prefix" if task == "T2" else "the last item"
            lines.append(f"| {row.method}, {question} | {shown(row.hr20)} | {shown(row.mrr20)} | measured here |")
    lines += [f"| {name} | {hits:.3f} | {ranks:.3f} | its paper |" for name, (hits, ranks) in PAPERS.items()]
    lines.append(f"| the bar for item2vec, the whole prefix | {BAR[0]:.3f} | {BAR[1]:.3f} | |")
    lines.append(f"| the aim | {AIM[0]:.3f} | {AIM[1]:.3f} | |")
    return "\n".join(lines)


def shown(figure: Figure) -> str:
    return f"{figure.mean:.4f} ({figure.low:.4f} to {figure.high:.4f})"


if __name__ == "__main__":
    main()
