"""The search for settings: of each engine the cheapest that is as good as gensim's best."""

import sys
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from benchmarks.train.corpora import World
from benchmarks.train.engines import LABELS, STEPPING, Sentences, lists_of, train_once, written
from benchmarks.train.judge import FIGURES, Judge, Values, not_below
from index.errors import TrainingFailed
from training.config import Engine, Steps

GENSIM = tuple(
    Steps(epochs, first, 1e-4)
    for epochs, first in ((3, 0.1), (3, 0.2), (5, 0.025), (5, 0.1), (5, 0.2), (10, 0.05), (10, 0.1), (20, 0.1))
)
# On nowplaying gensim's setting is no question: the best of many. On 100k a pass takes it a minute: those around the
# best of 20k.
FIXED = {"nowplaying": (Steps(20, 0.1, 1e-4),), "100k": tuple(Steps(e, 0.1, 1e-4) for e in (3, 5))}
# Ours in order of cost, until some are as good.
OURS = tuple(Steps(epochs, 1.0, last) for epochs in (2, 3, 4, 5, 6, 7, 8, 10, 14, 20) for last in (0.3, 0.03))


@dataclass(frozen=True)
class Trial:
    """One engine at one setting. seconds: of the first seed. figures: of each prefix, mean over seeds; None where the
    training diverged."""

    engine: Engine
    steps: Steps
    seconds: float
    figures: Values | None

    def total(self) -> float:
        return -1.0 if self.figures is None else float(self.figures.mean(axis=1).sum())


class Search:
    """One corpus. As good: no figure lower than gensim's best by more than one standard error of the paired
    difference."""

    def __init__(self, made: World, seeds: int) -> None:
        self._corpus, self._seeds = made.train, seeds
        self._judge = Judge(made, made.prefixes(seed=2))  # others than those that the figures come from
        self._sentences: Sentences = lists_of(made.train)
        self.trials = [self._trial("gensim", steps) for steps in FIXED.get(made.name, GENSIM)]
        self.best = max(self.trials, key=Trial.total)
        for _, steps in groupby(OURS, key=lambda s: s.epochs):
            self.trials += (group := [self._trial("sgns", s) for s in steps])
            if any(map(self.as_good, group)):
                break

    def as_good(self, trial: Trial) -> bool:
        if trial.figures is None or self.best.figures is None:
            return False
        return bool(not_below(trial.figures, self.best.figures, self._judge).all())

    def chosen(self, engine: Engine) -> Trial:
        """The fewest epochs among those that are as good; where none is, the best."""
        own = [trial for trial in self.trials if trial.engine == engine]
        enough = [trial for trial in own if self.as_good(trial)]
        return min(enough or own, key=lambda t: (t.steps.epochs if enough else 0, -t.total()))

    def _trial(self, engine: Engine, steps: Steps) -> Trial:
        seconds, figures = [], []
        for seed in range(1, self._seeds + 1):
            try:
                took, found = train_once(engine, self._corpus, steps, seed, self._sentences)
            except TrainingFailed:
                return Trial(engine, steps, 0.0, None)
            seconds.append(took)
            figures.append(self._judge.figures(found))
        trial = Trial(engine, steps, seconds[0], np.mean(figures, axis=0))
        print(LABELS[engine], written(steps), f"{seconds[0]:.1f} s", _cells(trial), file=sys.stderr, flush=True)
        return trial


def search(made: World, seeds: int) -> dict[Engine, Steps]:
    """Prints all that was tried; what is chosen of each engine."""
    found = Search(made, seeds)
    chosen = {engine: found.chosen(engine) for engine in STEPPING}
    print(f"### Settings for {made.name}\n\n| engine | step x epochs | seconds | {' | '.join(FIGURES)} | |")
    print("|---|---|---|" + "---|" * (len(FIGURES) + 1))
    for trial in found.trials:
        notes = ["gensim's best"] if trial is found.best else ["as good"] * found.as_good(trial)
        notes += ["**chosen**"] * (trial is chosen[trial.engine])
        print(
            f"| {LABELS[trial.engine]} | {written(trial.steps)} | {trial.seconds:.1f} {_cells(trial)} "
            f"{', '.join(notes)} |"
        )
    missed = [LABELS[engine] for engine, trial in chosen.items() if not found.as_good(trial)]
    print(
        f"\nMean over {seeds} seeds; seconds of the first. As good: no figure lower than gensim's best by more than "
        "one standard error of the paired difference; chosen: the fewest epochs among those"
        + (f"; {', '.join(missed)} did not get there, so its best." if missed else ".")
        + "\n",
        flush=True,
    )
    return {engine: trial.steps for engine, trial in chosen.items()}


def _cells(trial: Trial) -> str:
    means = ["diverged"] * len(FIGURES) if trial.figures is None else [f"{m:.3f}" for m in trial.figures.mean(axis=1)]
    return f"| {' | '.join(means)} |"
