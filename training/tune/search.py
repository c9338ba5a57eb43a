"""The loop of a search: draw settings, train, judge, until the budget is used up."""

import time

from optuna.trial import Trial

from index.errors import TrainingFailed
from training.config import TrainerConfig
from training.progress import Reporter
from training.tune.budget import Budget
from training.tune.space import Space
from training.tune.study import EndedTrial, Study
from training.tune.trial import Bench, Pace, Tick

FIRST_PART = 0.25  # of sessions and questions: a trial is compared with the others on them before it gets the rest
SHORT = 2.0  # seconds; comparing a shorter training half way saves nothing
ENOUGH_TRIALS = 5  # to know how long one takes: from then on, one that would take too long is not begun
MOST_SKIPPED = 20  # points in a row that were tried before or take too long; then the search ends
MOST_RESERVED = 0.5  # of the budget, for the finalists


class Search:
    """share: of the sessions, to search on. finalists: how many are trained again at the end, beside the defaults.
    short: seconds; a training that takes no longer is not compared on a part first."""

    def __init__(
        self, space: Space, study: Study, budget: Budget, share: float, finalists: int, seed: int, short: float = SHORT
    ) -> None:
        self.space = space
        self.study = study
        self.budget = budget
        self._share = share
        self._finalists = finalists
        self._seed = seed
        self._short = short
        # A cache: validating a point takes long, and each is needed often.
        self._settings_of: dict[int, TrainerConfig] = {}

    def settings(self, tried: EndedTrial) -> TrainerConfig:
        if tried.number not in self._settings_of:
            self._settings_of[tried.number] = self.space.settings(tried.point)
        return self._settings_of[tried.number]

    def best(self) -> list[EndedTrial]:
        """The finalists, best first. One of them is the best when blended with counts, as a model is published. The
        defaults are not among them: they are always trained again."""
        judged = [t for t in self.study.done() if t.value is not None and self.settings(t) != self.space.base]
        found = sorted(judged, key=lambda t: -(t.value or 0.0))[: self._finalists]
        published = max(judged, key=lambda t: t.facts.get("blend", 0.0), default=None)
        return found if published is None or published in found else [*found[:-1], published]

    def defaults(self) -> EndedTrial | None:
        """The trial of the defaults; None when they could not be trained."""
        return next((t for t in self.study.done() if t.value is not None and self.settings(t) == self.space.base), None)

    def finalists(self) -> list[EndedTrial]:
        """Those that are trained once more at the end: the defaults, where they could be trained, and the best."""
        defaults = self.defaults()
        return self.best() if defaults is None else [defaults, *self.best()]

    def over(self) -> bool:
        """Whether trials or time are used up, the finalists' time included. The defaults are always tried."""
        done = len(self.study.done())
        enough = self.budget.trials is not None and done >= self.budget.trials
        return done > 0 and (enough or self._left() <= 0)

    def run(self, bench: Bench, reporter: Reporter) -> None:
        pace = Pace(bench.corpus)
        for tried in self.study.done():
            if tried.value is not None:
                pace.learn(self.settings(tried), tried.facts["training_seconds"], tried.facts["reading_seconds"])
        part = bench.part(FIRST_PART, self._seed)
        with reporter.step("tune") as step:
            skipped = 0  # in a row
            while not self.over() and skipped < MOST_SKIPPED:
                used, done, begun = self.study.used, len(self.study.done()), time.perf_counter()
                trial = self.study.ask()
                settings = self.space.settings(trial.params)
                reason = self._reason_to_skip(settings, pace)
                if reason:
                    self.study.skip(trial, reason)
                    skipped += 1
                    continue
                skipped = 0

                def tick(_: float, used: float = used, done: int = done, begun: float = begun) -> None:
                    step.share(self.budget.share(used + time.perf_counter() - begun, done))

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

    def _try(self, trial: Trial, settings: TrainerConfig, bench: Bench, part: Bench, pace: Pace, tick: Tick) -> None:
        begun = time.perf_counter()

        def seconds() -> float:
            return round(time.perf_counter() - begun, 3)

        try:
            if self._compared_first(settings, pace):
                first = part.run(settings, self._seed, tick)
                if self.study.falls_behind(trial, first.choice.value):
                    reason = f"worse than the median on {FIRST_PART:.0%} of the sessions"
                    self.study.leave(trial, reason, seconds=seconds())
                    return
            result = bench.run(settings, self._seed, tick)
        except TrainingFailed as error:
            self.study.leave(trial, error.short, detail=str(error), seconds=seconds())
            return
        pace.learn(settings, result.training_seconds, result.reading_seconds)
        self.study.complete(
            trial,
            result.choice.value,
            training_seconds=round(result.training_seconds, 3),
            reading_seconds=round(result.reading_seconds, 3),
            seconds=seconds(),
            **result.choice.values,
        )

    def _compared_first(self, settings: TrainerConfig, pace: Pace) -> bool:
        """Whether a trial is compared with the others on FIRST_PART of the sessions before it gets all of them."""
        return len(pace) > 0 and pace.training(settings) >= self._short

    def _reason_to_skip(self, settings: TrainerConfig, pace: Pace) -> str:
        """Empty when there is none."""
        if any(self.settings(t) == settings for t in self.study.done()):
            return "tried before"
        parts = 1 + FIRST_PART if self._compared_first(settings, pace) else 1
        if len(pace) >= ENOUGH_TRIALS and parts * pace.trial(settings) > self._left():
            return "would take longer than what is left of the budget"
        return ""

    def remaining(self) -> float:
        """Seconds of the budget."""
        return self.budget.seconds - self.study.used

    def _left(self) -> float:
        """Seconds for further trials. The time of the finalists is reserved: they are trained once more at the end."""
        facts = [t.facts for t in self.finalists()]
        reserved = sum(float(f["training_seconds"] / self._share + f["reading_seconds"]) for f in facts)
        return self.remaining() - min(reserved, MOST_RESERVED * self.budget.seconds)

    def _top(self) -> float:
        return max((t.value for t in self.study.done() if t.value is not None), default=0.0)
