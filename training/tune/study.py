"""The trials of a search on disk, drawn by Optuna's TPE (Bergstra et al. 2011, section 4): a journal that survives a
kill."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

TO_COMPARE = 4  # trials with a value after their first part, before one may be stopped for being worse


@dataclass(frozen=True)
class EndedTrial:
    """A trial that has ended. point: of the ranges. value: None when it was stopped early. facts: what was noted."""

    number: int
    point: dict[str, Any]
    value: float | None
    facts: dict[str, Any]

    @property
    def seconds(self) -> float:
        return float(self.facts.get("seconds", 0.0))


class Study:
    """The trials of one search.

    A trial that was running at a kill is drawn once more. Killed again, it is given up: it may be the cause.
    """

    def __init__(
        self, path: Path, ranges: Mapping[str, BaseDistribution], starts: list[dict[str, Any]], seed: int
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)  # progress is told by the command
        mend(path)
        self._ranges = dict(ranges)
        self._seed = seed
        self._study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(path))),
            study_name="tune",
            direction="maximize",
            pruner=MedianPruner(n_startup_trials=len(starts), n_min_trials=TO_COMPARE),
            load_if_exists=True,
        )
        for start in starts:
            self._study.enqueue_trial(start, skip_if_exists=True)
        for trial in self._trials(TrialState.RUNNING):
            self._study.tell(trial.number, state=TrialState.FAIL)
            point = trial.system_attrs.get("fixed_params", {}) | trial.params
            if point and not trial.user_attrs.get("again"):
                self._study.enqueue_trial(point, user_attrs={"again": True})

    def ask(self) -> Trial:
        """The next trial; its point is in `params`."""
        # A new sampler for each trial, so that a search that was killed draws what it would have drawn. One sampler,
        # begun again from the seed after a restart, would draw the same points again.
        drawn = len(self.done()) + self.skipped().total()
        seed = np.random.SeedSequence([self._seed, drawn]).generate_state(1)[0]
        self._study.sampler = TPESampler(seed=int(seed))
        return self._study.ask(self._ranges)

    def falls_behind(self, trial: Trial, value: float) -> bool:
        """Whether a trial with this value after its first part was worse than the median of the others there."""
        trial.report(value, 1)
        return trial.should_prune()

    def complete(self, trial: Trial, value: float, **facts: Any) -> None:
        _note(trial, facts)
        self._study.tell(trial, value)

    def leave(self, trial: Trial, reason: str, **facts: Any) -> None:
        """A trial that was begun and stopped early. The sampler learns from it."""
        _note(trial, {"reason": reason, **facts})
        self._study.tell(trial, state=TrialState.PRUNED)

    def skip(self, trial: Trial, reason: str) -> None:
        """A trial that was not begun. The sampler learns nothing from it."""
        _note(trial, {"reason": reason})
        self._study.tell(trial, state=TrialState.FAIL)

    def spend(self, seconds: float) -> None:
        """Time of the search that belongs to no trial."""
        self._study.set_user_attr("seconds", self._study.user_attrs.get("seconds", 0.0) + seconds)

    @property
    def used(self) -> float:
        """Seconds, over all runs of the search."""
        return float(self._study.user_attrs.get("seconds", 0.0)) + sum(t.seconds for t in self.done())

    def done(self) -> list[EndedTrial]:
        """By number."""
        return [
            EndedTrial(t.number, t.params, t.value if t.state == TrialState.COMPLETE else None, t.user_attrs)
            for t in self._trials(TrialState.COMPLETE, TrialState.PRUNED)
        ]

    def left(self) -> Counter[str]:
        """Reason -> trials that were begun and stopped early."""
        return Counter(t.facts["reason"] for t in self.done() if t.value is None)

    def skipped(self) -> Counter[str]:
        """Reason -> trials that were not begun."""
        return Counter(t.user_attrs["reason"] for t in self._trials(TrialState.FAIL) if "reason" in t.user_attrs)

    def interrupted(self) -> int:
        return sum("reason" not in t.user_attrs for t in self._trials(TrialState.FAIL))

    def _trials(self, *states: TrialState) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=states)


def _note(trial: Trial, facts: Mapping[str, Any]) -> None:
    for name, value in facts.items():
        trial.set_user_attr(name, value)


def mend(path: Path) -> None:
    """Removes what a kill leaves: half a line, after which Optuna could read nothing more, and the lock of a process
    that is gone, for which it would wait half a minute. No other process may be using the journal."""
    for left_over in path.parent.glob(f"{path.name}.lock*"):
        left_over.unlink()
    if path.exists():
        with path.open("r+b") as file:
            file.truncate(file.read().rfind(b"\n") + 1)
