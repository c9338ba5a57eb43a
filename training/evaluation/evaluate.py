"""The model and its baselines on held-out sessions: the figures an artifact carries.

T1 asks from the last item of a prefix, T2 from all of it. Every item is ranked; the query item never counts; intervals
are over sessions; comparisons are paired, on the same prefixes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.ranking.recommender import Recommender
from index.report import MODEL, RANKED_TASKS, VECTORS_ALONE, Figure, Figures, Lead, RankedTask, Row
from training.baselines.items import FAMILIES, TASKS_OF, Baseline
from training.corpus import Corpus
from training.evaluation.metrics import FIGURES, Bootstrap, Ranks, gains, hits
from training.evaluation.ranks import rank_all
from training.evaluation.split import Prefixes

Rows = NDArray[np.int32]
Candidates = Mapping[RankedTask, Mapping[str, int]]
"""task -> family of baselines -> number of the candidate in the family's grid."""

COLD = 10  # items seen at most so often in training are cold
# What the gate needs even where no baselines are measured.
ONLY_POPULARITY: Candidates = {"T1": {"popularity": 0}, "T2": {"popularity": 0}}


@dataclass(frozen=True)
class Method:
    """One line of a table. score: prefixes -> dense scores."""

    name: str
    settings: dict[str, Any]
    score: Callable[[Sequence[Rows]], NDArray[np.float32]]


@dataclass(frozen=True)
class Questions:
    """Test prefixes, and the training sessions that everything asked has seen. resamples: behind each interval."""

    prefixes: Prefixes
    train: Corpus
    threads: int
    resamples: int
    seed: int

    def asked(self, task: RankedTask) -> list[Rows]:
        return self.prefixes.last_items() if task == "T1" else self.prefixes.prefixes

    @cached_property
    def new(self) -> NDArray[np.bool_]:
        """Of each prefix, whether its target is not already in it."""
        return ~self.prefixes.repeats()

    @cached_property
    def cold(self) -> NDArray[np.bool_]:
        """Of each prefix, whether training hardly saw its target."""
        found: NDArray[np.bool_] = self.train.counts()[self.prefixes.targets] <= COLD
        return found

    def bootstrap(self, chosen: NDArray[np.bool_] | slice = slice(None)) -> Bootstrap:
        return Bootstrap(self.prefixes.sessions[chosen], self.resamples, np.random.default_rng(self.seed))


def model_methods(recommender: Recommender, vectors: Recommender, task: RankedTask) -> list[Method]:
    """The published blend and the vectors alone, as Recommender ranks them."""
    one_item = task == "T1"

    def of(which: Recommender) -> Callable[[Sequence[Rows]], NDArray[np.float32]]:
        return lambda prefixes: which.scores(prefixes, one_item)

    return [Method(MODEL, {}, of(recommender)), Method(VECTORS_ALONE, {}, of(vectors))]


def choose_baselines(
    train: Corpus, prefixes: Prefixes, threads: int, progress: Callable[[float], None] = lambda _: None
) -> Candidates:
    """The candidate of each family that is best on validation (NDCG@20)."""
    chosen: dict[RankedTask, dict[str, int]] = {"T1": {}, "T2": {}}
    for done, (family, candidates) in enumerate(FAMILIES.items(), 1):
        values: dict[RankedTask, list[float]] = {"T1": [], "T2": []}
        for baseline in candidates(train):
            for task in RANKED_TASKS:
                if task in TASKS_OF[family]:
                    asked = prefixes.last_items() if task == "T1" else prefixes.prefixes
                    ranks = rank_all(baseline.scores, asked, prefixes.targets, train.items, threads=threads)
                    values[task].append(float(gains(ranks, 20).mean()))
        for task, found in values.items():
            if found:
                chosen[task][family] = int(np.argmax(found))
        progress(done / len(FAMILIES))
    return chosen


def baselines(train: Corpus, chosen: Mapping[str, int]) -> Iterator[Baseline]:
    """The chosen candidate of each family, fitted on `train`."""
    for family, number in chosen.items():
        yield from islice(FAMILIES[family](train), number, number + 1)


def evaluate(
    questions: Questions,
    recommender: Recommender,
    vectors: Recommender,
    chosen: Candidates,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[dict[RankedTask, tuple[Row, ...]], dict[RankedTask, Ranks]]:
    """(rows of each task, the model's own first; ranks of the model by task)."""
    rows: dict[RankedTask, tuple[Row, ...]] = {}
    ranks: dict[RankedTask, Ranks] = {}
    total, done = sum(2 + len(families) for families in chosen.values()), 0
    for task in RANKED_TASKS:
        fitted = (Method(b.name, b.settings, b.scores) for b in baselines(questions.train, chosen[task]))
        table = []
        for row, found in measured(questions, task, chain(model_methods(recommender, vectors, task), fitted)):
            table.append(row)
            ranks.setdefault(task, found)
            done += 1
            progress(done / total)
        rows[task] = tuple(table)
    return rows, ranks


def measured(questions: Questions, task: RankedTask, methods: Iterable[Method]) -> Iterator[tuple[Row, Ranks]]:
    """A row and the ranks of each method; the first is the model that the others are compared with."""
    prefixes, items, threads = questions.prefixes, questions.train.items, questions.threads
    new, cold = questions.new, questions.cold
    asked = questions.asked(task)
    ours: Ranks | None = None
    for method in methods:
        ranks = rank_all(method.score, asked, prefixes.targets, items, threads=threads)
        row: dict[str, Any] = {**figures(questions, ranks), "method": method.name, "settings": method.settings}
        if ours is None:
            ours = ranks
        else:
            row["behind_item2vec"] = lead(questions, ours, ranks)
        if cold.any():
            row["cold_hr@20"] = questions.bootstrap(cold).interval(hits(ranks[cold], 20))
        if task == "T2" and not new.all() and new.any():
            again = np.zeros(len(prefixes), dtype=np.int32)
            some = [prefix for prefix, is_new in zip(asked, new, strict=True) if is_new]
            again[new] = rank_all(method.score, some, prefixes.targets[new], items, exclude_seen=True, threads=threads)
            row["new_items"] = Figures.model_validate(figures(questions, again, new))
        yield Row.model_validate(row), ranks


def figures(questions: Questions, ranks: Ranks, chosen: NDArray[np.bool_] | slice = slice(None)) -> dict[str, Figure]:
    """By metric, over the chosen prefixes."""
    bootstrap = questions.bootstrap(chosen)
    return {name: bootstrap.interval(values(ranks[chosen], k)) for name, (values, k) in FIGURES.items()}


def lead(questions: Questions, ours: Ranks, theirs: Ranks) -> Lead:
    bootstrap = questions.bootstrap()
    return Lead.model_validate(
        {
            name: bootstrap.interval(values(ours, k) - values(theirs, k))
            for name, (values, k) in FIGURES.items()
            if name != "hr@10"
        }
    )
