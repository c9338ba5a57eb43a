"""The loop of a search: draw settings, train, judge, until the budget is used up."""

import time
from collections.abc import Callable

from optuna.trial import Trial

from index.errors import TrainingFailed
from training.config import TrainerConfig
from training.progress import Reporter
from training.tune.budget import Budget
from training.tune.space import Space
from training.tune.study import Study, Tried
from training.tune.trial import Bench, Pace, parts_of

FIRST_PART = 0.25  # of sessions and questions: where a trial is compared before all of them are used
SHORT = 2.0  # seconds; cutting a training that takes no longer saves nothing
KNOWN = 5  # trials, before one is refused for what it would take
IN_VAIN = 20  # points in a row that were tried before or take too long, and the search ends
MOST_APART = 0.5  # of the budget, for the finalists


class Search:
    """share: of the sessions, to search on. finalists: how many are trained again at the end, beside the defaults.
    short: a training that takes no longer is not cut in two."""

    def __init__(
        self,
        space: Space,
        study: Study,
        budget: Budget,
        share: float,
        finalists: int,
        seed: int,
        short: float = SHORT,
    ) -> None:
        self.space = space
        self.study = study
        self._budget = budget
        self._share = share
        self._finalists = finalists
        self._seed = seed
        self._short = short
        self._known: dict[int, TrainerConfig] = {}  # asked for again and again, of every trial

    def settings(self, tried: Tried) -> TrainerConfig:
        if tried.number not in self._known:
            self._known[tried.number] = self.space.settings(tried.point)
        return self._known[tried.number]

    def best(self) -> list[Tried]:
        """The finalists, best first, and one of them the best as it would be published, blended with counts. The
        defaults are beside them and so not among them."""
        judged = [t for t in self.study.done() if t.value is not None and self.settings(t) != self.space.base]
        found = sorted(judged, key=lambda t: -(t.value or 0.0))[: self._finalists]
        published = max(judged, key=lambda t: t.facts.get("blend", 0.0), default=None)
        return found if published is None or published in found else [*found[:-1], published]

    def defaults(self) -> Tried | None:
        """None when they could not be trained."""
        return next((t for t in self.study.done() if t.value is not None and self.settings(t) == self.space.base), None)

    def over(self) -> bool:
        """Whether trials or time are used up, what the finalists will take included. The defaults are always tried."""
        done = self.study.done()
        if not done:
            return False
        if self._budget.trials is not None and len(done) >= self._budget.trials:
            return True
        return self._left() <= 0

    def run(self, bench: Bench, reporter: Reporter) -> None:
        pace = Pace(bench.corpus)
        for tried in self.study.done():
            if tried.value is not None:
                pace.learn(self.settings(tried), tried.facts["training_seconds"], tried.facts["reading_seconds"])
        part = bench.part(FIRST_PART, self._seed)
        with reporter.step("tune") as step:
            in_vain = 0
            while not self.over() and in_vain < IN_VAIN:
                used, done, begun = self.study.used, len(self.study.done()), time.perf_counter()
                trial = self.study.ask()
                settings = self.space.settings(trial.params)
                needless = self._needless(settings, pace)
                if needless:
                    self.study.skip(trial, needless)
                    in_vain += 1
                    continue
                in_vain = 0

                def tick(_: float, used: float = used, done: int = done, begun: float = begun) -> None:
                    step.share(self._budget.share(used + time.perf_counter() - begun, done))

                before = self._top()
                self._try(trial, settings, bench, part, pace, tick)
                tick(1.0)
                if self._top() > before:
                    changes = self.space.changes(settings)
                    reporter.note("better", trial=trial.number, value=self._top(), **changes)
            step.facts |= {"trials": len(self.study.done()), "best": self._top()}
            defaults = self.defaults()
            if defaults is not None:
                step.facts["defaults"] = defaults.value

    def _try(
        self,
        trial: Trial,
        settings: TrainerConfig,
        bench: Bench,
        part: Bench,
        pace: Pace,
        tick: Callable[[float], None],
    ) -> None:
        begun = time.perf_counter()

        def seconds() -> float:
            return round(time.perf_counter() - begun, 3)

        try:
            if self._cut(settings, pace):
                first = part.train(settings, self._seed, tick)
                if self.study.falls_behind(trial, first.choice.value):
                    reason = f"worse than the median on {FIRST_PART:.0%} of the sessions"
                    self.study.leave(trial, reason, seconds=seconds())
                    return
            trained = bench.train(settings, self._seed, tick)
        except TrainingFailed as error:
            self.study.leave(trial, str(error).split(":")[0], detail=str(error), seconds=seconds())
            return
        pace.learn(settings, trained.training_seconds, trained.reading_seconds)
        self.study.complete(
            trial,
            trained.choice.value,
            training_seconds=round(trained.training_seconds, 3),
            reading_seconds=round(trained.reading_seconds, 3),
            seconds=seconds(),
            **parts_of(trained.choice),
        )

    def _cut(self, settings: TrainerConfig, pace: Pace) -> bool:
        return len(pace) > 0 and pace.training(settings) >= self._short

    def _needless(self, settings: TrainerConfig, pace: Pace) -> str:
        """Why not to train with these; empty: nothing against it."""
        if any(self.settings(t) == settings for t in self.study.done()):
            return "tried before"
        parts = 1 + FIRST_PART if self._cut(settings, pace) else 1
        if len(pace) >= KNOWN and parts * pace.trial(settings) > self._left():
            return "would take longer than what is left of the budget"
        return ""

    def remaining(self) -> float:
        """Seconds of the budget."""
        return self._budget.seconds - self.study.used

    def _left(self) -> float:
        """Seconds for further trials: what the finalists will take is put aside, as far as it is known yet."""
        defaults = self.defaults()
        finals = [*self.best(), *([] if defaults is None else [defaults])]
        apart = sum(float(t.facts["training_seconds"] / self._share + t.facts["reading_seconds"]) for t in finals)
        return self.remaining() - min(apart, MOST_APART * self._budget.seconds)

    def _top(self) -> float:
        return max((t.value for t in self.study.done() if t.value is not None), default=0.0)
