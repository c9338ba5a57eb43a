"""The model and its baselines on held-out sessions: the figures an artifact carries.

T1 asks from the last item of a prefix, T2 from all of it. Every item is ranked; the query item never counts, but in T2
where the model may recommend it; intervals are over sessions; comparisons are paired, on the same prefixes.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, groupby

import numpy as np
from numpy.typing import NDArray

from index.ranking.recommender import Recommender
from index.report import MODEL, RANKED_TASKS, VECTORS_ALONE, Figures, Lead, RankedTask, Row
from training.baselines.baseline import Method, Scores
from training.baselines.families import FAMILIES, MOST_ITEMS, TASKS_OF
from training.baselines.seen import Seen
from training.corpus import Corpus
from training.evaluation.metrics import FIGURES, Bootstrap, Ranks, gains, hits
from training.evaluation.ranks import rank_each, rank_twice
from training.evaluation.split import Prefixes

Candidates = Mapping[RankedTask, Mapping[str, int]]
"""task -> family of baselines -> number of the candidate in the family's grid."""

COLD = 10  # items seen at most so often in training are cold
# What the gate needs even where no baselines are measured.
ONLY_POPULARITY: Candidates = {task: {"popularity": 0} for task in RANKED_TASKS}


@dataclass(frozen=True)
class Questions:
    """Test prefixes, and the training sessions that everything asked has seen. resamples: behind each interval.
    last_may_return: whether the last item of a session counts, for the model and for all baselines alike."""

    prefixes: Prefixes
    train: Corpus
    threads: int
    resamples: int
    seed: int
    last_may_return: bool = False

    def of(self, task: RankedTask) -> "Questions":
        """Those of the task: after one item that item itself is no question."""
        return self._of_item if task == "T1" else self

    @cached_property
    def _of_item(self) -> "Questions":
        others = self.prefixes.without_last()
        return self if others is self.prefixes else replace(self, prefixes=others, last_may_return=False)

    @cached_property
    def seen(self) -> Seen:
        return Seen(self.train, self.threads)

    @cached_property
    def new(self) -> NDArray[np.bool_]:
        """Of each prefix, whether its target is not already in it."""
        return ~self.prefixes.repeats()

    @cached_property
    def cold(self) -> NDArray[np.bool_]:
        """Of each prefix, whether training hardly saw its target."""
        found: NDArray[np.bool_] = self.train.counts()[self.prefixes.targets] <= COLD
        return found

    @cached_property
    def of_all(self) -> Bootstrap:
        return self._bootstrap(slice(None))

    @cached_property
    def of_new(self) -> Bootstrap:
        """Of the prefixes whose target is not in them."""
        return self._bootstrap(self.new)

    @cached_property
    def of_cold(self) -> Bootstrap:
        """Of the prefixes whose target training hardly saw."""
        return self._bootstrap(self.cold)

    def _bootstrap(self, chosen: NDArray[np.bool_] | slice) -> Bootstrap:
        return Bootstrap(self.prefixes.sessions[chosen], self.resamples, np.random.default_rng(self.seed))


def model_methods(recommender: Recommender, vectors: Recommender, task: RankedTask) -> list[Method]:
    """The published blend and the vectors alone, as Recommender ranks them."""
    one_item = task == "T1"

    def of(which: Recommender) -> Scores:
        return lambda prefixes: which.scores(prefixes, one_item)

    return [Method(MODEL, {}, of(recommender)), Method(VECTORS_ALONE, {}, of(vectors))]


def choose_baselines(
    train: Corpus,
    prefixes: Prefixes,
    threads: int,
    progress: Callable[[float], None] = lambda _: None,
    largest: int = 0,
    last_may_return: bool = False,
) -> Candidates:
    """The candidate of each family that is best on validation (NDCG@20). largest: items of the corpus that they will be
    fitted on for the test; a family that cannot be fitted there is not tried here. last_may_return: in a session."""
    others = prefixes.without_last()
    asked = {"T1": others, "T2": prefixes if last_may_return else others}
    chosen: dict[RankedTask, dict[str, int]] = {task: {} for task in RANKED_TASKS}
    seen = Seen(train, threads)
    for done, (family, candidates) in enumerate(FAMILIES.items(), 1):
        if largest > MOST_ITEMS.get(family, largest):
            continue
        values: dict[RankedTask, list[float]] = {task: [] for task in RANKED_TASKS}
        for fit, alike in groupby(candidates(seen), key=lambda baseline: baseline.fit):
            scores, owns = fit(), [baseline.own for baseline in alike]
            for task in TASKS_OF[family]:
                part, returns = asked[task], task == "T2" and last_may_return
                ranks = rank_each(scores, owns, part.asked(task), part.targets, train.items, threads, returns)
                values[task] += [float(gains(found, 20).mean()) for found in ranks]
        for task, found in values.items():
            if found:
                chosen[task][family] = int(np.argmax(found))
        progress(done / len(FAMILIES))
    return chosen


def baselines(seen: Seen, chosen: Candidates) -> Iterator[tuple[RankedTask, Method]]:
    """The chosen candidates, fitted on what is seen, family by family: tasks share what a family has counted."""
    for family, candidates in FAMILIES.items():
        for number, baseline in enumerate(candidates(seen)):
            tasks = [task for task in RANKED_TASKS if chosen[task].get(family) == number]
            if tasks:
                method = baseline.method()
                yield from ((task, method) for task in tasks)


def evaluate(
    questions: Questions,
    recommender: Recommender,
    vectors: Recommender,
    chosen: Candidates,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[dict[RankedTask, tuple[Row, ...]], dict[RankedTask, Ranks]]:
    """(rows of each task, the model's own first; ranks of the model by task, 0 where the task does not ask)."""
    rows: dict[RankedTask, list[Row]] = {task: [] for task in RANKED_TASKS}
    ranks: dict[RankedTask, Ranks] = {}
    total = sum(2 + len(families) for families in chosen.values())
    ours = ((task, method) for task in RANKED_TASKS for method in model_methods(recommender, vectors, task))
    for done, (task, method) in enumerate(chain(ours, baselines(questions.seen, chosen)), 1):
        part = questions.of(task)
        asked, targets = part.prefixes.asked(task), part.prefixes.targets
        new, returns = part.new if task == "T2" else None, task == "T2" and part.last_may_return
        found, among_new = rank_twice(method.scores, asked, targets, part.train.items, new, part.threads, returns)
        rows[task].append(row_of(part, method, found, among_new, ranks.get(task)))
        ranks.setdefault(task, found)
        progress(done / total)
    if len(ranks["T1"]) < len(questions.prefixes):
        spread = np.zeros(len(questions.prefixes), dtype=np.int32)
        spread[~questions.prefixes.of_last()] = ranks["T1"]
        ranks["T1"] = spread
    return {task: tuple(table) for task, table in rows.items()}, ranks


def row_of(questions: Questions, method: Method, ranks: Ranks, among_new: Ranks | None, ours: Ranks | None) -> Row:
    """among_new: of targets that are not in their prefix, among such items only. ours: ranks of the model, for the
    others to be compared with."""
    cold = questions.cold
    return Row(
        method=method.name,
        settings=method.settings,
        behind_item2vec=None if ours is None else lead(questions, ours, ranks),
        cold_hr20=questions.of_cold.interval(hits(ranks[cold], 20)) if cold.any() else None,
        new_items=new_items(questions, among_new),
        **dict(figures(questions.of_all, ranks)),
    )


def figures(bootstrap: Bootstrap, ranks: Ranks) -> Figures:
    """Over the prefixes of the bootstrap."""
    return Figures.model_validate({name: bootstrap.interval(values(ranks, k)) for name, (values, k) in FIGURES.items()})


def new_items(questions: Questions, ranks: Ranks | None) -> Figures | None:
    """None where that is all of the prefixes or none."""
    new = questions.new
    if ranks is None or new.all() or not new.any():
        return None
    return figures(questions.of_new, ranks[new])


def lead(questions: Questions, ours: Ranks, theirs: Ranks) -> Lead:
    bootstrap = questions.of_all
    pairs = [(name, values(ours, k) - values(theirs, k)) for name, (values, k) in FIGURES.items() if name != "hr@10"]
    return Lead.model_validate({name: bootstrap.interval(differences) for name, differences in pairs})
