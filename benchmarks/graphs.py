"""Where an HNSW graph holds what it promises, and what it costs to find out, on one thread.

    python -m benchmarks.graphs                                # the real logs that are there, then a million items
    python -m benchmarks.graphs nowplaying --items 0           # one log, and nothing generated
    python -m benchmarks.graphs --whole                        # builds what was given up too, to see what it misses

Of each log three sets of vectors, from a training with `--quick`: those of `similar`, and those of `next` with
popularity beside them, once at the scale of the vectors, once at full size and weighed in the query. The service has no
graph for `next`; this is why. The weights are 1 for the vectors and 0.3 for popularity, the same on each log;
validation may choose others. What is generated is clustered, its norms are log-normal (sigma 0.8), its popularity is
Zipf's.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is loaded

import argparse
import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.machine import machine
from benchmarks.real import LOGS, config_of
from cli.train import quicker
from index.artifact.registry import Registry
from index.ranking.parts.question import Question
from index.ranking.readings import Float, normalised
from index.ranking.scorer import NextScorer
from index.ranking.settings import RecommenderConfig
from index.search.builder import GRAPHS, build
from index.search.graph import Asked, Shape, grow, worth
from training.choice.materials import Counted, Materials
from training.evaluation.split import split_test
from training.pipeline.choose import choose_settings
from training.pipeline.prepare import identity_of, prepare, read_catalogue
from training.pipeline.train import Trained, train_on_all
from training.progress import LogReporter
from training.workspace import Workspace

WEIGHTS = {"vectors": 1.0, "popular": 0.3}
MIN_RECALL, SEED = 0.99, 1
QUERIES = 500  # of each kind that `build` asks
ITEMS, DIMS, CLUSTER, SIGMA = 1_000_000, 100, 200, 0.8  # CLUSTER: items of each
SETS = ("similar", "next", "next, popularity at full size")
HEADER = "| log | vectors | items x dims | graph | a part | the whole, efSearch 64, 128, 256 ... | seconds | decided |"


def trained(name: str) -> tuple[Float, NextScorer]:
    """Vectors of `similar`, and what scores `next`, from the whole log with what a quick validation chose but for the
    weights. Raises FileNotFoundError where the log is not there."""
    config = quicker(config_of(name))
    told = LogReporter()
    with tempfile.TemporaryDirectory() as folder, Workspace(Path(folder), identity_of(config), told) as work:
        log = prepare(config, work)
        test = split_test(log.corpus, log.vocabulary.ids, config)
        items, log = read_catalogue(log, config, work)
        chosen = choose_settings(test, items, config, work, Trained(items))
        final = train_on_all(log, items, Registry(Path(folder)), chosen.config(config), work)
        materials = Materials(final.spaces, Counted(final.corpus, config.trainer.workers))
        blend = chosen.blend.model_copy(update={"counts": {}, "item": WEIGHTS, "session": WEIGHTS})
        return materials.similar(blend), materials.scorer(blend)


def generated(items: int) -> tuple[Float, NextScorer]:
    """The same of clusters: each item's query lies in the cluster of its target."""
    rng = np.random.default_rng(SEED)
    centres = rng.standard_normal((max(1, items // CLUSTER), DIMS), dtype=np.float32)
    cluster = rng.integers(len(centres), size=items)

    def around() -> Float:
        vectors = rng.standard_normal((items, DIMS), dtype=np.float32)
        vectors *= 0.5
        vectors += centres[cluster]
        return normalised(vectors)

    inputs, outputs = around(), around()
    outputs *= rng.lognormal(0, SIGMA, (items, 1)).astype(np.float32)
    counts = np.maximum(1, items // np.arange(1, items + 1))
    config = RecommenderConfig(next_reading="in-out", counts={}, item=WEIGHTS, session=WEIGHTS)
    return inputs, NextScorer.of(inputs, outputs, inputs, counts, config)


def points(similar: Float, scorer: NextScorer, kind: str) -> tuple[Float, Float | None]:
    """Vectors to build over, and queries; None: the vectors themselves. All products with queries are those of `next`.

    Queries may be long (160 on nowplaying, where targets have a length of 0.06). A graph is made from products of two
    items, which are popularity alone then, unless it has the scale that the vectors have for a query of length 1.
    """
    if kind == "similar":
        return similar, None
    part, popular = scorer.vectors["vectors"], scorer.popular["popular"]
    rows = np.random.default_rng(SEED).permutation(len(scorer))[: 2 * QUERIES].astype(np.int32)
    queries = part.of([Question.of_item(rows[i : i + 1]).recent for i in range(len(rows))])[0]
    weight = np.float32(WEIGHTS["popular"])
    scale = weight if kind != "next" else np.sqrt(np.einsum("ij,ij->i", queries, queries).mean(dtype=np.float32))
    last = np.full((len(queries), 1), scale, dtype=np.float32)
    return np.hstack([part.targets, (popular * weight / scale)[:, None]]), np.hstack([queries, last])


def rows(name: str, kind: str, vectors: Float, queries: Float | None, whole: bool) -> Iterator[str]:
    """A row for each graph that was tried. whole: build the first in full also where it was given up in a part."""
    built = build(vectors, 0, MIN_RECALL, SEED, 1, queries)
    decided = "flat" if built.graph is None else "efSearch {efSearch}".format(**built.parameters)
    for shape in GRAPHS:
        trials = [trial for trial in built.trials if trial.shape == shape]
        if not trials:
            continue
        parts = ", ".join(f"{t.items:,}: {t.recall_at_10:.3f}" for t in trials if t.items < len(vectors))
        found = ", ".join(f"{t.recall_at_10:.3f}" for t in trials if t.items == len(vectors))
        seconds = f"{trials[-1].seconds:.0f}"
        if whole and not found and shape == GRAPHS[0]:
            recall, more = in_full(vectors, queries, shape)
            found, seconds = f"not built ({recall:.3f})", f"{seconds} ({more:.0f})"
        last = shape == built.trials[-1].shape
        what = f"{len(vectors):,} x {vectors.shape[1]}"
        outcome = (decided if last else "given up") + (f", {built.seconds:.0f} s" if last else "")
        cells = (name, kind, what, f"M {shape.links}", parts, found or "not built", seconds, outcome)
        yield "| " + " | ".join(cells) + " |"


def in_full(vectors: Float, queries: Float | None, shape: Shape) -> tuple[float, float]:
    """Recall of the whole graph at the widest search, and the seconds that it took."""
    order = np.random.default_rng(SEED).permutation(len(vectors))
    own = order[:QUERIES, None] if queries is None else None
    judge = Asked.of(vectors, vectors[order[:QUERIES]] if queries is None else queries[:QUERIES], own)
    graph, trials = grow(vectors, order, shape, None, judge, 0.0, SEED, 1, lambda _: None)
    assert graph is not None
    return judge.recall(graph, worth(len(vectors))[-1], np.arange(len(vectors)), 1), trials[-1].seconds


def one(name: str, items: int, kind: str | None, whole: bool) -> None:
    """Prints the rows of a log or of generated items; kind: of one set of vectors only."""
    similar, scorer = trained(name) if name in LOGS else generated(items)
    for each in SETS if kind is None else (kind,):
        for line in rows(name, each, *points(similar, scorer, each), whole):
            print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="*", default=list(LOGS))
    parser.add_argument("--items", type=int, default=ITEMS, help="how many are generated; 0: none")
    parser.add_argument("--whole", action="store_true", help="build the first graph in full also where it was given up")
    parser.add_argument("--once", help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")
    if options.once:
        one("generated", options.items, options.once, options.whole)
        return
    print(HEADER + "\n" + "|---" * (HEADER.count("|") - 1) + "|")
    for name in options.logs:
        try:
            one(name, 0, None, options.whole)
        except FileNotFoundError as error:
            print(f"{name} is skipped: {error}", file=sys.stderr)
    peaks = []
    for kind in SETS if options.items else ():
        # A process of its own, whose peak is that of these vectors.
        command = [sys.executable, "-m", "benchmarks.graphs", "--items", str(options.items), "--once", kind]
        process = subprocess.Popen([*command, "--whole"] if options.whole else command)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"the measurement of {kind} failed")
        peaks.append(f"{kind} {usage.ru_maxrss / 1024:,.0f}")
    if peaks:
        print(f"\nPeak MB of the generated ones, with two matrices of {options.items * DIMS * 4 / 2**20:,.0f} MB that")
        print(f"they are made of: {', '.join(peaks)}.")
    print(f"\n{machine()}; one thread; min_recall {MIN_RECALL}, {QUERIES} queries.")


if __name__ == "__main__":
    main()
