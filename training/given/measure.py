"""The model as it serves, on the questions of a file: every question counts, and all items are ranked."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from index.model import Model
from index.report import MODEL, RANKED_TASKS, RankedTask
from training.config import TrainConfig
from training.evaluation.evaluate import figures
from training.evaluation.metrics import Bootstrap, Ranks
from training.evaluation.ranks import rank_scored
from training.given.questions import Questions
from training.given.report import GivenReport, GivenRow, GivenTasks

Rows = NDArray[np.int32]
POPULARITY = "popularity"
# Sessions times resamples that are held at once, 4 bytes each and for a moment 20; a test of more sessions is resampled
# less often, as its intervals are narrow anyway.
MOST_DRAWN, FEWEST_RESAMPLES = 40_000_000, 50


def measure_given(
    model: Model,
    questions: Questions,
    test: str,
    config: TrainConfig,
    progress: Callable[[float], None] = lambda _: None,
) -> GivenReport:
    """test: the file's name, for the report. config: as the model was trained; its seed and resamples are used."""
    asked = Asked(model, questions)
    many = FEWEST_RESAMPLES, MOST_DRAWN // max(1, len(np.unique(questions.sessions)))
    resamples = min(config.evaluation.bootstrap, max(many))
    bootstrap = Bootstrap(questions.sessions, resamples, np.random.default_rng(config.seed))
    tasks: dict[RankedTask, tuple[GivenRow, ...]] = {}
    for done, task in enumerate(RANKED_TASKS, 1):
        found = {MODEL: asked.ranks(task, config.trainer.workers), POPULARITY: asked.popular(task)}
        tasks[task] = tuple(GivenRow(method=name, **dict(figures(bootstrap, ranks))) for name, ranks in found.items())
        progress(done / len(RANKED_TASKS))
    return GivenReport(
        version=model.manifest.version,
        test=test,
        form=questions.form,
        prefixes=len(questions),
        sessions=len(np.unique(questions.sessions)),
        unknown_targets=int((asked.targets < 0).sum()),
        unknown_prefixes=int((~asked.answerable).sum()),
        immediate_repeat_share=float(questions.of_last().mean()),
        repeat_share=float(questions.repeats().mean()),
        last_may_return=model.recommender.scorer.config.repeats_last,
        rejected=questions.rejected,
        tasks=GivenTasks(**tasks),
    )


class Asked:
    """The questions in the model's rows. Items of a prefix that it does not know are passed over, as it does when it
    serves; a target that it does not know is a miss (-1).

    A prefix that has nothing left is answered with the fallback of the service: the most popular items of the last
    item's category, then the most popular of all.
    """

    def __init__(self, model: Model, questions: Questions) -> None:
        places = [model.vocabulary.find(item) for item in questions.ids]
        rows = np.array([-1 if place is None else place for place in places], dtype=np.int32)
        self._model = model
        self._questions = questions
        self.targets: Rows = rows[questions.targets]
        self.prefixes: list[Rows] = [known[known >= 0] for known in (rows[prefix] for prefix in questions.prefixes)]
        self.answerable: NDArray[np.bool_] = np.array([len(prefix) > 0 for prefix in self.prefixes], dtype=np.bool_)

    def ranks(self, task: RankedTask, threads: int) -> Ranks:
        """Of the targets in what the model answers; 0 for a miss."""
        one_item = task == "T1"
        ranks = self._fallback()
        at = np.flatnonzero(self.answerable & (self.targets >= 0))
        asked = [self.prefixes[i][-1:] if one_item else self.prefixes[i] for i in at]
        score = partial(self._model.recommender.scores, one_item=one_item)
        ranks[at] = rank_scored(score, asked, self.targets[at], len(self._model.vocabulary), threads)
        return ranks

    def popular(self, task: RankedTask) -> Ranks:
        """The same in the list of all items by count. The last item is left out where the model leaves it out."""
        counts = self._model.vocabulary.counts
        place = np.empty(len(counts), dtype=np.int32)
        place[np.argsort(-counts, kind="stable")] = np.arange(len(counts), dtype=np.int32)
        ranks = np.where(self.targets >= 0, place[self.targets] + 1, 0).astype(np.int32)
        if task == "T2" and self._model.recommender.scorer.config.repeats_last:
            return ranks
        at = np.flatnonzero(self.answerable & (self.targets >= 0))
        last = np.array([self.prefixes[i][-1] for i in at], dtype=np.int32)
        before = place[last] < place[self.targets[at]]
        ranks[at] = np.where(last == self.targets[at], 0, ranks[at] - before)
        return ranks

    def _fallback(self) -> Ranks:
        """0 where the model itself answers."""
        ranks = np.zeros(len(self.targets), dtype=np.int32)
        before: dict[str, NDArray[np.int64]] = {}  # category -> how many of its items lie in the rows up to each
        for i in np.flatnonzero(~self.answerable & (self.targets >= 0)):
            category, row = self._category(self._questions.prefixes[int(i)]), int(self.targets[i])
            if category is None:
                ranks[i] = row + 1
                continue
            if category not in before:
                before[category] = np.cumsum(self._is_of(category))
            upto = before[category]
            is_of = upto[row] > (upto[row - 1] if row else 0)
            ranks[i] = upto[row] if is_of else upto[-1] + row + 1 - upto[row]
        return ranks

    def _category(self, prefix: Sequence[int] | NDArray[np.int32]) -> str | None:
        if not len(prefix):
            return None
        return self._model.catalogue.category(self._questions.ids[prefix[-1]])

    def _is_of(self, category: str) -> NDArray[np.bool_]:
        ids = self._model.vocabulary.ids
        return np.array([self._model.catalogue.category(item) == category for item in ids], dtype=np.bool_)
